"""What Azure asked to be left alone, since when, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.model import Target

LAPSES_AFTER = timedelta(minutes=30)  # without a new wait: the waits that follow later are others
LONG = timedelta(hours=1)  # after that a person should know


@dataclass(frozen=True)
class Throttle:
    """A wait that Azure asked for, once or several times in a row.

    where: What must not be asked: the start of a resource id, or an address. In lower case.
    since: When Azure first asked, in UTC.
    until: When the latest wait ends, in UTC.
    """

    where: str
    since: datetime
    until: datetime

    def is_on(self, now: datetime) -> bool:
        """Return whether Azure must not be asked yet."""
        return now < self.until

    def has_lapsed(self, now: datetime) -> bool:
        """Return whether the wait ended so long ago that another one does not continue it."""
        return now > self.until + LAPSES_AFTER

    def is_long(self, now: datetime) -> bool:
        """Return whether Azure has asked to wait again and again for so long that a person should know."""
        return not self.has_lapsed(now) and now - self.since >= LONG

    def says(self) -> str:
        """Return what a person must know about a long wait."""
        since, until = (f"{moment:%Y-%m-%d %H:%M} UTC" for moment in (self.since, self.until))
        return f"Azure has asked to wait again and again since {since}, the last time until {until}."

    def covers(self, target: Target) -> bool:
        """Return whether a turn for this target would ask what must not be asked."""
        account, vault = str(target.account).casefold(), target.vault_url.casefold()
        return account == self.where or account.startswith(f"{self.where}/") or vault == self.where

    def again(self, now: datetime, until: datetime) -> Throttle:
        """Return this wait after Azure has asked for another one at `now`."""
        return Throttle(self.where, now if self.has_lapsed(now) else self.since, max(until, self.until))
