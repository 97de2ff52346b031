"""One life: an emulated world with several targets, and the actions that can happen to it, as data.

An action is a frozen value with a text, so a history can be printed and played again. The real conductor, turns and
decisions run over in-memory doors; the witness holds the world to P1, P2, P3 and P9 before and after every call.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from emulator.accounts import Slot
from shared.model import LeakedKey, Request, Target, Wish
from shared.observe import observe
from shared.owed import owed
from shared.plan import decide
from shared.situation import Situation
from tests.support.doors import Befall, Killed, answer_lost, killed_after, killed_before, refused
from tests.support.stage import Stage, a_stage

FAULTS: dict[str, Callable[[int], Befall]] = {
    "killed before": killed_before,
    "killed after": killed_after,
    "answer lost at": answer_lost,
    "503 at": lambda call: refused(call, 503),
    "403 at": lambda call: refused(call, 403),
    "429 at": lambda call: refused(call, 429),
}
MOST_CALLS = 14
MOST_BLOWS = 2
TO_REST = timedelta(days=45)


@dataclass(frozen=True)
class Fault:
    """What befalls which call of a turn."""

    kind: str
    call: int

    def __str__(self) -> str:
        return f"{self.kind} call {self.call}"


@dataclass(frozen=True)
class Action:
    """Something that happens. Which of the fields matter depends on `what`."""

    what: str
    who: int = 0
    hours: float = 0.0
    word: str = ""
    fault: Fault | None = None

    def __str__(self) -> str:
        target = f" target {self.who + 1}" if self.what in ("rotate", "leak", "portal", "cadence", "turn") else ""
        length = f" {self.hours:g} h" if self.hours else ""
        fault = f" ({self.fault})" if self.fault else ""
        return f"{self.what}{target}{' ' + self.word if self.word else ''}{length}{fault}"


class Life:
    """A world, and what has happened to it so far. Raises PromiseBroken out of `do` when a promise breaks."""

    def __init__(self, targets: int = 3) -> None:
        self.stage: Stage = a_stage(targets)
        self.history: list[Action] = []
        self._blows: Counter[int] = Counter()
        self._loop = asyncio.new_event_loop()
        self._deeds: dict[str, Callable[[Action], None]] = {
            "pass": self._pass,
            "tick": lambda _: self._run(self.stage.tick()),
            "turn": lambda action: self._turn(action, None),
            "rotate": lambda action: self._turn(action, Request(reason="life", id=action.word or None)),
            "leak": self._leak,
            "portal": self._portal,
            "grid": lambda action: self.stage.event_grid_is(action.word),
            "cadence": self._cadence,
        }

    def do(self, action: Action) -> None:
        """One more thing happens. In one outage a target suffers `MOST_BLOWS` at most, since a tag has no room for
        more debts than that makes (docs/decisions/0005)."""
        if action.what == "grid" and action.word == "up":
            self._blows.clear()
        if action.what in ("leak", "portal"):
            self._blows[action.who] += 1
            if self._blows[action.who] > MOST_BLOWS:
                return
        self.history.append(action)
        self._deeds[action.what](action)

    def close(self) -> None:
        self._loop.close()

    def come_to_rest(self) -> None:
        """Everything healthy again, ticks for as long as any deadline can take; then nothing may be left (P5, P9)."""
        self.stage.event_grid_is("up")
        self._run(self.stage.until(self.stage.now + TO_REST))
        for target in self.stage.targets:
            self._run(self._is_at_rest(target))
        self.stage.witness.everything_was_announced()

    async def _is_at_rest(self, target: Target) -> None:
        runner = self.stage.runner()
        seen = (await observe(target, runner.accounts, runner.vault)).seen
        plan, still = decide(seen, target, self.stage.now), owed(Situation(seen, target, self.stage.now))
        if plan.steps or still:
            raise AssertionError(f"P5: {target.name} is not at rest: {plan}, owed {[str(one.kind) for one in still]}")

    def _pass(self, action: Action) -> None:
        self.stage.pass_time(timedelta(hours=action.hours))

    def _turn(self, action: Action, request: Request | None) -> None:
        befall = FAULTS[action.fault.kind](action.fault.call) if action.fault else None
        target = self._target(action)
        self._run(self.stage.turn(None if request is None else request, befall, target))

    def _leak(self, action: Action) -> None:
        target = self._target(action)
        account = self.stage.world.accounts[str(target.account)]
        self.stage.witness.somebody_reports(*(key.value for key in account.keys.values()))
        befall = FAULTS[action.fault.kind](action.fault.call) if action.fault else None
        request = Request(Wish.LEAK, LeakedKey(action.word), reason="life")
        self._run(self.stage.rotation(befall).turn(target, request), mortal=True)

    def _portal(self, action: Action) -> None:
        account = self.stage.world.accounts[str(self._target(action).account)]
        slot: Slot = "key1" if action.word == "key1" else "key2"
        self.stage.witness.look()
        self.stage.witness.somebody_ends(account.keys[slot].value)
        self.stage.world.accounts.regenerate(account.id, slot)

    def _cadence(self, action: Action) -> None:
        """A new deployment with another overlap: what was promised before still holds."""
        target = self._target(action)
        changed = replace(target, cadence=replace(target.cadence, overlap=timedelta(hours=action.hours)))
        place = self.stage.targets.index(target)
        self.stage.targets[place] = changed
        self.stage.settings = replace(self.stage.settings, targets=tuple(self.stage.targets))
        self.stage.witness._watched[target.name].target = changed

    def _target(self, action: Action) -> Target:
        return self.stage.targets[action.who]

    def _run(self, deed: Coroutine[Any, Any, Any], *, mortal: bool = False) -> None:
        try:
            self._loop.run_until_complete(deed)
        except Killed:
            if not mortal:
                raise
