"""`make demo`: play a hundred days of three accounts with three incidents, and check whether the promises were kept.

The exit code is 0 if all were kept, 1 if one was not, and 130 after Ctrl-C. What is played is in `scene`, the
processes are in `stage`, and the checks are in `verdict`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.live import Live

from lab.demo import scene
from lab.demo.observer import Observer
from lab.demo.picture import in_words, picture
from lab.demo.stage import ROOT, Stage, page_address, set_stage, start_consumers
from lab.demo.verdict import checks, table_of_figures, table_of_promises

LOG = ".run/demo.log"


async def run_demo(console: Console) -> int:
    """Run the whole demo and return the exit code."""
    console.print("Starting an emulated Azure, the function app in the local host, and six consumers.")
    async with set_stage(scene.seed(), scene.settings()) as stage:
        with tempfile.TemporaryDirectory(prefix="key-rotation-demo-") as folder:
            await stage.post("/faults", scene.SLOW_ANSWERS)
            observer = Observer(stage, time.time())
            await observer.observe()
            await _wait_for_adoptions(observer)
            console.print(f"Watch the days in a browser: {page_address(stage)}", markup=False, soft_wrap=True)
            await start_consumers(stage, Path(folder))
            await _run_days(console, stage, observer)
            await _stop_consumers(stage)
            return await _report(console, stage, observer)


async def _wait_for_adoptions(observer: Observer) -> None:
    """Wait until every account's key is published, because consumers need a secret to read."""
    async with asyncio.timeout(30):
        while len({event.account for event in observer.events}) < len(scene.PERIODS):
            await asyncio.sleep(0.1)
            await observer.observe()


async def _run_days(console: Console, stage: Stage, observer: Observer) -> None:
    pending, trap = list(scene.INCIDENTS), KillTrap(stage)
    shown = 0
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while observer.day(time.time()) < scene.DAYS:
            await observer.observe()
            if pending and observer.day(time.time()) >= pending[0].day:
                happened = await _start_incident(pending[0], stage, observer, trap)
                pending = pending[1:] if happened else pending
            if console.is_terminal:
                live.update(picture(observer, stage.consumer_stats(), time.time(), console.width))
            else:
                shown = _print_new(console, observer, shown)
            await asyncio.sleep(0.15)
        await observer.observe()
        if console.is_terminal:
            live.update(picture(observer, stage.consumer_stats(), time.time(), console.width))


def _print_new(console: Console, observer: Observer, shown: int) -> int:
    for moment in observer.moments[shown:]:
        if moment.sign != "·":
            console.print(in_words(moment))
    return len(observer.moments)


class KillTrap:
    """Kills the app after it has regenerated a key and before it has published it.

    The trap is armed for one process, and armed again if another process has taken its place. It has fired only when a
    process has died from it.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._armed_for: int | None = None
        self._rule = 0

    async def has_fired(self, incident: scene.Incident) -> bool:
        """Return True if the app was killed; otherwise arm the trap for the process that runs now."""
        rules = (await self._stage.get("/faults"))["faults"]
        if any(rule["id"] == self._rule and rule["struck"] for rule in rules):
            return True
        pid = await self._stage.host.worker_ready()
        if pid != self._armed_for:
            rule = {"operation": "arm.regenerateKey", "target": f"/accounts/{incident.account}", "effect": "signal"}
            self._rule = (await self._stage.post("/faults", {**rule, "when": "after", "pid": pid}))["id"]
            self._armed_for = pid
        return False


async def _start_incident(incident: scene.Incident, stage: Stage, observer: Observer, trap: KillTrap) -> bool:
    """Start the incident. Return False if it has not happened yet."""
    match incident.name:
        case scene.KILL.name:
            if not await trap.has_fired(incident):
                return False
        case scene.OUTAGE.name:
            await stage.post("/topics/outage", {"status": 503})
        case scene.OUTAGE_ENDS.name:
            await stage.post("/topics/outage", {"status": None})
        case scene.PORTAL.name:
            live = next(
                event.data["slot"]
                for event in reversed(observer.events)
                if event.account == incident.account and event.kind in ("KeyRotated", "KeyAdopted")
            )
            await stage.post("/accounts/regenerate", {"account": incident.account, "key": live})
    observer.incident(incident, time.time())
    return True


async def _stop_consumers(stage: Stage) -> None:
    """Let the consumers finish their last call and report their figures."""
    if stage.consumers is not None:
        stage.consumers.terminate()
        await stage.consumers.wait()


async def _report(console: Console, stage: Stage, observer: Observer) -> int:
    state = await stage.get("/state?reveal=1")
    texts = [record.message for record in stage.host.logs]
    texts += [json.dumps(event.data) for event in observer.events]
    texts.append(json.dumps(await stage.get("/journal")))
    kills = stage.host.worker_starts - 1
    found = checks(observer, stage.consumer_stats(), state, texts, kills)
    console.print(table_of_figures(observer, stage.consumer_stats()))
    console.print(table_of_promises(found))
    broken = [check for check in found if not check.kept]
    kills = stage.host.worker_starts - 1
    times = "once" if kills == 1 else f"{kills} times"
    console.print(
        f"The app was killed and restarted {times}. {len(found) - len(broken)} of {len(found)} checks passed."
    )
    _write_log(stage, observer)
    console.print(f"The app's log: {LOG}")
    return 1 if broken else 0


def _write_log(stage: Stage, observer: Observer) -> None:
    """Write every log record of the app and its host to a file, with the day."""
    path = ROOT / LOG
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        for record in stage.host.logs:
            day = observer.day(record.time.timestamp())
            file.write(f"day {day:6.2f} {record.level:7} {record.function or record.category}: {record.message}\n")


def main() -> int:
    """Run the demo and return the exit code."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    try:
        return asyncio.run(run_demo(console))
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
