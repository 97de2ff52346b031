"""Acts: requests of people that may regenerate keys, as they are noted and counted."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.requests import RequestKind
from shared.domain.times import stamp, unstamp

MANY = "many"  # in place of a target: a request for several targets, which counts once


@dataclass(frozen=True, order=True)
class Act:
    """A request to rotate, or a report of a leak, that somebody made. Acts sort by their time.

    stamp: When it was made, as `times.stamp` writes it.
    kind: Whether it is a rotation or a leak.
    about: A hash of the account's id, or `MANY`.
    id: A hash of the request's id.
    """

    stamp: str
    kind: RequestKind
    about: str
    id: str

    def text(self) -> str:
        """Return the act as the name of its note."""
        return f"{self.stamp}/{self.kind}/{self.about}/{self.id}"

    @classmethod
    def read(cls, text: str) -> Act:
        """Read what `text` wrote. Raises ValueError."""
        moment, kind, about, id_ = text.split("/")
        return cls(stamp(unstamp(moment)), RequestKind(kind), about, id_)


@dataclass(frozen=True)
class Limits:
    """How many acts there may be in one hour.

    per_target: ROTATION_REQUESTS_PER_TARGET. Of one target. Default 5.
    in_all: ROTATION_REQUESTS_IN_ALL. Of all targets together. Default 60.
    """

    per_target: int = 5
    in_all: int = 60
