"""Every history of one target in a small world, explored to the end with the real deciding and performing code.

A state is what Azure holds between two turns, and what a witness must remember to judge (`state`). From each state
everything that can happen next is tried (`moves`): time passes, a tick, a request, a leak or a deployment brings a
turn; a turn is killed, refused, unheard, repeated or overtaken by a second runner at each of its calls (`disturbed`,
`together`); somebody has the portal open; Event Grid is out. The witness judges every effect (`witness`), and from
every state the following ticks must find rest (`rest`). States that mean the same are one (`canonical`), so all of
it has an end.

What is bounded, and what is left out, is printed with the figures: `BOUNDS`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lab.prove.histories.explorer import Explorer, Violation
from lab.prove.histories.lives import Life, lives

BOUNDS = """\
Bounded: so many faults and interferences in one history as is said, and everything else without end; requests stop
while four happenings are still to be announced; they come at interesting moments and not between them.
Left out: windows, keys that take time to be valid, the pauses within a turn, a turn that has only so long, the brake,
the `prefer` policy, several targets, a second runner that is disturbed itself, tags and secrets damaged or deleted by
hand, a lease left by a killed process (it only delays: whoever comes is told busy and touches nothing).
A call that is on its way when its lease is lost cannot be held back: what it breaks is excused until the next look,
which must heal it, and where it hides the version that another turn has just written, what only that version knew is
not asked for any more: neither for what was owed, nor for a deployment that was waited for."""


@dataclass(frozen=True)
class Figures:
    """What was explored. `complete` says that no state was left to look at when it ended."""

    faults: int
    states: int
    transitions: int
    longest_to_rest: int
    violations: tuple[Violation, ...]
    seconds: float
    complete: bool

    def __str__(self) -> str:
        ended = "every state was reached" if self.complete else "STOPPED before every state was reached"
        return (
            f"histories with {self.faults} faults at most: {self.states} states, {self.transitions} transitions, "
            f"at most {self.longest_to_rest} ticks to rest, {len(self.violations)} violations, "
            f"{self.seconds:.1f} s; {ended}."
        )


def explore(
    faults: int,
    among: Sequence[Life] | None = None,
    *,
    thorough: bool = False,
    seconds: float = float("inf"),
    out: Callable[[str], object] = print,
) -> Figures:
    """All lives, one after the other, each up to its first violation. `thorough` also lets a late call of one runner
    land at every call of the other one, and brings that other one with a leak."""
    began = time.monotonic()
    explorers = [Explorer(life, faults, thorough, began + seconds) for life in among or lives()]
    for explorer in explorers:
        explorer.explore()
        for violation in explorer.violations:
            out(str(violation))
        out(str(_figures(faults, [explorer], explorer.seconds)).replace("histories", explorer.life.name, 1))
    return _figures(faults, explorers, time.monotonic() - began)


def _figures(faults: int, explorers: Sequence[Explorer], seconds: float) -> Figures:
    violations = tuple(violation for one in explorers for violation in one.violations)
    return Figures(
        faults=faults,
        states=sum(len(one.found) for one in explorers),
        transitions=sum(one.transitions for one in explorers),
        longest_to_rest=max(one.longest_to_rest for one in explorers),
        violations=violations,
        seconds=seconds,
        complete=not violations and not any(one.out_of_time for one in explorers),
    )
