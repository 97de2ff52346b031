"""One turn: take the lease, observe, decide, perform, observe again, and announce.

The target is observed under the lease, and everything that follows is done under it too. After something was published
the target is observed again before the lease is released: if vault and account disagree, the same decision says so, and
the turn repairs it. Announcing comes last and changes no key: a rotation that could not be announced is still done, and
its announcement is outstanding. An example on the simulated Azure, where a new target is adopted:

    >>> import asyncio
    >>> from lab.simulation.stage import a_stage
    >>> outcome = asyncio.run(a_stage().turn())
    >>> str(outcome.result), outcome.done, outcome.announced[:1]
    ('done', ('prove key1', 'publish key1 (adopted)'), ('KeyRotation.KeyAdopted',))
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from shared.announce.acknowledged import accepted_in_time, acknowledged
from shared.announce.announcements import Announcement
from shared.announce.of_orders import acknowledged_orders
from shared.announce.outstanding import outstanding
from shared.decide.leaked_keys import with_values
from shared.decide.plan import Plan, Reason, held_by_the_brake
from shared.decide.situation import Situation
from shared.decide.steps import BeginTrial, EndTrial, EndWhileOff, Mark, Publish, Regenerate, Withdraw
from shared.domain.errors import LeaseHeld, LeaseLost, PersonMustLook, RotationError, TryLater
from shared.domain.keys import Fingerprint
from shared.domain.model import Adopt, Observation, Target
from shared.domain.publication import Origin
from shared.domain.requests import (
    ArmRequest,
    DeploymentRequest,
    DisarmRequest,
    EndTrialRequest,
    LeakRequest,
    Request,
    Requester,
)
from shared.domain.seals import is_sealed, unchecked
from shared.ports import Lease, Outside
from shared.turns.authentic import sealed_for
from shared.turns.brake import Brake
from shared.turns.ended_early import ended_early
from shared.turns.execution import Execution
from shared.turns.key_usage import decide_again, decide_counting, show_live_key
from shared.turns.keyless import is_enabled_again, note_enabled
from shared.turns.leak_record import LeakRecord
from shared.turns.listening import with_listeners
from shared.turns.message import About
from shared.turns.notes import forget_fresh_key
from shared.turns.observe import ObservedKeys, look
from shared.turns.orders import KeptOrders
from shared.turns.own_writes import PAUSES, OwnWrites
from shared.turns.perform import observed_after, perform
from shared.turns.progress import Announcing, Progress
from shared.turns.report import Outcome, failure, result_of
from shared.turns.secret_notes import Change, claim, explained_observation, noted_before
from shared.turns.standing import with_standing

MOST_ROUNDS = 7  # end a trial and prove, adopt, record a deployment, rotate, and repair twice what somebody else did


@dataclass
class Turn:
    """A turn in progress.

    target: The target.
    request: What was requested. None for a scheduled turn.
    outside: The parts that call Azure.
    lease: The hold on the target.
    orders: The standing orders about the target.
    until: When the caller stops waiting, in UTC: no step begins after that. None: nobody waits.
    brake: Holds scheduled work while many other targets fail. None: there is no brake.
    ordered: Whether standing orders about the target are known to be there, so that they are read in any case.
    only_ends_trials: Whether the app only observes, so that nothing is done but to switch keys on after a trial.
    writes: What this turn has written so far.
    observed: What was observed last. None before the first observation, and when it is out of date.
    progress: What was done so far.
    enabled: The version that this app had withdrawn and that was found enabled while keys are on. Empty: none was.
    """

    target: Target
    request: Request | None
    outside: Outside
    lease: Lease
    orders: KeptOrders
    until: datetime | None = None
    brake: Brake | None = None
    ordered: bool = False
    only_ends_trials: bool = False
    writes: OwnWrites = field(default_factory=OwnWrites)
    observed: ObservedKeys | None = None
    progress: Progress = field(default_factory=Progress)
    enabled: str = ""

    async def run(self) -> Outcome:
        """Carry out the turn and return its outcome. A failure is an outcome too: announcements are sent all the
        same."""
        outcome = self.progress.added_to(await self._run()).about(self.target)
        return replace(outcome, requester=self.request.requester) if self.request else outcome

    async def _run(self) -> Outcome:
        try:
            plan = await self._act()
            if self.enabled:
                await note_enabled(self.outside.notes, self.target, self.enabled)
            if plan.needs_a_person:
                raise PersonMustLook(self.target.name, plan.why)
        except LeaseLost as error:
            return failure(self.target.name, error)
        except RotationError as error:
            announced = await self._announce()
            return announced.added_to(failure(self.target.name, error))
        announced = await self._announce(retired=self.progress.retired)
        result = result_of(plan)
        return announced.added_to(Outcome(self.target.name, result, plan.reason, plan.why, held_until=plan.held_until))

    async def _act(self) -> Plan:
        """Observe, decide and perform in rounds, until nothing is left to do.

        Returns the plan that explains the turn: the one that answered the request, or the first without a request.
        """
        explains: Plan | None = None
        request = self.request
        for _ in range(MOST_ROUNDS):
            self.observed = await self._observe()
            publication = self.observed.seen.publication
            if publication is not None and is_enabled_again(self.observed.seen):
                self.enabled = publication.version
            plan = await self._braked(await self._decide(self.observed, request, first=explains is None))
            explains = plan if explains is None or request is not None else explains
            if self.only_ends_trials and not any(isinstance(step, EndTrial) for step in plan.steps):
                return explains
            request = with_values(request, self.observed.seen)
            request = None if plan.answers_a_request else request
            if not plan.steps:
                if self.request is None and not self.progress.done:
                    await show_live_key(self.target, self.observed, self.outside)
                return explains
            await self._perform(plan, self.observed)
            if request is None and not _must_be_observed_again(plan):
                return explains
        raise TryLater(self.target.name, "every observation in this turn found something new to do.")

    async def _observe(self) -> ObservedKeys:
        """Observe the target. If the answer is older than what this turn wrote, ask again for a while (P13)."""
        distrust_tags = isinstance(self.request, LeakRequest)
        try:
            observed = await look(self.target, self.outside, distrust_tags=distrust_tags)
        except RotationError:
            without = await self._without_the_secret()
            if without is None:
                raise
            return without
        for pause in PAUSES:
            if not self.writes.are_newer_than(observed) or self._would_be_late(pause):
                break
            await self.lease.wait(self.outside.clock, pause)
            observed = await look(self.target, self.outside, distrust_tags=distrust_tags)
        known = self.writes.added_to(observed)
        about_waits = isinstance(self.request, ArmRequest | DisarmRequest | DeploymentRequest)  # these add to the marks
        seen = await explained_observation(known.seen, known.keys, self.target, self.outside, strictly=about_waits)
        return replace(known, seen=await self._with_orders(seen) if self._asks_for_orders(seen) else seen)

    async def _without_the_secret(self) -> ObservedKeys | None:
        """Return what the account alone shows, if a trial is to end: that does not wait for a vault which cannot be
        read. None otherwise."""
        asked = isinstance(self.request, EndTrialRequest)
        if not (self.ordered or asked):
            return None
        orders = await self.orders.read()
        trial = orders.open_trial
        if trial is None or not (asked or trial.is_over(self.outside.clock.now())):
            return None
        account = await self.outside.accounts.read(self.target.account)
        seen = Observation(key_auth=account.key_auth, keys={}, publication=None, endpoint=account.endpoint)
        return ObservedKeys(await with_standing(self.outside, self.target, seen, orders, self.request))

    def _asks_for_orders(self, seen: Observation) -> bool:
        """Return whether the standing orders matter, whatever is decided. A leak does not wait for them."""
        asked = self.ordered or (self.request is not None and not isinstance(self.request, LeakRequest))
        return asked or self.orders.current is not None or not seen.key_auth

    async def _with_orders(self, seen: Observation) -> Observation:
        return await with_standing(self.outside, self.target, seen, await self.orders.read(), self.request)

    def _would_be_late(self, pause: timedelta) -> bool:
        return self.until is not None and self.outside.clock.now() + pause >= self.until

    async def _decide(self, observed: ObservedKeys, request: Request | None, *, first: bool) -> Plan:
        """Decide. Logs that do not answer end a turn only at its first decision: what was done by then is done."""
        if not isinstance(request, LeakRequest):  # a leak waits for nobody
            observed.seen = await with_listeners(self.outside, self.target, observed.seen)
        now, seen = self.outside.clock.now(), observed.seen
        observed.seen, plan = await decide_counting(self.outside, seen, self.target, now, request, strict=first)
        if not plan.steps or self.orders.current is not None or isinstance(request, LeakRequest):
            return plan
        observed.seen = await self._with_orders(observed.seen)  # a person may have said that this waits
        ordered = decide_again(observed.seen, self.target, now, request)
        ends = ordered.reason in (Reason.SUNSET, Reason.OVERWRITTEN) and ordered.reason is not plan.reason
        return plan if ends else ordered  # nobody knows what the logs would say to that

    async def _braked(self, plan: Plan) -> Plan:
        """Return the plan, or a hold if it is scheduled work and too many other targets failed."""
        if self.brake is None or not plan.is_scheduled or not await self.brake.is_on():
            return plan
        return held_by_the_brake(plan, self.brake.limit)

    async def _perform(self, plan: Plan, observed: ObservedKeys) -> None:
        execution = Execution(self.target, observed, self.lease, self.outside, self.orders, self.until, self.writes)
        before = Situation(observed.seen, self.target, self.outside.clock.now())
        try:
            await self._perform_on_record(plan, execution)
        finally:
            self.observed = observed_after(execution)
            self.progress.add(execution)
            self.progress.early.extend(filter(None, [ended_early(before, execution.done)]))

    async def _perform_on_record(self, plan: Plan, execution: Execution) -> None:
        """Perform the plan. A report's keys are on record as values before the first of these is regenerated."""
        request = self.request
        if not plan.leaked or not isinstance(request, LeakRequest):
            return await perform(plan.steps, execution)

        async def name() -> None:
            await LeakRecord(self.outside).name_values(About.of(self.target), request, plan.leaked)

        step = plan.steps[0]
        ends = isinstance(step, Regenerate) and execution.keys[step.slot].fingerprint in plan.leaked
        beside = () if ends or isinstance(step, EndWhileOff) else plan.steps[:1]
        await self.outside.together.both(name, lambda: perform(beside, execution))
        return await perform(plan.steps[len(beside) :], execution)

    async def _announce(self, *, retired: Fingerprint | None = None) -> Announcing:
        """Send the outstanding announcements and record which were accepted. A failure here undoes nothing.

        While a return of keys is not told yet, nothing is recorded on the version that this app withdrew: its tags
        would count an end more, as if the return had been told.
        """
        if self.observed is None or self.observed.seen.withdrawn or self.only_ends_trials:
            return Announcing()
        seen = await with_listeners(self.outside, self.target, self.observed.seen)
        situation = Situation(seen, self.target, self.outside.clock.now(), retired=retired)
        try:
            situation = await self._as_ordered(situation)
        except RotationError as problem:  # what was done is done, and its announcement waits for the next turn
            return Announcing(outstanding=tuple(one.kind.value for one in outstanding(situation)), problem=problem)
        announcements = outstanding(situation)
        kinds = tuple(announcement.kind.value for announcement in announcements)
        try:
            if announcements:
                await self.outside.announcer.announce(announcements, situation.now)
        except RotationError as problem:
            return Announcing(outstanding=kinds, problem=problem)
        accepted = self.outside.clock.now()
        try:
            in_time = tuple(one for one in announcements if accepted_in_time(situation, one, accepted))
            orders = acknowledged_orders(situation, in_time)
            if orders != situation.seen.orders:
                self.lease.check()
                await self.orders.write(orders)
            await self._record(situation, in_time)
        except RotationError as problem:
            return Announcing(accepted=kinds, problem=problem)
        return Announcing(accepted=kinds)

    async def _as_ordered(self, situation: Situation) -> Situation:
        """Return the situation with the standing orders, if any deadline is to be announced: a hold moves it."""
        deadlines = any(one.deadline is not None for one in outstanding(situation))
        if self.orders.current is None and not deadlines:
            return situation
        return replace(situation, seen=replace(situation.seen, orders=await self.orders.read()))

    async def _record(self, situation: Situation, accepted: tuple[Announcement, ...]) -> None:
        publication, keys = situation.seen.publication, self.observed.keys if self.observed else {}
        marks = publication.marks if publication else None
        if publication is None or marks is None:
            return
        kept = acknowledged(situation, accepted)
        if kept == marks and (is_sealed(marks) or not keys):
            return
        if not keys:  # nobody can check or seal them, so a note keeps what is harmless
            kept, marks = unchecked(kept), replace(marks, number=0)
        notes, change = self.outside.notes, Change(publication.version, kept, situation.live, before=marks)
        self.lease.check()
        if not is_sealed(marks):
            await claim(notes, self.target, marks)
        kept = await noted_before(notes, self.target, change)
        if marks.origin is Origin.ADOPTED and not marks.told.origin and self.target.adopt is Adopt.ROTATE:
            await forget_fresh_key(notes, self.target.account)
        self.lease.check()
        kept = sealed_for(self.target, kept, situation.live, situation.seen.endpoint, keys)
        await self.outside.vault.note(self.target, publication, situation.live, kept)


