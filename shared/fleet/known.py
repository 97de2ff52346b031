"""What the listing of one subscription or one vault has shown so far, over several ticks if it is long.

A listing goes on where the last tick stopped, and what it has not reached again yet stays as it was shown last. When a
round has come to its end, what it did not show is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.domain.times import stamp, unstamp

type Stored = Sequence[Any]  # name, when it was shown, in which round, and its data


@dataclass(frozen=True)
class Shown[T]:
    """One entry of a listing.

    entry: What was shown.
    shown_at: When, in UTC: the time of the tick.
    round: In which round of the listing.
    """

    entry: T
    shown_at: datetime
    round: int


@dataclass
class Known[T]:
    """What one listing has shown.

    read: Makes an entry of its data in the view.
    shown: The entries that this tick was shown, by name in lower case.
    stored: The entries of earlier ticks. They are only read where somebody asks for them.
    round: The number of the round that is running, or else of the last one.
    after: Where the round that is running goes on. None if none runs.
    begun_at: When that round began, or else the last one, in UTC. None before the first one.
    whole_at: When the last round began that came to its end, in UTC. None before that.
    ended: Whether this tick came to the end of a round.
    """

    read: Callable[[Any], T]
    shown: dict[str, Shown[T]] = field(default_factory=dict)
    stored: Sequence[Stored] = ()
    round: int = 0
    after: str | None = None
    begun_at: datetime | None = None
    whole_at: datetime | None = None
    ended: bool = False
    _by_name: dict[str, Stored] | None = field(default=None, repr=False)

    def begin(self, now: datetime) -> None:
        """Begin a new round, unless one is to go on."""
        if self.after is None or self.begun_at is None:
            self.after, self.begun_at, self.round = None, now, self.round + 1

    def take(self, entries: Mapping[str, T], after: str | None, now: datetime) -> None:
        """Take the entries of one page. `after` is where the next one begins; None ends the round."""
        self.shown |= {name.casefold(): Shown(entry, now, self.round) for name, entry in entries.items()}
        self.after = after
        if after is None and self.begun_at is not None:
            self.whole_at, self.ended = self.begun_at, True
            self.stored = [row for row in self.stored if row[2] == self.round]
            self._by_name = None

    def entry(self, name: str) -> Shown[T] | None:
        """Return an entry, by its name in lower case, as it was shown last. None if it is not known."""
        if name in self.shown:
            return self.shown[name]
        row = self._rows.get(name)
        return self._read(row) if row else None

    def latest(self) -> dict[str, Shown[T]]:
        """Return every entry as it was shown last, by name in lower case."""
        return {name: self._read(row) for name, row in self._rows.items() if name not in self.shown} | self.shown

    def _read(self, row: Stored) -> Shown[T]:
        return Shown(self.read(row[3]), unstamp(row[1]), row[2])

    @property
    def _rows(self) -> dict[str, Stored]:
        """The stored entries, by name in lower case."""
        if self._by_name is None:
            self._by_name = {str(row[0]): row for row in self.stored}
        return self._by_name

    def data(self, write: Callable[[T], Any]) -> dict[str, Any]:
        """Return it ready for JSON. `write` makes the data of an entry."""
        rows: list[Stored] = [row for name, row in self._rows.items() if name not in self.shown]
        rows += [[name, stamp(one.shown_at), one.round, write(one.entry)] for name, one in self.shown.items()]
        moments = {"begun": self.begun_at, "whole": self.whole_at}
        return {
            "after": self.after,
            "round": self.round,
            **{name: stamp(moment) if moment else None for name, moment in moments.items()},
            "rows": rows,
        }


def read_known[T](data: Mapping[str, Any], read: Callable[[Any], T]) -> Known[T]:
    """Return what `Known.data` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    begun, whole = (unstamp(data[name]) if data[name] else None for name in ("begun", "whole"))
    return Known(read, stored=data["rows"], round=data["round"], after=data["after"], begun_at=begun, whole_at=whole)
