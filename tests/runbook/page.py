"""Reads a page of entries. Each entry has four parts: *See*, *Means*, *Do* and *Over*.

The code spans of *See* must appear in what the test reads; `...` stands for any text. The test must run every command
of *Do* and *Over*, with its placeholders in angle brackets filled in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
PARTS = ("See", "Means", "Do", "Over")
COMMANDS = ("az ", "azd ", "python -m cli", "GET /", "POST /", "PUT /", "DELETE /", "func ")


@dataclass(frozen=True)
class Entry:
    """One entry of a page.

    name: Its heading.
    text: What follows the heading.
    """

    name: str
    text: str

    def part(self, name: str) -> str:
        """Return the text of one of the four parts, empty if the entry has no such part."""
        found = re.search(rf"^- \*{name}:\* (.*?)(?=^- \*|\Z)", self.text, re.MULTILINE | re.DOTALL)
        return found[1] if found else ""

    @property
    def signs(self) -> list[str]:
        """The code spans that a reader of the page will see somewhere."""
        return [span for span in spans(self.part("See")) if not span.startswith(COMMANDS)]

    @property
    def commands(self) -> list[str]:
        """The commands that the entry shows, in a block or in a line."""
        return [span for span in spans(self.text) if span.startswith(COMMANDS)]


def spans(text: str) -> list[str]:
    """Return every code span and every line of every code block. A continued line counts as one line."""
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    typed = [line for block in blocks for line in re.sub(r"\\\s*\n\s*", "", block).splitlines()]
    inline = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [" ".join(re.sub(r"\s+# .*", "", one).split()) for one in (*typed, *inline) if one.strip()]


def entries(page: str) -> dict[str, Entry]:
    """Return the entries of a page by name: its headings of the second level."""
    text = re.sub(r"^# .+?(?=^## |\Z)", "", (DOCS / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    pieces = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return {name: Entry(name, text) for name, text in zip(pieces[::2], pieces[1::2], strict=True)}


def appears(sign: str, text: str) -> bool:
    """Return whether a code span of *See* appears in a text."""
    parts = [re.escape(part) for part in re.split(r"\.\.\.|<[^<>]+>", sign)]
    return re.search(".+?".join(parts), " ".join(text.split())) is not None


def filled(command: str, values: dict[str, str]) -> str:
    """Return the command with its placeholders filled in. A placeholder without a value stays."""
    return re.sub(r"<([^<>]+)>", lambda found: values.get(re.sub(r"\W", "_", found[1]), found[0]), command)
