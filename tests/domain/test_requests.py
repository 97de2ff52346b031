"""Requests: who made them, which deployment a version waits for, and how tags say both."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from lab.simulation.dates import at, hours
from shared.domain.requests import (
    LONGEST_SOAK,
    LONGEST_TEXT,
    AwaitedDeployment,
    Requester,
    RotateRequest,
    environment_name,
    soak_time,
)

PROD = AwaitedDeployment("prod", soak=hours(2), latest=at(day=20))

REQUESTERS = [
    ("nobody", Requester(), ""),
    ("an id alone", Requester("r-1"), "r-1"),
    ("a person without an id", Requester(None, "ann@example.com"), "- ann@example.com"),
    (
        "a person and a reason",
        Requester("r-1", "ann@example.com", "before the audit"),
        "r-1 ann@example.com before the audit",
    ),
    ("a reason that begins with a space", Requester("r-1", "ann", " and so on"), "r-1 ann  and so on"),
    ("a reason alone", Requester(None, "", "because"), "- - because"),
    ("a name with a space in it", Requester("r-1", "Ann Lee"), "r-1 Ann%20Lee"),
]


@pytest.mark.parametrize(("requester", "text"), [row[1:] for row in REQUESTERS], ids=[row[0] for row in REQUESTERS])
def test_a_requester_is_written_as_readable_text_and_read_back(requester: Requester, text: str):
    assert requester.text() == text
    assert Requester.read(text) == requester


def test_a_long_name_and_reason_are_cut_to_fit_a_tag_and_the_id_is_not():
    requester = Requester("i" * 32, "ü" * 60, "because " * 60)
    again = Requester.read(requester.text())
    assert len(requester.text()) <= LONGEST_TEXT
    assert (again.id, again.by, again.why) == ("i" * 32, "ü" * 11, ("because " * 60)[:100].strip())


AWAITED = [
    (AwaitedDeployment("prod"), "prod soak=0"),
    (PROD, "prod soak=7200 latest=1774170000"),
    (replace(PROD, deployed=at(day=1), id="d-1"), "prod soak=7200 latest=1774170000 deployed=1772528400 id=d-1"),
    (AwaitedDeployment("prod", deployed=at(day=1)), "prod soak=0 deployed=1772528400"),
    (AwaitedDeployment("prod", id="run=7=of=9"), "prod soak=0 id=run=7=of=9"),
]


@pytest.mark.parametrize(("awaited", "text"), AWAITED, ids=[row[1] for row in AWAITED])
def test_an_awaited_deployment_is_written_and_read_back(awaited: AwaitedDeployment, text: str):
    assert awaited.text() == text
    assert AwaitedDeployment.read(text) == awaited


@pytest.mark.parametrize(
    "text",
    ["", "prod", "prod soak=", "prod soak=-1", "prod soak=0 latest=soon", "prod  soak=0", "pr/od soak=0", "prod soak"],
)
def test_reading_a_damaged_deployment_raises_an_error(text: str):
    with pytest.raises((ValueError, KeyError)):
        AwaitedDeployment.read(text)


@pytest.mark.parametrize("name", ["prod", "Prod-2", "eu.west_1", "7", "e" * 40])
def test_environment_name_accepts_plain_names(name: str):
    assert environment_name(f" {name} ") == name


@pytest.mark.parametrize("name", ["", "-prod", "pro d", "e" * 41, "prod\nsoak=0", "prød"])
def test_environment_name_refuses_other_names_and_shows_the_form(name: str):
    with pytest.raises(ValueError) as error:
        environment_name(name)
    form = "letters, digits, dots, dashes and underscores, 40 at most"
    assert str(error.value) == f"{name!r} is not an environment's name: {form}"


def test_the_error_for_a_very_long_environment_name_shows_only_its_beginning():
    with pytest.raises(ValueError, match=f"^'{'e' * 80}' is not"):
        environment_name("e" * 500)


DUE = [
    ("not known before the deployment", AwaitedDeployment("prod"), None),
    ("the latest time", PROD, at(day=20)),
    ("the end of the soak time", replace(PROD, deployed=at(day=9)), at(day=9) + hours(2)),
    ("the latest time, if the soak time ends after it", replace(PROD, deployed=at(day=20) - hours(1)),
     at(day=20)),
    ("the deployment itself, without a soak time", AwaitedDeployment("prod", deployed=at(day=9)), at(day=9)),
]  # fmt: skip


@pytest.mark.parametrize(("awaited", "due"), [row[1:] for row in DUE], ids=[row[0] for row in DUE])
def test_an_awaited_deployment_says_when_the_rotation_is_due(awaited: AwaitedDeployment, due: datetime | None):
    assert awaited.due == due


def test_environments_are_compared_without_case():
    assert AwaitedDeployment("Prod").waits_for("pROD")
    assert not AwaitedDeployment("prod").waits_for("production")


def test_a_name_of_the_greatest_length_is_not_cut():
    assert Requester.read(Requester("i", "a" * 70, "x").text()).by == "a" * 70
    assert Requester.read(Requester("i", "a" * 71, "x").text()).by == "a" * 70


def test_a_request_names_its_requester_and_reason():
    assert RotateRequest(reason="audit", by="ann", id="r-1").requester == Requester("r-1", "ann", "audit")


def test_a_requester_knows_the_ids_of_the_last_versions():
    requester = Requester("b" * 32).after(Requester("a" * 32, earlier=("00000001", "00000002", "00000003", "00000004")))
    assert requester.earlier == ("aaaaaaaa", "00000001", "00000002", "00000003")
    assert Requester.read(requester.text()) == requester
    assert all(requester.knows(one) for one in ("a" * 32, "b" * 32))
    assert not requester.knows("c" * 32)


def test_a_soak_time_is_at_most_thirty_days() -> None:
    assert (soak_time("PT2H"), soak_time("P30D")) == (timedelta(hours=2), LONGEST_SOAK)
    with pytest.raises(ValueError, match=r"^'P30DT1S' is longer than P30D$"):
        soak_time("P30DT1S")


def test_a_soak_time_has_whole_seconds_as_its_tag_does() -> None:
    awaited = AwaitedDeployment("prod", soak=soak_time("PT90.5S"))
    assert awaited.soak == timedelta(seconds=90)
    assert AwaitedDeployment.read(awaited.text()) == awaited
