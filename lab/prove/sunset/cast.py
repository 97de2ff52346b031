"""Who takes part in the drill, and on which days what happens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Way(StrEnum):
    """How a consumer calls."""

    IDENTITY = "by identity"
    VAULT = "with the key in the vault"
    COPY = "with a copied key"


class Part(StrEnum):
    """The six accounts, by the names that their targets have."""

    KEYLESS = "keyless"
    EARLY = "early"
    LATE = "late"
    SILENT = "silent"
    FORGOTTEN = "forgotten"
    REGIONAL = "regional"


PARTS = {
    Part.KEYLESS: "called by identity from the beginning",
    Part.EARLY: "reads the vault, moves to identity before the date is agreed",
    Part.LATE: "reads the vault, moves to identity after the first announcement",
    Part.SILENT: "nobody calls it",
    Part.FORGOTTEN: "a forgotten job has copied its key, and moves weeks after the date",
    Part.REGIONAL: "has no custom subdomain, so no identity can call it",
}
FIRST_WAYS = {
    Part.KEYLESS: Way.IDENTITY,
    Part.EARLY: Way.VAULT,
    Part.LATE: Way.VAULT,
    Part.FORGOTTEN: Way.COPY,
    Part.REGIONAL: Way.VAULT,
}
JOB = "the nightly report"  # what ROTATION_CALLERS calls the forgotten job
# Each consumer has a network of its own.
ADDRESSES: dict[str, str] = {part: f"127.0.{number}." for number, part in enumerate(PARTS, 1)}


@dataclass(frozen=True)
class Timetable:
    """The days of one drill, counted from its first. A day begins at noon, and its check is made then.

    look_back: How many days of logs decide whether a key is still used (ROTATION_LOG_LOOK_BACK).
    early: When the consumer of `early` moves.
    agreed: When the date is agreed for all six, and announced for the first time.
    sunset: The date.
    late: When the consumer of `late` moves.
    back: When somebody switches keys on again at `keyless`.
    at_last: When the forgotten job moves.
    end: The last day.
    """

    look_back: int
    early: int
    agreed: int
    sunset: int
    late: int
    back: int
    at_last: int
    end: int

    @property
    def span(self) -> timedelta:
        """The look-back as a length."""
        return timedelta(days=self.look_back)

    def clean_after(self, day: int) -> int:
        """Return the first day on which the look-back has no call from this day or before."""
        return day + self.look_back + 1


LONG = Timetable(look_back=35, early=4, agreed=25, sunset=42, late=32, back=46, at_last=50, end=91)
SHORT = Timetable(look_back=7, early=2, agreed=3, sunset=10, late=6, back=12, at_last=12, end=26)
