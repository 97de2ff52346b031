"""`make run`: the function app in the local host and an emulated Azure, seeded, staying up until Ctrl-C.

A day is a minute, so that everything can be watched over a cup of coffee. Nothing is kept afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys

from rich.console import Console

from demo.scene import SUBSCRIPTION, VAULT
from demo.stage import Stage, set_stage
from funchost.activity import LogRecord

console = Console(highlight=False, soft_wrap=True)
QUIET = ("azure", "aiohttp")


def _account(name: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/prod/providers/Microsoft.CognitiveServices/accounts/{name}"


SEED = {
    "subscription": SUBSCRIPTION,
    "accounts": [
        {"name": "chat", "resource_group": "prod", "tags": {"key-rotation": "on", "key-rotation-owner": "chat-team"}},
        {"name": "search", "resource_group": "prod"},
        {"name": "legacy", "resource_group": "prod"},
    ],
    "vaults": [{"name": VAULT}],
    "topics": [{"name": "key-rotation"}],
}
SETTINGS = {
    "FUNCTIONS_WORKER_RUNTIME": "python",
    "ROTATION_SCHEDULE": "*/10 * * * * *",
    "ROTATION_PERIOD": "PT30M",
    "ROTATION_OVERLAP": "PT3M",
    "ROTATION_CONSUMER_LAG": "PT1M",
    "ROTATION_WARNINGS": "PT14M,PT7M,PT1M",
    "ROTATION_NOTICE": "PT1M",
    "ROTATION_LOOK_EVERY": "PT1M",
    "ROTATION_TARGETS": json.dumps([{"account": _account("search"), "adopt": "rotate"}]),
}


async def stay(port: int) -> None:
    """Up until told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with set_stage(SEED, SETTINGS, port=port, on_log=_show) as stage:
        _tell(stage)
        await stop.wait()
        console.print("Stopping.")


def _show(record: LogRecord) -> None:
    if record.source == "system" and record.level in ("DEBUG", "INFO"):
        return
    routine = record.message.startswith(("Executing ", "Executed ")) and ": failed" not in record.message
    if routine or "nothing-to-do" in record.message:
        return
    console.print(
        f"{record.time:%H:%M:%S} {record.level:7} {record.function or record.category}: {record.message}", markup=False
    )


def _tell(stage: Stage) -> None:
    host, control = stage.host, stage.control_url
    key = f"-H 'x-functions-key: {host.keys.default}'"
    vault, trust = stage.settings["ROTATION_VAULT_URL"], stage.settings["SSL_CERT_FILE"]
    console.print(
        f"""
The function app answers at {host.url}/api, the emulated Azure is steered at {control}. A day is a minute.
  vault {vault}   trust {trust}

Look:
  curl -s {host.url}/api/health
  curl -s {key} {host.url}/api/targets
Act ('search' began with a fresh key, so it can be rotated once its overlap of three minutes is over):
  curl -s {key} {host.url}/api/targets/search/rotate -H 'content-type: application/json' -d '{{"dry_run": true}}'
  curl -s {key} -X POST {host.url}/api/targets/search/rotate
Make things happen:
  curl -s -X POST {control}/accounts/tags -d '{{"account": "legacy", "tags": {{"key-rotation": "on"}}}}'   # enrol
  curl -s -X POST {control}/accounts/regenerate -d '{{"account": "chat", "key": "key1"}}'   # somebody in the portal
  curl -s -X POST {control}/topics/outage -d '{{"status": 503}}'    # Event Grid is out
  curl -s -X POST {control}/topics/outage -d '{{"status": null}}'   # and back
  pkill -9 -f funchost.worker   # kill the app; the host starts it again
See what happened:
  curl -s {control}/events    # accepted announcements
  curl -s {control}/journal   # every call the emulated Azure was asked
  curl -s {control}/state     # accounts, secrets and versions; the emulator has fingerprints of its own
Ctrl-C ends everything.
""",
        markup=False,
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.stay", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the function app's port; 0 takes any free one")
    try:
        asyncio.run(stay(parser.parse_args().port))
    except OSError as error:
        console.print(f"The port cannot be used: {error.strerror}. Choose another with --port.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
