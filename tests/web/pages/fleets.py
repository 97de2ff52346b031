"""Fleets for tests of the pages: rows as a survey makes them, and the page of such a fleet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.simulation.builders import KEY1, SUBSCRIPTION, a_publication, an_observation, mark
from shared.announce.outstanding import outstanding
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.errors import FixConfiguration, GrantRole, RotationError
from shared.domain.keys import KeySlot
from shared.domain.model import AccountId, Target
from shared.domain.publication import Marks, Origin, SecretState
from shared.domain.told import Told, ToldDeadline
from shared.findings.commands import AppName
from shared.findings.facts import Checks, Facts
from shared.findings.gather import findings_of, severe_first
from shared.findings.status import status_of
from shared.settings.environment import Settings, read_settings
from shared.turns.report import Row
from shared.web.callers import Caller
from shared.web.pages.asked_filters import Filters
from shared.web.pages.links import Links
from shared.web.pages.overview import OverviewPage, overview_of
from shared.web.pages.render import render
from shared.web.pages.shell import shell_of
from tests.web.pages.reading import Reader

NOW = datetime(2026, 11, 24, 9, 42, tzinfo=UTC)
ENVIRONMENT = {
    "WEBSITE_SITE_NAME": "func-keys",
    "WEBSITE_RESOURCE_GROUP": "rg-keys",
    "WEBSITE_AUTH_ENABLED": "True",
}
CALLER = Caller("operator@example.com", frozenset({"Rotation.Reader", "Rotation.Operator"}))
SAID = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "ROTATION_VAULT_URL": "https://keys.vault.azure.net",
    "ROTATION_SUBSCRIPTIONS": SUBSCRIPTION,
    "EVENT_GRID_TOPIC_ENDPOINT": "https://topic.example.com/api/events",
}


def settings(**more: str) -> Settings:
    """Return settings that enrol by tags and announce to a topic."""
    return read_settings({**SAID, **more})


def a_target(name: str, owner: str | None = "team@example.com", **facts: Any) -> Target:
    """Return a target whose account is called as it, with `-prod` behind it, in a group of its own."""
    account = AccountId(SUBSCRIPTION, facts.pop("group", f"rg-{name}"), f"{name}-prod")
    return Target(name, account, "https://keys.vault.azure.net", f"{name}-key", owner=owner, **facts)


def a_row(
    target: Target | str,
    days: float = 10,
    *,
    until: datetime | None = None,
    announced: bool = True,
    slot: KeySlot = KEY1,
    state: SecretState = SecretState.ACTIVE,
    error: RotationError | None = None,
    **marked: Any,
) -> Row:
    """Return the row of a target whose live key was published so many days ago.

    until: Until when the previous key works. None: it has ended.
    announced: Whether the ends that are to come were announced.
    error: Why the row is shown as it was known last. None: it was seen.
    """
    target = a_target(target) if isinstance(target, str) else target
    since = NOW - timedelta(days=days)
    live, other = (mark("A"), mark("B")) if slot is KEY1 else (mark("B"), mark("A"))
    told = Told(
        origin=True,
        retirement=ToldDeadline(until) if until and announced else None,
        sunset=ToldDeadline(target.sunset) if target.sunset and announced else None,
    )
    previous: dict[str, Any] = {"previous": other, "until": until} if until else {"spare": other}
    marks = Marks(**{"live": live, "origin": Origin.ROTATED, "since": since, "told": told, **previous, **marked})
    held = a_publication(marks, provider=str(target.account), slot=slot, state=state, created=since, updated=since)
    seen = an_observation(replace(held, expires=NOW + timedelta(days=20)))
    situation = Situation(seen, target, NOW)
    if error is not None:
        return Row(target, situation=situation, error=error, presumed=True, shown_at=NOW)
    plan = decide(seen, target, NOW)
    return Row(target, plan, situation, outstanding(situation), presumed=True, shown_at=NOW)


def misconfigured(name: str, **facts: Any) -> Row:
    """Return the row of a target with a wrong tag."""
    what = f"account {name}-prod, tags, period: 'monthly' is not an ISO 8601 duration such as P30D or PT24H."
    return a_row(a_target(name, **facts), 1, error=FixConfiguration(name, what, "correct the account's tags"))


def unreadable(name: str) -> Row:
    """Return the row of a target that cannot be read."""
    return a_row(name, 1, error=GrantRole(name, "could not list its keys."))


def healthy(number: int) -> list[Row]:
    """Return the rows of so many healthy targets, app-0, app-1 and so on."""
    return [a_row(f"app-{at}", 5 + at % 15) for at in range(number)]


def facts_of(rows: Sequence[Row], minutes: float = 2, **more: Any) -> Facts:
    """Return what is known of a fleet whose last check began so many minutes ago."""
    checked = NOW - timedelta(minutes=minutes)
    known = {"settings": settings(), "checks": Checks(checked), "seen_at": checked, **more}
    return Facts(now=NOW, rows=list(rows), **known)


def view(facts: Facts, query: Mapping[str, str] | None = None, code: str = "") -> OverviewPage:
    """Return the overview of a fleet, as asked for with this query."""
    status = status_of(facts, severe_first(findings_of(facts)))
    links = Links.among([row.target for row in facts.rows], code)
    shell = shell_of(CALLER, ENVIRONMENT, links, NOW, status)
    return overview_of(status, facts, Filters.read(query or {}), shell, AppName.read(ENVIRONMENT))


def text_of(facts: Facts, query: Mapping[str, str] | None = None, code: str = "") -> str:
    """Return the page as it is sent."""
    page = view(facts, query, code)
    return render("overview.html", page=page, shell=page.shell)


def read(facts: Facts, query: Mapping[str, str] | None = None, code: str = "") -> Reader:
    """Return the page as a browser finds it."""
    return Reader(text_of(facts, query, code))
