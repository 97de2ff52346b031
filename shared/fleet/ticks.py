"""A tick: list the fleet, and find the targets that need a turn.

It decides from what a listing shows, with the same decision function as a turn; the turn observes its target properly
and decides again. Besides, every target gets a turn once per `look_every`, because only a turn reads the keys and sees
that the live one was regenerated from outside.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.announce.acknowledged import acknowledged
from shared.announce.outstanding import outstanding
from shared.decide import cadence
from shared.decide.situation import Situation
from shared.domain.errors import RotationError
from shared.domain.model import AccountId, Observation
from shared.domain.orders import Orders
from shared.domain.throttle import Throttle
from shared.domain.times import FIRST
from shared.fleet.enrolment import Enrolled
from shared.fleet.found import FleetListing, Listed
from shared.fleet.left import Left, served, take_back
from shared.fleet.listing import Fleet
from shared.fleet.owners import Owners
from shared.fleet.pace import USUAL
from shared.fleet.survey import undecided
from shared.fleet.view import View, load_view, save_view
from shared.fleet.waits import waits_known
from shared.ports import Outside
from shared.settings.environment import Mode, Settings
from shared.turns.key_usage import decide_as_surveyed
from shared.turns.leak_record import LeakRecord
from shared.turns.listening import with_listeners
from shared.turns.message import Message
from shared.turns.notes import is_due
from shared.turns.orders import all_orders
from shared.turns.trouble import Troubles, forget_gone, troubles

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
    orders: The standing orders, by the account's id in lower case.
    troubles: The targets whose turns fail.
    waiting: How many targets need a turn and get none, because Azure asked to wait.
    put_off: The ids of accounts that were to be observed in full and got no turn, in lower case.
    left: The ids of accounts that are not enrolled any more, in lower case.
    owing: The ids of accounts about which announcements are outstanding, in lower case.
    unsent: Whether messages could not be queued.
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
    left: set[str] = field(default_factory=set)
    owing: set[str] = field(default_factory=set)
    unsent: bool = False
    leaks: list[Message] = field(default_factory=list)
    orders: Mapping[str, Orders] = field(default_factory=dict, repr=False)
    problems: list[RotationError] = field(default_factory=list)

    @property
    def turns(self) -> list[Enrolled]:
        """The targets that need a turn."""
        return [*self.to_do, *self.to_adopt, *self.to_observe]

    def has_trouble(self, one: Enrolled) -> bool:
        """Return whether turns of this target failed, as far as is known."""
        return self.troubles.of(one.target.account) is not None

    @property
    def trials(self) -> list[Message]:
        """A message for each trial that has begun, whether its account is still listed or not: only a turn sees whether
        keys are off, and keys must be switched on in any case."""
        begun = [AccountId.parse(id_) for id_, one in self.orders.items() if one.trial and one.trial.begun]
        return [Message(one.name, self.now, one, insists=True, ordered=True) for one in begun]

    def has_begun_a_trial(self, one: Enrolled) -> bool:
        """Return whether a trial of this target has begun, so that it has a message of its own."""
        orders = self.orders.get(str(one.target.account).casefold())
        return orders is not None and orders.trial is not None and orders.trial.begun is not None

    def has_orders(self, one: Enrolled) -> bool:
        """Return whether there are standing orders about this target that matter now."""
        orders = self.orders.get(str(one.target.account).casefold(), Orders())
        return orders.trial is not None or orders.hold_at(self.now) is not None

    def __str__(self) -> str:
        unseen = f", not listed: {self.unseen}" if self.unseen else ""
        unseen += f", listed by an earlier check: {self.earlier}" if self.earlier else ""
        waiting = f", waiting because Azure asked to: {self.waiting}" if self.waiting else ""
        in_full = len(self.to_adopt) + len(self.to_observe)
        counts = f"to do: {len(self.to_do)}, to observe in full: {in_full}, nothing to do: {self.quiet}"
        return f"{counts}{waiting}{unseen}; problems: {len(self.problems)}."


@dataclass(frozen=True)
class Ticker:
    """Finds the targets that need a turn.

    settings: The app's settings.
    outside: Everything outside that is read.
    fleet: The targets.
    owners: The owners that accounts had when they were last listed.
    """

    settings: Settings
    outside: Outside
    fleet: Fleet
    owners: Owners

    async def tick(self, since: datetime | None, now: datetime, usual: timedelta = USUAL) -> Tick:
        """Find the targets that need a turn.

        since: When the last tick ran. A target whose turn once per `look_every` fell between the two needs one now.
            None if the host does not know: then the view may say it.
        usual: The usual time between two ticks.
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
        tick.orders = await self._orders(tick)
        if not listing.may_show_more:
            ids = {str(one.enrolled.target.account) for one in listing.listed} | listing.refused
            await forget_gone(self.outside.notes, tick.troubles, ids)
        leaks, problems = await LeakRecord(self.outside).pending()
        tick.leaks = [replace(one, repeated=True) for one in leaks if view.unsent or is_due(one, since, now)]
        tick.problems += problems + await self._take_back(listing, tick.left)
        waits = await waits_known(self.outside, tick.problems, now)
        for one in listing.listed:
            try:
                await self._count(one, looks, tick, waits)
            except Exception as error:  # noqa: BLE001 - any error is named, and stops no other target (P10)
                tick.problems.append(undecided(one.enrolled.target, error))
        tick.put_off |= self._not_reached(listing, looks, tick)
        return tick

    def _not_reached(self, listing: FleetListing, since: datetime, tick: Tick) -> set[str]:
        """Return the accounts whose full observation was due, and which this tick's listing did not reach."""
        targets = [*(one.enrolled.target for one in listing.earlier), *listing.unseen]
        every = self.settings.look_every
        due = [one for one in targets if cadence.observation_due(one.name, every, since, tick.now)]
        ids = {str(one.account).casefold() for one in targets}
        return {str(one.account).casefold() for one in due} | (ids & tick.view.put_off)

    async def _orders(self, tick: Tick) -> Mapping[str, Orders]:
        """Return all standing orders. If they cannot be read, turns read their own."""
        try:
            orders, problems = await all_orders(self.outside.notes)
        except RotationError as error:
            orders, problems = {}, [error]
        tick.problems += problems
        return orders

    async def _last_view(self) -> tuple[View, list[RotationError]]:
        try:
            return await load_view(self.outside.views), []
        except RotationError as error:
            return View(), [error]

    async def keep(self, tick: Tick) -> None:
        """Write the view for people and for the next tick."""
        view = tick.view
        view.seen_at, view.problems, view.put_off = tick.now, tick.problems, frozenset(tick.put_off)
        view.refused, view.left, view.unsent = tick.listing.refused, frozenset(tick.left), tick.unsent
        view.owing = {id_: view.owing.get(id_, tick.now) for id_ in tick.owing | self._not_listed(tick)}
        await save_view(self.outside.views, view)

    @staticmethod
    def _not_listed(tick: Tick) -> set[str]:
        """Return the accounts that announcements were outstanding about, and that this tick's listing did not reach."""
        unseen = [*(one.enrolled.target for one in tick.listing.earlier), *tick.listing.unseen]
        return {str(one.account).casefold() for one in unseen} & tick.view.owing.keys()

    async def _take_back(self, listing: FleetListing, gone: set[str]) -> list[RotationError]:
        """Take back the ends that were announced for accounts that are not enrolled any more, and name these accounts.

        gone: The ids of these accounts are added to it, in lower case. One that a person tagged `off` is not named.
        """
        targets = [*(one.enrolled.target for one in (*listing.listed, *listing.earlier)), *listing.unseen]
        kept = {one.account for one in listing.left} | {error.thing.casefold() for error in listing.problems}
        await self.owners.note(targets, kept, whole=not listing.may_show_more)
        left, unknown = await self.left(listing)
        if unknown:
            return unknown
        problems: list[RotationError] = [one.as_error() for one in left if not one.off]
        gone |= {one.account for one in left if not one.off}
        if self.settings.mode is Mode.OBSERVE:
            return problems
        announced = [one for one in left if one.publication.told.has_deadlines]
        for one in random.sample(announced, min(len(announced), MOST_TAKEN_BACK)):
            try:
                await take_back(one, self.outside)
            except RotationError as error:
                problems.append(error)
        return problems

    async def left(self, listing: FleetListing) -> tuple[list[Left], list[RotationError]]:
        """Return the secrets of ours whose account is not enrolled any more, and why that could not be told."""
        try:
            return await self.owners.named(await served(listing.left, self.outside)), []
        except RotationError as error:
            return [], [error]

    async def _count(self, one: Listed, since: datetime, tick: Tick, waits: Sequence[Throttle]) -> None:
        """Add one target to what the tick found: it has something to do, it is to be observed in full, or neither. It
        gets no turn before a wait that Azure asked for is over."""
        target, seen = one.enrolled.target, one.presumed()
        if tick.has_begun_a_trial(one.enrolled):
            return
        look = seen is None or cadence.observation_due(target.name, self.settings.look_every, since, tick.now)
        look = look or str(target.account).casefold() in tick.view.put_off
        try:
            due = seen is not None and await self._has_something_to_do(one, seen, tick)
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

    async def _has_something_to_do(self, one: Listed, seen: Observation, tick: Tick) -> bool:
        target, publication = one.enrolled.target, one.publication
        orders = tick.orders.get(str(target.account).casefold(), Orders())
        seen = await with_listeners(self.outside, target, replace(seen, orders=orders))
        seen, plan = await decide_as_surveyed(self.outside, seen, target, tick.now)
        situation = Situation(seen, target, tick.now)
        marks = publication.marks if publication else None
        to_note = marks is not None and seen.key_auth and acknowledged(situation) != marks
        to_announce = bool(outstanding(situation))
        if to_announce:
            tick.owing.add(str(target.account).casefold())
        return bool(plan.steps) or to_announce or to_note


def looks_since(since: datetime, now: datetime, look_every: timedelta, usual: timedelta) -> datetime:
    """Return from when on the moments count at which targets are observed in full.

    Those of a long pause are let pass: otherwise everything would be observed in one tick. Each target's next moment
    comes within `look_every`.
    """
    return since if now - since <= 2 * max(look_every, usual) else now - usual
