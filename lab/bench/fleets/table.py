"""The tables that the bench prints, in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

FLEETS = (
    "case",
    "instances",
    "due",
    "done",
    "given up / announced as failed",
    "answered 429",
    "took",
    "Azure's bound",
    "this machine's",
    "ratio",
)
LEAKS = ("subscriptions", "leak reported by", "key refused after", "answered after", "calls needed take", "ratio")


def head(names: Sequence[str]) -> str:
    """Return the first two lines of a table."""
    return f"{line(names)}\n{line(['---'] * len(names))}"


def line(cells: Sequence[str]) -> str:
    """Return one line of a table."""
    return f"| {' | '.join(cells)} |"
