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

from lab.demo.scene import SUBSCRIPTION, VAULT
from lab.demo.stage import Stage, set_stage
from lab.demo.to_type import how_to_kill, what_to_type
from lab.funchost.activity import LogRecord

console = Console(highlight=False, soft_wrap=True)
PAUSE = 0.2


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
        pid = await stage.host.worker_ready()
        console.print(what_to_type(stage, pid), markup=False)
        following = asyncio.create_task(_follow(stage, pid))
        await stop.wait()
        following.cancel()
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


async def _follow(stage: Stage, pid: int) -> None:
    """Say as which process the app runs, whenever that is another one: the number that was printed is nobody's then,
    or somebody else's."""
    while True:
        await asyncio.sleep(PAUSE)
        if (now := stage.host.worker_pid) not in (None, pid):
            pid = now
            console.print(f"The app runs again, as another process: {how_to_kill(pid)}", markup=False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.demo.stay", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the function app's port; 0 takes any free one")
    try:
        asyncio.run(stay(parser.parse_args().port))
    except OSError as error:
        console.print(f"The port cannot be used: {error.strerror}. Choose another with --port.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
