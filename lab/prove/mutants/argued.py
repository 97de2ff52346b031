"""Arguments for mutants that no test kills: each says why the change makes no difference. They are in `argued.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.prove.mutants.results import Mutant

PAGE = Path(__file__).with_name("argued.toml")


@dataclass(frozen=True)
class Argument:
    """Why a change makes no difference.

    function: The function, such as `decide.cadence.observation_due`.
    before: The lines that the mutant removes, joined by spaces.
    after: The lines that it puts in their place.
    why: The reason, in a sentence.
    """

    function: str
    before: str
    after: str
    why: str

    @property
    def room(self) -> str:
        """The module, such as `decide.cadence`."""
        return ".".join(self.function.split(".")[:2])

    def covers(self, mutant: Mutant) -> bool:
        """Return whether this argument is about exactly this mutant."""
        return (self.function, self.before, self.after) == (mutant.function, mutant.before, mutant.after)


def arguments(page: Path = PAGE) -> Iterator[Argument]:
    """Read all arguments."""
    for group in tomllib.loads(page.read_text())["argued"]:
        for change in group["changes"]:
            before, after = change
            yield Argument(group["function"], before, after, group["why"])
