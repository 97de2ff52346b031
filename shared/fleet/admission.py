"""Whether a person's request may begin: confirmed where it must be, and not one too many in this hour.

HTTP and the command line ask here before the turn of a request. What continues a request later, from the queue or from
the record of leaks, was let in before. A repetition of a leak that was let in needs neither. Ending a trial or a hold
is never refused here: it only takes back what was let in before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.decide.limits import Judgement, LimitHit, judged, kept_for
from shared.decide.plan import Reason
from shared.domain.acts import Act
from shared.domain.errors import ConfirmFirst, LimitReached, RotationError
from shared.domain.model import AccountId, Target
from shared.domain.requests import (
    HoldRequest,
    LeakedKey,
    LeakRequest,
    Request,
    RotateRequest,
    TrialRequest,
)
from shared.fleet.confirmation import confirmation, unseen, would
from shared.fleet.rotation import Rotation
from shared.turns.acts import ActRecord, act_of
from shared.turns.report import Outcome, Result

MOST_REMOVED = 20  # old acts after one request; the next one goes on
_BOTH = "This report would end both keys."


@dataclass(frozen=True)
class Admitted:
    """A request that was let in.

    request: The request.
    record: Where acts are noted.
    act: What was noted of it. None if nothing was: a repetition, or a request that regenerates nothing by itself.
    old: Acts that do not count any more.
    """

    request: Request
    record: ActRecord
    act: Act | None = None
    old: tuple[Act, ...] = ()

    async def settle(self, outcome: Outcome | None = None) -> None:
        """Clean the record up after the turn: a request that changed nothing does not count, nor do old ones.

        outcome: What became of the request's turn. None if its turns come later.
        """
        void = [self.act] if self.act and outcome and _changed_nothing(outcome, self.request) else []
        await asyncio.gather(*map(self.record.remove, [*void, *self.old[:MOST_REMOVED]]))


@dataclass(frozen=True)
class Counting:
    """A report of a leak that is counted while its target is looked up.

    act: What is noted of it.
    record: Where acts are noted.
    before: The acts on record before it.
    """

    act: Act
    record: ActRecord
    before: asyncio.Task[list[Act]]

    async def ended(self) -> tuple[Act, list[Act]]:
        """Return what was noted and what was on record before it."""
        return self.act, await self.before

    async def stop(self) -> None:
        """Take the note back, if it is still there: the report was not let in for that account."""
        await self.before
        await self.record.remove(self.act)


def counting(app: Rotation, account: AccountId, request: Request, confirm: str | None) -> Counting | None:
    """Begin to count a report of a leak. None for any other request, and for one that must be confirmed first."""
    if not isinstance(request, LeakRequest) or (_ends_both(request) and confirm is None):
        return None
    act, record = act_of(request, account, app.outside.clock.now(), confirmed=confirm is not None), _record(app)
    return Counting(act, record, asyncio.create_task(record.add(act, account)))


async def admit(
    app: Rotation, target: Target, request: Request, confirm: str | None = None, counted: Counting | None = None
) -> Admitted:
    """Let a request for one target in, or refuse it.

    confirm: The target's name, by which the caller confirms the request. None without it.
    counted: What `counting` began for this target. None: nothing yet.

    Raises ConfirmFirst for a request that must be confirmed, or that is confirmed with another name; and LimitReached.
    If the record of acts cannot be read or written, neither a limit nor an earlier leak is known.
    """
    try:
        return await _admitted(app, target, request, confirm, counted)
    except RotationError:
        if counted is not None:
            await counted.stop()
        raise


async def _admitted(
    app: Rotation, target: Target, request: Request, confirm: str | None, counted: Counting | None
) -> Admitted:
    record = _record(app)
    _check_name(target.name, confirm)
    needed = confirmation(request)
    if needed is not None and confirm is None:
        raise await _confirm_first(app, target, request, needed)
    if not _counts(request):
        return Admitted(request, record)
    act = act_of(request, target.account, app.outside.clock.now(), confirmed=confirm is not None)
    if _ends_both(request) and confirm is None:
        if _judged(app, act, await record.before(act)).repeated:
            return Admitted(request, record)
        raise await _confirm_first(app, target, request, _BOTH)
    act, before = await counted.ended() if counted else (act, await record.add(act, target.account))
    admitted, judgement = await _count(app, request, act, before)
    _check_limit(judgement.hit, target.name)
    if judgement.leaked_at is not None:
        raise await _confirm_first(app, target, request, _second(judgement.leaked_at))
    return admitted


async def foreseen(app: Rotation, target: Target, request: Request) -> Judgement:
    """Return what the acts on record say about a request that is not made yet: what `admit` would refuse, and why.

    Nothing is noted. A request that only waits for a deployment, or ends an order, has no limit.
    """
    if not _counts(request):
        return Judgement()
    act = act_of(request, target.account, app.outside.clock.now())
    return _judged(app, act, await _record(app).before(act))


async def admit_many(app: Rotation, request: Request) -> Admitted:
    """Let a request for several targets in, which counts once. Raises LimitReached."""
    act = act_of(request, None, app.outside.clock.now())
    admitted, judgement = await _count(app, request, act, await _record(app).add(act, None))
    _check_limit(judgement.hit, "targets")
    return admitted


def check_confirmed(which: str | AccountId, request: LeakRequest, confirm: str | None, error: RotationError) -> None:
    """Check a report of a leak whose target could not be looked up because of that error. Raises ConfirmFirst."""
    name = which if isinstance(which, str) else str(which)
    if isinstance(which, str):
        _check_name(which, confirm)
    if _ends_both(request) and confirm is None:
        what = f"{_BOTH} {unseen(error, name)} Nothing was done."
        raise ConfirmFirst(name, what, _step("<target name>" if isinstance(which, AccountId) else which))


async def _count(app: Rotation, request: Request, act: Act, before: Sequence[Act]) -> tuple[Admitted, Judgement]:
    """Judge an act that was noted by those before it. Unless it counts, its note is taken back."""
    record = _record(app)
    judgement = _judged(app, act, before)
    if not judgement.counts:
        await record.remove(act)
        return Admitted(request, record), judgement
    begin = act.at - kept_for(app.settings.defaults.lag)
    return Admitted(request, record, act, tuple(one for one in before if one.at <= begin)), judgement


def _record(app: Rotation) -> ActRecord:
    return ActRecord(app.outside.notes)


def _judged(app: Rotation, act: Act, before: Iterable[Act]) -> Judgement:
    return judged(act, before, app.settings.limits, app.settings.defaults.lag)


def _check_limit(hit: LimitHit | None, name: str) -> None:
    """Raises LimitReached if there is such a limit."""
    if hit is None:
        return
    whose = "of this target" if hit.setting.endswith("TARGET") else "in all"
    until = hit.until.replace(microsecond=0) + timedelta(seconds=1)  # as it is shown
    what = (
        f"{hit.most} rotations, leaks, trials and holds {whose} in one hour are what {hit.setting} allows. "
        f"Nothing was done. It may be sent again from {until:%Y-%m-%d %H:%M:%S} UTC."
    )
    raise LimitReached(name, what, until=until)


def _counts(request: Request) -> bool:
    """Return whether a request counts for the limits."""
    return isinstance(request, RotateRequest | LeakRequest | TrialRequest | HoldRequest)


def _ends_both(request: Request) -> bool:
    return isinstance(request, LeakRequest) and request.key is LeakedKey.BOTH


def _check_name(name: str, confirm: str | None) -> None:
    """Raises ConfirmFirst if a confirmation names another target."""
    if confirm is not None and confirm.casefold() != name.casefold():
        raise ConfirmFirst(name, "The request confirms another target. Nothing was done.", _step(name))


def _step(name: str) -> str:
    return f'if you mean it, send it again with "confirm": "{name}"; on the command line, with --confirm {name}'


def _second(leaked_at: datetime) -> str:
    return (
        f"A leak of this target was reported at {leaked_at:%Y-%m-%d %H:%M:%S} UTC already, and not every app may have "
        "read the key that was published then."
    )


async def _confirm_first(app: Rotation, target: Target, request: Request, why: str) -> ConfirmFirst:
    """Return the error that says what the request would do, in words."""
    row = await app.plan_turn(target, request)
    what = f"{why} {would(row, request, app.settings.defaults.lag)} Nothing was done."
    return ConfirmFirst(target.name, what, _step(target.name))


def _changed_nothing(outcome: Outcome, request: Request) -> bool:
    """Return whether the request has regenerated nothing and will not by itself.

    A leak that only a person can let through counts as such a request, so that the report that then helps, such as one
    with a fingerprint, is no second leak.
    """
    if outcome.done:
        return False
    if outcome.error is not None:
        return outcome.error.needs_a_person and not outcome.error.unclear
    if outcome.result is Result.PLANNED and isinstance(request, LeakRequest):
        return outcome.cause is Reason.WHICH_KEY  # any other leak stays on record while the app only observes
    return outcome.result is not Result.DONE
