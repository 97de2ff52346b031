"""One life: an emulated world with several targets, and the actions that can happen to it, as data.

An action is a frozen value with a text, so a history can be printed and played again. The shipped rotation, turns and
decisions run on the simulation; the witness checks P1, P2, P3 and P9 before and after every call. The answers to
requests are checked as well: a leaked key does not work any more, an awaited deployment is noted in the tags.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

from lab.emulator.accounts import Slot
from lab.prove.lives.action import Action
from lab.prove.lives.bad_days import BadDays
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
PAUSED = "pauses after"
KEYS = tuple(key.value for key in LeakedKey)
RELEASES = ("", "release-1", "release-2")
MOST_CALLS = 14
MOST_INCIDENTS = 2
MOST_VERSIONS, MOST_REGENERATED = 2, 2  # in one turn: a repair and a rotation; a rotation and the end of a key
TO_REST = timedelta(days=45)
LEASE = timedelta(seconds=16)  # longer than the lease that a killed process leaves


class Life:
    """A world, and what has happened to it so far. `do` raises PromiseBroken if a promise breaks."""

    def __init__(self, targets: int = 3) -> None:
        self.stage: Stage = a_stage(targets)
        self.history: list[Action] = []
        self._bad_days = BadDays(self.stage)
        self._for_a_person: list[str] = []
        self._incidents: Counter[int] = Counter()
        self._loop = asyncio.new_event_loop()
        self._handlers: dict[str, Callable[[Action], None]] = {
            "pass": self._pass,
            "tick": lambda _: self._run(self._tick()),
            "turn": lambda action: self._turn(action, None),
            "rotate": lambda action: self._turn(action, RotateRequest(reason="life", id=action.detail or None)),
            "leak": self._leak,
            "take over": self._take_over,
            "arm": lambda action: self._request(action, RequestKind.ARM, self._production_by(action)),
            "disarm": lambda action: self._request(action, RequestKind.DISARM, None),
            "deployed": lambda action: self._request(action, RequestKind.DEPLOYED, self._went_live()),
            "portal": self._portal,
            "grid": lambda action: self.stage.event_grid_is(action.detail),
            "cadence": self._cadence,
            "switch": self._switch,
            **self._bad_days.handlers(),
        }

    def do(self, action: Action) -> None:
        """Let one more action happen.

        In one outage of Event Grid a target has at most `MOST_INCIDENTS`, because a tag has no room for more
        outstanding events (docs/decisions/0005). Further incidents are ignored.
        """
        if action.what == "grid" and action.detail == "up":
            self._incidents.clear()
        if action.what in ("leak", "portal", "take over"):
            self._incidents[action.target] += 1
            if self._incidents[action.target] > MOST_INCIDENTS:
                return
        self.history.append(action)
        self._bad_days.remember_tags()
        self._handlers[action.what](action)

    def close(self) -> None:
        """Close the event loop."""
        self._loop.close()

    def come_to_rest(self) -> None:
        """Make everything available, and make ticks for as long as any deadline can take. Then check P5 and P9."""
        self.stage.event_grid_is("up")
        self._bad_days.end()
        for target in self.stage.targets:
            self._switch_keys(target, on=True)
        self._run(self.stage.until(self.stage.now + TO_REST))
        for target in self.stage.targets:
            self._run(self._is_at_rest(target))
        for name in {*self._for_a_person, *self._bad_days.written}:  # who takes tags away takes what they owed, too
            self.stage.witness.forget(name)
        self.stage.witness.must_have_announced_everything()
        self.stage.witness.no_first_rotation_is_late()

    async def _is_at_rest(self, target: Target) -> None:
        runner = self.stage.runner()
        seen = (await observe(target, runner.outside)).seen
        plan, still = decide(seen, target, self.stage.now), outstanding(Situation(seen, target, self.stage.now))
        if plan.needs_a_person:  # somebody took away all that says what the secret is
            self._for_a_person.append(target.name)
            return
        if plan.steps or still:
            raise AssertionError(
                f"P5: {target.name} is not at rest: {plan}, outstanding {[str(one.kind) for one in still]}"
            )

    def _pass(self, action: Action) -> None:
        self.stage.pass_time(timedelta(hours=action.hours))

    def _turn(self, action: Action, request: Request | None) -> None:
        interruptions = FAULTS[action.fault.kind](action.fault.call) if action.fault else None
        self._run(self._counted(request, interruptions, self._target(action)))

    async def _tick(self) -> None:
        """Make a tick, as `Stage.tick` does, and count what each of its turns writes."""
        found = await self.stage.run_timer()
        for leak in found.leaks:
            await self.stage.leak_again(leak)
        for one in found.turns:
            await self._counted(None, None, one.target)

    async def _counted(self, request: Request | None, interruptions: Interruptions | None, target: Target) -> None:
        """Take a turn. Raises PromiseBroken if it writes or regenerates more than any turn has to (P13)."""
        journal = self.stage.world.journal
        before = journal.count("kv.setSecret"), journal.count("arm.regenerateKey")
        await self.stage.turn(request, interruptions, target)
        versions = journal.count("kv.setSecret") - before[0]
        regenerated = journal.count("arm.regenerateKey") - before[1]
        if versions > MOST_VERSIONS or regenerated > MOST_REGENERATED:
            raise PromiseBroken(f"P13: one turn writes {versions} versions and regenerates {regenerated} times")

    def _leak(self, action: Action) -> None:
        interruptions = FAULTS[action.fault.kind](action.fault.call) if action.fault else None
        self._run(self._end_what_leaked(action, interruptions), may_be_killed=True)

    def _take_over(self, action: Action) -> None:
        """Let a turn pause after one of its calls, while a report of a leak takes its lease over.

        Reads are not late meanwhile: who takes a lease over does not wait until the other's writes are shown (0017).
        """
        self._bad_days.on_time()
        call = action.fault.call if action.fault else 1

        async def come() -> None:
            await self._end_what_leaked(action)

        self._run(self.stage.turn(None, meanwhile_after(call, come), self._target(action)))

    async def _end_what_leaked(self, action: Action, interruptions: Interruptions | None = None) -> None:
        id_ = f"leak-{len(self.history)}"  # as every report that comes in from outside has one
        target, request = self._target(action), LeakRequest(key=LeakedKey(action.detail), reason="life", id=id_)
        account = self.stage.world.accounts[str(target.account)]
        before = {slot: key.value for slot, key in account.keys.items()}
        self.stage.witness.excuse_leaked(*before.values())
        live = self._published(target)
        outcome = await self.stage.rotation(interruptions).turn(target, request)
        if outcome.result is Result.BUSY:  # an earlier leak left its lease: the queue retries when it has ended
            self.stage.pass_time(LEASE)
            outcome = await self.stage.rotation(interruptions).turn(target, request)
        if outcome.error is not None or live not in before.values() or request.key is LeakedKey.PREVIOUS:
            return
        if account.disable_local_auth:
            return  # no key works
        leaked = set(before.values()) if request.key is LeakedKey.BOTH else {live}
        if leaked & {key.value for key in account.keys.values()}:
            raise PromiseBroken(f"a leaked key works after a turn that had to end it: {outcome}")

    def _published(self, target: Target) -> str | None:
        secret = self.stage.vault.secrets.get(target.secret.lower())
        return secret.latest.value if secret else None

    def _production_by(self, action: Action) -> AwaitedDeployment:
        latest = (self.stage.now + timedelta(hours=action.hours)).replace(microsecond=0)
        return AwaitedDeployment("production", timedelta(hours=2), latest)

    def _went_live(self) -> AwaitedDeployment:
        return AwaitedDeployment("production", deployed=self.stage.now.replace(microsecond=0))

    def _request(self, action: Action, kind: RequestKind, deployment: AwaitedDeployment | None) -> None:
        """Make a request about deployments. If it is answered as noted, the tags must contain it."""
        target, request = (
            self._target(action),
            about_deployments(kind, deployment, reason="life", id=action.detail or None),
        )
        interruptions = FAULTS[action.fault.kind](action.fault.call) if action.fault else None
        outcome = self._loop.run_until_complete(self.stage.turn(request, interruptions, target))
        if outcome is None or outcome.reason not in (Reason.ARMED, Reason.DISARMED, Reason.DEPLOYED):
            return
        tag = self.stage.vault.secrets[target.secret.lower()].latest.tags.get("key-rotation-armed", "")
        noted = {Reason.ARMED: bool(tag), Reason.DISARMED: not tag, Reason.DEPLOYED: "deployed=" in tag}
        rotated = any(step.startswith("publish") for step in outcome.done)
        if not noted[Reason(outcome.reason)] and not rotated:
            raise PromiseBroken(f"a request was answered with {outcome.reason} and is not noted: {tag!r}")

    def _portal(self, action: Action) -> None:
        account = self.stage.world.accounts[str(self._target(action).account)]
        slot: Slot = "key1" if action.detail == "key1" else "key2"
        if account.disable_local_auth:
            return  # Azure refuses it
        self.stage.witness.observe()
        self.stage.witness.excuse_regenerated_by_hand(account.keys[slot].value)
        self.stage.world.accounts.regenerate(account.id, slot)

    def _switch(self, action: Action) -> None:
        self._switch_keys(self._target(action), on=action.detail == "on")

    def _switch_keys(self, target: Target, *, on: bool) -> None:
        """Switch an account's keys on or off as a person does, who then counts as the one who did so."""
        self.stage.witness.observe()
        self.stage.witness.keys_switched_off_by_hand = True
        self.stage.world.accounts.update(str(target.account), {"disable_local_auth": not on})

    def _cadence(self, action: Action) -> None:
        """Change the overlap in the settings. What was promised before still holds."""
        target = self._target(action)
        changed = replace(target, cadence=replace(target.cadence, overlap=timedelta(hours=action.hours)))
        place = self.stage.targets.index(target)
        self.stage.targets[place] = changed
        self.stage.settings = replace(self.stage.settings, targets=tuple(self.stage.targets))
        self.stage.witness.change_target(changed)

    def _target(self, action: Action) -> Target:
        return self.stage.targets[action.target]

    def _run(self, work: Coroutine[Any, Any, Any], *, may_be_killed: bool = False) -> None:
        try:
            self._loop.run_until_complete(work)
        except Killed:
            if not may_be_killed:
                raise
