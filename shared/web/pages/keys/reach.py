"""How far a timeline looks back and ahead, and where its axis has dates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.domain.model import Cadence

_USUAL = timedelta(days=33)  # the cycle that the reaches in days are made for: 30 days and 3 days of overlap
_LEAST, _MOST = 0.3, 1.6  # times the usual cycle: within that, the reach in days is good enough
_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
_STEPS = (
    *(timedelta(minutes=number) for number in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=number) for number in (1, 2, 3, 6, 12)),
    *(timedelta(days=number) for number in (1, 2, 7, 14, 28, 56, 112, 182, 364, 728)),
)
SHORT = timedelta(days=2)  # shorter reaches have times on their axis, longer ones dates
_YEARS = timedelta(days=320)  # longer reaches have dates with their year


@dataclass(frozen=True)
class TimeReach:
    """How far a timeline looks from now.

    back: How far into the past.
    ahead: How far into the future.
    """

    back: timedelta
    ahead: timedelta

    @property
    def length(self) -> timedelta:
        """The whole length."""
        return self.back + self.ahead

    def around(self, now: datetime) -> tuple[datetime, datetime]:
        """Return its first and its last moment."""
        return now - self.back, now + self.ahead


STRIP = TimeReach(timedelta(days=7), timedelta(days=30))
WIDE = TimeReach(timedelta(days=28), timedelta(days=42))
NARROW = TimeReach(timedelta(days=14), timedelta(days=28))


def reach_for(cadence: Cadence, usual: TimeReach) -> TimeReach:
    """Return the `usual` reach in days, or one that is as many cycles long if the cycle is much shorter or longer.

    A cycle is a period and its overlap. Keys that change every few minutes, or once a year, so show their last and
    next change as well.
    """
    scale = _cycle(cadence) / _USUAL
    if _LEAST <= scale <= _MOST:
        return usual
    return TimeReach(usual.back * scale, usual.ahead * scale)


def reach_of_all(cadences: Iterable[Cadence]) -> TimeReach:
    """Return the one reach of all strips of a table, whose rows share an axis. It fits the target in the middle."""
    cycles = sorted(cadences, key=_cycle)
    return reach_for(cycles[(len(cycles) - 1) // 2], STRIP) if cycles else STRIP


def _cycle(cadence: Cadence) -> timedelta:
    return cadence.period + cadence.overlap


def dates_between(begins: datetime, ends: datetime, most: int) -> list[datetime]:
    """Return round moments for an axis, at most that many: Mondays, whole days, hours or minutes, in UTC."""
    wanted = (ends - begins) / most
    step = next((one for one in _STEPS if one >= wanted), wanted)
    first = _MONDAY + step * -((_MONDAY - begins) // step)
    found: list[datetime] = []
    while first < ends:
        found.append(first)
        first += step
    return found


def short(moment: datetime, length: timedelta) -> str:
    """Return a moment in as few characters as an axis of that length allows: `14 Dec`, `14 Dec 2026` or `09:00`."""
    if length < SHORT:
        return f"{moment:%H:%M}"
    return f"{moment.day} {moment:%b %Y}" if length > _YEARS else f"{moment.day} {moment:%b}"
