"""What commands write to a file or a pipe, on systems whose encoding has few characters."""

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import icalendar
import pytest

from cli.__main__ import main
from cli.commands import COMMANDS
from lab.simulation.tripwire import wire
from tests.cli.conftest import ROOT, Terminal

OWNER, REASON = "Łukasz <team@example.com>", "ключ in a paste ✓"
UNTIL = (datetime.now(UTC) + timedelta(days=2)).isoformat(timespec="seconds")
CODE_PAGES = ["cp1252", "cp437", "ascii", "utf-8"]


class WindowsFile(io.TextIOWrapper):
    """Standard output that is redirected to a file, as Python opens it on Windows: in a code page, with CRLF."""

    def __init__(self, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="\r\n")

    def content(self) -> bytes:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


def redirected(terminal: Terminal, encoding: str, *words: str) -> tuple[int, bytes]:
    """Run a command with standard output in a file. Return its exit code and what the file holds."""
    file = WindowsFile(encoding)
    terminal.plant()
    with terminal.monkeypatch.context() as changed:
        changed.setattr(sys, "stdout", file)
        code = main(words)
    wire.hear(file.content().decode("latin-1"))
    return code, file.content()


@pytest.fixture
def abroad(terminal: Terminal) -> Terminal:
    """Two targets, one of which has a publication and an owner whose name a western code page lacks."""
    terminal.account().tags |= {"key-rotation-owner": OWNER}
    terminal.publish(days_ago=5)
    return terminal


WORDS: dict[str, Sequence[str]] = {
    "rotate": ("chat", "--reason", REASON, "--by", OWNER, "--id", "№1"),
    "leak": ("chat", "--key", "live", "--reason", REASON, "--by", OWNER, "--dry-run"),
    "arm": ("chat", "--environment", "production", "--reason", REASON, "--id", "№2"),
    "disarm": ("chat", "--by", OWNER, "--id", "№3"),
    "trial": ("chat", "--reason", REASON, "--confirm", "chat", "--by", OWNER, "--id", "№5"),
    "hold": ("chat", "--until", UNTIL, "--reason", REASON, "--by", OWNER, "--id", "№6"),
    "rotate-many": ("chat", "--reason", REASON, "--by", OWNER, "--id", "№4"),
    "deployed": ("--environment", "production", "--reason", REASON, "--id", "№2"),
}


@pytest.mark.parametrize("encoding", CODE_PAGES)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_writes_its_answer_in_every_code_page(abroad: Terminal, command: str, encoding: str) -> None:
    code, written = redirected(abroad, encoding, command, *WORDS.get(command, ()))
    assert code == 1 if command == "readers" else code in (0, 3)  # the app may not see how the vault decides
    assert written.decode(encoding).endswith("\r\n")


def test_a_character_that_the_code_page_lacks_is_written_as_an_escape(abroad: Terminal) -> None:
    _, written = redirected(abroad, "cp1252", "rotate", "chat", "--id", "Łukasz-Müller")
    assert written.decode("cp1252").endswith("--id '\\u0141ukasz-Müller'\r\n")


def test_what_another_person_wrote_into_a_tag_is_shown_in_every_code_page(abroad: Terminal) -> None:
    abroad.account("search").tags |= {"key-rotation-period": "Łukasz"}
    for command in ("plan", "status", "deadlines", "audit", "doctor"):
        _, written = redirected(abroad, "cp1252", command)
        assert "\\u0141ukasz" in written.decode("cp1252"), command


@pytest.mark.parametrize("encoding", CODE_PAGES)
def test_the_calendar_is_the_same_file_in_every_code_page(abroad: Terminal, encoding: str) -> None:
    _, written = redirected(abroad, encoding, "deadlines", "--ics")
    assert written.startswith(b"BEGIN:VCALENDAR\r\n")
    assert written.endswith(b"END:VCALENDAR\r\n")
    assert written.count(b"\n") == written.count(b"\r\n")
    assert b"\r\r" not in written
    (event,) = icalendar.Calendar.from_ical(written.decode("utf-8")).walk("VEVENT")
    assert str(event["DESCRIPTION"]).endswith(f"Owner: {OWNER}.")


@pytest.mark.parametrize("words", [("deadlines", "--ics"), ("rotate", "chat", "--id", "№1"), ("arm", "--help")])
def test_a_process_with_a_western_code_page_writes_to_a_pipe(abroad: Terminal, words: Sequence[str]) -> None:
    terminal_settings = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    ran = subprocess.run(
        [sys.executable, "-m", "cli", *words], cwd=ROOT, env=terminal_settings, capture_output=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    wire.hear(ran.stdout.decode("latin-1"))


def test_json_is_ascii_also_for_the_calendar(abroad: Terminal) -> None:
    for words in (("deadlines", "--ics", "--json"), ("rotate", "chat", "--id", "№1", "--json")):
        assert redirected(abroad, "utf-8", *words)[1].isascii()
