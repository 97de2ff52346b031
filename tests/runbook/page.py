"""A page of entries, read as its readers read it: what is seen, what it means, what to do, when it is over.

Code spans of *See* must turn up in what a test sees (`...` stands for anything). Commands of *Do* and *Over* must be
run by the test; what stands in angle brackets is filled in.
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
    name: str
    text: str

    def part(self, name: str) -> str:
        found = re.search(rf"^- \*{name}:\* (.*?)(?=^- \*|\Z)", self.text, re.MULTILINE | re.DOTALL)
        return found[1] if found else ""

    @property
    def signs(self) -> list[str]:
        """What is to be seen."""
        return [span for span in spans(self.part("See")) if not span.startswith(COMMANDS)]

    @property
    def commands(self) -> list[str]:
        """What is to be typed, wherever it stands: in a block or in a line."""
        return [span for span in spans(self.text) if span.startswith(COMMANDS)]


def spans(text: str) -> list[str]:
    """Every code span, and every command of every block, a command that goes on in the next line as one."""
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    typed = [line for block in blocks for line in re.sub(r"\\\s*\n\s*", "", block).splitlines()]
    inline = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [" ".join(re.sub(r"\s+# .*", "", one).split()) for one in (*typed, *inline) if one.strip()]


def entries(page: str) -> dict[str, Entry]:
    """The entries of a page, by their headings of the second level."""
    text = re.sub(r"^# .+?(?=^## |\Z)", "", (DOCS / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    pieces = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return {name: Entry(name, text) for name, text in zip(pieces[::2], pieces[1::2], strict=True)}


def turns_up(sign: str, text: str) -> bool:
    parts = [re.escape(part) for part in re.split(r"\.\.\.|<[^<>]+>", sign)]
    return re.search(".+?".join(parts), " ".join(text.split())) is not None


def filled(command: str, values: dict[str, str]) -> str:
    """The command with its placeholders filled in; one that is not given stays."""
    return re.sub(r"<([^<>]+)>", lambda found: values.get(re.sub(r"\W", "_", found[1]), found[0]), command)
