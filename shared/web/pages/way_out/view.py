"""The way-out view: everything that its template shows, made of the kept survey and of what was asked for.

Pure: equal facts and an equal address give an equal page. No part of it asks Azure anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from shared.domain.readiness import Stage
from shared.domain.relative import away, counted
from shared.findings.commands import AppName
from shared.findings.facts import Facts
from shared.readiness.counts import is_young
from shared.readiness.kinds import Survey, Week
from shared.web.pages.asked_filters import NOBODY
from shared.web.pages.links import Links
from shared.web.pages.shell import VIOLET, Shell
from shared.web.pages.way_out.accounts import AccountsTable, accounts_table_of
from shared.web.pages.way_out.asked import WEEKS, WayOutFilters, WayOutSort, asked_for_in_words
from shared.web.pages.way_out.fleet_callers import CallersTable, callers_table_of
from shared.web.pages.way_out.nothing import WORKSPACE_SETTING, NothingSeen, nothing_seen
from shared.web.pages.way_out.progress import ShownPart, WayOutStep, detail_of, seen_in_words, sentence_of, steps_of
from shared.web.pages.way_out.weeks_chart import WeeksChart, weeks_chart_of

MOST_OWNERS = 50  # suggestions for the owner
MEANS = {
    Stage.KEYLESS: "the account accepts no keys",
    Stage.READY: "no key call, in logs without a gap",
    Stage.MOVING: "calls of both kinds",
    Stage.NOT_STARTED: "key calls only, or it takes no identity",
    Stage.UNKNOWN: "the logs do not tell",
}


@dataclass(frozen=True)
class StageCount:
    """How many accounts are at a stage, as a filter.

    stage: The stage. None for all accounts.
    number: How many accounts are at it.
    means: What the stage means, in some words.
    link: The address that shows them.
    current: Whether they are shown.
    """

    stage: Stage | None
    number: int
    means: str
    link: str
    current: bool


@dataclass(frozen=True)
class WeeksChoice:
    """One of the lengths that the chart can have.

    words: What it is called.
    link: Its address.
    current: Whether it is shown.
    """

    words: str
    link: str
    current: bool


@dataclass(frozen=True)
class WayOutPage:
    """The whole page. Its parts are described where they are made.

    shell: What stands around it.
    sentence: The answer.
    detail: What else one must know. May be empty.
    survey: The survey. None if none is kept.
    seen: Which accounts were looked for, and when, in words.
    old: Why the survey is not of today, as a sentence. Empty if it is.
    asked: What the page is filtered by, in words. Empty for all accounts in sight.
    no_log: The command that names the workspace, if no log of calls is configured. Empty otherwise.
    owners: The owners, for the filter.
    nothing: What is shown in place of all the rest. None if there is something to show.
    """

    shell: Shell
    filters: WayOutFilters
    sentence: str
    detail: str
    survey: Survey | None
    seen: str
    old: str
    asked: str
    no_log: str
    counts: tuple[StageCount, ...]
    chart: WeeksChart | None
    lengths: tuple[WeeksChoice, ...]
    steps: tuple[WayOutStep, ...]
    callers: CallersTable
    table: AccountsTable
    owners: tuple[str, ...]
    nothing: NothingSeen | None

    @property
    def days(self) -> str:
        """How long the span is that the logs were asked for, in words: "35 days". Empty if they were not asked."""
        found = self.survey
        return counted((found.until - found.since).days, "day") if found and found.since and found.until else ""

    @property
    def weeks_asked(self) -> str:
        """How many weeks the address asks for. Empty for the usual number."""
        return self.filters.weeks if self.filters.weeks != WEEKS[0] else ""

    @property
    def sorts(self) -> tuple[WayOutSort, ...]:
        """How the table can be sorted."""
        return tuple(WayOutSort)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages, in their order."""
        return tuple(Stage)


