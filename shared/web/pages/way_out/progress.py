"""The sentence of the way-out view: how many accounts are keyless, how that changed, and what moves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.domain.readiness import WEEK, Stage, Verdict
from shared.domain.relative import away, counted
from shared.readiness.kinds import Entry, Survey, Week
from shared.readiness.weeks import name_of_week
from shared.web.pages.links import Links
from shared.web.pages.way_out.asked import WayOutFilters
from shared.web.pages.way_out.fleet_callers import CallersTable

PACE_WEEKS = 4  # over which the pace is taken
FARTHEST = timedelta(days=3650)  # a pace that needs longer is no plan
SOON = timedelta(days=30)  # sunsets that are named
_MOST_NAMED = 3


@dataclass(frozen=True)
class WayOutStep:
    """Something that would move the fleet on.

    icon: The name of its icon.
    title: What it is.
    says: What else there is to know. Empty if nothing.
    link: Where one sees more.
    words: What that link is called.
    """

    icon: str
    title: str
    says: str
    link: str
    words: str


def sentence_of(entries: Sequence[Entry], weeks: Sequence[Week], now: datetime) -> str:
    """Return how many of these accounts are keyless, and how that differs from a week ago.

    weeks: The recorded weeks of these accounts. Empty if there are none, as for a part of the fleet.
    """
    keyless, total = _at(entries, Stage.KEYLESS), len(entries)
    if keyless == total:
        all_of_them = "The account is" if total == 1 else f"All {total:,} accounts are"
        return f"{all_of_them} keyless. The goal is reached."
    if total == 1:
        return "The account still accepts keys."
    before = _week(weeks, now - WEEK)
    change = keyless - before.counts.get(Stage.KEYLESS, 0) if before else 0
    than = f", {abs(change):,} {'more' if change > 0 else 'fewer'} than a week ago" if change else ""
    return f"{keyless:,} of {counted(total, 'account')} {'is' if keyless == 1 else 'are'} keyless{than}."


def detail_of(entries: Sequence[Entry], weeks: Sequence[Week], now: datetime) -> str:
    """Return when the last account would be keyless at the present pace, and how many are ready now."""
    said = [_pace(entries, weeks, now)]
    ready = _at(entries, Stage.READY)
    if ready:
        them = "it" if ready == 1 else "them"
        said.append(f"{counted(ready, 'account is', 'accounts are')} ready: agree on a sunset for {them}.")
    return " ".join(filter(None, said))


@dataclass(frozen=True)
class ShownPart:
    """The accounts that a view shows, and how it links to fewer of them.

    entries: The accounts.
    filters: What the view was asked for.
    links: Makes the addresses.
    now: The time, in UTC.
    """

    entries: Sequence[Entry]
    filters: WayOutFilters
    links: Links
    now: datetime

    def only(self, **changed: str) -> str:
        """Return the address of the view with these filters changed, at its table of accounts."""
        return f"{self.links.way_out(**self.filters.but(**changed))}#accounts"

    def at(self, stage: Stage) -> list[Entry]:
        """Return the accounts at a stage."""
        return [one for one in self.entries if one.readiness.stage is stage]


def steps_of(part: ShownPart, callers: CallersTable) -> tuple[WayOutStep, ...]:
    """Return what would move these accounts on, the most urgent first."""
    found = (_sunsets(part), _ready(part), _callers(callers), _cannot(part), _unknown(part))
    return tuple(one for one in found if one is not None)


def seen_in_words(survey: Survey, now: datetime) -> str:
    """Return which accounts were looked for and when: "12 accounts in 2 subscriptions, looked at 3 h ago"."""
    where = f" in {survey.scope}" if survey.scope else ""
    return f"{counted(len(survey.entries), 'account')}{where}, looked at {away(survey.asked_at, now)}"


def _ready(part: ShownPart) -> WayOutStep | None:
    number = len(part.at(Stage.READY))
    title = f"{counted(number, 'account is', 'accounts are')} ready: agree on a sunset"
    says = "No call with a key was logged, and the logs have no gap."
    return WayOutStep("healthy", title, says, part.only(stage=Stage.READY), "Show") if number else None


def _callers(callers: CallersTable) -> WayOutStep | None:
    title = f"{counted(callers.most, 'caller makes', 'callers make')} {callers.share} of all key calls"
    says = "Ask them first to move to a managed identity."
    return WayOutStep("person", title, says, "#callers", "Who they are") if callers.total else None


def _cannot(part: ShownPart) -> WayOutStep | None:
    number = sum(one.readiness.verdict is Verdict.CANNOT for one in part.entries)
    title = f"{counted(number, 'account')} cannot take an identity"
    says = "Without a custom subdomain Azure refuses Entra tokens, so nobody there can move off keys."
    return WayOutStep("attention", title, says, part.only(verdict=Verdict.CANNOT), "Show") if number else None


def _unknown(part: ShownPart) -> WayOutStep | None:
    unknown = part.at(Stage.UNKNOWN)
    title = f"{counted(len(unknown), 'account is', 'accounts are')} unknown"
    silent = sum(one.usage is None for one in unknown)
    says = "The log does not tell enough." if not silent else f"No call was logged for {counted(silent, 'account')}."
    return WayOutStep("unknown", title, says, part.only(stage=Stage.UNKNOWN), "Show what to do") if unknown else None


def _sunsets(part: ShownPart) -> WayOutStep | None:
    soon = part.now + SOON
    near = [(at, one) for one in part.entries if (at := one.sunset) and at <= soon and not one.readiness.is_ready]
    if not near:
        return None
    near.sort(key=lambda one: (one[0], one[1].name))
    named = [f"{one.name} {away(at, part.now)}: {one.readiness.says}" for at, one in near[:_MOST_NAMED]]
    named += [f"{len(near) - _MOST_NAMED:,} more"] if len(near) > _MOST_NAMED else []
    title = (
        f"{counted(len(near), 'account has', 'accounts have')} a sunset within 30 days and cannot do without keys yet"
    )
    first = near[0][1].name
    return WayOutStep("action-needed", title, f"{'; '.join(named)}.", part.only(q=first), f"Show {first}")


def _pace(entries: Sequence[Entry], weeks: Sequence[Week], now: datetime) -> str:
    """Return when the last account would be keyless, if it goes on as in the last weeks. Empty if that is not known."""
    then = _week(weeks, now - PACE_WEEKS * WEEK)
    keyless = _at(entries, Stage.KEYLESS)
    gained = keyless - then.counts.get(Stage.KEYLESS, 0) if then else 0
    left = len(entries) - keyless
    if gained <= 0 or not left:
        return ""
    length = PACE_WEEKS * WEEK * (left / gained)
    if length > FARTHEST:
        return ""
    a_week = gained / PACE_WEEKS
    pace = f"{a_week:.0f}" if a_week >= PACE_WEEKS or a_week == int(a_week) else f"{a_week:.1f}"
    ends = (now + length).astimezone(UTC)
    return f"At the pace of the last {PACE_WEEKS} weeks ({pace} a week) the last key ends in {ends:%B %Y}."


def _week(weeks: Sequence[Week], moment: datetime) -> Week | None:
    name = name_of_week(moment)
    return next((one for one in weeks if one.name == name), None)


def _at(entries: Sequence[Entry], stage: Stage) -> int:
    return sum(one.readiness.stage is stage for one in entries)
