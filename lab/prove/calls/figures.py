"""What a proof came to, and in which words it is said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lab.prove.calls.trial import Result


@dataclass(frozen=True)
class SceneFigures:
    """One scene: its calls, the faults tried, and how many cases kept every promise."""

    name: str
    calls: int
    faults: int
    cases: int
    kept: int

    def __str__(self) -> str:
        return f"{self.name}: {self.calls} calls x {self.faults} faults where they apply, {self.kept} of {self.cases}"


@dataclass(frozen=True)
class Figures:
    """All scenes, every case that broke a promise, and the time it took."""

    scenes: tuple[SceneFigures, ...]
    failures: tuple[Result, ...]
    seconds: float

    @property
    def cases(self) -> int:
        return sum(scene.cases for scene in self.scenes)

    @property
    def kept(self) -> int:
        return sum(scene.kept for scene in self.scenes)

    @property
    def good(self) -> bool:
        return self.cases > 0 and self.kept == self.cases

    def lines(self) -> Iterator[str]:
        yield from map(str, self.scenes)
        for failure in self.failures:
            yield ""
            yield from (f"BROKEN: {what}" for what in failure.broken)
            yield failure.history
        yield f"{self.kept} of {self.cases}, in {self.seconds:.0f} s"
