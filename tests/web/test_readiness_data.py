"""Readiness as JSON: what is known, without a count of what is not."""

from dataclasses import replace

import pytest

from lab.simulation.builders import a_target
from lab.simulation.dates import START, days
from shared.domain.errors import TryLater
from shared.domain.readiness import Stage
from shared.readiness.apps import App, AppsAround, CallerWithoutApp, RoleWithoutApp
from shared.readiness.kinds import Week
from shared.readiness.one_account import OneAccount, held_back
from shared.turns.report import Row
from shared.web.bodies import BadRequest
from shared.web.openapi import openapi_document
from shared.web.readiness_data import ReadinessFilter, fleet_readiness, one_readiness
from tests.support.surveys import NOW, a_survey, a_usage, an_entry

SCHEMAS = openapi_document()["components"]["schemas"]
SURVEY = a_survey(
    an_entry("chat", a_usage(4, callers=2), target="chat", owner="team-a"),
    an_entry("off", key_auth=False, keyless_since=NOW - days(2)),
    an_entry("quiet", owner="team-b"),
    problems=(TryLater("subscription x", "slow."),),
)
WEEK = Week("2026-W15", {Stage.READY: 2}, 7)


def names(**query: str) -> list[str]:
    found = fleet_readiness(SURVEY, (), ReadinessFilter.read(query))
    return [one["account"].rpartition("/")[2] for one in found["accounts"]]


def test_it_says_when_and_where_it_was_asked_and_how_far_the_fleet_is() -> None:
    data = fleet_readiness(SURVEY, [WEEK])
    assert (data["asked"], data["from"], data["until"]) == (
        NOW.isoformat(), (NOW - days(35)).isoformat(), NOW.isoformat(),
    )  # fmt: skip
    assert data["counts"] == {"keyless": 1, "ready": 0, "moving": 1, "not-started": 0, "unknown": 1}
    assert data["weeks"] == [{"week": "2026-W15", "counts": {"ready": 2}, "keyCalls": 7}]
    assert [one["share"] for one in data["callers"]] == [0.5, 0.5]
    assert [one["thing"] for one in data["problems"]] == ["subscription x"]
    assert set(data) <= set(SCHEMAS["FleetReadiness"]["properties"])


def test_an_account_that_is_not_known_has_no_count() -> None:
    chat, off, quiet = fleet_readiness(SURVEY, ())["accounts"]
    assert (chat["keyCalls"], chat["keyCallsIn7Days"], chat["trend"]) == (144, 28, "steady")
    assert "keyCalls" not in quiet
    assert "trend" not in quiet
    assert (quiet["verdict"], quiet["stage"]) == ("unknown", "unknown")
    assert (off["keysAreOn"], off["keylessSince"]) == (False, (NOW - days(2)).isoformat())
    assert set(chat) | set(off) <= set(SCHEMAS["AccountReadiness"]["properties"])


def test_logs_that_did_not_answer_have_no_span() -> None:
    assert {"from", "until"} & set(fleet_readiness(a_survey(since=None, until=None), ())) == set()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, ["chat", "off", "quiet"]),
        ({"owner": "TEAM-A"}, ["chat"]),
        ({"owner": "-"}, ["off"]),
        ({"stage": "unknown"}, ["quiet"]),
        ({"stage": "Keyless"}, ["off"]),
        ({"q": "qui"}, ["quiet"]),
        ({"q": "team-b"}, ["quiet"]),
        ({"page": "2"}, []),
        ({"page": "no number"}, ["chat", "off", "quiet"]),
    ],
)
def test_the_query_chooses_accounts(query: dict[str, str], shown: list[str]) -> None:
    assert names(**query) == shown


def test_a_stage_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(BadRequest, match=r"keyless, ready, moving, not-started, unknown"):
        ReadinessFilter.read({"stage": "done"})


def test_accounts_come_in_pages_and_counts_are_about_all() -> None:
    pages = [fleet_readiness(SURVEY, (), ReadinessFilter(page=page), rows=2) for page in (1, 2)]
    assert [len(one["accounts"]) for one in pages] == [2, 1]
    assert [(one["found"], one["pages"], one["page"]) for one in pages] == [(3, 2, 1), (3, 2, 2)]
    assert pages[0]["counts"] == pages[1]["counts"]


def test_one_account_has_its_days_its_callers_and_its_applications() -> None:
    survey = replace(SURVEY, entries=SURVEY.entries[:1])
    app = App("web", "App Service or Functions app", "/sites/web", "", "id", "", None, "assign it the role")
    apps = AppsAround((app,), (RoleWithoutApp("p", "User", "a role", "/", NOW),), (CallerWithoutApp("c", 3, NOW),))
    data = one_readiness(OneAccount(survey, ("Its keys are used by 2 callers.",), apps, "not all."))
    assert len(data["days"]) == 36
    assert data["days"][0] == {"day": str((NOW - days(35)).date()), "withKey": 4, "byIdentity": 5}
    assert data["apps"][0]["nextStep"] == "assign it the role"
    assert "role" not in data["apps"][0]
    assert (data["heldBack"], data["notSeen"]) == (["Its keys are used by 2 callers."], "not all.")
    assert set(data) <= set(SCHEMAS["OneReadiness"]["properties"])
    unseen = one_readiness(OneAccount(survey, (), None, "refused."))
    assert "apps" not in unseen


def test_what_holds_the_end_of_keys_back() -> None:
    target = a_target("chat", sunset=START + days(400))
    used, row = SURVEY.entries[0], Row(target)
    assert held_back(used, row) == ("No date is agreed on which all its keys end.", "Its keys are used by 2 callers.")
    assert held_back(replace(used, sunset=target.sunset), row) == ("Its keys are used by 2 callers.",)
    assert held_back(SURVEY.entries[1], row) == ()
    assert held_back(used, None) == ()
