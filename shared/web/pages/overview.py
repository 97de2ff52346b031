"""The overview: everything that its template shows, made of what is known of the fleet and of what was asked for.

Pure: equal facts and an equal address give an equal page. No part of it asks Azure anything.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.announce.deadlines import DeadlineKind
from shared.domain.model import Target
from shared.findings.codes import Code
from shared.findings.commands import AppName, enrolling
from shared.findings.dates import Date, dates_of
from shared.findings.facts import Facts
from shared.findings.states import State
from shared.findings.status import Status
from shared.findings.verdict import FleetVerdict, Tone, verdict_of
from shared.web.pages.asked_filters import NOBODY, Filters, Sort
from shared.web.pages.cards import Cards, Panel, panel_of
from shared.web.pages.chart import Chart, chart_of
from shared.web.pages.happened import Event, happened_in
from shared.web.pages.keys.labels import Label
from shared.web.pages.keys.strips import Strips
from shared.web.pages.links import Links
from shared.web.pages.rows import Table, table_of
from shared.web.pages.shell import Shell
from shared.web.pages.vitals import Vital, vitals_of

SMALL = 20  # up to so many targets a fleet is shown without search, counts and pages
MOST_GUESSED, LONGEST_GUESSED = 2000, 60  # words that a guess compares, and characters of each; more would take seconds
MOST_DATES = 8  # in the list of deadlines
MOST_CHOICES = 50  # of one filter as a list to select from; more are typed, with suggestions
_EXAMPLE = "/subscriptions/SUBSCRIPTION-ID/resourceGroups/GROUP/providers/Microsoft.CognitiveServices/accounts/ACCOUNT"
_AT_STAKE = {
    Tone.RED: State.ACTION,
    Tone.AMBER: State.ATTENTION,
    Tone.TEAL: State.OBSERVING,
    Tone.GREEN: State.HEALTHY,
    Tone.PLAIN: State.UNKNOWN,
}


@dataclass(frozen=True)
class Count:
    """How many targets are in a state, as a filter.

    state: The state. None for all targets.
    number: How many targets are in it.
    link: The address that shows them.
    current: Whether they are shown.
    """

    state: State | None
    number: int
    link: str
    current: bool


@dataclass(frozen=True)
class FilterChoice:
    """One value of a filter.

    value: The value in the address.
    words: The value in words.
    number: How many targets have it.
    """

    value: str
    words: str
    number: int


@dataclass(frozen=True)
class Choices:
    """The values of one filter.

    name: The name of the parameter.
    label: What the field is called.
    values: The values, the most frequent first if there are too many to select from.
    chosen: The value that is chosen. Empty for any.
    total: How many values there are.
    """

    name: str
    label: str
    values: tuple[FilterChoice, ...]
    chosen: str
    total: int

    @property
    def is_typed(self) -> bool:
        """Whether there are too many values to select from."""
        return self.total > MOST_CHOICES


@dataclass(frozen=True)
class NoMatch:
    """What is shown if no target fits.

    asked: What was asked for, in words.
    nearest: What could have been meant: the words and the address. Empty if nothing is near.
    clear: The address that shows all targets.
    """

    asked: str
    nearest: tuple[tuple[str, str], ...]
    clear: str


@dataclass(frozen=True)
class OverviewPage:
    """The whole page. Its parts are described where they are made.

    enroll: The command that enrols an account, if no target is there. Empty otherwise.
    asked: What the page is filtered by, in words. Empty for the whole fleet.
    fleet: How many targets there are in all.
    shows_use: Whether the table says who is called with a key: a survey of that is kept.
    """

    shell: Shell
    verdict: FleetVerdict
    icon: State
    filters: Filters
    asked: str
    fleet: int
    vitals: tuple[Vital, ...]
    counts: tuple[Count, ...]
    to_do: Panel
    to_watch: Panel
    to_improve: Panel
    choices: tuple[Choices, ...]
    sorts: tuple[Sort, ...]
    table: Table
    dates: tuple[Date, ...]
    more_dates: int
    chart: Chart | None
    events: tuple[Event, ...]
    no_match: NoMatch | None
    enroll: str
    calendar: str
    axis: tuple[tuple[Label, ...], ...]
    shows_use: bool = False


def overview_of(whole: Status, facts: Facts, filters: Filters, shell: Shell, app: AppName) -> OverviewPage:
    """Return the overview of a fleet, or of the part of it that the filters leave.

    whole: What is known of the whole fleet.
    shell: What stands around the page, before the page's sentence is known.
    app: How Azure calls the function app.
    """
    status, links = whole.only(filters.fits) if filters.narrows else whole, shell.links
    no_match = _no_match(whole, filters, links) if filters.narrows and not status.targets else None
    verdict = _verdict(status, no_match)
    cards = Cards.of(status, links, app, facts.settings.targets, filters.address)
    large = len(whole.targets) > SMALL
    strips = Strips.among(status.targets, status.now)
    dates = sorted((date for one in status.targets for date in dates_of(one)), key=_soonest)
    return OverviewPage(
        shell=_with_title(shell, verdict, status, filters),
        verdict=verdict,
        icon=_AT_STAKE[verdict.tone],
        filters=filters,
        asked=asked_in_words(filters),
        fleet=len(whole.targets),
        vitals=() if large or not status.targets else vitals_of(status, facts, links),
        counts=tuple(_counts(whole, filters, links)) if large and not no_match else (),
        to_do=panel_of(cards, status.to_do, status),
        to_watch=panel_of(cards, status.to_watch, status),
        to_improve=panel_of(cards, status.to_improve, status),
        choices=tuple(_choices(whole, filters)) if large or filters.narrows else (),
        sorts=tuple(Sort),
        table=table_of(status, filters, links, strips.draw, facts.entry_of if facts.survey else None),
        shows_use=facts.survey is not None,
        dates=tuple(dates[:MOST_DATES]),
        more_dates=max(0, len(dates) - MOST_DATES),
        chart=chart_of(dates, status.now) if large else None,
        events=happened_in(status, facts, links),
        no_match=no_match,
        enroll="" if whole.targets else _enroll(status),
        calendar=links.calendar(**filters.of_targets),
        axis=strips.axis,
    )


def asked_in_words(filters: Filters) -> str:
    """Return what a page is filtered by: "owner docs-team, state waiting". Empty if it is not filtered."""
    said = [f"“{filters.q}”"] if filters.q else []
    said += ["no owner"] if filters.owner == NOBODY else [f"owner {filters.owner}"] if filters.owner else []
    said += [f"state {State(filters.state).words}"] if filters.state else []
    said += [f"resource group {filters.group}"] if filters.group else []
    said += [f"subscription {filters.subscription}"] if filters.subscription else []
    said += [f"finding {filters.finding}"] if filters.finding else []
    return ", ".join(said)


def _verdict(status: Status, no_match: NoMatch | None) -> FleetVerdict:
    if no_match is not None:
        return FleetVerdict(Tone.PLAIN, f"No target matches {no_match.asked}.")
    return verdict_of(status)


def _with_title(shell: Shell, verdict: FleetVerdict, status: Status, filters: Filters) -> Shell:
    address = filters.but(page=str(filters.page) if filters.page > 1 else "")
    return replace(
        shell,
        tone=verdict.tone,
        title=_title(verdict, status),
        again=shell.links.overview(**address),
        json=shell.links.json(),
        refreshes=True,
        here="overview",
    )


def _title(verdict: FleetVerdict, status: Status) -> str:
    if status.to_do:
        return f"{len(status.to_do)} to do"
    if verdict.tone is Tone.AMBER:
        return f"{len(status.to_watch)} to watch"
    return verdict.sentence.partition(".")[0]


def _soonest(date: Date) -> tuple[bool, float, str]:
    """Put ends of keys that wait first: their moment has come. Other dates that are not known come last."""
    moment, waits = date.falls_at or date.was, date.falls_at is None
    last = waits and date.kind is DeadlineKind.ROTATION
    return last, moment.timestamp() if moment else 0.0, date.target.name


def _counts(whole: Status, filters: Filters, links: Links) -> Iterable[Count]:
    """Return the states with their numbers, as they are without a filter by state."""
    others = filters.without_state()
    part = whole.only(others.fits) if others.narrows else whole
    yield Count(None, len(part.targets), links.overview(**filters.but(state="")), not filters.state)
    for state in State:
        if part.counts[state] or filters.state == state:
            address = f"{links.overview(**filters.but(state=state))}"
            yield Count(state, part.counts[state], address, filters.state == state)


def _choices(whole: Status, filters: Filters) -> Iterable[Choices]:
    targets = [one.row.target for one in whole.targets]
    yield _values("owner", "Owner", [one.owner or NOBODY for one in targets], filters.owner)
    yield _values("group", "Resource group", [one.account.group for one in targets], filters.group)
    yield _values("subscription", "Subscription", [one.account.subscription for one in targets], filters.subscription)


def _values(name: str, label: str, found: list[str], chosen: str) -> Choices:
    counts: Counter[str] = Counter()
    written: dict[str, str] = {}
    for one in found:
        counts[written.setdefault(one.casefold(), one)] += 1
    listed = [value for value, _ in counts.most_common(MOST_CHOICES)]
    values = tuple(
        FilterChoice(value, "no owner" if value == NOBODY else value, counts[value]) for value in sorted(listed)
    )
    return Choices(name, label, values, written.get(chosen.casefold(), chosen), len(counts))


def _no_match(whole: Status, filters: Filters, links: Links) -> NoMatch:
    targets = [one.row.target for one in whole.targets]
    near: list[tuple[str, str]] = []
    if filters.q:
        words = {word for one in targets for word in _searchable(one)}
        near += [(word, links.overview(q=word)) for word in _near(filters.q, words)]
    if filters.owner:
        owners = {one.owner for one in targets if one.owner}
        near += [(f"owner {word}", links.overview(owner=word)) for word in _near(filters.owner, owners)]
    if filters.group:
        groups = {one.account.group for one in targets}
        near += [(f"resource group {word}", links.overview(group=word)) for word in _near(filters.group, groups)]
    return NoMatch(asked_in_words(filters), tuple(near[:3]), links.overview())


def _searchable(target: Target) -> Iterable[str]:
    """Return what a search could have meant: names and owners, and the parts of them that are no numbers."""
    whole = [target.name, target.account.group, *([target.owner] if target.owner else [])]
    parts = (part for word in whole for part in re.split(r"[^0-9A-Za-z]+", word))
    return [*whole, *(part for part in parts if len(part) > 2 and not part.isdigit())]


def _near(asked: str, words: Iterable[str]) -> list[str]:
    """Return the words that are spelled most alike, among those that begin alike if there are very many."""
    asked = asked[:LONGEST_GUESSED]
    by_lower = {word.casefold(): word for word in sorted(words)}
    if len(by_lower) > MOST_GUESSED:
        by_lower = {word: each for word, each in by_lower.items() if word[:1] == asked[:1].casefold()}
        by_lower = dict(list(by_lower.items())[:MOST_GUESSED])
    return [by_lower[found] for found in difflib.get_close_matches(asked.casefold(), by_lower, 2)]


def _enroll(status: Status) -> str:
    """Return the command that enrols the first account that was found and is not enrolled, or one to fill in."""
    found = next((one.target for one in status.findings if one.code is Code.NOT_ENROLLED), _EXAMPLE)
    return enrolling(found)
