"""Many targets at once from a terminal: planned, confirmed, put on record, shown and stopped."""

import pytest

from tests.cli.conftest import Terminal

ALL = ("rotate-many", "--all")
CONFIRMED = (*ALL, "--confirm", "2 targets")


@pytest.fixture
def ready(terminal: Terminal) -> Terminal:
    for name in ("chat", "search"):
        terminal.publish(name, days_ago=5)
    return terminal


def test_a_dry_run_shows_the_order_and_what_confirms_it_and_records_nothing(ready: Terminal) -> None:
    printed = ready.type(*ALL, "--dry-run")
    assert printed.code == 0
    assert printed.lines[0].split() == ["TARGET", "DONE", "BY"]
    assert [line.split()[0] for line in printed.lines[1:3]] == ["chat", "search"]
    assert '--confirm "2 targets" in place of --dry-run' in printed.out
    assert ready.type("rotations").out == "There are none.\n"
    leaked = ready.json(*ALL, "--leaked", "both", "--dry-run").data
    assert all("deadBy" in row for row in leaked["rows"])


def test_it_is_confirmed_with_the_number_of_targets(ready: Terminal) -> None:
    refused = ready.type(*ALL)
    assert refused.code == 3
    assert 'with --confirm "2 targets"' in refused.out
    begun = ready.type(*CONFIRMED)
    assert begun.code == 0
    assert "2 targets: running. The app carries it out." in begun.out


def test_the_same_id_is_the_same_request_and_another_body_is_refused(ready: Terminal) -> None:
    first = ready.json(*CONFIRMED, "--id", "ticket-12")
    again = ready.json(*CONFIRMED, "--id", "ticket-12")
    assert (first.code, again.code) == (0, 0)
    assert again.data["id"] == first.data["id"]
    assert again.data["requestId"] == "ticket-12"
    other = ready.type(*CONFIRMED, "--id", "ticket-12", "--reason", "another")
    assert other.code == 2
    assert "--id" in other.out + other.err


def test_a_request_is_shown_with_its_accounts_and_stopped(ready: Terminal) -> None:
    id_ = ready.json(*CONFIRMED, "--by", "ada").data["id"]
    listed = ready.type("rotations")
    assert listed.lines[1].split()[0] == id_
    assert listed.lines[1].split()[-1] == "ada"
    shown = ready.type("rotations", id_)
    assert shown.code == 0
    assert "running: 0 done, 0 gone, 0 failed, 2 open, the last one by " in shown.out
    stopped = ready.type("rotations", id_, "--stop")
    assert stopped.code == 3
    assert f"python -m cli rotate-many --rest-of {id_}" in stopped.out
    assert ready.json("rotations", id_).data["state"] == "stopped"
    rest = ready.json("rotate-many", "--rest-of", id_, "--confirm", "2 targets")
    assert rest.data["targets"] == ["chat", "search"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rotate-many",), "Say which targets"),
        (("rotate-many", "--all", "--owner", "x"), "Give `all`, or one or more"),
        (("rotate-many", "no name"), "letters, digits and dashes"),
        (("rotations", "--stop"), "Say which request to stop"),
        (("rotations", "0" * 32), "there is no request for many with this id"),
        (("rotate-many", "--owner", "nobody"), "no target fits it"),
        (("rotate-many", "nobody"), "no target has this name"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_what_cannot_be_meant_is_an_invalid_command(ready: Terminal, words: tuple[str, ...], said: str) -> None:
    printed = ready.type(*words)
    assert printed.code == 2
    assert said in printed.out + printed.err


def test_names_select_targets(ready: Terminal) -> None:
    assert ready.json("rotate-many", "search").data["targets"] == ["search"]
