"""Play cases in both orders, and gather what does not hold."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from lab.prove.claims.case import Case
from lab.prove.claims.play import play


@dataclass(frozen=True)
class Violation:
    """One promise that does not hold.

    case: The case in which it does not.
    broken: What does not hold, in words.
    """

    case: Case
    broken: str

    def __str__(self) -> str:
        return f"{self.broken}\n    {self.case}"


@dataclass
class Figures:
    """What an exploration found.

    cases: How many cases were played, each in both orders.
    violations: What does not hold.
    seconds: How long it took.
    """

    cases: int = 0
    violations: list[Violation] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.cases} cases in both orders, {len(self.violations)} violations, {self.seconds:.0f} s"


def explore(chosen: Iterable[Case], *, until: str | None = None) -> Figures:
    """Play these cases and return the figures.

    until: How a violation begins at which to stop. None: all cases are played.
    """
    figures, began = Figures(), time.monotonic()
    for case in chosen:
        figures.cases += 1
        found = asyncio.run(_broken(case))
        figures.violations += [Violation(case, broken) for broken in found]
        if until is not None and any(broken.startswith(until) for broken in found):
            break
    figures.seconds = time.monotonic() - began
    return figures


async def _broken(case: Case) -> list[str]:
    """Play a case in both orders and return what does not hold."""
    first, second = await play(case, rival_first=False), await play(case, rival_first=True)
    broken = [*first.broken, *second.broken]
    if first.seen != second.seen:
        broken.append("P12: the order in which Azure lists the accounts changes what happens")
    return list(dict.fromkeys(broken))
