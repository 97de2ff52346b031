"""The one clock every imitated service reads.

It is the machine's clock plus an offset, so that a month can pass between two requests, or it stands still at
a moment written in a test. Tokens are the exception: they live by the machine's clock, because the client
libraries that cache them read no other.
"""

import time
from datetime import UTC, datetime


class Clock:
    """Real time plus an offset, or a frozen moment."""

    def __init__(self) -> None:
        self.offset = 0.0
        self._frozen: float | None = None

    def now(self) -> float:
        return self._frozen if self._frozen is not None else time.time() + self.offset

    def utcnow(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    def set(self, moment: float | datetime) -> None:
        """Make it `moment` now; a running clock goes on from there, a frozen one stands there."""
        seconds = moment.timestamp() if isinstance(moment, datetime) else float(moment)
        if self._frozen is not None:
            self._frozen = seconds
        self.offset = seconds - time.time()

    def advance(self, seconds: float) -> None:
        self.set(self.now() + seconds)

    def freeze(self, moment: float | datetime | None = None) -> None:
        self._frozen = self.now()
        if moment is not None:
            self.set(moment)

    def resume(self) -> None:
        """Let time run again from the moment the clock shows."""
        if self._frozen is not None:
            moment, self._frozen = self._frozen, None
            self.set(moment)
