"""`doctor --first-deployment`: the list of docs/deploy.md, run with an `az` and an `azd` that answer from a table."""

import json
import re
import shutil
from pathlib import Path

import pytest

from cli.__main__ import main
from cli.first_deployment import JUDGES, items

BY_TITLE = {item.title: item for item in items()}
READING = re.compile(
    r"\b(az \w[\w -]*? (?:list|show|build|get-access-token)|azd env get-value|az rest --method post)\b"
)
ROWS = '{"tables": [{"rows": [%s]}]}'
# What a program prints for arguments that contain these words. The first row that fits answers.
GOOD = {
    "az bicep build": "{}",
    "az role assignment list": json.dumps([f"role {number}" for number in range(12)]),
    "az functionapp function list": '["app/tick", "app/turn", "app/http"]',
    "az rest --method post": ROWS % "",
    "az monitor log-analytics workspace list": "a-guid",
    "azd env get-value ROTATION_EVENT_DOORS": "true",
    "azd env get-value": "a-value",
    "az eventgrid system-topic list": "rg-prod\tvault-topic\nrg-prod-events\taccounts-topic",
    "az eventgrid system-topic event-subscription list": "key-rotation\tSucceeded",
    "az eventgrid event-subscription list": "team\tSucceeded",
    "az monitor metrics alert list": '["key-rotation-undelivered-announcements-x", "u-vault-x", "u-accounts-x"]',
    "az account get-access-token": "a-token",
    "curl": "200",
}
# Which answer is changed, what it becomes, the item that then fails, and a part of the reason.
BAD = [
    ("az role assignment list", '["one"]', "A custom role", "1 roles are assigned, fewer than 12."),
    ("az functionapp function list", '["app/turn"]', "The remote build", "There is no function tick."),
    ("az functionapp function list", "[]", "The remote build", "There is no function tick and no turn."),
    ("curl", "503", "The app answers over HTTP", "The answer is 503."),
    ("curl", "401", "With an app registration", "The answer is 401."),
    ("az rest --method post", ROWS % '["2026-11-28", "Unhealthy"]', "The Functions host", "1 such lines"),
    ("az rest --method post", "no JSON", "The Functions host", "cannot be read"),
    ("azd env get-value ROTATION_EVENT_DOORS", "false", "A hook of `azd`", "The answer is false."),
    ("az eventgrid system-topic event-subscription list", "k\tFailed", "Event Grid accepts", "Not Succeeded: k Failed"),
    ("az eventgrid system-topic list", "rg\tonly-one", "Event Grid accepts", "1 event subscriptions, fewer than 2."),
    ("az monitor metrics alert list", '["u-vault-x"]', "Azure Monitor", "no alert for announcements, accounts."),
    ("az eventgrid event-subscription list", "", "Somebody listens", "0 event subscriptions, fewer than 1."),
    ("az eventgrid event-subscription list", "t\tAwaitingManualAction", "Somebody listens", "t AwaitingManualAction"),
]