def _must_be_observed_again(plan: Plan) -> bool:
    return any(isinstance(step, Publish | Mark | Withdraw | BeginTrial | EndTrial) for step in plan.steps)


async def take_turn(
    target: Target,
    request: Request | None,
    outside: Outside,
    *,
    until: datetime | None = None,
    brake: Brake | None = None,
    ordered: bool = False,
    only_ends_trials: bool = False,
    on_record: Callable[[], Awaitable[Request]] | None = None,
) -> Outcome:
    """Take the target's lease, carry out one turn, and return its outcome. Raises nothing that a turn can expect.

    The lease is taken by account, because two turns must not regenerate the same account's keys, whatever their targets
    are called. If another turn holds it, the outcome is `busy`. A leak takes the lease over: a leaked key must not wait
    for a turn that is stuck.

    until: When the caller stops waiting, in UTC. None: nobody waits.
    brake: Holds scheduled work while many other targets fail. None: there is no brake.
    ordered: Whether standing orders about the target are known to be there. Default: no, then they are read if they
        could change what happens.
    only_ends_trials: Whether the app only observes, so that nothing is done but to switch keys on after a trial.
    on_record: Puts the request on record, and returns it as it is on record. Called once, before the target is
        observed, whether the lease can be taken or not. None: it is on record already, or need not be.
    """
    account = str(target.account).casefold()
    who = f"{request.kind}, asked by {request.by}" if request and request.by else ""
    hold = outside.leases.hold(account, take_over=isinstance(request, LeakRequest), who=who)
    try:
        async with AsyncExitStack() as held:
            take = partial(held.enter_async_context, hold)
            request, lease = await outside.together.both(on_record, take) if on_record else (request, await take())
            orders = KeptOrders(outside.notes, target)
            return await Turn(target, request, outside, lease, orders, until, brake, ordered, only_ends_trials).run()
    except LeaseHeld as held:
        outcome = failure(target.name, LeaseHeld(target.name, held.what))
    except RotationError as error:
        outcome = failure(target.name, error)
    return replace(outcome, requester=request.requester if request else Requester()).about(target)
