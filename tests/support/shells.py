"""The blocks for a terminal that the pages show, and what a shell makes of one that a person pastes into it.

zsh reads a block from the input of an interactive shell, as in a terminal: it then knows no comments, and it refuses a
pattern that matches no file. Every command is replaced by one that only records its arguments.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "samples").rglob("*.md")})
COMMANDS = (
    "az", "azd", "bash", "curl", "cut", "func", "git", "kubectl", "make", "pip", "python", "python3", "python3.13",
    "sh", "sudo", "timedatectl",
)  # fmt: skip
SHELLS = {"bash": ("bash", "--norc", "--noprofile"), "zsh": ("zsh", "-f", "-i")}
KEYS = {"<spare>": "key1", "<live>": "key2"}
RECORDER = """#!/bin/sh
printf '%s\\0' "${0##*/}" "$@" >> "$RECORD"
printf '\\001\\0' >> "$RECORD"
echo found
"""


@dataclass(frozen=True)
class Block:
    """A block for a terminal.

    page: The page that shows it.
    line: The number of its first line there.
    text: What a person pastes, with its placeholders.
    """

    page: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def filled(self) -> str:
        """The text with each placeholder replaced by one word."""
        return filled(self.text)


def filled(text: str) -> str:
    """Return a text with each placeholder replaced by one word: its own example, a key's name, or any word."""
    return re.sub(r"<[^<>\n|&;$]+>", lambda found: _word_for(found[0]), text)


def _word_for(placeholder: str) -> str:
    _, _, example = placeholder.strip("<>").partition(", such as ")
    return example or KEYS.get(placeholder, "filled-in")


def blocks(page: Path) -> list[Block]:
    """Return every block of a page that is marked sh, without its indentation."""
    text = page.read_text()
    found = re.finditer(r"^[ ]*```sh\n(.*?)^[ ]*```$", text, re.MULTILINE | re.DOTALL)
    return [Block(page, text[: one.start(1)].count("\n") + 1, dedent(one[1])) for one in found]


def all_blocks() -> list[Block]:
    """Return every block of every page."""
    return [block for page in PAGES for block in blocks(page)]


def run(shell: str, script: str, folder: Path) -> tuple[list[list[str]], str]:
    """Return the commands, each with its arguments, that a shell runs for a script, and what it complains about.

    `folder` is an empty folder in which the script runs.
    """
    stubs, record = folder / "stubs", folder / "record"
    stubs.mkdir()
    record.touch()
    for name in COMMANDS:
        (stubs / name).write_text(RECORDER)
        (stubs / name).chmod(0o700)
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "activate").touch()
    name, *options = SHELLS[shell]
    done = subprocess.run(
        [shutil.which(name) or name, *options], input=script, capture_output=True, text=True, check=False, cwd=folder,
        env={"PATH": str(stubs), "RECORD": str(record), "PS1": "", "PS2": "", "HOME": str(folder)}, timeout=60,
        start_new_session=True,
    )  # fmt: skip
    commands = [part.split("\0")[:-1] for part in record.read_text().split("\001\0")[:-1]]
    return commands, complaints(done.stderr)


def complaints(said: str) -> str:
    """Return what a shell said about the script, without prompts and without what it says of a missing terminal."""
    about_terminals = ("no job control", "can't set tty pgrp", "cannot set terminal process group")
    lines = [line for line in said.splitlines() if re.match(r"\S*(bash|zsh): ", line)]
    return os.linesep.join(line for line in lines if not any(one in line for one in about_terminals))


def hazards(text: str) -> list[str]:
    """Return what in a block means something else in a shell that a person pastes it into.

    These are comments, because zsh knows none at its prompt, and the characters of patterns outside quotes, because zsh
    refuses a pattern that matches no file.
    """
    bare = _outside_quotes(text)
    found = [f"comment: {line.strip()}" for line in bare.splitlines() if re.search(r"(^|\s)#", line)]
    return found + [f"pattern: {line.strip()}" for line in bare.splitlines() if re.search(r"[?*\[\]]", line)]


def _outside_quotes(text: str) -> str:
    """Return a block without what stands in quotes. Inside `"..."`, the words of `$(...)` are not in quotes."""
    kept, nested = "", [""]  # each entry is the quote or bracket that will close
    place = 0
    while place < len(text):
        one, closing = text[place], nested[-1]
        if one == "\\" and closing != "'":
            place += 2
            continue
        if one == closing:
            nested.pop()
        elif closing != "'" and text.startswith("$(", place):
            nested.append(")")
            place += 1
        elif closing in ("", ")") and one in "\"'":
            nested.append(one)
        elif closing in ("", ")"):
            kept += one
        place += 1
    return kept
