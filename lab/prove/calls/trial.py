"""One case: a scene, one of its calls, one fault; played until the app is at rest, and judged from outside."""

from __future__ import annotations

from dataclasses import dataclass

from lab.emulator.faults import Rule
from lab.emulator.journal import Entry
from lab.prove.calls.faults import Call, Fault
from lab.prove.calls.history import history
from lab.prove.calls.place import Place
from lab.prove.calls.promises import broken
from lab.prove.calls.scenes import SCENES, Scene
from lab.prove.calls.watcher import Witness

MOST_TICKS = 8
QUIET_TICKS = 2
_OURS = ("arm", "kv", "aoai", "eg", "identity")
_BY_THE_CLOCK = "blob.lease.renew"  # every five seconds of a long turn, so it has no place among the calls


@dataclass(frozen=True)
class Case:
    """What is played. Plain data: it travels between processes."""

    scene: str
    call: Call
    fault: Fault

    def __str__(self) -> str:
        return f"{self.scene}: {self.call}, {self.fault.name}"


@dataclass(frozen=True)
class Result:
    """A case and what was broken; where anything was, the history of it."""

    case: Case
    broken: tuple[str, ...] = ()
    history: str = ""


async def record(place: Place, scene: Scene) -> tuple[Call, ...]:
    """The outgoing calls of a scene when nothing goes wrong, from a cold start, in order."""
    account = place.clear(scene.name)
    facts = scene.set_up(place.world, account)
    await place.fresh_process()
    seen: list[Call] = []

    def note(entry: Entry) -> None:
        is_lease = entry.service == "blob" and Call(entry.operation, 0).target in entry.target
        if (entry.service in _OURS or is_lease) and entry.operation != _BY_THE_CLOCK:
            seen.append(Call(entry.operation, sum(one.operation == entry.operation for one in seen)))

    place.world.faults.add("*", "hook", hook=note, times=0)
    await place.act(facts.message)
    return tuple(seen)


async def play(place: Place, case: Case) -> Result:
    """Set the scene, let the fault strike, go on to rest, and judge."""
    scene = SCENES[case.scene]
    account = place.clear(scene.name)
    facts = scene.set_up(place.world, account)
    witness = Witness(place.world, account, facts)
    before = len(witness.accepted)
    for when in ("before", "after"):
        place.world.faults.add("*", "hook", hook=witness.look, times=0, when=when)
    try:
        rule = await _strike(place, case, facts.message)
        at_rest = await _to_rest(place, witness, rule)
    except TimeoutError:
        await place.fresh_process()
        return Result(case, ("P5: something was waited for and never came",), history(place, case))
    found = broken(place, scene, witness, before)
    found = found if at_rest else (f"P5: not at rest after {MOST_TICKS} ticks", *found)
    found = found if rule.struck else ("the call never came, so nothing was tried", *found)
    return Result(case, found, history(place, case) if found else "")


async def _strike(place: Place, case: Case, message: str) -> Rule:
    if case.call.service == "identity":
        await place.fresh_process()
    pid = await place.host.worker_ready()
    rule = case.fault.arm(place.world.faults, case.call, pid)
    await place.act(message)
    return rule


async def _to_rest(place: Place, witness: Witness, rule: Rule) -> bool:
    """Ticks until two in a row met no fault, wrote nothing, announced nothing and left no message."""
    quiet = 0
    for _ in range(MOST_TICKS):
        before, struck = witness.state(), rule.struck
        await place.later()
        same = witness.state() == before and rule.struck == struck and not place.waiting
        quiet = quiet + 1 if same else 0
        if quiet == QUIET_TICKS:
            return True
    return False
