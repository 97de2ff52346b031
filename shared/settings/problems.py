"""The problems found while reading settings and tags: all of them are gathered and then reported together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldProblem:
    """One problem with one field that a person wrote.

    thing: What the problem is about, such as `ROTATION_PERIOD`, `ROTATION_TARGETS[0], name` or `account chat, tags,
        period`.
    what: What is wrong with it, without a full stop.
    step: What a person should do about it. None: correct it.
    """

    thing: str
    what: str
    step: str | None = None

    @property
    def setting(self) -> str:
        """The name of the setting, for a problem with a setting or with an entry of one."""
        return self.thing.partition("[")[0]

    def __str__(self) -> str:
        return f"{self.thing}: {self.what}"


class Problems(list[FieldProblem]):
    """All problems found so far, in the order in which they were found."""

    def add(self, thing: str, what: str, step: str | None = None) -> None:
        """Add one problem. `step` is what a person should do about it; None: correct it."""
        self.append(FieldProblem(thing, what, step))

    def read[T](self, thing: str, text: object, reader: Callable[[str], T]) -> T | None:
        """Return what the reader makes of the text. Add a problem and return None if it refuses the text.

        reader: Raises ValueError saying what is wrong with the text.
        """
        if not isinstance(text, str):
            self.add(thing, f"{text!r} is not text")
            return None
        try:
            return reader(text)
        except ValueError as problem:
            self.add(thing, str(problem))
            return None

    def text(self) -> str:
        """All problems on one line."""
        return "; ".join(map(str, self))