class Programs:
    """Programs on the PATH that answer from a table. `answers` can be changed; None makes the program fail."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.answers = folder, dict[str, str | None](GOOD)
        self.warning = ""

    def write(self, *names: str) -> None:
        """Write the programs of these names."""
        for name in names:
            cases = [self._case(words, said) for words, said in self.answers.items() if words.split()[0] == name]
            path = self.folder / name
            path.write_text("\n".join(["#!/bin/sh", f'case "{name} $*" in', *cases, "*) exit 9;;", "esac"]))
            path.chmod(0o700)

    def _case(self, words: str, said: str | None) -> str:
        (self.folder / "answers").mkdir(exist_ok=True)
        if said is None:
            return f"*'{words}'*) echo 'Please run az login' >&2; exit 1;;"
        answer = self.folder / "answers" / words.replace(" ", "-")
        answer.write_text(f"{said}\n" if said else "")
        warn = f" echo '{self.warning}' >&2;" if "bicep" in words else ""
        return f"*'{words}'*){warn} cat '{answer}';;"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """`az`, `azd` and `curl` that give good answers, and no settings in the environment."""
    for name in ("bash", "cat"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ROTATION_SUBSCRIPTIONS", raising=False)
    return Programs(tmp_path)


def examined(capsys: pytest.CaptureFixture[str], programs: Programs) -> tuple[int, dict[str, dict[str, str]]]:
    """Run the command and return its exit code and the checks by title, in their order."""
    programs.write("az", "azd", "curl")
    code = main(["doctor", "--first-deployment", "--json"])
    return code, {one["thing"]: one for one in json.loads(capsys.readouterr().out)["checks"]}


def test_the_command_goes_through_the_page_in_its_order(capsys: pytest.CaptureFixture[str], programs: Programs) -> None:
    code, found = examined(capsys, programs)
    assert code == 0
    assert list(found) == list(BY_TITLE)
    assert {title for title, one in found.items() if one["state"] == "ok"} == set(JUDGES)
    assert {one["state"] for title, one in found.items() if title not in JUDGES} == {"not-checked"}


@pytest.mark.parametrize(("words", "answer", "title", "why"), BAD)
def test_an_answer_that_is_not_as_it_should_be_fails_its_item(
    capsys: pytest.CaptureFixture[str], programs: Programs, words: str, answer: str, title: str, why: str
) -> None:
    programs.answers[words] = answer
    code, found = examined(capsys, programs)
    [one] = [one for name, one in found.items() if name.startswith(title)]
    assert (code, one["state"]) == (3, "failed")
    assert why in one["why"]
    assert BY_TITLE[one["thing"]].text in one["why"], "the page says what to do"
    assert one["mend"] == BY_TITLE[one["thing"]].commands.strip()


def test_a_warning_of_the_compiler_fails(capsys: pytest.CaptureFixture[str], programs: Programs) -> None:
    programs.warning = "main.bicep(1,1) : Warning BCP318: it may be null"
    _, found = examined(capsys, programs)
    one = found["The template compiles without a warning"]
    assert (one["state"], "1 warnings or errors: main.bicep" in one["why"]) == ("failed", True)


def test_a_command_that_fails_is_not_called_a_failure_of_the_deployment(
    capsys: pytest.CaptureFixture[str], programs: Programs
) -> None:
    programs.answers = {words: None for words in GOOD if words.startswith("az ")} | {
        words: said for words, said in GOOD.items() if not words.startswith("az ")
    }
    code, found = examined(capsys, programs)
    one = found["Somebody listens to the announcements"]
    assert (code, one["state"]) == (0, "not-checked")
    assert one["why"].startswith("The command failed: Please run az login ")
    assert found["A hook of `azd` may provision again"]["state"] == "ok"


def test_without_the_programs_the_commands_are_shown(capsys: pytest.CaptureFixture[str], programs: Programs) -> None:
    programs.write("curl")
    assert main(["doctor", "--first-deployment"]) == 0
    shown = capsys.readouterr().out
    assert "az, azd: not installed here." in shown
    assert f"{len(BY_TITLE)} not checked" in shown
    for item in BY_TITLE.values():
        assert item.title in shown
        assert all(line in shown for line in item.commands.splitlines() if not line.startswith(" "))


def test_every_judgement_belongs_to_an_item_of_the_page_with_commands() -> None:
    assert set(JUDGES) <= set(BY_TITLE)
    assert all(BY_TITLE[title].commands for title in JUDGES)
    assert all(item.text or item.commands for item in BY_TITLE.values())


@pytest.mark.parametrize("title", JUDGES)
def test_what_is_run_only_reads_and_needs_no_placeholder(title: str) -> None:
    commands = BY_TITLE[title].commands
    assert "<" not in commands
    called = re.findall(r"\b(?:az|azd) [a-z]", commands)
    assert len(READING.findall(commands)) == len(called)
    assert not re.search(r"curl .*(-X|--request|-d|--data)", commands)
