"""Everything that a trigger or a command can ask for: a tick, a turn, a survey, deadlines, one failure's announcement.

A tick lists the fleet and finds the targets that need a turn. It decides from what a listing shows, with the same
decision function as a turn; the turn observes its target properly and decides again. Besides, every target gets a turn
once per `look_every`, because only a turn reads the keys and sees that the live one was regenerated from outside. A
survey, a plan and the deadlines decide too, but do nothing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from shared.announce.acknowledged import acknowledged
from shared.announce.announcements import rotation_failed
from shared.announce.deadlines import Deadline, deadlines
from shared.announce.outstanding import outstanding
from shared.decide import cadence
from shared.decide.plan import Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.errors import RotationError
from shared.domain.many import request_of_many
from shared.domain.model import Observation, Target
from shared.domain.publication import Publication
from shared.domain.requests import LeakRequest, Request
from shared.domain.throttle import Throttle
from shared.domain.times import FIRST
from shared.fleet.burst import Bursts
from shared.fleet.enrolment import Enrolled
from shared.fleet.found import FleetListing, Listed
from shared.fleet.left import Left, served, take_back
from shared.fleet.listing import Fleet
from shared.fleet.names_seen import NamesSeen
from shared.fleet.owners import Owners
from shared.fleet.pace import USUAL
from shared.fleet.survey import Overview, Surveyor, undecided
from shared.fleet.view import View, load_view, save_view
from shared.fleet.waits import waits_known
from shared.ports import Outside
from shared.settings.environment import Mode, Settings
from shared.turns.brake import Brake
from shared.turns.leak_record import LeakRecord
from shared.turns.listening import with_listeners
from shared.turns.message import About, Message
from shared.turns.notes import is_due
from shared.turns.report import Outcome, Result, Row, failure
from shared.turns.secret_notes import SecretNote, secret_notes
from shared.turns.trouble import Troubles, troubles
from shared.turns.turn import take_turn

MOST_TAKEN_BACK = 20  # accounts in one tick, with five calls each; the next tick goes on with the others


@dataclass
class Tick:
    """What one tick found.

    now: When the tick began.
    listed: Every target whose vault was listed.
    listing: All that the listings of the fleet showed.
    to_do: The targets that have something to do.
    to_adopt: The targets that are observed in full because the listing does not tell enough: nothing of ours is
        published yet.
    to_observe: The targets that are observed in full because it is their time.
    quiet: How many targets need no turn.
    unseen: How many targets no listing has shown for an hour.
    earlier: How many targets an earlier tick's listing showed, because this one's did not come that far.
    view: What is known from the listings of this tick and of earlier ones.
    leaks: The leaks on record that are to be queued again.
    troubles: The targets whose turns fail.
    waiting: How many targets need a turn and get none, because Azure asked to wait.
    put_off: The ids of accounts that were to be observed in full and got no turn, in lower case.
    problems: Why targets could not be enrolled, listed or decided about.
    """

    now: datetime
    listed: list[Listed] = field(default_factory=list, repr=False)
    listing: FleetListing = field(default_factory=FleetListing, repr=False)
    to_do: list[Enrolled] = field(default_factory=list)
    to_adopt: list[Enrolled] = field(default_factory=list)
    to_observe: list[Enrolled] = field(default_factory=list)
    quiet: int = 0
    unseen: int = 0
    earlier: int = 0
    view: View = field(default_factory=View, repr=False)
    troubles: Troubles = field(default_factory=Troubles, repr=False)
    waiting: int = 0
    put_off: set[str] = field(default_factory=set)
    leaks: list[Message] = field(default_factory=list)
    problems: list[RotationError] = field(default_factory=list)

    @property
    def turns(self) -> list[Enrolled]:
        """The targets that need a turn."""
        return [*self.to_do, *self.to_adopt, *self.to_observe]

    def has_trouble(self, one: Enrolled) -> bool:
        """Return whether turns of this target failed, as far as is known."""
        return self.troubles.of(one.target.account) is not None

    def __str__(self) -> str:
        unseen = f", not listed: {self.unseen}" if self.unseen else ""
        unseen += f", listed by an earlier check: {self.earlier}" if self.earlier else ""
        waiting = f", waiting because Azure asked to: {self.waiting}" if self.waiting else ""
        in_full = len(self.to_adopt) + len(self.to_observe)
        counts = f"to do: {len(self.to_do)}, to observe in full: {in_full}, nothing to do: {self.quiet}"
        return f"{counts}{waiting}{unseen}; problems: {len(self.problems)}."


@dataclass
class Rotation:
    """Everything that a trigger or a command can ask for. There is one for each process.

    settings: The app's settings.
    outside: Everything outside that turns and ticks need.
    ticked_at: When this process ran its last tick. None before its first one.
    bursts: What this process's latest events were about.
    names: Which accounts had which name when this process last saw all of them.
    """

    settings: Settings
    outside: Outside
    ticked_at: datetime | None = None
    bursts: Bursts = field(default_factory=Bursts)
    names: NamesSeen = field(default_factory=NamesSeen)

    @cached_property
    def owners(self) -> Owners:
        """The owners that accounts had when they were last listed."""
        return Owners(self.outside.notes)

    @property
    def leaks(self) -> LeakRecord:
        """The leaks on record."""
        return LeakRecord(self.outside)

    @property
    def fleet(self) -> Fleet:
        """All targets."""
        return Fleet(self.settings, self.outside.accounts, self.outside.vault, self.outside.clock)

    async def tick(self, since: datetime | None, now: datetime, usual: timedelta = USUAL, *, keep: bool = True) -> Tick:
        """Find the targets that need a turn, and keep what was seen for people and for the next tick.

        since: When the last tick ran. A target whose turn once per `look_every` fell between the two needs one now.
            None if the host does not know: then the view may say it.
        usual: The usual time between two ticks.
        keep: Whether to keep it at once. If not, call `keep` when all turns are queued or put off. Default yes.
        """
        view, unread = await self._last_view()
        since = since or view.seen_at or FIRST
        looks = looks_since(since, now, self.settings.look_every, usual)
        listing = await self.fleet.list_targets(view)
        tick = Tick(now, listing.listed, listing, view=view, problems=[*unread, *listing.problems])
        tick.unseen = len(listing.unseen) + sum(one.is_old(now) for one in listing.earlier)
        tick.earlier = len(listing.earlier)
        try:
            tick.troubles = await troubles(self.outside.notes)
        except RotationError as error:
            tick.problems.append(error)
        leaks, problems = await self.leaks.pending()
        tick.leaks = [replace(one, repeated=True) for one in leaks if is_due(one, since, now)]
        tick.problems += problems + await self._take_back(listing)
        waits = await waits_known(self.outside, tick.problems, now)
        for one in listing.listed:
            try:
                await self._count(one, looks, tick, waits)
            except Exception as error:  # noqa: BLE001 - any error is named, and stops no other target (P10)
                tick.problems.append(undecided(one.enrolled.target, error))
        if keep:
            await self.keep(tick)
        return tick

    async def _last_view(self) -> tuple[View, list[RotationError]]:
        try:
            return await load_view(self.outside.views), []
        except RotationError as error:
            return View(), [error]

    async def keep(self, tick: Tick) -> None:
        """Write the view for people and for the next tick."""
        view = tick.view
        view.seen_at, view.problems, view.put_off = tick.now, tick.problems, frozenset(tick.put_off)
        await save_view(self.outside.views, view)
        self.names.take(view)

    async def _take_back(self, listing: FleetListing) -> list[RotationError]:
        """Take back the ends that were announced for accounts that are not enrolled any more, and name these accounts.

        An account that a person tagged `off` is not named.
        """
        targets = [*(one.enrolled.target for one in (*listing.listed, *listing.earlier)), *listing.unseen]
        kept = {one.account for one in listing.left} | {error.thing.casefold() for error in listing.problems}
        await self.owners.note(targets, kept, whole=not listing.may_show_more)
        left, unknown = await self._left(listing)
        if unknown:
            return unknown
        problems: list[RotationError] = [one.as_error() for one in left if not one.off]
        if self.settings.mode is Mode.OBSERVE:
            return problems
        announced = [one for one in left if one.publication.told.has_deadlines]
        for one in random.sample(announced, min(len(announced), MOST_TAKEN_BACK)):
            try:
                await take_back(one, self.outside)
            except RotationError as error:
                problems.append(error)
        return problems

    async def left(self) -> tuple[list[Left], list[RotationError]]:
        """Return the secrets of ours whose account is not enrolled any more, and why that could not be told."""
        return await self._left(await self.fleet.list_targets())

    async def _left(self, listing: FleetListing) -> tuple[list[Left], list[RotationError]]:
        try:
            return await self.owners.named(await served(listing.left, self.outside)), []
        except RotationError as error:
            return [], [error]

    async def _count(self, one: Listed, since: datetime, tick: Tick, waits: Sequence[Throttle]) -> None:
        """Add one target to what the tick found: it has something to do, it is to be observed in full, or neither. It
        gets no turn before a wait that Azure asked for is over."""
        target, seen = one.enrolled.target, one.presumed()
        look = seen is None or cadence.observation_due(target.name, self.settings.look_every, since, tick.now)
        look = look or str(target.account).casefold() in tick.view.put_off
        try:
            due = seen is not None and await self._has_something_to_do(target, seen, one.publication, tick.now)
        except Exception:
            if not look:
                raise
            due = False  # its turn observes it, decides again and names the error
        waiting = (due or look) and any(wait.is_on(tick.now) and wait.covers(target) for wait in waits)
        if (due or look) and not waiting:
            kind = tick.to_do if due else tick.to_adopt if seen is None else tick.to_observe
            kind.append(one.enrolled)
        if look and waiting:
            tick.put_off.add(str(target.account).casefold())
        tick.waiting += waiting
        tick.quiet += not (due or look)

    async def _has_something_to_do(
        self, target: Target, seen: Observation, publication: Publication | None, now: datetime
    ) -> bool:
        seen = await with_listeners(self.outside, target, seen)
        situation = Situation(seen, target, now)
        marks = publication.marks if publication else None
        to_note = marks is not None and seen.key_auth and acknowledged(situation) != marks
        return bool(decide(seen, target, now).steps) or bool(outstanding(situation)) or to_note

    async def turn(
        self,
        target: Target,
        request: Request | None = None,
        *,
        until: datetime | None = None,
        brake: Brake | None = None,
        by_name: bool = False,
    ) -> Outcome:
        """Take one target's turn and return its outcome. In observe mode, return what the turn would do.

        request: What a person or a pipeline asked for. None for a turn of the schedule.
        until: When the caller stops waiting for the answer. None: it waits as long as the turn takes.
        brake: Holds scheduled work if too many other targets failed. None: it is not held.
        by_name: Whether a leak may be on record by the target's name alone, from when its account was not known.
        """
        if isinstance(request, LeakRequest):
            return await self._leak(target, request, until, by_name=by_name)
        if self.settings.mode is Mode.OBSERVE:
            return planned_row(await self.plan_turn(target, request))
        return await take_turn(target, request, self.outside, until=until, brake=brake)

    async def _leak(self, target: Target, request: LeakRequest, until: datetime | None, *, by_name: bool) -> Outcome:
        """Take the turn of a leak: on record before its first call that changes something, until the key has ended.

        One of many stays on record until its result is noted: a repeated message must mean the same values.
        """
        about, name = About.of(target), About(target.name)
        request = self.leaks.dated(request)

        async def on_record() -> LeakRequest:
            recorded = await self.leaks.add(about, request)
            if by_name and await self.leaks.holds(about, request):
                await self.leaks.remove(name, request)
            return recorded

        if self.settings.mode is Mode.OBSERVE:
            outcome = await self._observed_leak(target, await on_record())
        else:
            outcome = await take_turn(target, request, self.outside, until=until, on_record=on_record)
        ended = outcome.result in (Result.DONE, Result.NOTHING) or outcome.cause is Reason.WHICH_KEY
        if ended and request_of_many(request) is None:
            for one in (about, name) if by_name else (about,):
                await self.leaks.remove(one, request)
        return outcome

    async def _observed_leak(self, target: Target, request: LeakRequest) -> Outcome:
        row = await self.plan_turn(target, request)
        if row.plan is not None and row.plan.leaked:
            await self.leaks.name_values(About.of(target), request, row.plan.leaked)
        return planned_row(row)

    async def other_writers(self) -> tuple[list[SecretNote], list[RotationError]]:
        """Return what is noted of secrets that somebody else writes too, and why it could not be read."""
        try:
            return await secret_notes(self.outside.notes), []
        except RotationError as error:
            return [], [error]

    def brake(self, tick: datetime) -> Brake | None:
        """Return the brake of the tick that began at this time. None if failures are not recorded."""
        failures = self.outside.failures
        return Brake(failures, tick, self.settings.brake) if failures else None

    @property
    def surveyor(self) -> Surveyor:
        """What makes rows of targets."""
        return Surveyor(self.settings, self.outside, self.fleet)

    async def plan_turn(self, target: Target, request: Request | None = None) -> Row:
        """Observe one target and decide what a turn would do now, without doing it. The row holds any error.

        It needs no lease, because it changes nothing.
        """
        return await self.surveyor.plan_turn(target, request)

    async def survey(self) -> tuple[list[Row], list[RotationError]]:
        """Return a row for every target, and what could not be enrolled or listed (`Surveyor.survey`)."""
        return await self.surveyor.survey()

    async def overview(self) -> Overview:
        """Return all targets as the last tick saw them, without a call for each (`Surveyor.overview`)."""
        return await self.surveyor.overview()

    async def deadlines(self) -> tuple[list[Deadline], list[RotationError]]:
        """Return every deadline to come, the soonest first, and what could not be listed. Presumed, as in a tick."""
        listing, now = await self.fleet.list_targets(), self.outside.clock.now()
        found: list[Deadline] = []
        for situation in listing.situations(now):
            try:
                found.extend(deadlines(situation))
            except Exception as error:  # noqa: BLE001 - any error is named, and hides no other target (P10)
                listing.problems.append(undecided(situation.target, error))
        return sorted(found, key=lambda one: (one.falls_at, one.target.name)), listing.problems

    async def waiting_for(self, environment: str) -> tuple[list[Enrolled], FleetListing]:
        """Return the targets that wait for a deployment to that environment, and the listing that showed them."""
        listing, now = await self.fleet.list_targets(), self.outside.clock.now()
        waiting = {
            situation.target.account
            for situation in listing.situations(now)
            if situation.awaited and situation.awaited.waits_for(environment)
        }
        return [one.enrolled for one in listing.listed if one.enrolled.target.account in waiting], listing

    async def announce_failure(self, target: Target, error: RotationError) -> None:
        """Announce that a target's turns fail. In observe mode, announce nothing. Raises what the announcer raises."""
        if self.settings.mode is Mode.OBSERVE:
            return
        now = self.outside.clock.now()
        await self.outside.announcer.announce([rotation_failed(target, error, now)], now)


def looks_since(since: datetime, now: datetime, look_every: timedelta, usual: timedelta) -> datetime:
    """Return from when on the moments count at which targets are observed in full.

    Those of a long pause are let pass: otherwise everything would be observed in one tick. Each target's next moment
    comes within `look_every`.
    """
    return since if now - since <= 2 * max(look_every, usual) else now - usual


def planned_row(row: Row) -> Outcome:
    """Return a plan that was not carried out as an outcome: for a dry run, and for every turn in observe mode."""
    if row.error is not None or row.plan is None:
        error = row.error or RotationError(row.target.name, "it could not be observed.")
        return failure(row.target.name, error).about(row.target)
    steps = ", ".join(str(step) for step in row.plan.steps)
    why = f"{row.plan.why} Would: {steps}." if steps else row.plan.why
    planned = Outcome(row.target.name, Result.PLANNED, row.plan.reason, why, held_until=row.plan.held_until)
    return planned.about(row.target)
