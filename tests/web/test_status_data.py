"""A fleet and one target as JSON: the sentence, the states, the findings, and what could not be read."""

import json
from dataclasses import replace

from lab.simulation.dates import days, hours, minutes
from shared.domain.consumers import ConsumerKind, Consumers
from shared.domain.errors import FixConfiguration, GrantRole
from shared.findings.gather import findings_of
from shared.findings.status import status_of
from shared.web.openapi import openapi_document
from shared.web.status_data import of_one_target, of_survey, survey_data
from tests.support.facts import NOW, a_row, facts_of, quiet_target, status_in

SCHEMAS = openapi_document()["components"]["schemas"]


def test_a_fleet_is_answered_with_its_sentence_and_the_state_of_each_target() -> None:
    chat = a_row(target=quiet_target(sunset=NOW + hours(20)))
    search = a_row(target=quiet_target("search"))
    facts = facts_of(chat, search, viewed_at=NOW - minutes(5), whole_at=NOW - minutes(5))
    body = json.loads(of_survey(facts, status_in(facts)).body)
    assert body["tone"] == "red"
    assert body["says"].startswith("1 thing to do: ")
    assert [(row["target"], row["state"], row["codes"]) for row in body["targets"]] == [
        ("chat", "action-needed", ["sunset-near"]),
        ("search", "healthy", []),
    ]
    [finding] = body["findings"]
    assert (finding["code"], finding["urgency"], finding["account"]) == (
        "sunset-near",
        "to-do",
        str(chat.target.account),
    )
    assert body["seenAt"] == body["wholeSince"] == (NOW - minutes(5)).isoformat()


def test_a_target_that_cannot_be_read_stands_beside_the_others_with_the_problems() -> None:
    bad = GrantRole("chat", "not allowed.")
    facts = facts_of(replace(a_row(), error=bad), problems=[FixConfiguration("account x", "bad tag.")])
    data = survey_data(facts, status_in(facts))
    [row] = data["targets"]
    assert (row["error"], row["why"], row["state"]) == ("GrantRole", "not allowed.", "action-needed")
    assert data["problems"] == [
        {"error": "FixConfiguration", "thing": "account x", "why": "bad tag.", "nextStep": "correct it and call again"}
    ]


def test_one_target_is_answered_with_its_own_sentence_and_whole_findings() -> None:
    facts = facts_of(a_row(target=quiet_target(owner=None)), observed=True)
    status = status_of(facts, findings_of(facts))
    body = json.loads(of_one_target(status).body)
    assert (body["state"], body["codes"], body["tone"]) == ("healthy", ["no-owner"], "green")
    assert [one["nextStep"] for one in body["findings"]] == ["tag the account key-rotation-owner"]


def test_openapi_describes_every_field_of_both_answers() -> None:
    facts = facts_of(a_row(), viewed_at=NOW, whole_at=NOW)
    assert set(survey_data(facts, status_in(facts))) <= set(SCHEMAS["FleetData"]["properties"])
    one = json.loads(of_one_target(status_in(facts)).body)
    assert set(one) <= set(SCHEMAS["OneTarget"]["properties"])


def test_a_target_says_who_is_slowest_to_notice_a_new_key_and_who_never_does() -> None:
    kinds = (ConsumerKind.SDK, ConsumerKind.API_MANAGEMENT, ConsumerKind.TYPED_IN)
    target = replace(quiet_target(), consumers=Consumers(kinds, hours(5)))
    body = json.loads(of_one_target(status_in(facts_of(a_row(target=target)))).body)
    assert body["consumers"] == {
        "kinds": ["sdk", "api-management", "typed-in"],
        "overlap": "P3D",
        "leastOverlap": "PT6H",
        "slowest": "sdk",
        "slowestNoticesWithin": "PT5H",
        "neverNotice": ["typed-in"],
    }
    assert set(body["consumers"]) == set(SCHEMAS["ConsumersData"]["properties"])
    assert set(SCHEMAS["ConsumerKind"]["enum"]) == set(ConsumerKind)


def test_a_target_whose_consumers_all_never_notice_has_no_slowest_and_one_without_a_list_says_nothing() -> None:
    listed = replace(quiet_target(), consumers=Consumers((ConsumerKind.READ_AT_START,), days(1)))
    facts = facts_of(a_row(target=listed), a_row(target=quiet_target("search")))
    chat, search = survey_data(facts, status_in(facts))["targets"]
    assert chat["consumers"] == {
        "kinds": ["read-at-start"],
        "overlap": "P3D",
        "leastOverlap": "P1D",
        "neverNotice": ["read-at-start"],
    }
    assert "consumers" not in search
