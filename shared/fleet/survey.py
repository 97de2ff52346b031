"""Rows of targets, for people: as observed one by one, or as the last tick saw all of them.

Everything here decides with the same function as a turn, and does nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.announce.outstanding import outstanding
from shared.decide.plan import Plan, Reason
from shared.decide.situation import Situation
from shared.domain.errors import PersonMustLook, RotationError, TryLater
from shared.domain.model import Observation, Target
from shared.domain.names import LOGGER
from shared.domain.orders import Orders, Trial
from shared.domain.publication import SecretState
from shared.domain.requests import Request
from shared.fleet.enrolment import Enrolment
from shared.fleet.found import FleetListing, Listed
from shared.fleet.last_known import (
    by_subscription,
    ids_of,
    never_listed,
    not_observed,
    not_told_by_a_listing,
    refused_rows,
    with_unreadable,
)
from shared.fleet.listing import Fleet
from shared.fleet.view import View, load_view
from shared.ports import Outside
from shared.settings.environment import Settings
from shared.turns.key_usage import decide_counting, decide_presumed
from shared.turns.listening import with_listeners
from shared.turns.observe import observe
from shared.turns.orders import all_orders, orders_of
from shared.turns.report import Outcome, Result, Row, failure
from shared.turns.standing import with_standing
from shared.turns.trouble import Troubles, troubles

log = logging.getLogger(LOGGER)
MOST_OBSERVED = 400  # targets, with two calls each; Azure limits listKeys for each subscription (docs/facts.md, Keys)
AT_ONCE = 32  # memory grows by about 1.1 MiB for each; more than 64 are not faster (docs/facts.md, Speed)
_KEYS_ARE_BACK = "Keys were switched on again after they had ended. Its next turn publishes a key anew."
_NOT_PUBLISHED = "Nothing is published yet. Its next turn observes the account and publishes its key."


@dataclass(frozen=True)
class Overview:
    """All targets as they were seen last.

    rows: One for each target, also for those that cannot be read or are refused, as far as something was known of them.
    problems: Why accounts could not be enrolled, or subscriptions or vaults not listed.
    seen_at: When the tick began that saw them, in UTC. None if no tick's view is young enough: they were listed now.
    whole_at: Since when every subscription and vault was seen to its end, in UTC. None if one never was.
    left: The ids of the accounts that are not enrolled any more, in lower case.
    owing: Since which tick announcements about an account are outstanding, in UTC, by its id in lower case.
    last_at: When the last tick began that left a view, however old, in UTC. None without one.
    next_at: When the tick after that one was expected, in UTC. None if that is not known.
    """

    rows: list[Row]
    problems: list[RotationError]
    seen_at: datetime | None = None
    whole_at: datetime | None = None
    left: frozenset[str] = frozenset()
    owing: Mapping[str, datetime] = field(default_factory=dict)
    last_at: datetime | None = None
    next_at: datetime | None = None


def _every(_: Target) -> bool:
    return True


@dataclass(frozen=True)
class Surveyor:
    """Makes rows of targets.

    settings: The app's settings.
    outside: Everything outside that is read.
    fleet: The targets.
    """

    settings: Settings
    outside: Outside
    fleet: Fleet

    async def plan_turn(self, target: Target, request: Request | None = None) -> Row:
        """Observe one target and decide what a turn would do now. The row holds any error."""
        try:
            observed = await observe(target, self.outside)
            orders = await orders_of(self.outside.notes, target.account)
            seen = await with_standing(self.outside, target, observed.seen, orders, request)
        except RotationError as error:
            return Row(target, error=error)
        row = await self._row(seen, target, request)
        trial = orders.open_trial
        return replace(row, refused=await self._refused(target, trial)) if trial and request is None else row

    async def _refused(self, target: Target, trial: Trial) -> int | None:
        """Return how many calls an open trial has refused so far. None if nobody counts them, or nobody answers."""
        if self.outside.refusals is None or trial.off is None:
            return None
        try:
            return await self.outside.refusals.count(target.account, trial.off, self.outside.clock.now())
        except RotationError as error:
            log.warning("%s: the calls that its trial refused could not be counted: %s", target.name, error)
            return None

    async def survey(self) -> tuple[list[Row], list[RotationError]]:
        """Return a row for every target, and what could not be enrolled or listed.

        A fleet of more than `MOST_OBSERVED` targets is not observed one by one, because a person waits for the answer.
        Its rows are presumed from the listings, and say so. A target that cannot be listed now, or that is
        misconfigured, has a row with what was known last.
        """
        rows, problems = await self._surveyed()
        return [*rows, *await self._known_last(await self._view(), rows, problems)], problems

    async def _surveyed(self) -> tuple[list[Row], list[RotationError]]:
        enrolled, problems = await self.fleet.enrolled()
        if len(enrolled) <= MOST_OBSERVED:
            return await self._plan_turns([one.target for one in enrolled]), problems
        listing = await self.fleet.list_targets()
        unknown = [one.enrolled.target for one in listing.listed if one.presumed() is None]
        rows = [one for one in await self._presumed(listing.listed) if one.target not in unknown]
        rows += await self._plan_turns(unknown[:MOST_OBSERVED])
        rows += [not_observed(target) for target in (*unknown[MOST_OBSERVED:], *listing.unseen)]
        return rows, listing.problems

    async def _known_last(self, view: View, rows: list[Row], problems: list[RotationError]) -> list[Row]:
        """Return a row for each target that a check has seen and that is none of these rows, with what is in the
        way."""
        shown, unlisted = ids_of(rows), by_subscription(problems)
        hidden = [one for one in self._as_seen(view).listed if one.enrolled.target.account.subscription in unlisted]
        known = [
            replace(row, error=unlisted[row.target.account.subscription], fails=False)
            for row in await self._presumed(
                [one for one in hidden if str(one.enrolled.target.account).casefold() not in shown]
            )
        ]
        return [*known, *refused_rows(view, problems, shown, self.outside.clock.now())]

    async def overview(self, wanted: Callable[[Target], bool] = _every) -> Overview:
        """Return all targets as the last tick saw them. No call is made for a target.

        wanted: The targets that are asked for; of others there need not be rows. Default: all.

        If there is no view, or an old one, everything is listed.
        """
        view = await self._view()
        if view.is_current(self.outside.clock.now()):
            return await self.overview_of(view, wanted)
        listing = await self.fleet.list_targets()
        rows = await self._presumed([one for one in listing.listed if wanted(one.enrolled.target)])
        rows += map(never_listed, listing.unseen)
        rows += await self._known_last(view, rows, listing.problems)
        return self._from_listing(rows, listing.problems, view)

    async def overview_of(self, view: View, wanted: Callable[[Target], bool] = _every) -> Overview:
        """Return all targets as this view shows them, or those that are wanted. No call is made for a target."""
        now, listing = self.outside.clock.now(), self._as_seen(view)
        listed = [one for one in listing.listed if wanted(one.enrolled.target)]
        rows = [*with_unreadable(await self._presumed(listed), view, view.problems, now)]
        rows += refused_rows(view, view.problems, ids_of(rows), now)
        rows += map(never_listed, listing.unseen)
        seen = self._from_listing(rows, view.problems, view)
        return replace(seen, seen_at=view.seen_at, whole_at=view.whole_at())

    @staticmethod
    def _from_listing(rows: list[Row], problems: list[RotationError], view: View) -> Overview:
        return Overview(rows, problems, left=view.left, owing=view.owing, last_at=view.seen_at, next_at=view.next_at)

    async def last_seen(self) -> Overview:
        """Return what the last tick kept beside the targets, without a row."""
        view = await self._view()
        return replace(self._from_listing([], [], view), whole_at=view.whole_at())

    async def listing(self) -> tuple[FleetListing, datetime]:
        """Return all targets as the last tick saw them, and when that was, in UTC. No call is made for a target.

        If there is no view, or an old one, everything is listed.
        """
        now, view = self.outside.clock.now(), await self._view()
        if view.seen_at is None or not view.is_current(now):
            return await self.fleet.list_targets(), now
        listing = self._as_seen(view)
        listing.problems = list(view.problems)
        return listing, view.seen_at

    async def _view(self) -> View:
        try:
            return await load_view(self.outside.views)
        except RotationError as error:
            log.warning("view: it could not be read, so everything is listed: %s", error)
            return View()

    def _as_seen(self, view: View) -> FleetListing:
        """Return what the view tells, as if it were listed now."""
        enrolment = Enrolment(self.settings)
        for account in view.accounts():
            enrolment.add(account)
        enrolment.settle_without(view.refused)
        found = FleetListing()
        for one in enrolment.found:
            found.add_as_known(one, view.vault(one.target.vault_url))
        return found

    async def troubles(self) -> Troubles:
        """Return the targets whose turns fail. None if that cannot be read; then the log says so."""
        try:
            return await troubles(self.outside.notes)
        except RotationError as error:
            log.warning("failures of turns could not be read: %s", error)
            return Troubles()

    async def _presumed(self, listed: Sequence[Listed]) -> list[Row]:
        """Return rows that follow from listings, and from what turns have noted that failed."""
        ordered = await self.orders()
        rows, known = await _few_at_once([self._presumed_row(one, ordered) for one in listed]), await self.troubles()
        return [_in_trouble(row, known) for row in rows]

    async def orders(self) -> Mapping[str, Orders]:
        """Return all standing orders, by the account's id in lower case. None where they cannot be read; then the log
        says so."""
        try:
            orders, _ = await all_orders(self.outside.notes)
        except RotationError as error:
            log.warning("standing orders could not be read: %s", error)
            return {}
        return orders

    async def _presumed_row(self, one: Listed, ordered: Mapping[str, Orders]) -> Row:
        target, seen = one.enrolled.target, one.presumed()
        orders = ordered.get(str(target.account).casefold(), Orders())
        if seen is not None:
            row = await self._row(replace(seen, orders=orders), target, presumed=True)
        elif one.publication is None:
            row = Row(target, Plan(Reason.ADOPT, _NOT_PUBLISHED))
        elif _may_be_back(one):
            row = Row(target, Plan(Reason.KEYS_ARE_BACK, _KEYS_ARE_BACK))
        elif one.publication.state is not SecretState.ACTIVE:  # that says enough, whatever the keys are
            known = Observation(key_auth=True, keys={}, publication=one.publication, orders=orders)
            row = await self._row(known, target, presumed=True)
        else:
            row = not_told_by_a_listing(target)
        orders = replace(orders, hold=orders.hold_at(self.outside.clock.now()))
        return replace(row, presumed=True, shown_at=one.shown_at, orders=orders)

    async def _plan_turns(self, targets: list[Target]) -> list[Row]:
        return await _few_at_once([self.plan_turn(target) for target in targets])

    async def _row(
        self, seen: Observation, target: Target, request: Request | None = None, *, presumed: bool = False
    ) -> Row:
        """The row as a turn would decide it. If all keys would end, the logs are asked here as well, unless it is
        presumed: then only the last survey of readiness is."""
        now = self.outside.clock.now()
        try:
            seen = await with_listeners(self.outside, target, seen)
            if presumed:
                seen, plan = await decide_presumed(self.outside, seen, target, now)
            else:
                seen, plan = await decide_counting(self.outside, seen, target, now, request)
            situation = Situation(seen, target, now)
            return Row(target, plan, situation, outstanding(situation))
        except RotationError as error:
            return Row(target, error=error)
        except Exception as error:  # noqa: BLE001 - any error is named, and hides no other target (P10)
            return Row(target, error=undecided(target, error))


def _may_be_back(one: Listed) -> bool:
    """Return whether keys were switched on again, by the listing, after this app had told of their end."""
    account, publication = one.enrolled.account, one.publication
    disabled = publication is not None and publication.state is SecretState.DISABLED
    return disabled and publication is not None and publication.told.key_auth_off and bool(account and account.key_auth)


def _in_trouble(row: Row, known: Troubles) -> Row:
    """Return the row with the error of the target's turns, if they failed. It says more than no listing."""
    error, untold = known.of(row.target.account), row.situation is None and isinstance(row.error, TryLater)
    return replace(row, error=error, fails=not untold) if error and (row.error is None or untold) else row


async def _few_at_once(rows: Sequence[Awaitable[Row]]) -> list[Row]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def gated(row: Awaitable[Row]) -> Row:
        async with gate:
            return await row

    return list(await asyncio.gather(*map(gated, rows)))


def undecided(target: Target, error: Exception) -> RotationError:
    """Return the error of a target about which an error in this app kept anything from being decided."""
    what = f"nothing could be decided about it ({type(error).__name__}), so nothing was done."
    return PersonMustLook(target.name, what, f"check the tags of {target.secret_url} and report this")


def planned_row(row: Row) -> Outcome:
    """Return a plan that was not carried out as an outcome: for a dry run, and for every turn in observe mode."""
    if row.error is not None or row.plan is None:
        error = row.error or RotationError(row.target.name, "it could not be observed.")
        return failure(row.target.name, error).about(row.target)
    steps = ", ".join(step.words for step in row.plan.steps)
    why = f"{row.plan.why} Would: {steps}." if steps else row.plan.why
    planned = Outcome(row.target.name, Result.PLANNED, row.plan.reason, why, held_until=row.plan.held_until)
    return planned.about(row.target)
