"""The mutants that no test kills, each with a sentence that says why nobody could care. They stand in `argued.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.prove.mutants.survivors import Mutant

PAGE = Path(__file__).with_name("argued.toml")


@dataclass(frozen=True)
class Argument:
    """Why a change of these lines in that function is none that matters."""

    function: str
    before: str
    after: str
    why: str

    @property
    def room(self) -> str:
        return ".".join(self.function.split(".")[:2])

    def covers(self, mutant: Mutant) -> bool:
        return (self.function, self.before, self.after) == (mutant.function, mutant.before, mutant.after)


def arguments(page: Path = PAGE) -> Iterator[Argument]:
    for group in tomllib.loads(page.read_text())["argued"]:
        for change in group["changes"]:
            before, after = change
            yield Argument(group["function"], before, after, group["why"])
