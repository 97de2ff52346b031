"""Mistakes about the moment of a first rotation, to be planted. See `planted_mistakes`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from unittest.mock import patch

from shared.decide import cadence
from shared.domain.model import Target
from shared.domain.publication import Marks
from shared.domain.scheduled import MOST_OF_THE_PERIOD, scheduled_at

When = Callable[[Marks, Target, datetime | None], datetime]


@contextmanager
def _scheduling(when: When) -> Iterator[None]:
    """Change when every turn believes that a version is due."""
    with patch.object(cadence, "scheduled_at", when):
        yield


def _later(marks: Marks, target: Target, named: datetime | None = None) -> datetime:
    latest = marks.since + target.cadence.period
    return latest + (latest - scheduled_at(marks, target, named))


def _much_earlier(marks: Marks, target: Target, named: datetime | None = None) -> datetime:
    return scheduled_at(marks, target, named) - target.cadence.period / MOST_OF_THE_PERIOD


def _unannounced(marks: Marks, target: Target, named: datetime | None = None) -> datetime:
    return scheduled_at(replace(marks, told=replace(marks.told, rotation=None)), target, named)


@contextmanager
def rotating_later() -> Iterator[None]:
    """Make the first rotation come later than a period by the time by which it should come earlier."""
    with _scheduling(_later):
        yield


@contextmanager
def rotating_much_earlier() -> Iterator[None]:
    """Make every rotation come another tenth of the period earlier."""
    with _scheduling(_much_earlier):
        yield


@contextmanager
def forgetting_the_announced_moment() -> Iterator[None]:
    """Make the first rotation come earlier although a later moment was announced."""
    with _scheduling(_unannounced):
        yield
