"""Plays a hundred days of three accounts, with three incidents, and says whether the promises held.

Exit code 0 when all of them did, 1 when one did not.
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
from lab.demo.observer import Witness
from lab.demo.picture import picture, say
from lab.demo.stage import ROOT, Stage, set_stage, start_consumers
from lab.demo.verdict import checks, table_of_figures, table_of_promises

LOG = ".run/demo.log"


async def play(console: Console) -> int:
    """The whole piece."""
    console.print("Setting the stage: an emulated Azure, the function app in the local host, six consumers.")
    async with set_stage(scene.seed(), scene.settings()) as stage:
        with tempfile.TemporaryDirectory(prefix="key-rotation-demo-") as folder:
            await stage.tell("/faults", scene.SLOW_ANSWERS)
            witness = Witness(stage, time.time())
            await witness.look()
            await _first_adoption(witness)
            await start_consumers(stage, Path(folder))
            await _days(console, stage, witness)
            await _curtain(stage)
            return await _judge(console, stage, witness)


async def _first_adoption(witness: Witness) -> None:
    """Consumers can only begin when there is something to read."""
    async with asyncio.timeout(30):
        while len({event.account for event in witness.events}) < len(scene.PERIODS):
            await asyncio.sleep(0.1)
            await witness.look()


async def _days(console: Console, stage: Stage, witness: Witness) -> None:
    to_come, trap = list(scene.INCIDENTS), KillTrap(stage)
    shown = 0
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while witness.day(time.time()) < scene.DAYS:
            await witness.look()
            if to_come and witness.day(time.time()) >= to_come[0].day:
                happened = await _bring_about(to_come[0], stage, witness, trap)
                to_come = to_come[1:] if happened else to_come
            if console.is_terminal:
                live.update(picture(witness, stage.lives(), time.time(), console.width))
            else:
                shown = _print_new(console, witness, shown)
            await asyncio.sleep(0.15)
        await witness.look()
        if console.is_terminal:
            live.update(picture(witness, stage.lives(), time.time(), console.width))


def _print_new(console: Console, witness: Witness, shown: int) -> int:
    for moment in witness.moments[shown:]:
        if moment.sign != "·":
            console.print(say(moment))
    return len(witness.moments)


class KillTrap:
    """Kills the app when it has regenerated a key and not yet published it. The trap must know the process that runs
    now, so it is laid anew when another has taken its place, and it has worked only when a process has died of it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._laid_for: int | None = None
        self._rule = 0

    async def has_struck(self, incident: scene.Incident) -> bool:
        rules = (await self._stage.ask("/faults"))["faults"]
        if any(rule["id"] == self._rule and rule["struck"] for rule in rules):
            return True
        pid = await self._stage.host.worker_ready()
        if pid != self._laid_for:
            rule = {"operation": "arm.regenerateKey", "target": f"/accounts/{incident.account}", "effect": "signal"}
            self._rule = (await self._stage.tell("/faults", {**rule, "when": "after", "pid": pid}))["id"]
            self._laid_for = pid
        return False


async def _bring_about(incident: scene.Incident, stage: Stage, witness: Witness, trap: KillTrap) -> bool:
    """Whether it has happened by now."""
    match incident.name:
        case scene.KILL.name:
            if not await trap.has_struck(incident):
                return False
        case scene.OUTAGE.name:
            await stage.tell("/topics/outage", {"status": 503})
        case scene.OUTAGE_ENDS.name:
            await stage.tell("/topics/outage", {"status": None})
        case scene.PORTAL.name:
            live = next(
                event.data["slot"]
                for event in reversed(witness.events)
                if event.account == incident.account and event.kind in ("KeyRotated", "KeyAdopted")
            )
            await stage.tell("/accounts/regenerate", {"account": incident.account, "key": live})
    witness.incident(incident, time.time())
    return True


async def _curtain(stage: Stage) -> None:
    """The consumers end their last call, and say what became of them."""
    if stage.consumers is not None:
        stage.consumers.terminate()
        await stage.consumers.wait()


async def _judge(console: Console, stage: Stage, witness: Witness) -> int:
    state = await stage.ask("/state?reveal=1")
    texts = [record.message for record in stage.host.logs]
    texts += [json.dumps(event.data) for event in witness.events]
    texts.append(json.dumps(await stage.ask("/journal")))
    kills = stage.host.worker_starts - 1
    found = checks(witness, stage.lives(), state, texts, kills)
    console.print(table_of_figures(witness, stage.lives()))
    console.print(table_of_promises(found))
    broken = [check for check in found if not check.kept]
    kills = stage.host.worker_starts - 1
    times = "once" if kills == 1 else f"{kills} times"
    console.print(f"The app was killed and started again {times}. {len(found) - len(broken)} of {len(found)} hold.")
    _write_log(stage, witness)
    console.print(f"The app's log of these days: {LOG}")
    return 1 if broken else 0


def _write_log(stage: Stage, witness: Witness) -> None:
    """Every record of the app and its host, by the day it was made on."""
    path = ROOT / LOG
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        for record in stage.host.logs:
            day = witness.day(record.time.timestamp())
            file.write(f"day {day:6.2f} {record.level:7} {record.function or record.category}: {record.message}\n")


def main() -> int:
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    try:
        return asyncio.run(play(console))
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
