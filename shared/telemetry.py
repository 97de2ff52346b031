"""What the app reports about itself to telemetry: plain facts, and the port that takes them.

A handler announces that a tick, a turn or a request begins and, once it knows, what became of it. `handlers` form the
facts; `adapters/otel.py` makes metrics and spans of them. Telemetry is off unless a setting turns it on. It never
fails a turn, and it delays none for longer than `adapters/otlp.py` states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

type Watched[T] = AbstractAsyncContextManager[Callable[[T], None]]


class Trigger(StrEnum):
    """What started a turn: a queue message, or an HTTP request whose caller waits for the answer."""

    QUEUE = "queue"
    HTTP = "http"


@dataclass(frozen=True)
class Standing:
    """One target at the time of a tick, as the vault's listing shows it.

    target: The target's name.
    age: Time since the live key was published.
    remaining: Time until each of the target's deadlines, by the deadline's public word. Negative after the deadline.
    outstanding: Number of announcements that are due and not accepted yet.
    """

    target: str
    age: timedelta
    remaining: Mapping[str, timedelta]
    outstanding: int


@dataclass(frozen=True)
class TickFacts:
    """What one tick found.

    turns: Number of targets that need a turn.
    quiet: Number of targets that need none.
    unseen: Number of targets whose vault could not be listed.
    problems: Number of problems.
    standings: Yields the targets that the listings tell enough about. It takes time for a large fleet, so it is called
        only if telemetry is on.
    """

    turns: int
    quiet: int
    unseen: int
    problems: int
    standings: Callable[[], Iterable[Standing]]


@dataclass(frozen=True)
class TurnFacts:
    """What became of one turn.

    target: The target's name.
    result: The public result word, such as "done".
    reason: The public reason word, such as "due" or "TryLater".
    error: The code of the error that ended the turn. None if it ended without one.
    failed: Whether the turn failed. A turn that another turn kept out has an error and did not fail.
    braked: Whether the brake held the turn back.
    steps: The steps that were carried out.
    outstanding: The kinds of the events that Event Grid has not accepted yet.
    """

    target: str
    result: str
    reason: str
    error: str | None = None
    failed: bool = False
    braked: bool = False
    steps: tuple[str, ...] = ()
    outstanding: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReplyFacts:
    """What an HTTP request was answered.

    status: The HTTP status.
    problem: The title of the problem in the answer. None if the answer is no problem.
    """

    status: int
    problem: str | None = None


class Telemetry(Protocol):
    """Each method returns a context around the work, to be called with the facts. An error in the work is noted."""

    def tick(self) -> Watched[TickFacts]: ...

    def turn(self, trigger: Trigger) -> Watched[TurnFacts]: ...

    def request(self, method: str, route: str) -> Watched[ReplyFacts]: ...


def _ignore(_: object) -> None:
    pass


_NOTHING = nullcontext(_ignore)


class Off:
    """The default: takes all facts and reports nothing."""

    def tick(self) -> Watched[TickFacts]:
        return _NOTHING

    def turn(self, trigger: Trigger) -> Watched[TurnFacts]:  # noqa: ARG002 - the protocol's
        return _NOTHING

    def request(self, method: str, route: str) -> Watched[ReplyFacts]:  # noqa: ARG002 - the protocol's
        return _NOTHING
