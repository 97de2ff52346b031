"""Surveys of readiness for tests of the pages: accounts at every stage, and the weeks before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from lab.simulation.builders import SUBSCRIPTION
from shared.domain.model import AccountId
from shared.domain.readiness import SEND_LOG, Stage, Verdict, readiness_of, unknown
from shared.domain.usage import DayOfCalls, IdentityCaller, KeyCaller, Usage
from shared.findings.commands import AppName
from shared.findings.facts import Facts
from shared.readiness.entries import AGREE
from shared.readiness.kinds import Entry, Survey, Week
from shared.readiness.weeks import name_of_week
from shared.web.pages.links import Links
from shared.web.pages.render import render
from shared.web.pages.shell import shell_of
from shared.web.pages.way_out.asked import WayOutFilters
from shared.web.pages.way_out.view import WayOutPage, way_out_of
from tests.web.pages.fleets import CALLER, ENVIRONMENT, NOW, facts_of, settings
from tests.web.pages.reading import Reader

DAY = timedelta(days=1)
APP_NAME = AppName.read(ENVIRONMENT)
WORKSPACE = "0f0f0f0f-0000-4000-8000-000000000001"
UNTIL = NOW - timedelta(minutes=20)
LOOK_BACK = 35
AKS = KeyCaller("10.40.12.*", "openai-python 1.54", 30_000, NOW - timedelta(hours=1), "aks-prod-west")
CURL = KeyCaller("203.0.113.*", "curl 8.5", 3, NOW - timedelta(minutes=26))
APP = IdentityCaller("0b1c2d3e-0000-4000-8000-000000000001", 67_490, NOW - timedelta(minutes=30))


def a_usage(
    with_key: Iterable[int] = (),
    by_identity: int = 100,
    callers: tuple[KeyCaller, ...] = (),
    silent: Sequence[int] = (),
    **more: Any,
) -> Usage:
    """Return the calls of an account over the whole look-back.

    with_key: The calls with a key of each day, from today backwards. Days that are not given had none.
    by_identity: The calls by identity of each day.
    silent: On which days nothing was logged, as days before today.
    """
    keys = dict(enumerate(with_key))
    days = tuple(
        DayOfCalls((UNTIL - back * DAY).date(), keys.get(back, 0), by_identity)
        for back in range(LOOK_BACK, -1, -1)
        if back not in silent and (keys.get(back, 0) or by_identity)
    )
    last = min((back for back, calls in keys.items() if calls), default=None)
    known: dict[str, Any] = {
        "last_key_call": None if last is None else UNTIL - last * DAY,
        "last_identity_call": UNTIL if by_identity else None,
        "identities": (APP,) if by_identity else (),
        **more,
    }
    return Usage(UNTIL - LOOK_BACK * DAY, UNTIL, days, callers, **known)


def an_account(name: str) -> AccountId:
    """Return the account of the target of this name, as `fleets.a_target` makes it."""
    return AccountId(SUBSCRIPTION, f"rg-{name}", f"{name}-prod")


def an_entry(name: str, usage: Usage | None = None, **facts: Any) -> Entry:
    """Return an account in a survey. Without usage its log is missing."""
    silent = unknown("no call of any kind was logged within P35D", SEND_LOG)
    asked = {"key_auth": facts.get("key_auth", True), "takes_identity": facts.get("takes_identity", True)}
    readiness = readiness_of(usage=usage, without=silent, **asked)
    if readiness.verdict is Verdict.READY and "sunset" not in facts:
        readiness = replace(readiness, next_step=AGREE)
    known = {"target": name, "owner": "team@example.com", **facts}
    return Entry(an_account(name), readiness, usage=usage, **known)


def a_mixed_survey(**facts: Any) -> Survey:
    """Return a survey with one account at each stage, and one that cannot take an identity."""
    entries = (
        an_entry("chat", a_usage([1000] * 36, callers=(AKS,))),
        an_entry("search", a_usage([3, 0, 0], by_identity=0, callers=(CURL,))),
        an_entry("vision", a_usage()),
        an_entry("claims", key_auth=False, keyless_since=NOW - 12 * DAY),
        an_entry("docs", target=None, owner=None),
        an_entry("speech", a_usage([5] * 36, callers=(CURL,)), takes_identity=False),
    )
    return a_survey(entries, **facts)


def a_survey(entries: Iterable[Entry], **facts: Any) -> Survey:
    """Return a survey that was made three hours ago."""
    span = {"since": UNTIL - LOOK_BACK * DAY, "until": UNTIL, "scope": "2 subscriptions"}
    return Survey(**{"asked_at": NOW - timedelta(hours=3), "entries": tuple(entries), **span, **facts})


def a_week(weeks_ago: int, *counts: int, key_calls: int = 0) -> Week:
    """Return the recorded week so many weeks ago, with these counts in the order of the stages."""
    return Week(name_of_week(NOW - timedelta(weeks=weeks_ago)), dict(zip(Stage, counts, strict=True)), key_calls)


def known(survey: Survey | None, rows: Sequence[Any] = (), **more: Any) -> Facts:
    """Return the facts of a fleet whose calls are logged, with this survey kept."""
    return facts_of(rows, survey=survey, settings=settings(ROTATION_LOG_WORKSPACE_ID=WORKSPACE), **more)


def way_out(facts: Facts, weeks: Sequence[Week] = (), query: Mapping[str, str] | None = None) -> WayOutPage:
    """Return the way-out view of these facts, as asked for with this query."""
    around = shell_of(CALLER, ENVIRONMENT, Links.among([row.target for row in facts.rows]), NOW)
    return way_out_of(facts, weeks, WayOutFilters.read(query or {}), around, APP_NAME)


def read_way_out(facts: Facts, weeks: Sequence[Week] = (), query: Mapping[str, str] | None = None) -> Reader:
    """Return the way-out view as a browser finds it."""
    page = way_out(facts, weeks, query)
    return Reader(render("way_out.html", page=page, shell=page.shell))
