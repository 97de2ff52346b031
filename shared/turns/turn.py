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
from shared.announce.outstanding import in_time, owed, settled
from shared.decide.plan import Plan, held_by_the_brake
from shared.decide.situation import Situation
from shared.decide.steps import Mark, Publish, Regenerate, Step, Withdraw
from shared.domain.errors import LeaseHeld, LeaseLost, PersonMustLook, RotationError, TryLater
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import Target
from shared.domain.requests import Asked, Request, Wish
from shared.ports import Announcer, Lease, Leases, Outside
from shared.turns.brake import Brake
from shared.turns.key_usage import decide_counting
from shared.turns.observe import Look, observe
from shared.turns.perform import Work, after, perform
from shared.turns.proof import Ending
from shared.turns.report import Outcome, failure, person_must_look, result_of

MOST_ROUNDS = 5  # adopt, hear of a deployment, rotate, and twice heal what somebody else did meanwhile


@dataclass
class Deeds:
    """What a turn has done so far, whatever becomes of it."""

    done: list[Step] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    endings: dict[KeySlot, Ending] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    retired: Fingerprint | None = None

    def add(self, work: Work) -> None:
        self.done.extend(work.done)
        self.endings |= work.endings
        self.retired = _retired(work) or self.retired
        self.unproven.extend(proof.detail for proof in work.proofs if not proof.proven)
        published = [step for step in work.begun if isinstance(step, Publish)]
        self.forgotten.extend(str(debt) for step in published for debt in step.told.forgotten)

    def on(self, outcome: Outcome) -> Outcome:
        """The outcome with these written on it."""
        return replace(
            outcome,
            done=tuple(str(step) for step in self.done),
            unproven=tuple(self.unproven),
            endings=tuple(self.endings.values()),
            forgotten=tuple(self.forgotten),
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
    look: Look | None = None
    deeds: Deeds = field(default_factory=Deeds)

    async def run(self) -> Outcome:
        """The outcome; a failure is an outcome too, and what is owed is announced all the same."""
        outcome = self.deeds.on(await self._run())
        return replace(outcome, asked=self.request.asked) if self.request else outcome

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
        told = await self._tell(retired=self.deeds.retired)
        result = result_of(plan)
        return told.on(Outcome(self.target.name, result, plan.reason.value, plan.why, held_until=plan.held_until))

    async def _act(self) -> Plan:
        """Rounds of look, decide and do, until nothing is left to do. The plan returned is the one that says why
        this turn did what it did: the one that answered the request, or without a request the first."""
        said: Plan | None = None
        request = self.request
        for _ in range(MOST_ROUNDS):
            doubtful = self.request is not None and self.request.wish is Wish.LEAK
            self.look = await observe(self.target, self.outside.accounts, self.outside.vault, doubtful=doubtful)
            plan = await self._braked(await self._decide(self.look, request, first=said is None))
            said = plan if said is None or request is not None else said
            request = None if plan.answers_a_request else request
            if not plan.steps:
                return said
            await self._do(plan, self.look)
            if request is None and not _wants_a_look_back(plan):
                return said
        raise TryLater(self.target.name, "every look in this turn found something new to do.")

    async def _decide(self, look: Look, request: Request | None, *, first: bool) -> Plan:
        """The logs' silence ends a turn only where the turn began with it: what was done by then is done."""
        now, logs = self.outside.clock.now(), self.outside.logs
        look.seen, plan = await decide_counting(logs, look.seen, self.target, now, request, strict=first)
        return plan

    async def _braked(self, plan: Plan) -> Plan:
        """The plan, or a hold where too many others have failed: what is scheduled can wait, the rest cannot."""
        if self.brake is None or not plan.is_scheduled or not await self.brake.is_on():
            return plan
        return held_by_the_brake(plan, self.brake.limit)

    async def _do(self, plan: Plan, look: Look) -> None:
        work = Work(self.target, look, self.lease, self.outside, self.until)
        try:
            await perform(plan.steps, work)
        finally:
            self.look = after(work)
            self.deeds.add(work)

    async def _tell(self, *, retired: Fingerprint | None = None) -> Told:
        """Announce what is owed and note what was accepted. Failing here undoes nothing that was done."""
        if self.look is None:
            return Told()
        at = Situation(self.look.seen, self.target, self.outside.clock.now(), retired=retired)
        announcements = owed(at)
        kinds = tuple(announcement.kind.value for announcement in announcements)
        try:
            if announcements:
                await self.announcer.announce(announcements, at.now)
        except RotationError as problem:
            return Told(owed=kinds, problem=problem)
        accepted = self.outside.clock.now()
        try:
            await self._note(at, tuple(said for said in announcements if in_time(at, said, accepted)))
        except RotationError as problem:
            return Told(accepted=kinds, problem=problem)
        return Told(accepted=kinds)

    async def _note(self, at: Situation, accepted: tuple[Announcement, ...]) -> None:
        publication = at.seen.publication
        if publication is None or publication.marks is None or settled(at, accepted) == publication.marks:
            return
        self.lease.check()
        await self.outside.vault.note(self.target, publication, at.live, settled(at, accepted))


@dataclass(frozen=True)
class Told:
    """What became of a turn's announcements. `problem` is why some are still owed, or will be repeated."""

    accepted: tuple[str, ...] = ()
    owed: tuple[str, ...] = ()
    problem: RotationError | None = None

    def on(self, outcome: Outcome) -> Outcome:
        """The outcome with this written on it."""
        problem = f"{self.problem.thing}: {self.problem.what}" if self.problem else None
        step = outcome.next_step or (self.problem.next_step if self.problem else None)
        return replace(outcome, announced=self.accepted, owed=self.owed, untold=problem, next_step=step)


def _retired(work: Work) -> Fingerprint | None:
    """What the slot was given that was regenerated last, unless it was published after that: nobody has seen it."""
    last = next((step for step in reversed(work.done) if isinstance(step, Regenerate | Publish)), None)
    return work.keys[last.slot].fingerprint if isinstance(last, Regenerate) else None


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
    who = f"{request.wish}, asked by {request.by}" if request and request.by else ""
    leaked = request is not None and request.wish is Wish.LEAK
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
    return replace(outcome, asked=request.asked if request else Asked())
