"""Each command: what it does, what it says, and its exit code."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import shared.fleet.rotation
from cli.answer import CommandResult
from cli.commands import COMMANDS
from lab.simulation.tripwire import KeyLeaked, wire
from shared.domain.keys import KeySlot
from shared.domain.model import AccountId
from shared.domain.names import STORAGE
from shared.settings.environment import NAMES
from shared.wiring import Opened
from tests.cli.conftest import ROOT, Terminal

NOW = datetime.now(UTC)


def test_a_plan_says_what_would_be_done_and_does_nothing(terminal: Terminal) -> None:
    said = terminal.type("plan")
    assert said.code == 3
    assert said.lines[0].split() == ["TARGET", "REASON", "STEPS", "WHY"]
    assert said.lines[1].startswith("chat    adopt   prove key1, publish key1 (adopted)  Nothing is published yet")
    assert not terminal.vault.secrets


def test_a_plan_in_json_is_what_the_survey_says_over_http(terminal: Terminal) -> None:
    terminal.publish(days_ago=1)
    terminal.publish("search", days_ago=31)
    said = terminal.json("plan")
    rows = {row["target"]: row for row in said.data["targets"]}
    assert (rows["chat"]["reason"], rows["search"]["reason"]) == ("nothing-due", "due")
    assert said.data["problems"] == []
    assert said.code == 3


def test_targets_that_are_named_are_looked_at_alone(terminal: Terminal) -> None:
    terminal.publish(days_ago=1)
    for command in ("plan", "status"):
        said = terminal.json(command, "chat")
        assert (said.code, [row["target"] for row in said.data["targets"]]) == (0, ["chat"])
    assert terminal.type("plan", "chat", "chart").code == 2


def test_a_fleet_too_large_to_be_looked_at_says_so(terminal: Terminal) -> None:
    for name in ("chat", "search"):
        terminal.publish(name, days_ago=1)
    terminal.monkeypatch.setattr(shared.fleet.rotation, "MOST_OBSERVED", 1)
    assert terminal.type("plan").lines[-1].startswith("2 targets were not looked at one by one.")
    assert terminal.type("plan", "chat").lines[-1].startswith("chat")


def test_nothing_to_do_is_success(terminal: Terminal) -> None:
    for name in ("chat", "search"):
        terminal.publish(name, days_ago=1)
    for command in ("plan", "status"):
        assert terminal.type(command).code == 0


def test_the_status_shows_what_is_live_until_when_and_what_it_waits_for(terminal: Terminal) -> None:
    until = NOW + timedelta(days=2)
    terminal.publish(days_ago=1, until=until)
    terminal.publish("search", days_ago=1)
    assert terminal.type("arm", "search", "--environment", "production").code == 0
    said = terminal.type("status")
    heads, chat, search = said.lines
    assert heads.split("  ")[0] == "TARGET"
    assert chat.split()[:2] == ["chat", "key1"]
    assert f"{until:%Y-%m-%d %H:%M}Z" in chat
    assert "production" in search


def test_a_rotation_is_done_and_says_who_asked(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    said = terminal.json("rotate", "chat", "--reason", "a drill", "--by", "ada")
    assert said.code == 0
    assert said.data["done"] == ["regenerate key2", "prove key2", "publish key2 (rotated)"]
    assert (said.data["requestedBy"], said.data["requestReason"]) == ("ada", "a drill")
    assert terminal.works()
    assert "ada" in terminal.vault.get_secret("chat-key").tags["key-rotation-request"]


def test_a_rotation_with_the_same_id_is_done_once(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    first, again = (terminal.json("rotate", "chat", "--id", "ticket 12") for _ in range(2))
    assert (first.code, first.data["result"]) == (0, "done")
    assert (again.code, again.data["reason"]) == (0, "already-done")
    assert terminal.world.journal.count("arm.regenerateKey", "chat", effect=True) == 1


ASKING = (["rotate", "chat"], ["leak", "chat", "--key", "both"], ["arm", "chat", "--environment", "production"])


@pytest.mark.parametrize("words", ASKING, ids=[words[0] for words in ASKING])
def test_a_request_says_the_id_that_repeats_it(terminal: Terminal, words: list[str]) -> None:
    terminal.publish(days_ago=5)
    first = terminal.json(*words)
    regenerated = terminal.world.journal.count("arm.regenerateKey", "chat", effect=True)
    again = terminal.json(*words, "--id", first.data["requestId"])
    assert (first.code, again.code) == (0, 0)
    assert again.data["requestId"] == first.data["requestId"]
    assert again.data["done"] == []
    assert terminal.world.journal.count("arm.regenerateKey", "chat", effect=True) == regenerated


@pytest.mark.parametrize("words", ASKING, ids=[words[0] for words in ASKING])
def test_the_words_say_the_id_as_it_can_be_pasted(terminal: Terminal, words: list[str]) -> None:
    terminal.publish(days_ago=5)
    said = terminal.type(*words, "--id", "ticket 12")
    assert said.lines[-1] == "To make this very request again, and not another one: --id 'ticket 12'"


def test_word_of_a_deployment_says_the_id_that_repeats_it(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    for name in ("first", "second"):
        terminal.type("arm", "chat", "--environment", "production", "--id", name)
        said = terminal.type("deployed", "--environment", "production")
        assert "To make this very request again, and not another one: --id " in said.lines[-1]
    assert terminal.json("deployed", "--environment", "staging").data["requestId"]


def test_a_deployment_that_not_every_target_could_hear_of_says_how_to_say_it_again(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    again = "Not every target could be asked. Say it again with --id run-7: whoever heard it rotates once."
    words = ["deployed", "--environment", "production", "--id", "run-7"]
    terminal.world.faults.add("kv.listSecrets", "status", times=0, status=403, code="Forbidden")
    said = terminal.type(*words)
    assert (said.code, said.lines[-1]) == (1, again)
    assert "--id" not in terminal.type(*words, "--dry-run").out
    terminal.world.faults.clear()
    terminal.type("arm", "chat", "--environment", "production")
    account = terminal.world.accounts.add("search", tags={"key-rotation": "on", "key-rotation-overlap": "long"})
    assert account.tags
    said = terminal.type(*words)
    assert "publish key2 (rotated)" in said.out
    assert (said.code, said.lines[-1]) == (1, again)


def test_a_dry_run_asks_for_nothing_that_could_be_repeated(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    for words in (["rotate", "chat"], ["deployed", "--environment", "production"]):
        assert "requestId" not in terminal.json(*words, "--dry-run").data
        assert "--id" not in terminal.type(*words, "--dry-run").out


def test_a_dry_run_says_what_would_be_done_and_does_nothing(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    said = terminal.type("rotate", "chat", "--dry-run")
    assert said.code == 0
    assert "Would: regenerate key2, prove key2, publish key2 (rotated)." in said.out
    assert terminal.type("leak", "chat", "--key", "live", "--dry-run").code == 0
    assert not terminal.world.journal.count("arm.regenerateKey")


def test_a_rotation_that_is_held_back_is_for_a_person(terminal: Terminal) -> None:
    terminal.publish(days_ago=1, until=NOW + timedelta(days=2))
    said = terminal.json("rotate", "chat")
    assert (said.code, said.data["reason"]) == (3, "overlap-runs")
    assert said.data["heldUntil"]


def test_in_observe_mode_a_rotation_says_that_nothing_was_done(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    terminal.set(ROTATION_MODE="observe")
    said = terminal.type("rotate", "chat")
    assert said.code == 3
    assert said.lines[-1] == "Nothing was done: ROTATION_MODE is observe."


def test_a_turn_that_failed_says_how_to_ask_again(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    terminal.world.faults.add("arm.listKeys", "status", times=0, status=403, code="AuthorizationFailed")
    said = terminal.type("rotate", "chat", "--id", "ticket 12")
    assert said.code == 1
    assert "GrantRole" in said.out
    assert said.lines[-1] == "This request is not queued. Ask again with --id 'ticket 12': it rotates once."


@pytest.mark.parametrize(("key", "ended"), [("live", {"key1"}), ("previous", {"key2"}), ("both", {"key1", "key2"})])
def test_a_leaked_key_ends_while_the_command_runs(terminal: Terminal, key: str, ended: set[str]) -> None:
    terminal.publish(days_ago=1, until=NOW + timedelta(days=2))
    values = {slot: held.value for slot, held in terminal.account().keys.items()}
    said = terminal.json("leak", "chat", "--key", key, "--reason", "found in a paste")
    assert said.code == 0, said
    dead = {
        slot for slot, value in values.items() if not terminal.world.accounts.key_accepted(terminal.account(), value)
    }
    assert dead >= ended
    assert terminal.works()
    assert {one["key"] for one in said.data["leakedKeys"]} == ended


def test_a_target_waits_for_a_deployment_and_is_rotated_by_it(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    terminal.publish("search", days_ago=5)
    latest = (NOW + timedelta(days=9)).isoformat()
    armed = terminal.json("arm", "chat", "--environment", "production", "--latest", latest, "--reason", "release 7")
    assert (armed.code, armed.data["reason"]) == (0, "armed")
    assert terminal.json("deployed", "--environment", "staging").data["targets"] == []
    assert terminal.json("deployed", "--environment", "production", "--dry-run").data["outcomes"] == []
    said = terminal.json("deployed", "--environment", "Production")
    assert said.code == 0
    assert [one["target"] for one in said.data["outcomes"]] == ["chat"]
    assert terminal.vault.get_secret("chat-key").tags["CredentialId"] == "key2"
    assert terminal.vault.get_secret("search-key").tags["CredentialId"] == "key1"


def test_a_deployment_can_be_waited_for_no_more(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    terminal.type("arm", "chat", "--environment", "production", "--soak", "PT2H")
    said = terminal.type("disarm", "chat")
    assert said.code == 0
    assert "disarmed" in said.out
    first, then = terminal.type("deployed", "--environment", "production").lines
    assert first == "No target waits for a deployment to production."
    assert then.startswith("Next step: arm a target for it with ")
    assert terminal.json("deployed", "--environment", "production").data["why"] == first


def test_the_deadlines_are_listed_soonest_first(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    terminal.publish("search", days_ago=15)
    said = terminal.type("deadlines")
    assert said.code == 0
    assert [line.split()[2] for line in said.lines[1:]] == ["search", "chat"]
    assert terminal.json("deadlines").data["deadlines"][0]["target"] == "search"


def test_a_deadline_that_has_passed_is_something_due(terminal: Terminal) -> None:
    terminal.publish(days_ago=31)
    assert terminal.type("deadlines").code == 3


def test_the_deadlines_are_a_calendar(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    said = terminal.type("deadlines", "--ics")
    assert said.lines[0] == "BEGIN:VCALENDAR"
    assert "SUMMARY:chat: rotation" in said.lines


def test_nothing_enrolled_and_nothing_known_are_said(terminal: Terminal) -> None:
    for name in ("chat", "search"):
        terminal.account(name).tags = {}
    assert terminal.type("plan").out == "No target is enrolled.\n"
    assert terminal.type("status").out == "No target is enrolled.\n"
    assert terminal.type("deadlines").out == "No deadline is known.\n"


def test_a_target_that_cannot_be_looked_at_is_a_failure_with_its_next_step(terminal: Terminal) -> None:
    terminal.world.faults.add(
        "arm.getAccount", "status", times=0, status=403, target="chat", code="AuthorizationFailed"
    )
    said = terminal.type("plan")
    assert said.code == 1
    assert "GrantRole" in said.lines[1]
    assert "Next step: assign the role that" in said.lines[1]
    assert said.lines[2].startswith("search")
    assert terminal.type("status").code == 1


def test_what_cannot_be_enrolled_is_named(terminal: Terminal) -> None:
    terminal.account().tags = {"key-rotation": "perhaps"}
    said = terminal.type("plan")
    assert said.code == 1
    assert "neither on nor off" in said.out
    assert terminal.json("plan").data["problems"][0]["error"] == "FixConfiguration"


def test_a_secret_that_a_person_must_look_at_is_not_a_failure_of_the_command(terminal: Terminal) -> None:
    terminal.publish(days_ago=1)
    terminal.publish("search", days_ago=1)
    terminal.vault.update_secret("chat-key", terminal.vault.get_secret("chat-key").version, enabled=False)
    said = terminal.json("plan")
    assert said.code == 3
    assert said.data["targets"][0]["reason"] == "person-must-look"
    assert terminal.type("rotate", "chat").code == 3


def test_an_unknown_target_is_a_wrong_command_and_the_names_are_said(terminal: Terminal) -> None:
    said = terminal.type("rotate", "chart")
    assert said.code == 2
    assert "no target has this name" in said.out
    assert "Known: chat, search." in said.out
    assert terminal.json("rotate", "chart").data["error"] == "UnknownTarget"


WRONG = {
    "no command": ([], "COMMAND"),
    "an unknown command": (["rotat", "chat"], "rotat"),
    "no target": (["rotate"], "NAME"),
    "no key": (["leak", "chat"], "--key"),
    "another key": (["leak", "chat", "--key", "third"], "third"),
    "a long wait": (["leak", "chat", "--key", "live", "--wait", "PT3H"], "$.wait"),
    "no environment": (["arm", "chat"], "--environment"),
    "a bad environment": (["deployed", "--environment", "pro duction"], "$.environment"),
    "a bad soak": (["arm", "chat", "--environment", "production", "--soak", "2h"], "$.soak"),
    "a bad soak, in words": (["arm", "chat", "--environment", "production", "--soak", "2h"], "such as P1D, PT2H"),
    "a moment without a zone": (
        ["arm", "chat", "--environment", "prod", "--latest", "2027-01-31T00:00:00"],
        "$.latest",
    ),
    "a long reason": (["rotate", "chat", "--reason", "x" * 201], "$.reason"),
    "a long id": (["rotate", "chat", "--id", "x" * 256], "--id: is longer"),
    "a file that is not there": (["plan", "--settings", "nowhere.json"], "nowhere.json: cannot be read"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_command_is_refused_and_says_why(terminal: Terminal, case: str) -> None:
    words, why = WRONG[case]
    said = terminal.type(*words)
    assert said.code == 2
    assert why in said.err
    assert said.out == ""
    assert not terminal.world.journal.count("arm.regenerateKey")


def test_help_is_not_an_error(terminal: Terminal) -> None:
    said = terminal.type("--help")
    assert said.code == 0
    assert all(command in said.out for command in COMMANDS)


def test_wrong_settings_are_said_all_at_once(terminal: Terminal) -> None:
    terminal.set(ROTATION_PERIOD="monthly", ROTATION_VAULT_URL="keys")
    said = terminal.type("plan")
    assert said.code == 1
    assert "ROTATION_PERIOD" in said.out
    assert "ROTATION_VAULT_URL" in said.out


def test_without_settings_it_is_said_first_how_to_name_them_here_and_then_in_the_app(terminal: Terminal) -> None:
    for name in (*NAMES, STORAGE):
        terminal.set(**{name: None})
    for words in (["plan"], ["doctor"], ["leak", "chat", "--key", "live"]):
        said = terminal.type(*words)
        assert "here: set them in the environment, or in a file and add --settings local.settings.json" in said.out
        assert said.out.index("here: ") < said.out.index("in the function app: az functionapp config appsettings set")
        assert "restart the app" not in said.out


def test_wrong_settings_of_a_file_are_to_be_corrected_in_that_file(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"Values": {"ROTATION_PERIOD": "monthly"}}))
    terminal.set(ROTATION_PERIOD="P30D")
    said = terminal.json("plan", "--settings", str(file))
    assert said.data["nextStep"].startswith(f"here: correct them in {file}, which wins over the environment; ")


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_settings_of_a_functions_settings_file_are_read(terminal: Terminal, tmp_path: Path, place: str) -> None:
    terminal.publish(days_ago=5)
    terminal.set(ROTATION_MODE="rotate")
    file = tmp_path / "local.settings.json"
    file.write_text(json.dumps({"IsEncrypted": False, "Values": {"ROTATION_MODE": "observe"}}))
    given = ["--settings", str(file)]
    words = ["rotate", "chat"]
    said = terminal.type(*(given + words if place == "before" else words + given))
    assert "ROTATION_MODE is observe" in said.out


FILES = {
    "no JSON": ("AccountKey=SECRET", "is not JSON"),
    "no values": ("{}", "no object named Values"),
    "encrypted": ('{"IsEncrypted": true, "Values": {}}', "func settings decrypt"),
    "a number": ('{"Values": {"ROTATION_BRAKE": 10}}', "ROTATION_BRAKE: a setting's value is text"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_settings_file_that_is_none_is_refused_and_never_quoted(
    terminal: Terminal, tmp_path: Path, case: str
) -> None:
    text, why = FILES[case]
    file = tmp_path / "local.settings.json"
    file.write_text(text)
    said = terminal.type("plan", "--settings", str(file))
    assert said.code == 2
    assert why in said.err
    assert "SECRET" not in said.err


def test_what_somebody_wrote_into_a_tag_cannot_steer_the_terminal(terminal: Terminal) -> None:
    terminal.publish(days_ago=1)
    latest = terminal.vault.get_secret("chat-key")
    terminal.vault.update_secret(
        "chat-key", latest.version, tags={**latest.tags, "ProviderAddress": "\x1b[2J\x1b]0;owned\x07/other"}
    )
    assert "\x1b" not in terminal.type("plan").out


def test_stopping_a_command_promises_nothing_and_says_how_to_make_its_request_again(terminal: Terminal) -> None:
    async def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    for command in ("plan", "leak"):
        terminal.monkeypatch.setitem(COMMANDS, command, stopped)
    said = terminal.type("plan")
    assert (said.code, said.err) == (1, "Stopped.\n")
    leak = terminal.type("leak", "chat", "--key", "live", "--id", "ticket 12")
    again = "It may not have been carried out: make this very request again with --id 'ticket 12'."
    assert leak.err == f"Stopped. {again}\n"


OPERATIONS = ("kv.getSecret", "arm.listKeys", "arm.regenerateKey", "aoai.models", "kv.setSecret", "kv.updateSecret")
FAULTS = (("malformed", "truncated"), ("malformed", "wrong"), ("status", ""), ("drop_after", ""))
TYPED = (["plan"], ["status"], ["audit"], ["doctor"], ["rotate", "search"], ["leak", "chat", "--key", "both"])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_command_says_a_key_whatever_fails(terminal: Terminal, operation: str) -> None:
    """P7: the tripwire around every test listens to all that is said and logged."""
    for effect, form in FAULTS:
        for name in ("chat", "search"):
            terminal.publish(name, days_ago=5)
        terminal.world.faults.add(operation, effect, times=0, **({"form": form} if form else {}))
        for words in TYPED:
            terminal.type(*words)
            terminal.json(*words)
        terminal.world.faults.clear()


def test_the_tripwire_hears_what_is_typed_out(terminal: Terminal) -> None:
    """Were it deaf, the tests above would pass."""

    async def showing(parts: Opened, _: object) -> CommandResult:
        keys = await parts.rotation.outside.accounts.list_keys(AccountId.parse(terminal.account().id))
        return CommandResult(0, {}, keys[KeySlot.KEY1].reveal()[3:20])

    terminal.monkeypatch.setitem(COMMANDS, "plan", showing)
    terminal.type("plan")
    with pytest.raises(KeyLeaked):
        wire.check()
    wire.heard.clear()


def test_it_runs_as_a_module(terminal: Terminal) -> None:
    command = [sys.executable, "-m", "cli", "plan", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert done.stderr == ""
    assert {row["reason"] for row in json.loads(done.stdout)["targets"]} == {"adopt"}


def test_it_needs_nothing_that_only_developers_have() -> None:
    """What is imported is in requirements.txt: nothing of the tests, the demo or the emulator."""
    script = (
        "import sys, json, asyncio, cli.__main__ as c, shared.findings.gather, shared.doctor.examine, shared.web.calendar; "
        "import shared.adapters.examination, shared.adapters.key_vault, shared.adapters.openai_accounts; "
        "print(json.dumps(sorted({n.split('.')[0] for n in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"rich", "openai", "pytest", "trustme", "lab"} & set(json.loads(done.stdout))
