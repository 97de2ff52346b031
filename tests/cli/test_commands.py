"""Each command: what it does, what it prints, and its exit code."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import shared.fleet.survey
import shared.turns.perform
from cli.answer import CommandResult
from cli.commands import COMMANDS
from lab.emulator.accounts import SUBSCRIPTION
from lab.simulation.tripwire import KeyLeaked, wire
from shared.domain.keys import KeySlot
from shared.domain.model import AccountId
from shared.domain.names import STORAGE
from shared.domain.publication import read_tags
from shared.domain.relative import exact
from shared.settings.environment import NAMES
from shared.wiring import Opened
from tests.cli.conftest import ROOT, Terminal

NOW = datetime.now(UTC)


def test_plan_shows_what_would_be_done_and_does_nothing(terminal: Terminal) -> None:
    printed = terminal.type("plan")
    assert printed.code == 3
    assert printed.lines[0] == "! Nothing to do yet. To watch: 2 targets (no key is published yet)."
    [heads] = [at for at, line in enumerate(printed.lines) if line.split() == ["TARGET", "REASON", "STEPS", "WHY"]]
    chat = printed.lines[heads + 1]
    assert chat.startswith("chat    adopt   prove key 1, publish key 1  Nothing is published yet")
    assert not terminal.vault.secrets


def test_plan_in_json_has_the_rows_of_the_survey_over_http(terminal: Terminal) -> None:
    terminal.publish(days_ago=1)
    terminal.publish("search", days_ago=31)
    printed = terminal.json("plan")
    rows = {row["target"]: row for row in printed.data["targets"]}
    assert (rows["chat"]["reason"], rows["search"]["reason"]) == ("nothing-due", "due")
    assert printed.data["problems"] == []
    assert printed.code == 3


def test_plan_and_status_show_only_the_targets_that_are_named(terminal: Terminal) -> None:
    terminal.publish(days_ago=1)
    for command in ("plan", "status"):
        printed = terminal.json(command, "chat")
        assert (printed.code, [row["target"] for row in printed.data["targets"]]) == (0, ["chat"])
    assert terminal.type("plan", "chat", "chart").code == 2


def test_plan_says_if_a_fleet_is_too_large_to_observe_every_target(terminal: Terminal) -> None:
    for name in ("chat", "search"):
        terminal.publish(name, days_ago=1)
    terminal.monkeypatch.setattr(shared.fleet.survey, "MOST_OBSERVED", 1)
    assert terminal.type("plan").lines[-1].startswith("2 targets were assessed from the vault listing alone.")
    assert terminal.type("plan", "chat").lines[-1].startswith("chat")


def test_plan_and_status_return_0_if_nothing_is_due(terminal: Terminal) -> None:
    for name in ("chat", "search"):
        terminal.publish(name, days_ago=1)
    for command in ("plan", "status"):
        assert terminal.type(command).code == 0


def test_status_shows_the_live_key_its_dates_and_the_awaited_deployment(terminal: Terminal) -> None:
    until = NOW + timedelta(days=2)
    terminal.publish(days_ago=1, until=until)
    terminal.publish("search", days_ago=1)
    assert terminal.type("arm", "search", "--environment", "production").code == 0
    printed = terminal.type("status")
    assert printed.lines[-1].startswith("2 targets were assessed from the vault listing alone")
    [heads] = [at for at, line in enumerate(printed.lines) if line.split()[:2] == ["STATE", "TARGET"]]
    chat, search = printed.lines[heads + 1 : heads + 3]
    assert chat.startswith("↻ rotating  chat    key 1, 24 h  in 2 days")
    assert "key 2 stops working" in chat
    assert exact(until) in chat
    assert search.startswith("… waiting   search")
    assert "production" in search


def test_status_says_which_consumer_is_slowest_and_which_never_notices(terminal: Terminal) -> None:
    for name in ("chat", "search"):
        terminal.publish(name, days_ago=1)
    assert "CONSUMER" not in terminal.type("status").out
    terminal.account().tags |= {"key-rotation-consumers": "container-apps,app-service-reference,pinned-version"}
    printed = terminal.type("status", "chat", "search")
    [heads] = [at for at, line in enumerate(printed.lines) if "SLOWEST CONSUMER" in line]
    assert printed.lines[heads + 1].split() == [
        "chat", "P3D", "P1DT2H", "app-service-reference", "P1D", "pinned-version"
    ]  # fmt: skip
    assert not any(line.startswith("search ") for line in printed.lines[heads:])
    [chat] = terminal.json("status", "chat").data["targets"]
    assert (chat["consumers"]["slowest"], chat["consumers"]["leastOverlap"]) == ("app-service-reference", "P1DT2H")


def test_a_rotation_promises_the_previous_key_for_as_long_as_the_listed_consumers_need(terminal: Terminal) -> None:
    terminal.set(ROTATION_CONSUMER_LAG="PT4H", ROTATION_OVERLAP="PT6H")
    for name, kinds, hours in (("chat", "app-service-reference", 26), ("search", "api-management", 6)):
        terminal.publish(name, days_ago=5)
        terminal.account(name).tags |= {"key-rotation-consumers": kinds}
        assert terminal.type("rotate", name).code == 0
        *_, marks = read_tags(terminal.vault.get_secret(f"{name}-key").tags)
        assert marks is not None
        assert marks.until is not None
        assert marks.until - marks.since == timedelta(hours=hours)


def test_status_refuses_a_tagged_overlap_that_is_too_short_for_its_consumers_with_the_arithmetic(
    terminal: Terminal,
) -> None:
    terminal.publish(days_ago=1)
    terminal.account().tags |= {"key-rotation-consumers": "app-service-reference", "key-rotation-overlap": "PT24H"}
    printed = terminal.type("audit")
    assert "app-service-reference notices a new key within P1D, and with a margin of PT2H that is P1DT2H" in printed.out


def test_rotate_rotates_and_shows_who_requested_it(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    printed = terminal.json("rotate", "chat", "--reason", "a drill", "--by", "ada")
    assert printed.code == 0
    assert printed.data["done"] == ["regenerate key2", "prove key2", "publish key2 (rotated)"]
    assert (printed.data["requestedBy"], printed.data["requestReason"]) == ("ada", "a drill")
    assert terminal.works()
    assert "ada" in terminal.vault.get_secret("chat-key").tags["key-rotation-request"]


def test_rotate_with_the_same_id_rotates_once(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    first, again = (terminal.json("rotate", "chat", "--id", "ticket 12") for _ in range(2))
    assert (first.code, first.data["result"]) == (0, "done")
    assert (again.code, again.data["reason"]) == (0, "already-done")
    assert terminal.world.journal.count("arm.regenerateKey", "chat", effect=True) == 1


CONFIRMED = ["leak", "chat", "--key", "both", "--confirm", "chat"]
REQUESTS = (["rotate", "chat"], CONFIRMED, ["arm", "chat", "--environment", "production"])


@pytest.mark.parametrize("words", REQUESTS, ids=[words[0] for words in REQUESTS])
def test_a_request_repeated_with_its_printed_id_changes_nothing(terminal: Terminal, words: list[str]) -> None:
    terminal.publish(days_ago=5)
    first = terminal.json(*words)
    regenerated = terminal.world.journal.count("arm.regenerateKey", "chat", effect=True)
    again = terminal.json(*words, "--id", first.data["requestId"])
    assert (first.code, again.code) == (0, 0)
    assert again.data["requestId"] == first.data["requestId"]
    assert again.data["done"] == []
    assert terminal.world.journal.count("arm.regenerateKey", "chat", effect=True) == regenerated


@pytest.mark.parametrize("words", REQUESTS, ids=[words[0] for words in REQUESTS])
def test_the_printed_id_is_quoted_for_a_shell(terminal: Terminal, words: list[str]) -> None:
    terminal.publish(days_ago=5)
    printed = terminal.type(*words, "--id", "ticket 12")
    assert printed.lines[-1] == "To repeat this request instead of making a new one: --id 'ticket 12'"


def test_deployed_prints_the_id_that_repeats_it(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    for name in ("first", "second"):
        terminal.type("arm", "chat", "--environment", "production", "--id", name)
        printed = terminal.type("deployed", "--environment", "production")
        assert "To repeat this request instead of making a new one: --id " in printed.lines[-1]
    assert terminal.json("deployed", "--environment", "staging").data["requestId"]


def test_deployed_says_how_to_repeat_it_if_a_part_of_the_fleet_could_not_be_listed(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    again = (
        "Not every target could be read. Repeat the command with --id run-7: "
        "a target that already had its turn is not rotated again."
    )
    words = ["deployed", "--environment", "production", "--id", "run-7"]
    terminal.world.faults.add("kv.listSecrets", "status", times=0, status=403, code="Forbidden")
    printed = terminal.type(*words)
    assert (printed.code, printed.lines[-1]) == (1, again)
    assert "--id" not in terminal.type(*words, "--dry-run").out
    terminal.world.faults.clear()
    terminal.type("arm", "chat", "--environment", "production")
    account = terminal.world.accounts.add("search", tags={"key-rotation": "on", "key-rotation-overlap": "long"})
    assert account.tags
    printed = terminal.type(*words)
    assert "published key 2" in printed.out
    assert (printed.code, printed.lines[-1]) == (1, again)


def test_a_dry_run_prints_no_id(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    for words in (["rotate", "chat"], ["deployed", "--environment", "production"]):
        assert "requestId" not in terminal.json(*words, "--dry-run").data
        assert "--id" not in terminal.type(*words, "--dry-run").out


def test_a_dry_run_shows_what_would_be_done_and_does_nothing(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    printed = terminal.type("rotate", "chat", "--dry-run")
    assert printed.code == 0
    assert "Would: regenerate key 2, prove key 2, publish key 2." in printed.out
    assert terminal.type("leak", "chat", "--key", "live", "--dry-run").code == 0
    assert not terminal.world.journal.count("arm.regenerateKey")


def test_rotate_returns_3_if_the_rotation_is_held_back(terminal: Terminal) -> None:
    terminal.publish(days_ago=1, until=NOW + timedelta(days=2))
    printed = terminal.json("rotate", "chat")
    assert (printed.code, printed.data["reason"]) == (3, "overlap-runs")
    assert printed.data["heldUntil"]


def test_rotate_says_in_observe_mode_that_nothing_was_done(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    terminal.set(ROTATION_MODE="observe")
    printed = terminal.type("rotate", "chat")
    assert printed.code == 3
    assert printed.lines[-1] == "Nothing was done: ROTATION_MODE is observe."


def test_a_failed_request_says_how_to_repeat_it(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    terminal.world.faults.add("arm.listKeys", "status", times=0, status=403, code="AuthorizationFailed")
    printed = terminal.type("rotate", "chat", "--id", "ticket 12")
    assert printed.code == 1
    assert "GrantRole" in printed.out
    assert (
        printed.lines[-1] == "This request is not queued. Repeat it with --id 'ticket 12': it takes effect only once."
    )


def test_a_request_that_azure_asked_to_wait_is_not_queued_and_says_how_to_repeat_it(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    terminal.world.faults.add("arm.listKeys", "status", times=0, status=429, code="TooMany", retry_after=372)
    told = terminal.json("rotate", "chat", "--id", "ticket-12")
    assert told.code == 3
    assert told.data["nextStep"] == "repeat it after that moment with --id ticket-12: this request is not queued"
    printed = terminal.type("rotate", "chat", "--id", "ticket-12")
    assert printed.lines[-1] == "This request is not queued. Repeat it with --id ticket-12: it takes effect only once."
    leaked = terminal.type("leak", "chat", "--key", "live")
    assert "The app goes on with it if the leak is on record." in leaked.lines[-1]


@pytest.mark.parametrize("fault", [{"status": 429, "code": "TooMany", "retry_after": 372}, {"status": 503}])
def test_a_leak_whose_target_cannot_be_looked_up_is_on_record(terminal: Terminal, fault: dict[str, Any]) -> None:
    terminal.publish(days_ago=5)
    terminal.world.faults.add("arm.listAccounts", "status", times=0, **fault)
    told = terminal.type("leak", "chat", "--key", "live", "--id", "ticket-12")
    assert told.code in (1, 3)
    assert told.lines[-1].endswith("To be faster, repeat it with --id ticket-12.")
    assert len(terminal.world.blobs.list("key-rotation-leases", "leaks/")) == 1
    refused = terminal.type("rotate", "chat", "--id", "ticket-13")
    assert "on record" not in refused.out
    assert len(terminal.world.blobs.list("key-rotation-leases", "leaks/")) == 1


@pytest.mark.parametrize(("key", "ended"), [("live", {"key1"}), ("previous", {"key2"}), ("both", {"key1", "key2"})])
def test_a_leaked_key_stops_working_while_the_command_runs(terminal: Terminal, key: str, ended: set[str]) -> None:
    terminal.publish(days_ago=1, until=NOW + timedelta(days=2))
    values = {slot: held.value for slot, held in terminal.account().keys.items()}
    printed = terminal.json("leak", "chat", "--key", key, "--reason", "found in a paste", "--confirm", "chat")
    assert printed.code == 0, printed
    dead = {
        slot for slot, value in values.items() if not terminal.world.accounts.key_accepted(terminal.account(), value)
    }
    assert dead >= ended
    assert terminal.works()
    assert {one["key"] for one in printed.data["leakedKeys"]} == ended


def test_an_armed_target_is_rotated_by_its_deployment_and_by_no_other(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    terminal.publish("search", days_ago=5)
    latest = (NOW + timedelta(days=9)).isoformat()
    armed = terminal.json("arm", "chat", "--environment", "production", "--latest", latest, "--reason", "release 7")
    assert (armed.code, armed.data["reason"]) == (0, "armed")
    assert terminal.json("deployed", "--environment", "staging").data["targets"] == []
    assert terminal.json("deployed", "--environment", "production", "--dry-run").data["outcomes"] == []
    printed = terminal.json("deployed", "--environment", "Production")
    assert printed.code == 0
    assert [one["target"] for one in printed.data["outcomes"]] == ["chat"]
    assert terminal.vault.get_secret("chat-key").tags["CredentialId"] == "key2"
    assert terminal.vault.get_secret("search-key").tags["CredentialId"] == "key1"


def test_a_disarmed_target_is_not_rotated_by_a_deployment(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    terminal.type("arm", "chat", "--environment", "production", "--soak", "PT2H")
    printed = terminal.type("disarm", "chat")
    assert printed.code == 0
    assert "disarmed" in printed.out
    first, then = terminal.type("deployed", "--environment", "production").lines
    assert first == "No target waits for a deployment to production."
    assert then.startswith("Next step: arm a target for it with ")
    assert terminal.json("deployed", "--environment", "production").data["why"] == first


def test_deadlines_are_listed_in_order_of_time(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    terminal.publish("search", days_ago=15)
    printed = terminal.type("deadlines")
    assert printed.code == 0
    assert [line.split()[2] for line in printed.lines[1:]] == ["search", "chat"]
    assert terminal.json("deadlines").data["deadlines"][0]["target"] == "search"


def test_deadlines_returns_3_if_one_has_passed(terminal: Terminal) -> None:
    terminal.publish(days_ago=31)
    assert terminal.type("deadlines").code == 3


def test_deadlines_are_printed_as_a_calendar(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    printed = terminal.type("deadlines", "--ics")
    assert printed.lines[0] == "BEGIN:VCALENDAR"
    assert "SUMMARY:chat: rotation" in printed.lines


def test_commands_say_if_no_target_is_enrolled(terminal: Terminal) -> None:
    for name in ("chat", "search"):
        terminal.account(name).tags = {}
    assert terminal.type("plan").lines[0] == "No account is enrolled yet."
    assert terminal.json("status").data["targets"] == []
    assert terminal.type("deadlines").out == "There are no deadlines.\n"


def test_a_target_that_cannot_be_read_is_shown_with_its_next_step_and_returns_1(terminal: Terminal) -> None:
    terminal.world.faults.add(
        "arm.getAccount", "status", times=0, status=403, target="chat", code="AuthorizationFailed"
    )
    printed = terminal.type("plan")
    assert printed.code == 1
    assert printed.lines[0] == "! 1 thing to do: find out why chat cannot be read."
    rows = [line.split()[:2] for line in printed.lines]
    assert ["chat", "GrantRole"] in rows
    assert ["search", "adopt"] in rows
    assert "    Next step: wait some minutes if the role was assigned just now" in printed.out
    assert "      python -m cli doctor" in printed.lines
    assert terminal.type("status", "chat").code == 1


def test_an_account_that_cannot_be_enrolled_is_named_and_returns_1(terminal: Terminal) -> None:
    terminal.account().tags = {"key-rotation": "perhaps"}
    printed = terminal.type("plan")
    assert printed.code == 1
    assert "neither on nor off" in printed.out
    assert terminal.json("plan").data["problems"][0]["error"] == "FixConfiguration"


def test_a_secret_that_a_person_must_look_at_returns_3(terminal: Terminal) -> None:
    terminal.publish(days_ago=1)
    terminal.publish("search", days_ago=1)
    terminal.vault.update_secret("chat-key", terminal.vault.get_secret("chat-key").version, enabled=False)
    printed = terminal.json("plan")
    assert printed.code == 3
    assert printed.data["targets"][0]["reason"] == "person-must-look"
    assert terminal.type("rotate", "chat").code == 3


def test_an_unknown_target_returns_2_and_the_known_names_are_printed(terminal: Terminal) -> None:
    printed = terminal.type("rotate", "chart")
    assert printed.code == 2
    assert "no target has this name" in printed.out
    assert "Known: chat, search." in printed.out
    assert terminal.json("rotate", "chart").data["error"] == "UnknownTarget"


ACCOUNT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/emulated/providers/Microsoft.CognitiveServices/accounts/chat"
INVALID = {
    "no command": ([], "COMMAND"),
    "an unknown command": (["rotat", "chat"], "rotat"),
    "no target": (["rotate"], "--account"),
    "a target and an account": (["rotate", "chat", "--account", ACCOUNT], "not both"),
    "a target and an account to look at": (["status", "chat", "--account", ACCOUNT], "not both"),
    "an account that is no id": (["rotate", "--account", "chat"], "'chat' is no resource id"),
    "a fingerprint of another form": (
        ["leak", "chat", "--fingerprint", "3F9A"],
        "--fingerprint: '3F9A' is invalid.",
    ),
    "no key": (["leak", "chat"], "--key, or --fingerprint"),
    "another key": (["leak", "chat", "--key", "third"], "third"),
    "a long wait": (["leak", "chat", "--key", "live", "--wait", "PT3H"], "--wait: 'PT3H' is invalid. How long"),
    "no environment": (["arm", "chat"], "--environment"),
    "an invalid environment": (
        ["deployed", "--environment", "pro duction"],
        "'pro duction' is invalid.",
    ),
    "an invalid soak": (
        ["arm", "chat", "--environment", "production", "--soak", "two hours"],
        "--soak: 'two",
    ),
    "an invalid soak, in words": (["arm", "chat", "--environment", "production", "--soak", "2x"], "such as P1D, PT2H"),
    "a time without a zone": (
        ["arm", "chat", "--environment", "prod", "--latest", "2027-01-31T00:00:00"],
        "--latest: '2027-01-31T00:00:00' is invalid.",
    ),
    "a long reason": (
        ["rotate", "chat", "--reason", "x" * 201],
        "201 characters",
    ),
    "a long id": (["rotate", "chat", "--id", "x" * 256], "--id: is longer"),
    "a file that is not there": (["plan", "--settings", "nowhere.json"], "nowhere.json: cannot be read"),
}


@pytest.mark.parametrize("case", INVALID)
def test_an_invalid_command_returns_2_with_the_reason_and_changes_nothing(terminal: Terminal, case: str) -> None:
    words, why = INVALID[case]
    printed = terminal.type(*words)
    assert printed.code == 2
    assert why in printed.err
    assert printed.out == ""
    assert not terminal.world.journal.count("arm.regenerateKey")


def test_help_lists_every_command_and_returns_0(terminal: Terminal) -> None:
    printed = terminal.type("--help")
    assert printed.code == 0
    assert all(command in printed.out for command in COMMANDS)


def test_all_invalid_settings_are_reported_together(terminal: Terminal) -> None:
    terminal.set(ROTATION_PERIOD="monthly", ROTATION_VAULT_URL="keys")
    printed = terminal.type("plan")
    assert printed.code == 1
    assert "ROTATION_PERIOD" in printed.out
    assert "ROTATION_VAULT_URL" in printed.out


def test_missing_settings_are_explained_for_the_terminal_first_and_then_for_the_app(terminal: Terminal) -> None:
    for name in (*NAMES, STORAGE):
        terminal.set(**{name: None})
    for words in (["plan"], ["doctor"], ["leak", "chat", "--key", "live"]):
        printed = terminal.type(*words)
        assert "here: set them in the environment, or in a file and add --settings local.settings.json" in printed.out
        assert printed.out.index("here: ") < printed.out.index(
            "in the function app: az functionapp config appsettings set"
        )
        assert "restart the app" not in printed.out


def test_invalid_settings_in_a_file_are_to_be_corrected_in_that_file(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"Values": {"ROTATION_PERIOD": "monthly"}}))
    terminal.set(ROTATION_PERIOD="P30D")
    printed = terminal.json("plan", "--settings", str(file))
    assert printed.data["nextStep"].startswith(f"here: correct them in {file}, which wins over the environment; ")


@pytest.mark.parametrize("place", ["before", "after"])
def test_settings_are_read_from_a_functions_settings_file(terminal: Terminal, tmp_path: Path, place: str) -> None:
    terminal.publish(days_ago=5)
    terminal.set(ROTATION_MODE="rotate")
    file = tmp_path / "local.settings.json"
    file.write_text(json.dumps({"IsEncrypted": False, "Values": {"ROTATION_MODE": "observe"}}))
    given = ["--settings", str(file)]
    words = ["rotate", "chat"]
    printed = terminal.type(*(given + words if place == "before" else words + given))
    assert "ROTATION_MODE is observe" in printed.out


FILES = {
    "no JSON": ("AccountKey=SECRET", "is not valid JSON"),
    "no values": ("{}", "no object named Values"),
    "encrypted": ('{"IsEncrypted": true, "Values": {}}', "func settings decrypt"),
    "a number": ('{"Values": {"ROTATION_BRAKE": 10}}', "ROTATION_BRAKE: a setting's value must be a string"),
}


@pytest.mark.parametrize("case", FILES)
def test_an_invalid_settings_file_is_refused_and_never_quoted(terminal: Terminal, tmp_path: Path, case: str) -> None:
    text, why = FILES[case]
    file = tmp_path / "local.settings.json"
    file.write_text(text)
    printed = terminal.type("plan", "--settings", str(file))
    assert printed.code == 2
    assert why in printed.err
    assert "SECRET" not in printed.err


def test_control_characters_in_a_tag_are_not_printed(terminal: Terminal) -> None:
    terminal.publish(days_ago=1)
    latest = terminal.vault.get_secret("chat-key")
    terminal.vault.update_secret(
        "chat-key", latest.version, tags={**latest.tags, "ProviderAddress": "\x1b[2J\x1b]0;owned\x07/other"}
    )
    assert "\x1b" not in terminal.type("plan").out


def test_an_interrupted_request_says_how_to_repeat_it(terminal: Terminal) -> None:
    async def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    for command in ("plan", "leak"):
        terminal.monkeypatch.setitem(COMMANDS, command, stopped)
    printed = terminal.type("plan")
    assert (printed.code, printed.err) == (1, "Stopped.\n")
    leak = terminal.type("leak", "chat", "--key", "live", "--id", "ticket 12")
    again = "The request may or may not have been carried out. Repeat it with --id 'ticket 12'."
    assert leak.err == f"Stopped. {again}\n"


OPERATIONS = ("kv.getSecret", "arm.listKeys", "arm.regenerateKey", "aoai.models", "kv.setSecret", "kv.updateSecret")
FAULTS = (("malformed", "truncated"), ("malformed", "wrong"), ("status", ""), ("drop_after", ""))
TYPED = (["plan"], ["status"], ["audit"], ["doctor"], ["rotate", "search"], ["leak", "chat", "--key", "both"])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_command_prints_a_key_whatever_fails(terminal: Terminal, operation: str) -> None:
    """P7. The tripwire around every test checks everything that is printed and logged."""
    terminal.monkeypatch.setattr(shared.turns.perform, "PAUSES", (timedelta(0),))  # no waiting for keys listed late
    for effect, form in FAULTS:
        for name in ("chat", "search"):
            terminal.publish(name, days_ago=5)
        terminal.world.faults.add(operation, effect, times=0, **({"form": form} if form else {}))
        for words in TYPED:
            terminal.type(*words)
            terminal.json(*words)
        terminal.world.faults.clear()


def test_the_tripwire_detects_a_key_that_a_command_prints(terminal: Terminal) -> None:
    """If the tripwire did not work, the tests above would pass."""

    async def showing(parts: Opened, _: object) -> CommandResult:
        keys = await parts.rotation.outside.accounts.list_keys(AccountId.parse(terminal.account().id))
        return CommandResult(0, {}, keys[KeySlot.KEY1].reveal()[3:20])

    terminal.monkeypatch.setitem(COMMANDS, "plan", showing)
    terminal.type("plan")
    with pytest.raises(KeyLeaked):
        wire.check()
    wire.heard.clear()


def test_the_command_line_runs_as_a_module(terminal: Terminal) -> None:
    command = [sys.executable, "-m", "cli", "plan", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert done.stderr == ""
    assert {row["reason"] for row in json.loads(done.stdout)["targets"]} == {"adopt"}


def test_the_command_line_imports_no_development_package() -> None:
    """Every imported package is in requirements.txt; none belongs to the tests, the demo or the emulator."""
    script = (
        "import sys, json, cli.__main__, shared.findings.gather, shared.doctor.examine, shared.web.calendar; "
        "import shared.adapters.examination, shared.adapters.key_vault, shared.adapters.openai_accounts; "
        "print(json.dumps(sorted({n.split('.')[0] for n in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"rich", "openai", "pytest", "trustme", "lab"} & set(json.loads(done.stdout))
