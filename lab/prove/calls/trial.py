"""One case: a scene in which one call meets one fault. It is played until the app is at rest, then judged."""

from __future__ import annotations

from dataclasses import dataclass

from lab.emulator.faults import Rule
from lab.emulator.journal import Entry
from lab.prove.calls.faults import CHANGES, Call, Fault
from lab.prove.calls.history import history
from lab.prove.calls.promises import broken
from lab.prove.calls.scenes import SCENES, Scene
from lab.prove.calls.testbed import AppTestbed
from lab.prove.calls.watcher import Watcher

MOST_TICKS = 8
QUIET_TICKS = 2
_OURS = ("arm", "kv", "aoai", "eg", "identity")
_BY_THE_CLOCK = "blob.lease.renew"  # comes every five seconds of a long turn, so it has no fixed number


@dataclass(frozen=True)
class Case:
    """What is played. It is plain data, because it is sent to other processes.

    scene: The name of the scene.
    call: The call that meets the fault.
    fault: The fault.
    """

    scene: str
    call: Call
    fault: Fault

    def __str__(self) -> str:
        return f"{self.scene}: {self.call}, {self.fault.name}"


@dataclass(frozen=True)
class Result:
    """The result of a case.

    case: What was played.
    broken: The promises that broke, in words.
    history: What happened, as text, if a promise broke.
    """

    case: Case
    broken: tuple[str, ...] = ()
    history: str = ""


async def record(testbed: AppTestbed, scene: Scene) -> tuple[Call, ...]:
    """Play a scene and the next tick without a fault from a cold start, and return the outgoing calls in order."""
    account = testbed.clear(scene.name)
    facts = scene.set_up(testbed.world, account)
    await testbed.fresh_process()
    seen: list[Call] = []
    next_tick = False

    def note(entry: Entry) -> None:
        is_lease = entry.service == "blob" and Call(entry.operation, 0).target in entry.target
        if (entry.service in _OURS or is_lease) and entry.operation != _BY_THE_CLOCK:
            nth = sum(one.operation == entry.operation for one in seen)
            changed = not CHANGES.get(entry.operation, frozenset()).isdisjoint(one.operation for one in seen)
            seen.append(Call(entry.operation, nth, changed, next_tick))

    testbed.world.faults.add("*", "hook", hook=note, times=0)
    await testbed.act(facts.message)
    next_tick = True
    await testbed.later()
    return tuple(seen)


async def play(testbed: AppTestbed, case: Case) -> Result:
    """Set up the scene, inject the fault, go on until the app is at rest, and judge."""
    scene = SCENES[case.scene]
    account = testbed.clear(scene.name)
    facts = scene.set_up(testbed.world, account)
    watcher = Watcher(testbed.world, account, facts)
    before = len(watcher.accepted)
    for when in ("before", "after"):
        testbed.world.faults.add("*", "hook", hook=watcher.observe, times=0, when=when)
    try:
        rule = await _strike(testbed, case, facts.message)
        if case.fault.asks_to_wait:
            await testbed.an_hour_later()
        at_rest = await _to_rest(testbed, watcher, rule)
    except TimeoutError:
        await testbed.fresh_process()
        return Result(case, ("P5: the app waited for something that never came",), history(testbed, case))
    found = broken(testbed, scene, watcher, before)
    found = found if at_rest else (f"P5: not at rest after {MOST_TICKS} ticks", *found)
    found = found if rule.struck else ("the call was never made, so nothing was tried", *found)
    return Result(case, found, history(testbed, case) if found else "")


async def _strike(testbed: AppTestbed, case: Case, message: str) -> Rule:
    if case.call.service == "identity":
        await testbed.fresh_process()
    pid = await testbed.host.worker_ready()
    rule = case.fault.arm(testbed.world, case.call, pid)
    await testbed.act(message)
    return rule


async def _to_rest(testbed: AppTestbed, watcher: Watcher, rule: Rule) -> bool:
    """Make ticks until two in a row met no fault, wrote nothing, announced nothing and left no message."""
    quiet = 0
    for _ in range(MOST_TICKS):
        before, struck = watcher.state(), rule.struck
        await testbed.later()
        same = watcher.state() == before and rule.struck == struck and not testbed.waiting
        quiet = quiet + 1 if same else 0
        if quiet == QUIET_TICKS:
            return True
    return False
