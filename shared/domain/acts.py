"""Acts: requests of people that may regenerate keys, as they are noted and counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.domain.requests import RequestKind
from shared.domain.times import stamp, unstamp

MANY = "many"  # in place of a target: a request for several targets, which counts once
_CONFIRMED = "confirmed"


@dataclass(frozen=True, order=True)
class Act:
    """A request to rotate, or a report of a leak, that somebody made. Acts sort by their time.

    at: When it was made, in UTC.
    kind: Whether it is a rotation or a leak.
    about: A hash of the account's id, or `MANY`.
    id: A hash of the request's id.
    confirmed: Whether its caller confirmed it. Default: no.
    """

    at: datetime
    kind: RequestKind
    about: str
    id: str
    confirmed: bool = False

    def repeats(self, other: Act) -> bool:
        """Return whether both are the same request."""
        return (self.kind, self.about, self.id) == (other.kind, other.about, other.id)

    def text(self) -> str:
        """Return the act as the name of its note."""
        words = [stamp(self.at), self.kind, self.about, self.id]
        return "/".join([*words, _CONFIRMED] if self.confirmed else words)

    @classmethod
    def read(cls, text: str) -> Act:
        """Read what `text` wrote. Raises ValueError."""
        moment, kind, about, id_, *more = text.split("/")
        if more not in ([], [_CONFIRMED]):
            raise ValueError(f"{text[:300]!r} is no act")
        return cls(unstamp(moment), RequestKind(kind), about, id_, bool(more))


@dataclass(frozen=True)
class Limits:
    """How many acts there may be in one hour.

    per_target: ROTATION_REQUESTS_PER_TARGET. Of one target. Default 5.
    in_all: ROTATION_REQUESTS_IN_ALL. Of all targets together. Default 60.
    """

    per_target: int = 5
    in_all: int = 60
