"""The figures of a mutation run, and the lines that are printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lab.prove.mutants.argued import Argument
from lab.prove.mutants.results import Mutant

LEAST_KILLED = 0.95


@dataclass(frozen=True)
class Figures:
    """The results of a run.

    mutants: Every mutant that was tried.
    arguments: The arguments for mutants of these modules that may survive.
    seconds: How long the run took.
    """

    mutants: tuple[Mutant, ...]
    arguments: tuple[Argument, ...]
    seconds: float = 0.0

    @property
    def killed(self) -> int:
        """How many mutants made a test fail."""
        return sum(mutant.killed for mutant in self.mutants)

    @property
    def share(self) -> float:
        """The part of the mutants that was killed, from 0 to 1."""
        return self.killed / len(self.mutants) if self.mutants else 0.0

    @property
    def argued(self) -> tuple[Mutant, ...]:
        """Survivors with an argument."""
        return tuple(one for one in self.mutants if not one.killed and self._is_argued(one))

    @property
    def unargued(self) -> tuple[Mutant, ...]:
        """Survivors without an argument."""
        return tuple(one for one in self.mutants if not one.killed and not self._is_argued(one))

    @property
    def idle(self) -> tuple[Argument, ...]:
        """Arguments for mutants that were killed or do not exist any more. They should be removed."""
        survivors = self.argued
        return tuple(one for one in self.arguments if not any(one.covers(mutant) for mutant in survivors))

    @property
    def good(self) -> bool:
        """Whether at least LEAST_KILLED of the mutants were killed and all others are argued."""
        return bool(self.mutants) and not self.unargued and self.share >= LEAST_KILLED

    def _is_argued(self, mutant: Mutant) -> bool:
        return any(argument.covers(mutant) for argument in self.arguments)

    def lines(self) -> Iterator[str]:
        """Yield the lines to print."""
        tried, killed = (
            Counter(one.room for one in self.mutants),
            Counter(one.room for one in self.mutants if one.killed),
        )
        yield from (f"mutants: {room}: {killed[room]} of {tried[room]} killed" for room in tried)
        yield from (f"mutants: SURVIVED {mutant}" for mutant in self.unargued)
        yield from (f"mutants: no longer needs an argument: {one.function}: {one.before}" for one in self.idle)
        yield (
            f"mutants: {len(self.mutants)} mutants, {self.killed} killed ({self.share:.1%}), "
            f"{len(self.argued)} survivors argued, {len(self.unargued)} not, {self.seconds:.0f} s"
        )
        if self.share < LEAST_KILLED:
            yield f"mutants: fewer than {LEAST_KILLED:.0%} were killed"