def way_out_of(facts: Facts, weeks: Sequence[Week], filters: WayOutFilters, around: Shell, app: AppName) -> WayOutPage:
    """Return the way-out view of the kept survey, or of the part of it that the filters leave.

    weeks: The recorded weeks.
    around: What stands around the page, before the page's sentence is known.
    app: How Azure calls the function app.
    """
    survey, links, now = facts.survey or Survey(facts.now), around.links, facts.now
    part = replace(survey, entries=tuple(one for one in survey.entries if filters.fits(one)))
    callers = callers_table_of(part, links)
    nothing = nothing_seen(facts, app)
    of_all = () if filters.narrows else weeks
    sentence = _sentence(part, of_all, filters, facts, nothing)
    targets = {str(row.target.account).casefold(): row.target for row in facts.rows}
    return WayOutPage(
        shell=_with_title(around, sentence, filters),
        filters=filters,
        sentence=sentence,
        detail="" if nothing or not part.entries else detail_of(part.entries, of_all, now),
        survey=facts.survey,
        seen=seen_in_words(survey, now),
        old=_old(survey, facts),
        asked=asked_for_in_words(filters),
        no_log="" if facts.settings.call_log else app.set(WORKSPACE_SETTING, "WORKSPACE-ID"),
        counts=tuple(_counts(survey, filters, links)),
        chart=weeks_chart_of(weeks, now, int(filters.weeks)),
        lengths=tuple(_lengths(filters, links)),
        steps=steps_of(ShownPart(part.entries, filters, links, now), callers),
        callers=callers,
        table=accounts_table_of(part.entries, targets, filters, links),
        owners=_owners(survey),
        nothing=nothing,
    )


def _sentence(
    part: Survey, weeks: Sequence[Week], filters: WayOutFilters, facts: Facts, nothing: NothingSeen | None
) -> str:
    if nothing:
        return nothing.sentence
    if not part.entries:
        return f"No account matches {asked_for_in_words(filters)}."
    if facts.survey is not None and not is_young(facts.survey, facts.now):
        return "Nobody knows how many accounts can do without keys, because the last survey is too old."
    return sentence_of(part.entries, weeks, facts.now)


def _with_title(shell: Shell, sentence: str, filters: WayOutFilters) -> Shell:
    page = {"page": str(filters.page)} if filters.page > 1 else {}
    return replace(
        shell,
        tone=VIOLET,
        title=sentence.partition(",")[0].removesuffix("."),
        again=shell.links.way_out(**filters.but(**page)),
        json=shell.links.readiness(q=filters.q, owner=filters.owner, stage=filters.stage),
        refreshes=True,
        here="way-out",
    )


def _old(survey: Survey, facts: Facts) -> str:
    if facts.survey is None or is_young(survey, facts.now):
        return ""
    made = f"The last survey was {away(survey.asked_at, facts.now)}; one is made each day."
    return f"{made} Its calls are shown below; its verdicts count no more."


def _counts(survey: Survey, filters: WayOutFilters, links: Links) -> Iterator[StageCount]:
    """Yield the stages with their numbers, as they are without a filter by stage."""
    others = filters.without_stage()
    part = replace(survey, entries=tuple(one for one in survey.entries if others.fits(one)))
    yield StageCount(None, len(part.entries), "in sight", links.way_out(**filters.but(stage="")), not filters.stage)
    for stage, number in part.counts().items():
        current = filters.stage == stage
        yield StageCount(stage, number, MEANS[stage], links.way_out(**filters.but(stage=stage)), current)


def _lengths(filters: WayOutFilters, links: Links) -> Iterator[WeeksChoice]:
    for number in WEEKS:
        link = links.way_out(**filters.but(weeks="" if number == WEEKS[0] else number))
        yield WeeksChoice(f"{number} weeks", link, number == filters.weeks)


def _owners(survey: Survey) -> tuple[str, ...]:
    counts = Counter(one.owner or NOBODY for one in survey.entries)
    return tuple(sorted(owner for owner, _ in counts.most_common(MOST_OWNERS)))
