"""Everything that a trigger or a command can ask for: a tick, a turn, a survey, deadlines, one failure's announcement.

A tick lists the fleet and finds the targets that need a turn (`ticks`); a turn serves one target. A survey, a plan and
the deadlines decide too (`survey`), but do nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from shared.announce.announcements import rotation_failed
from shared.announce.deadlines import Deadline, deadlines
from shared.decide.plan import Reason
from shared.decide.situation import Situation
from shared.decide.steps import EndTrial
from shared.domain.errors import RotationError
from shared.domain.many import request_of_many
from shared.domain.model import Target
from shared.domain.orders import Orders
from shared.domain.requests import DeploymentRequest, LeakRequest, Request
from shared.fleet.burst import Bursts
from shared.fleet.deployments import Following, what_follows
from shared.fleet.enrolment import Enrolled
from shared.fleet.found import FleetListing
from shared.fleet.history import History, history_of
from shared.fleet.last_known import refused_rows
from shared.fleet.left import Left
from shared.fleet.listing import Fleet
from shared.fleet.names_seen import NamesSeen
from shared.fleet.owners import Owners
from shared.fleet.pace import USUAL
from shared.fleet.survey import Overview, Surveyor, planned_row, undecided
from shared.fleet.ticks import Tick, Ticker
from shared.fleet.view import View
from shared.ports import Outside
from shared.settings.environment import Mode, Settings
from shared.turns.brake import Brake
from shared.turns.leak_record import LeakRecord
from shared.turns.message import About
from shared.turns.report import Outcome, Result, Row
from shared.turns.secret_notes import SecretNote, secret_notes
from shared.turns.turn import take_turn


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

    @property
    def ticker(self) -> Ticker:
        """What finds the targets that need a turn."""
        return Ticker(self.settings, self.outside, self.fleet, self.owners)

    async def tick(self, since: datetime | None, now: datetime, usual: timedelta = USUAL, *, keep: bool = True) -> Tick:
        """Find the targets that need a turn (`Ticker.tick`), and keep what was seen for people and for the next tick.

        keep: Whether to keep it at once. If not, call `keep` when all turns are queued or put off. Default yes.
        """
        tick = await self.ticker.tick(since, now, usual)
        if keep:
            await self.keep(tick)
        return tick

    async def keep(self, tick: Tick) -> None:
        """Write the view for people and for the next tick."""
        await self.ticker.keep(tick)
        self.names.take(tick.view)

    async def left(self) -> tuple[list[Left], list[RotationError]]:
        """Return the secrets of ours whose account is not enrolled any more, and why that could not be told."""
        return await self.ticker.left(await self.fleet.list_targets())

    async def turn(
        self,
        target: Target,
        request: Request | None = None,
        *,
        until: datetime | None = None,
        brake: Brake | None = None,
        by_name: bool = False,
        ordered: bool = False,
    ) -> Outcome:
        """Take one target's turn and return its outcome. In observe mode, return what the turn would do.

        request: What a person or a pipeline asked for. None for a turn of the schedule.
        until: When the caller stops waiting for the answer. None: it waits as long as the turn takes.
        brake: Holds scheduled work if too many other targets failed. None: it is not held.
        ordered: Whether standing orders about the target are known to be there.
        by_name: Whether a leak may be on record by the target's name alone, from when its account was not known.
        """
        if isinstance(request, LeakRequest):
            return await self._leak(target, request, until, by_name=by_name)
        if self.settings.mode is Mode.OBSERVE:
            row = await self.plan_turn(target, request)
            if row.plan is None or not any(isinstance(step, EndTrial) for step in row.plan.steps):
                return planned_row(row)
            # Keys do not stay off because somebody stops the app in the middle of a trial.
            return await take_turn(target, request, self.outside, until=until, ordered=True, only_ends_trials=True)
        return await take_turn(target, request, self.outside, until=until, brake=brake, ordered=ordered)

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

    async def history(self, target: Target) -> History:
        """Return what happened to a target, as the versions of its secret say. A call for each 25 versions.

        Raises a RotationError if the versions cannot be listed.
        """
        return history_of(target, await self.outside.vault.earlier(target), self.outside.clock.now())

    async def deadlines(self) -> tuple[list[Deadline], list[RotationError]]:
        """Return every deadline to come, the soonest first, and what could not be listed. Presumed, as in a tick.

        Those of a misconfigured account are on hold: nobody who follows them must believe that they were called off.
        """
        view = View()
        listing, now = await self.fleet.list_targets(view), self.outside.clock.now()
        found: list[Deadline] = []
        orders = await self.surveyor.orders()
        for one in listing.situations(now):
            situation = _ordered(one, orders)
            try:
                found.extend(deadlines(situation))
            except Exception as error:  # noqa: BLE001 - any error is named, and hides no other target (P10)
                listing.problems.append(undecided(situation.target, error))
        shown = {str(one.enrolled.target.account).casefold() for one in listing.listed}
        for row in refused_rows(view, listing.problems, shown, now):
            held = deadlines(row.situation) if row.situation else ()
            found.extend(replace(one, on_hold=True) for one in held)
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

    async def what_follows(
        self, waiting: Iterable[Enrolled], listing: FleetListing, request: DeploymentRequest
    ) -> list[Following]:
        """Return what follows a deployment at each of the targets that `waiting_for` returned, with its listing."""
        accounts, orders = {one.target.account for one in waiting}, await self.surveyor.orders()
        return await what_follows(self.outside, listing, accounts, request, orders, self.outside.clock.now())

    async def announce_failure(self, target: Target, error: RotationError) -> None:
        """Announce that a target's turns fail. In observe mode, announce nothing. Raises what the announcer raises."""
        if self.settings.mode is Mode.OBSERVE:
            return
        now = self.outside.clock.now()
        await self.outside.announcer.announce([rotation_failed(target, error, now)], now)


def _ordered(situation: Situation, orders: Mapping[str, Orders]) -> Situation:
    """Return the situation with the standing orders about its target."""
    found = orders.get(str(situation.target.account).casefold())
    return replace(situation, seen=replace(situation.seen, orders=found)) if found else situation
