"""A second model checker: trials, holds, and what follows a deployment, with time that passes within them.

`lab.prove.histories` has one frozen moment for a turn and merges states that differ in time alone. A trial lives on
moments, so this world is smaller and its clock is real: one account, one secret, one note of orders. It takes the
shipped turns through fakes of the ports, and tries at every call of every turn a kill, a refusal, a lost answer, a lost
lease with another turn, a leak that takes over, and what others do. `lives` says what is explored, `judge` by what.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from lab.prove.trials.explorer import Explorer, Violation
from lab.prove.trials.lives import Life, lives
from shared.domain.names import LOGGER

BOUNDS = """\
Bounded: one history has at most the stated number of faults and acts of others, one trial, and each request once.
Left out: windows, several targets, damaged notes, a call that arrives after its turn has lost the lease, the listing
and the queue of a tick, counts of refused calls, and the look for policies and copies before a trial."""


@dataclass(frozen=True)
class Figures:
    """What was explored.

    faults: How many faults and acts of others one history had at most.
    states: How many different states were reached.
    transitions: How many ways from one state to the next were tried.
    violations: What broke a promise, with its history.
    seconds: How long it took.
    complete: Whether every reachable state was explored.
    """

    faults: int
    states: int
    transitions: int
    violations: tuple[Violation, ...]
    seconds: float
    complete: bool

    def __str__(self) -> str:
        ended = "every state was reached" if self.complete else "STOPPED before every state was reached"
        return (
            f"histories with {self.faults} faults at most: {self.states} states, {self.transitions} transitions, "
            f"{len(self.violations)} violations, {self.seconds:.1f} s; {ended}."
        )


def explore(
    faults: int,
    among: Sequence[Life] | None = None,
    *,
    seconds: float = float("inf"),
    out: Callable[[str], object] = print,
) -> Figures:
    """Explore these lives one after the other, each up to its first violation, and return the figures of all.

    faults: How many faults and acts of others one history may have.
    among: The lives. Default: all.
    seconds: Stop after this time; the figures then say that they are incomplete.
    out: Receives violations and the figures of each life, line by line.
    """
    began = time.monotonic()
    explorers = [Explorer(life, faults, began + seconds) for life in among or lives()]
    for explorer in explorers:
        with _silent_app():
            explorer.explore()
        for violation in explorer.violations:
            out(str(violation))
        out(f"{explorer.life.name}: {_figures(faults, [explorer], explorer.seconds)}")
    return _figures(faults, explorers, time.monotonic() - began)


@contextmanager
def _silent_app() -> Iterator[None]:
    """Drop what the app logs meanwhile: the explorer makes it fail thousands of times."""
    log = logging.getLogger(LOGGER)
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


def _figures(faults: int, explorers: Sequence[Explorer], seconds: float) -> Figures:
    violations = tuple(violation for one in explorers for violation in one.violations)
    return Figures(
        faults=faults,
        states=sum(len(one.found) for one in explorers),
        transitions=sum(one.transitions for one in explorers),
        violations=violations,
        seconds=seconds,
        complete=not violations and not any(one.out_of_time for one in explorers),
    )
