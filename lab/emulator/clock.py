"""The clock that every imitated service reads.

It shows the machine's time plus an offset, so that a month can pass between two requests, or it stands still at a
moment that a test sets. Tokens are the exception: their lifetime follows the machine's clock, because the client
libraries that cache them read that clock.
"""

import time
from datetime import UTC, datetime

LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


class Clock:
    """The machine's time plus `offset` seconds, or a frozen moment."""

    def __init__(self) -> None:
        self.offset = 0.0
        self._frozen: float | None = None

    def now(self) -> float:
        """Return the current time in seconds since 1970."""
        return self._frozen if self._frozen is not None else time.time() + self.offset

    def utcnow(self) -> datetime:
        """Return the current time as a datetime in UTC."""
        return datetime.fromtimestamp(self.now(), UTC)

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self._frozen is not None

    def set(self, moment: float | datetime) -> None:
        """Set the current time (seconds since 1970, or an aware datetime). A frozen clock stays frozen at that time.

        Raises ValueError for a time that no calendar has: before 1970 or after the year 9999.
        """
        seconds = moment.timestamp() if isinstance(moment, datetime) else float(moment)
        if not 0 <= seconds < LATEST:
            raise ValueError("the time must lie between 1970 and the year 9999")
        if self._frozen is not None:
            self._frozen = seconds
        self.offset = seconds - time.time()

    def advance(self, seconds: float) -> None:
        """Move the clock forward by a number of seconds."""
        self.set(self.now() + seconds)

    def freeze(self, moment: float | datetime | None = None) -> None:
        """Stop the clock at the current time, or at `moment` (seconds since 1970, or an aware datetime)."""
        self._frozen = self.now()
        if moment is not None:
            self.set(moment)

    def resume(self) -> None:
        """Let a frozen clock run again from the time that it shows."""
        if self._frozen is not None:
            moment, self._frozen = self._frozen, None
            self.set(moment)
