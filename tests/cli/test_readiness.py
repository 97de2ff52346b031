"""The command `readiness` against the emulated Azure: the fleet, one target, and an account that nobody enrolled."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import Terminal, add
from tests.support.reading import may_see

DAY = 24 * 3600


@pytest.fixture
def logging_calls(terminal: Terminal) -> Terminal:
    """A terminal whose accounts send the log of their calls to a workspace: chat is called with a key, search by
    identity alone, and nobody calls `nobodys`."""
    add(terminal.world, "nobodys")
    terminal.set(ROTATION_LOG_WORKSPACE_ID=terminal.world.workspace.id)
    for name in ("chat", "search"):
        terminal.publish(name, days_ago=1)
    for day in range(36):
        terminal.world.workspace.note(terminal.account("search").id, caller="an object id", ago=day * DAY + 3600)
        terminal.world.workspace.note(terminal.account("chat").id, address="203.0.113.7", ago=day * DAY + 3600)
    terminal.world.workspace.note(terminal.account("chat").id, address="203.0.113.7", ago=7200)
    return terminal


def verdicts(data: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {one["account"].rpartition("/")[2]: one["verdict"] for one in data["accounts"]}


def test_without_a_survey_one_is_made_and_the_next_command_shows_the_same(logging_calls: Terminal) -> None:
    first = logging_calls.json("readiness")
    assert first.code == 3
    assert verdicts(first.data) == {"chat": "used", "search": "ready", "nobodys": "unknown"}
    queries = logging_calls.world.journal.count("logs.query")
    assert logging_calls.json("readiness").data == first.data
    assert logging_calls.world.journal.count("logs.query") == queries == 1
    assert [week["counts"]["ready"] for week in first.data["weeks"]] == [1]


def test_it_says_how_far_the_fleet_is_who_calls_most_and_what_to_do(logging_calls: Terminal) -> None:
    may_see(logging_calls.world)
    shown = logging_calls.type("readiness")
    text = shown.out
    assert "3 accounts: 0 keyless, 1 ready, 0 moving, 1 not started, 1 unknown." in text
    assert "203.0.113.***" in text
    assert "100%" in text
    assert "used by 1 caller" in text
    assert "az monitor diagnostic-settings create" in text
    assert text.index("Ready: 1") < text.index("Not started: 1") < text.index("Unknown: 1")


def test_without_the_right_to_read_diagnostic_settings_it_says_so_of_the_account(logging_calls: Terminal) -> None:
    data = logging_calls.json("readiness").data
    [nobodys] = [one for one in data["accounts"] if one["verdict"] == "unknown"]
    assert "its diagnostic settings cannot be read" in nobodys["says"]
    assert "readinessReader" in nobodys["nextStep"]
    assert data["problems"] == []


def test_one_target_is_asked_anew_and_says_what_holds_its_keys(logging_calls: Terminal) -> None:
    shown = logging_calls.json("readiness", "chat")
    assert shown.code == 3
    assert (shown.data["verdict"], shown.data["target"]) == ("used", "chat")
    assert shown.data["keyCalls"] > 30
    assert "Its keys are used by 1 caller." in shown.data["heldBack"]
    assert len(shown.data["days"]) > 30
    text = logging_calls.type("readiness", "chat").out
    assert text.startswith("chat: used by 1 caller.")
    assert "WHO CALLS WITH A KEY" in text
    by_id = logging_calls.json("readiness", "--account", logging_calls.account("chat").id)
    assert by_id.data["target"] == "chat"


def test_an_account_that_nobody_enrolled_is_shown_once_a_survey_has_seen_it(logging_calls: Terminal) -> None:
    assert logging_calls.type("readiness", "nobodys").code == 2
    logging_calls.type("readiness")
    shown = logging_calls.json("readiness", "nobodys")
    assert shown.data["verdict"] == "unknown"
    assert "target" not in shown.data
    assert shown.data["heldBack"] == []


def test_a_fleet_whose_keys_are_off_needs_nobody(logging_calls: Terminal) -> None:
    for name in ("chat", "search", "nobodys"):
        logging_calls.world.accounts.update(logging_calls.account(name).id, {"disable_local_auth": True})
    shown = logging_calls.json("readiness")
    assert (shown.code, set(verdicts(shown.data).values())) == (0, {"keyless"})


def test_a_ready_target_whose_end_is_agreed_needs_nobody(logging_calls: Terminal) -> None:
    sunset = datetime.now(UTC) + timedelta(days=90)
    logging_calls.account("search").tags["key-rotation-sunset"] = f"{sunset:%Y-%m-%d}"
    shown = logging_calls.json("readiness", "search")
    assert (shown.code, shown.data["verdict"], shown.data["heldBack"]) == (0, "ready", [])


def test_logs_that_cannot_be_asked_fail_the_command_and_count_nothing(logging_calls: Terminal) -> None:
    logging_calls.world.down.add("logs")
    shown = logging_calls.json("readiness", "chat")
    assert (shown.code, shown.data["verdict"]) == (1, "unknown")
    assert "keyCalls" not in shown.data


def test_without_a_log_workspace_it_says_what_to_set(terminal: Terminal) -> None:
    shown = terminal.type("readiness")
    assert shown.code == 3
    assert "unknown because no log of its calls is configured" in shown.out
    assert "ROTATION_LOG_WORKSPACE_ID" in shown.out
    assert not terminal.world.journal.count("logs.query")
