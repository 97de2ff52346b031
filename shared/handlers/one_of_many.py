"""The turn of one account of a request for many (docs/decisions/0029).

It first looks whether the request was stopped, then serves its account like any other turn, and then notes what became
of it. What is not done stays open: the next tick queues it again, so nothing is queued or delivered again here, but for
work that has begun and that Azure asked to wait.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from shared.decide.plan import Reason
from shared.domain.errors import FixConfiguration, PersonMustLook, RotationError, Throttled, UnknownTarget
from shared.domain.many import MOST_ATTEMPTS, ManyResult, ManyTarget, ManyWord, request_of_many
from shared.domain.model import Target
from shared.domain.names import LOGGER
from shared.domain.requests import LeakedKey, LeakRequest
from shared.fleet.rotation import Rotation
from shared.fleet.waits import note_wait
from shared.handlers.waiting import sent_later
from shared.turns.many import ManyRecord
from shared.turns.message import About, Message
from shared.turns.report import Outcome, Result, failure
from shared.turns.trouble import forget_trouble, note_trouble

log = logging.getLogger(LOGGER)
CLOCKS = timedelta(minutes=5)  # by how much the vault's clock and ours may differ
_ROTATED = {Reason.REQUESTED, Reason.RESUMED, Reason.DUE, Reason.DEPLOYED}
_KEYS_ARE_OFF = {Reason.KEY_AUTH_IS_OFF, Reason.FINISHED, Reason.SUNSET, Reason.KEYS_ARE_OFF}
_DELETED = "deleted"  # stands in the note of a turn that was told that there is no such account
type Find = Callable[[Rotation, Message], Awaitable[Target]]


async def take_one_of_many(app: Rotation, message: Message, find: Find) -> Outcome | None:
    """Take the turn of one account of a request for many, and note what became of it.

    find: Returns the target of a message.

    Returns the outcome; None if nothing was to be begun. Raises nothing that a turn can expect.
    """
    id_, account = request_of_many(message.request) or "", message.account
    if account is None:
        log.error("turn: a message of the request for many %s names no account and is dropped", id_)
        return None
    one = OneOfMany(app, id_, message, ManyTarget(message.target, account))
    if not await one.may_begin():
        return None
    await one.put_on_record()
    try:
        target = await find(app, message)
    except RotationError as error:
        outcome = failure(message.target, error)
        await one.conclude_unfound(outcome, error)
        return outcome
    outcome = await app.turn(target, message.request)
    await one.conclude(target, outcome)
    return outcome


class OneOfMany:
    """One account of a request for many, and the turn that a message asks for.

    app: The app.
    id: The id of the request for many.
    message: The message.
    one: The account, as the request names it.
    """

    def __init__(self, app: Rotation, id_: str, message: Message, one: ManyTarget) -> None:
        self.app, self.id, self.message, self.one = app, id_, message, one
        self.record = ManyRecord(app.outside.notes)

    @property
    def is_leak(self) -> bool:
        """Whether a leaked key is to be ended."""
        return isinstance(self.message.request, LeakRequest)

    async def may_begin(self) -> bool:
        """Return whether the turn may begin. A leak that is on record has begun already, and goes on.

        A leak begins as well if it cannot be told whether it was stopped. A rotation is left to the next tick.
        """
        if self.message.repeated:
            return True
        try:
            standing = await self.record.standing(self.id, self.one)
        except RotationError as error:
            log.warning(
                "%s: whether the request for many %s goes on could not be read: %s", self.one.name, self.id, error
            )
            return self.is_leak
        paused = not self.is_leak and standing.failing > self.app.settings.brake
        if standing.over or standing.settled or paused:
            why = "is over" if standing.over else "is done there" if standing.settled else "is paused"
            log.info("turn: %s: not begun, because the request for many %s %s", self.one.name, self.id, why)
        return not (standing.over or standing.settled or paused)

    async def put_on_record(self) -> None:
        """Put a leak on record before anything is asked of its account: whatever its tags say, its key is tried."""
        request = self.message.request
        if isinstance(request, LeakRequest):
            await self.app.leaks.add(self._about, request)

    @property
    def _about(self) -> About:
        return About(self.one.name, self.one.account)

    async def conclude_unfound(self, outcome: Outcome, error: RotationError) -> None:
        """Note what becomes of an account whose target could not be found.

        The keys of an account that is not enrolled live on. So for a leak it counts as failed.
        """
        log.warning("turn: %s", outcome)
        if isinstance(error, Throttled):
            await note_wait(self.app.outside, error)
        elif await self._is_gone(error):
            if await self._note(ManyWord.GONE, outcome):
                await self._take_off_record()
        else:
            await self._note_failure(None, outcome, error)

    async def _is_gone(self, error: RotationError) -> bool:
        """Return whether an account is gone. For a leak a turn of another tick must have been told, too, that there is
        no such account."""
        if not self.is_leak:
            return isinstance(error, UnknownTarget) or _is_deleted(error)
        if not _is_deleted(error):
            return False
        try:
            tries = await self.record.results(self.id, f"{ManyWord.TRIED}/{self.one.hash}/")
            facts = [await self.record.facts(self.id, one) for one in tries if one.at != self.message.queued_at]
        except RotationError as problem:
            log.warning("%s: what earlier turns found could not be read: %s", self.one.name, problem)
            return False
        return any(one.get(_DELETED) for one in facts)

    async def _take_off_record(self) -> None:
        request = self.message.request
        if isinstance(request, LeakRequest):
            await self.app.leaks.remove(self._about, request)

    async def conclude(self, target: Target, outcome: Outcome) -> None:
        """Note what became of the account. An outcome that is neither done nor failed leaves it open."""
        log.log(logging.WARNING if outcome.error else logging.INFO, "turn: %s", outcome)
        if isinstance(outcome.error, Throttled):
            await self._wait(outcome, outcome.error)
        elif outcome.result is Result.FAILED and outcome.error is not None:
            await self._note_failure(target, outcome, outcome.error)
        elif outcome.result in (Result.DONE, Result.NOTHING):
            await self._settle(target, outcome)

    async def _settle(self, target: Target, outcome: Outcome) -> None:
        if outcome.cause in _KEYS_ARE_OFF:
            await self._note(ManyWord.GONE, outcome)
        elif not await self._is_done(target, outcome):
            return
        elif not await self._note(ManyWord.DONE, outcome):
            return  # a leak stays on record, so that its next turn goes by the values that are noted there
        if self.message.troubled:
            await forget_trouble(self.app.outside.notes, target)
        await self._take_off_record()

    async def _is_done(self, target: Target, outcome: Outcome) -> bool:
        """Return whether the account shows that the request is done there.

        A turn that has carried out its steps has seen it. A turn that found nothing to do has believed the secret's
        marks, so for a rotation the account is observed once more: its live key must be one that was published after
        the request was made, by the vault's own date.
        """
        if self.is_leak:
            return outcome.cause in (Reason.LEAKED, Reason.ALREADY_DONE)
        if outcome.result is Result.DONE:
            return outcome.cause in _ROTATED
        if outcome.cause is not Reason.ALREADY_DONE or self._made_at is None:
            return False
        seen = (await self.app.plan_turn(target)).seen
        created = seen.publication.created if seen and seen.live and seen.publication else None
        return created is not None and created >= self._made_at - CLOCKS

    @property
    def _made_at(self) -> datetime | None:
        return self.message.request.requested_at if self.message.request else None

    async def _wait(self, outcome: Outcome, error: Throttled) -> None:
        """Leave the account to a tick after the wait; put work that has begun back into the queue until then."""
        await note_wait(self.app.outside, error)
        if outcome.done:
            await sent_later(self.app, [self.message], error)

    async def _note_failure(self, target: Target | None, outcome: Outcome, error: RotationError) -> None:
        """Note a failure for the request and for the target; after the last attempt announce it as well."""
        deleted = _is_deleted(error) if target is None else None
        own = isinstance(error, PersonMustLook) or error.of_owner
        await self._note(ManyWord.TRIED, outcome, own=own, deleted=deleted)
        if target is None:
            return
        await note_trouble(self.app.outside.notes, target, error, self.app.outside.clock.now())
        try:
            tries = await self.record.results(self.id, f"{ManyWord.TRIED}/{self.one.hash}/")
            if len({one.at for one in tries}) == MOST_ATTEMPTS:
                await self.app.announce_failure(target, error)
        except RotationError as problem:
            log.error("%s: its failure could not be announced: %s", target.name, problem)  # noqa: TRY400

    async def _note(self, word: ManyWord, outcome: Outcome, *, own: bool = False, deleted: bool | None = None) -> bool:
        """Note a result. Return whether that worked: if not, the next tick queues the account again.

        own: Whether a failure says nothing about other accounts. Default: no.
        deleted: Whether Azure said that there is no such account. None if it was not asked.
        """
        refused = self._refused_from(outcome) if word is ManyWord.DONE else None
        at = self.message.queued_at if word is ManyWord.TRIED else refused or self.app.outside.clock.now()
        facts = {"why": outcome.why, "reason": outcome.reason, "nextStep": outcome.next_step, _DELETED: deleted}
        result = ManyResult(word, self.one.hash, at, own, refused is not None)
        try:
            await self.record.put(self.id, self.one, result, facts)
        except RotationError as error:
            log.error("%s: what became of it in %s could not be noted: %s", self.one.name, self.id, error)  # noqa: TRY400
            return False
        return True

    def _refused_from(self, outcome: Outcome) -> datetime | None:
        """Return from when the account refused the last of the leaked keys. None if this turn has not seen it refuse
        each of them."""
        request = self.message.request
        number = 2 if isinstance(request, LeakRequest) and request.key is LeakedKey.BOTH else 1
        refused = [one.refused for one in outcome.endings if one.refused]
        seen_all = len(refused) == len(outcome.endings) >= number
        return max(refused) if seen_all else None


def _is_deleted(error: RotationError) -> bool:
    """Return whether Azure says that there is no such account."""
    return isinstance(error, FixConfiguration) and error.refusal is not None and not error.refused_to_show
