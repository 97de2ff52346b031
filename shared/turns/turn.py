"""One turn: hold the target, look, decide, do, look back, and tell.

The observation is made under the lease, and everything decided from it is done under it too. After something
was published the target is looked at again before the lease is given up: if vault and account disagree, the
same decision function says so, and it is healed before leaving. Telling comes last and is not doing: a rotation
that worked and could not be announced is a rotation that worked, with an announcement still owed.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.announce.announcements import Announcement
from shared.announce.outstanding import accepted_in_time, acknowledged, outstanding
from shared.decide.plan import Plan, held_by_the_brake
from shared.decide.situation import Situation
from shared.decide.steps import Mark, Publish, Regenerate, Step, Withdraw
from shared.domain.errors import LeaseHeld, LeaseLost, PersonMustLook, RotationError, TryLater
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import Target
from shared.domain.requests import LeakRequest, Request, Requester
from shared.ports import Announcer, Lease, Leases, Outside
from shared.turns.brake import Brake
from shared.turns.key_usage import decide_counting
from shared.turns.observe import ObservedKeys, observe
from shared.turns.perform import Execution, after, perform
from shared.turns.proof import Ending
from shared.turns.report import Outcome, failure, person_must_look, result_of

MOST_ROUNDS = 5  # adopt, hear of a deployment, rotate, and twice heal what somebody else did meanwhile


@dataclass
class Progress:
    """What a turn has done so far, whatever becomes of it."""

    done: list[Step] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    endings: dict[KeySlot, Ending] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    retired: Fingerprint | None = None

    def add(self, execution: Execution) -> None:
        self.done.extend(execution.done)
        self.endings |= execution.endings
        self.retired = _retired(execution) or self.retired
        self.unproven.extend(proof.detail for proof in execution.proofs if not proof.proven)
        published = [step for step in execution.begun if isinstance(step, Publish)]
        self.dropped.extend(str(carried) for step in published for carried in step.told.dropped)

    def on(self, outcome: Outcome) -> Outcome:
        """The outcome with these written on it."""
        return replace(
            outcome,
            done=tuple(str(step) for step in self.done),
            unproven=tuple(self.unproven),
            endings=tuple(self.endings.values()),
            dropped=tuple(self.dropped),
        )


@dataclass
class Turn:
    """A turn in progress. `until` is when it must have come to an end; `brake` whether others fail in numbers."""

    target: Target
    request: Request | None
    outside: Outside
    announcer: Announcer
    lease: Lease
    until: datetime | None = None
    brake: Brake | None = None
    observed: ObservedKeys | None = None
    progress: Progress = field(default_factory=Progress)

    async def run(self) -> Outcome:
        """The outcome; a failure is an outcome too, and what is owed is announced all the same."""
        outcome = self.progress.on(await self._run())
        return replace(outcome, requester=self.request.requester) if self.request else outcome

    async def _run(self) -> Outcome:
        try:
            plan = await self._act()
            if person_must_look(plan):
                raise PersonMustLook(self.target.name, plan.why)
        except LeaseLost as error:
            return failure(self.target.name, error)
        except RotationError as error:
            told = await self._tell()
            return told.on(failure(self.target.name, error))
        told = await self._tell(retired=self.progress.retired)
        result = result_of(plan)
        return told.on(Outcome(self.target.name, result, plan.reason, plan.why, held_until=plan.held_until))

    async def _act(self) -> Plan:
        """Rounds of look, decide and do, until nothing is left to do. The plan returned is the one that says why
        this turn did what it did: the one that answered the request, or without a request the first."""
        said: Plan | None = None
        request = self.request
        for _ in range(MOST_ROUNDS):
            distrust_tags = isinstance(self.request, LeakRequest)
            self.observed = await observe(
                self.target, self.outside.accounts, self.outside.vault, distrust_tags=distrust_tags
            )
            plan = await self._braked(await self._decide(self.observed, request, first=said is None))
            said = plan if said is None or request is not None else said
            request = None if plan.answers_a_request else request
            if not plan.steps:
                return said
            await self._do(plan, self.observed)
            if request is None and not _wants_a_look_back(plan):
                return said
        raise TryLater(self.target.name, "every look in this turn found something new to do.")

    async def _decide(self, observed: ObservedKeys, request: Request | None, *, first: bool) -> Plan:
        """The logs' silence ends a turn only where the turn began with it: what was done by then is done."""
        now, logs = self.outside.clock.now(), self.outside.logs
        observed.seen, plan = await decide_counting(logs, observed.seen, self.target, now, request, strict=first)
        return plan

    async def _braked(self, plan: Plan) -> Plan:
        """The plan, or a hold where too many others have failed: what is scheduled can wait, the rest cannot."""
        if self.brake is None or not plan.is_scheduled or not await self.brake.is_on():
            return plan
        return held_by_the_brake(plan, self.brake.limit)

    async def _do(self, plan: Plan, observed: ObservedKeys) -> None:
        execution = Execution(self.target, observed, self.lease, self.outside, self.until)
        try:
            await perform(plan.steps, execution)
        finally:
            self.observed = after(execution)
            self.progress.add(execution)

    async def _tell(self, *, retired: Fingerprint | None = None) -> Told:
        """Announce what is owed and note what was accepted. Failing here undoes nothing that was done."""
        if self.observed is None:
            return Told()
        situation = Situation(self.observed.seen, self.target, self.outside.clock.now(), retired=retired)
        announcements = outstanding(situation)
        kinds = tuple(announcement.kind.value for announcement in announcements)
        try:
            if announcements:
                await self.announcer.announce(announcements, situation.now)
        except RotationError as problem:
            return Told(outstanding=kinds, problem=problem)
        accepted = self.outside.clock.now()
        try:
            await self._note(
                situation, tuple(said for said in announcements if accepted_in_time(situation, said, accepted))
            )
        except RotationError as problem:
            return Told(accepted=kinds, problem=problem)
        return Told(accepted=kinds)

    async def _note(self, situation: Situation, accepted: tuple[Announcement, ...]) -> None:
        publication = situation.seen.publication
        if publication is None or publication.marks is None or acknowledged(situation, accepted) == publication.marks:
            return
        self.lease.check()
        await self.outside.vault.note(self.target, publication, situation.live, acknowledged(situation, accepted))


