"""One life: an emulated world with several targets, and the actions that can happen to it, as data.

An action is a frozen value with a text, so a history can be printed and played again. The real conductor, turns and
decisions run over in-memory doors; the witness holds the world to P1, P2, P3 and P9 before and after every call. What a
person was answered is held against the world as well: a leaked key is dead, a deployment is waited for.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from lab.emulator.accounts import Slot
from lab.simulation.builders import about_deployments
from lab.simulation.interruptions import (
    Interruptions,
    Killed,
    answer_lost,
    killed_after,
    killed_before,
    meanwhile_after,
    refused,
)
from lab.simulation.stage import Stage, a_stage
from lab.simulation.witness import PromiseBroken
from shared.announce.outstanding import outstanding
from shared.decide.plan import Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.model import Target
from shared.domain.requests import AwaitedDeployment, LeakedKey, LeakRequest, Request, RequestKind, RotateRequest
from shared.turns.observe import observe
from shared.turns.report import Result

FAULTS: dict[str, Callable[[int], Interruptions]] = {
    "killed before": killed_before,
    "killed after": killed_after,
    "answer lost at": answer_lost,
    "503 at": lambda call: refused(call, 503),
    "403 at": lambda call: refused(call, 403),
    "429 at": lambda call: refused(call, 429),
}
STANDS_STILL = "stands still after"
KEYS = tuple(key.value for key in LeakedKey)
RELEASES = ("", "release-1", "release-2")
MOST_CALLS = 14
MOST_BLOWS = 2
TO_REST = timedelta(days=45)
LEASE = timedelta(seconds=16)  # a lease left by a killed process has ended by then


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
        target = f" target {self.who + 1}" if self.what not in ("pass", "tick", "grid") else ""
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
            "rotate": lambda action: self._turn(action, RotateRequest(reason="life", id=action.word or None)),
            "leak": self._leak,
            "take over": self._take_over,
            "arm": lambda action: self._wish(action, RequestKind.ARM, self._armed(action)),
            "disarm": lambda action: self._wish(action, RequestKind.DISARM, None),
            "deployed": lambda action: self._wish(action, RequestKind.DEPLOYED, self._went_live()),
            "portal": self._portal,
            "grid": lambda action: self.stage.event_grid_is(action.word),
            "cadence": self._cadence,
        }

    def do(self, action: Action) -> None:
        """One more thing happens. In one outage a target suffers `MOST_BLOWS` at most, since a tag has no room for
        more debts than that makes (docs/decisions/0005)."""
        if action.what == "grid" and action.word == "up":
            self._blows.clear()
        if action.what in ("leak", "portal", "take over"):
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
        self.stage.witness.must_have_announced_everything()

    async def _is_at_rest(self, target: Target) -> None:
        runner = self.stage.runner()
        seen = (await observe(target, runner.accounts, runner.vault)).seen
        plan, still = decide(seen, target, self.stage.now), outstanding(Situation(seen, target, self.stage.now))
        if plan.steps or still:
            raise AssertionError(f"P5: {target.name} is not at rest: {plan}, owed {[str(one.kind) for one in still]}")

    def _pass(self, action: Action) -> None:
        self.stage.pass_time(timedelta(hours=action.hours))

    def _turn(self, action: Action, request: Request | None) -> None:
        interruptions = FAULTS[action.fault.kind](action.fault.call) if action.fault else None
        target = self._target(action)
        self._run(self.stage.turn(None if request is None else request, interruptions, target))

    def _leak(self, action: Action) -> None:
        interruptions = FAULTS[action.fault.kind](action.fault.call) if action.fault else None
        self._run(self._end_what_leaked(action, interruptions), mortal=True)

    def _take_over(self, action: Action) -> None:
        """A turn stands still after one of its calls, and a leak takes its lease away."""
        call = action.fault.call if action.fault else 1

        async def come() -> None:
            await self._end_what_leaked(action)

        self._run(self.stage.turn(None, meanwhile_after(call, come), self._target(action)))

    async def _end_what_leaked(self, action: Action, interruptions: Interruptions | None = None) -> None:
        target, request = self._target(action), LeakRequest(key=LeakedKey(action.word), reason="life")
        account = self.stage.world.accounts[str(target.account)]
        before = {slot: key.value for slot, key in account.keys.items()}
        self.stage.witness.excuse_leaked(*before.values())
        live = self._published(target)
        outcome = await self.stage.rotation(interruptions).turn(target, request)
        if outcome.result is Result.BUSY:  # a leak before it left its lease: the queue asks again when that is over
            self.stage.pass_time(LEASE)
            outcome = await self.stage.rotation(interruptions).turn(target, request)
        if outcome.result is Result.FAILED or live not in before.values() or request.key is LeakedKey.PREVIOUS:
            return
        leaked = set(before.values()) if request.key is LeakedKey.BOTH else {live}
        if leaked & {key.value for key in account.keys.values()}:
            raise PromiseBroken(f"a leaked key works after a turn that was asked to end it: {outcome}")

    def _published(self, target: Target) -> str | None:
        secret = self.stage.vault.secrets.get(target.secret.lower())
        return secret.latest.value if secret else None

    def _armed(self, action: Action) -> AwaitedDeployment:
        latest = (self.stage.now + timedelta(hours=action.hours)).replace(microsecond=0)
        return AwaitedDeployment("production", timedelta(hours=2), latest)

    def _went_live(self) -> AwaitedDeployment:
        return AwaitedDeployment("production", deployed=self.stage.now.replace(microsecond=0))

    def _wish(self, action: Action, kind: RequestKind, deployment: AwaitedDeployment | None) -> None:
        """Whoever is answered that his wish is noted may rely on it: the tags of the version say the same."""
        target, request = (
            self._target(action),
            about_deployments(kind, deployment, reason="life", id=action.word or None),
        )
        interruptions = FAULTS[action.fault.kind](action.fault.call) if action.fault else None
        outcome = self._loop.run_until_complete(self.stage.turn(request, interruptions, target))
        if outcome is None or outcome.reason not in (Reason.ARMED, Reason.DISARMED, Reason.DEPLOYED):
            return
        tag = self.stage.vault.secrets[target.secret.lower()].latest.tags.get("key-rotation-armed", "")
        noted = {Reason.ARMED: bool(tag), Reason.DISARMED: not tag, Reason.DEPLOYED: "deployed=" in tag}
        rotated = any(step.startswith("publish") for step in outcome.done)
        if not noted[Reason(outcome.reason)] and not rotated:
            raise PromiseBroken(f"a wish was answered with {outcome.reason} and is not noted: {tag!r}")

    def _portal(self, action: Action) -> None:
        account = self.stage.world.accounts[str(self._target(action).account)]
        slot: Slot = "key1" if action.word == "key1" else "key2"
        self.stage.witness.observe()
        self.stage.witness.excuse_regenerated_by_hand(account.keys[slot].value)
        self.stage.world.accounts.regenerate(account.id, slot)

    def _cadence(self, action: Action) -> None:
        """A new deployment with another overlap: what was promised before still holds."""
        target = self._target(action)
        changed = replace(target, cadence=replace(target.cadence, overlap=timedelta(hours=action.hours)))
        place = self.stage.targets.index(target)
        self.stage.targets[place] = changed
        self.stage.settings = replace(self.stage.settings, targets=tuple(self.stage.targets))
        self.stage.witness.change_target(changed)

    def _target(self, action: Action) -> Target:
        return self.stage.targets[action.who]

    def _run(self, deed: Coroutine[Any, Any, Any], *, mortal: bool = False) -> None:
        try:
            self._loop.run_until_complete(deed)
        except Killed:
            if not mortal:
                raise
