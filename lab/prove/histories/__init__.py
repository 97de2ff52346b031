"""A model checker: it explores every state of one target in a small world, with the shipped decision and turn code.

A state is what Azure holds between two turns, plus what the judge must remember (`state`). From each state everything
that can happen next is tried (`moves`): time passes; a tick, a request, a leak or a deployment starts a turn; at each
call of a turn the process is killed, or the call is refused, repeated, loses its answer or meets a second process
(`disturbed`, `two_runners`); a person uses the portal; Event Grid is unavailable. Lives of their own have late reads
(`late_reads`), another writer of the secret (`other_writers`), waits and refusals that last (`refusals`, `on_record`),
keys that are switched on again after they ended (`keys_back`), and an account that takes no identity.
The judge checks every effect against the promises (`judge`, `deployments`), and from every state the following ticks
must bring the target to rest (`at_rest`). Equivalent states are merged (`canonical`), so the exploration ends.

What is bounded and what it cannot see is printed with the figures: `BOUNDS`. The thorough form with one fault
occupies one core for most of the time of `make prove`, which is about 25 minutes; the default form is much shorter.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from lab.prove.histories.explorer import Explorer, Violation
from lab.prove.histories.lives import Life, lives
from shared.domain.names import LOGGER

BOUNDS = """\
Bounded: one history has at most the stated number of faults and interferences, and any number of everything else;
no requests come while four events are still to be announced; requests come when something changes, not in between.
Left out: windows, keys that take time to become valid, pauses within a turn, the time limit of a turn, the brake,
the `prefer` policy, several targets, a second process that is disturbed itself, damaged tags, deleted secrets,
other writers that act twice or within a turn, late reads after the turn that wrote, the queue, keys that a person
switches within a turn, a second return of keys in the same second,
a lease left by a killed process (it only delays: the next turn is answered busy and changes nothing).
A call that is on its way when its lease is lost cannot be held back. What it breaks is excused until the next turn,
which must heal it. If it hides a version that another turn has just written, what only that version contained is not
required any more: neither its outstanding announcements nor an awaited deployment."""


@dataclass(frozen=True)
class Figures:
    """What was explored.

    faults: How many faults and interferences one history had at most.
    states: How many different states were reached.
    transitions: How many ways from one state to the next were tried.
    longest_to_rest: The most ticks that any state needed to come to rest.
    violations: What broke a promise, with its history.
    seconds: How long it took.
    complete: Whether every reachable state was explored.
    """

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
    """Explore these lives one after the other, each up to its first violation, and return the figures of all.

    faults: How many faults and interferences one history may have.
    among: The lives. Default: all.
    thorough: Also let a late call of one process arrive at every call of the other one, and start that other one for a
        report that both keys leaked.
    seconds: Stop after this time; the figures then say that they are incomplete.
    out: Receives violations and the figures of each life, line by line.
    """
    began = time.monotonic()
    explorers = [Explorer(life, faults, thorough, began + seconds) for life in among or lives()]
    for explorer in explorers:
        with _silent_app():
            explorer.explore()
        for violation in explorer.violations:
            out(str(violation))
        out(str(_figures(faults, [explorer], explorer.seconds)).replace("histories", explorer.life.name, 1))
    return _figures(faults, explorers, time.monotonic() - began)


@contextmanager
def _silent_app() -> Iterator[None]:
    """Drop what the app logs meanwhile: the explorer makes it fail thousands of times."""
    log = logging.getLogger(LOGGER)
    before = log.disabled
    log.disabled = True
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
        longest_to_rest=max(one.longest_to_rest for one in explorers),
        violations=violations,
        seconds=seconds,
        complete=not violations and not any(one.out_of_time for one in explorers),
    )