@dataclass(frozen=True)
class Told:
    """What became of a turn's announcements. `problem` is why some are still owed, or will be repeated."""

    accepted: tuple[str, ...] = ()
    outstanding: tuple[str, ...] = ()
    problem: RotationError | None = None

    def on(self, outcome: Outcome) -> Outcome:
        """The outcome with this written on it."""
        problem = f"{self.problem.thing}: {self.problem.what}" if self.problem else None
        step = outcome.next_step or (self.problem.next_step if self.problem else None)
        return replace(outcome, announced=self.accepted, outstanding=self.outstanding, untold=problem, next_step=step)


def _retired(execution: Execution) -> Fingerprint | None:
    """What the slot was given that was regenerated last, unless it was published after that: nobody has seen it."""
    last = next((step for step in reversed(execution.done) if isinstance(step, Regenerate | Publish)), None)
    return execution.keys[last.slot].fingerprint if isinstance(last, Regenerate) else None


def _wants_a_look_back(plan: Plan) -> bool:
    return any(isinstance(step, Publish | Mark | Withdraw) for step in plan.steps)


async def take_turn(
    target: Target,
    request: Request | None,
    outside: Outside,
    announcer: Announcer,
    leases: Leases,
    *,
    until: datetime | None = None,
    brake: Brake | None = None,
) -> Outcome:
    """Hold the target for one turn, by its account: what must not be regenerated by two hands is the account's keys,
    whatever the target is called. A target that another turn holds is an outcome like any other, but a leak takes it
    over: a key that is out must not wait for a turn that is stuck."""
    account = str(target.account).casefold()
    who = f"{request.kind}, asked by {request.by}" if request and request.by else ""
    leaked = isinstance(request, LeakRequest)
    try:
        async with AsyncExitStack() as held:
            if leaked:  # first among leaks, so that two of them do not take the target from each other for ever
                await held.enter_async_context(leases.hold(f"{account}/leak", who=who))
            lease = await held.enter_async_context(leases.hold(account, take_over=leaked, who=who))
            return await Turn(target, request, outside, announcer, lease, until, brake).run()
    except LeaseHeld as held:
        outcome = failure(target.name, LeaseHeld(target.name, held.what))
    except RotationError as error:
        outcome = failure(target.name, error)
    return replace(outcome, requester=request.requester if request else Requester())
