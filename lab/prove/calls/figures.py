"""The figures of the proof, and the lines that are printed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lab.prove.calls.trial import Result


@dataclass(frozen=True)
class SceneFigures:
    """The figures of one scene.

    name: The scene.
    calls: How many outgoing calls it has.
    faults: How many different faults were tried.
    cases: How many pairs of a call and a fault were played.
    kept: How many of these kept every promise.
    """

    name: str
    calls: int
    faults: int
    cases: int
    kept: int

    def __str__(self) -> str:
        return f"{self.name}: {self.calls} calls x {self.faults} faults where they apply, {self.kept} of {self.cases}"


@dataclass(frozen=True)
class Figures:
    """The figures of all scenes.

    scenes: One entry for each scene.
    failures: Every case that broke a promise.
    seconds: How long it took.
    """

    scenes: tuple[SceneFigures, ...]
    failures: tuple[Result, ...]
    seconds: float

    @property
    def cases(self) -> int:
        """How many cases were played."""
        return sum(scene.cases for scene in self.scenes)

    @property
    def kept(self) -> int:
        """How many cases kept every promise."""
        return sum(scene.kept for scene in self.scenes)

    @property
    def good(self) -> bool:
        """Whether cases were played and all kept every promise."""
        return self.cases > 0 and self.kept == self.cases

    def lines(self) -> Iterator[str]:
        """Yield the lines to print."""
        yield from map(str, self.scenes)
        for failure in self.failures:
            yield ""
            yield from (f"BROKEN: {what}" for what in failure.broken)
            yield failure.history
        yield f"{self.kept} of {self.cases}, in {self.seconds:.0f} s"
