"""`make run`: run the function app in the local host with an emulated Azure until Ctrl-C.

A day is a minute, so that a whole rotation can be watched. Nothing is kept afterwards.
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
    "topics": [{"name": "key-rotation", "listeners": ["teams"]}],
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


async def run(port: int) -> None:
    """Start everything, print what can be typed, and wait for SIGINT or SIGTERM. `port` 0 means any free one."""
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
    if routine or "nothing-to-do" in record.message or "status: {" in record.message:
        return
    console.print(
        f"{record.time:%H:%M:%S} {record.level:7} {record.function or record.category}: {record.message}", markup=False
    )


async def _follow(stage: Stage, pid: int) -> None:
    """Print the new process id whenever the app runs in another process.

    The kill command that was printed before is outdated then, and its process id may belong to another program.
    """
    while True:
        await asyncio.sleep(PAUSE)
        if (now := stage.host.worker_pid) not in (None, pid):
            pid = now
            console.print(f"The app restarted in another process: {how_to_kill(pid)}", markup=False)


def main() -> int:
    """Run the command and return its exit code: 0 after Ctrl-C, 1 if the port cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m lab.demo.stay", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the function app's port; 0 means any free port")
    try:
        asyncio.run(run(parser.parse_args().port))
    except OSError as error:
        console.print(f"The port cannot be used: {error.strerror}. Choose another one with --port.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
