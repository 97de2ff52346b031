"""What the app tells a collector about itself: nothing, unless a setting asks for it.

A doorway says that something begins and, once it knows, what was found or done; how that becomes metrics and spans is
an adapter's affair. Whatever becomes of it, it fails no turn, and holds up none for longer than the adapter states.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from shared.announce.deadlines import DeadlineKind, deadlines
from shared.announce.outstanding import outstanding
from shared.decide.situation import Situation
from shared.domain.names import LOGGER
from shared.fleet.listing import Listed
from shared.fleet.rotation import Tick
from shared.turns.observe import presume
from shared.turns.report import Outcome
from shared.web.responses import Reply

log = logging.getLogger(LOGGER)

type Watched[T] = AbstractAsyncContextManager[Callable[[T], None]]


class Trigger(StrEnum):
    """Who wants a turn: a message, or somebody who waits for the answer."""

    QUEUE = "queue"
    HTTP = "http"


class Telemetry(Protocol):
    """Each is around the work, and is called with what became of it. An error that passes through is noted."""

    def tick(self) -> Watched[Tick]: ...

    def turn(self, trigger: Trigger) -> Watched[Outcome]: ...

    def request(self, method: str, route: str) -> Watched[Reply]: ...


def _unheard(_: object) -> None:
    pass


_NOTHING = nullcontext(_unheard)


class Off:
    """The default: nobody listens."""

    def tick(self) -> Watched[Tick]:
        return _NOTHING

    def turn(self, trigger: Trigger) -> Watched[Outcome]:  # noqa: ARG002 - the protocol's
        return _NOTHING

    def request(self, method: str, route: str) -> Watched[Reply]:  # noqa: ARG002 - the protocol's
        return _NOTHING


@dataclass(frozen=True)
class Standing:
    """How a target stands at a moment, as the listings show it. What is past is negative."""

    target: str
    age: timedelta
    remaining: dict[DeadlineKind, timedelta]
    outstanding: int


def standings(tick: Tick) -> Iterator[Standing]:
    """Every target that the listings tell enough about."""
    for one in tick.listed:
        try:
            found = _standing(one, tick)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is named, and hides no other target (P10)
            log.warning("telemetry: %s was not told of (%s)", one.enrolled.target.name, type(error).__name__)
            continue
        if found is not None:
            yield found


def _standing(one: Listed, tick: Tick) -> Standing | None:
    seen = presume(one.publication, one.enrolled.account)
    if seen is None or seen.publication is None or seen.publication.marks is None:
        return None
    situation = Situation(seen, one.enrolled.target, tick.now)
    remaining = {deadline.what: deadline.falls_at - tick.now for deadline in deadlines(situation)}
    return Standing(situation.target.name, tick.now - situation.marks.since, remaining, len(outstanding(situation)))
