"""Runs the commands that the pages show, one after the other, against the emulated Azure."""

import re
import shlex

import pytest

from cli.commands import COMMANDS
from tests.cli.conftest import ROOT, Terminal, azure, no_key_is_ever_shown, no_waiting, terminal

__all__ = ["azure", "no_key_is_ever_shown", "no_waiting", "terminal"]

README = (ROOT / "README.md").read_text()
PAGE = (ROOT / "docs" / "command-line.md").read_text()
SHOWN = re.findall(r"^python -m cli (.+)$", README, re.MULTILINE)


def test_the_readme_shows_every_command_and_each_succeeds(terminal: Terminal) -> None:
    terminal.publish(days_ago=5)
    terminal.publish("search", days_ago=5)
    printed = {words: terminal.type(*shlex.split(words, comments=True)) for words in SHOWN}
    assert {words.split()[0] for words in printed} == set(COMMANDS)
    due = {words.split()[0] for words, one in printed.items() if one.code == 3}
    assert due == {"audit", "readiness"}, (
        "the targets have no sunset, and nobody knows who uses keys; else nothing is due"
    )
    [unseen] = [words for words, one in printed.items() if one.code not in (0, 3)]
    assert (unseen, printed[unseen].code) == ("readers", 1), "the app may not see how the vault decides"
    assert terminal.works()


def test_the_page_lists_every_command() -> None:
    assert set(re.findall(r"^\| `([a-z-]+)", PAGE, re.MULTILINE)) >= set(COMMANDS)


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_the_page_explains_every_exit_code(code: int) -> None:
    assert re.search(rf"^\| {code} \| ", PAGE, re.MULTILINE)
