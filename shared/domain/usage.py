"""How an account was called, with keys and by identity, as its logs show it.

Azure logs no kind of authentication. A call whose rows name no Entra caller looks like one with a key (docs/facts.md,
Logs), so a count of none is evidence for the span that the logs cover, and any other count is a suspicion that the
owner can check.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil

SHORTEST_SPAN = timedelta(days=7)  # within less than a week nobody can tell a pause from a log that is off
MOST_CALLERS = 20  # of each kind, for one account; the others are only counted
MOST_SILENT_DAYS = 2  # in a row, as on a weekend; more of them are a gap, since nobody knows whether calls were logged


@dataclass(frozen=True, slots=True)  # a survey has very many
class DayOfCalls:
    """One day, in UTC, on which at least one call was logged.

    day: The day.
    with_key: How many calls named no Entra caller. Calls that list models are left out: this app proves keys with them.
    by_identity: How many calls named an Entra caller.
    """

    day: date
    with_key: int
    by_identity: int


@dataclass(frozen=True, slots=True)  # a survey has very many
class KeyCaller:
    """Who made calls with a key, as far as the log tells them apart.

    address: The IP address as it was logged, with its last part starred: `203.0.113.*`. Empty if the log has none, as
        with private endpoints.
    client: The program that called, such as a user agent. Empty if the log has none.
    calls: How many calls.
    last_at: When the last one was made, in UTC.
    name: Who it is, by the setting that names callers. Empty if none fits.
    """

    address: str
    client: str
    calls: int
    last_at: datetime
    name: str = ""

    @property
    def says(self) -> str:
        """The caller in a few words."""
        seen = " with ".join(filter(None, (self.address, self.client))) or "an address that the log does not have"
        return f"{self.name} ({seen})" if self.name else seen


@dataclass(frozen=True, slots=True)  # a survey has very many
class IdentityCaller:
    """Who made calls by an Entra identity.

    object_id: The object id of the principal.
    calls: How many calls.
    last_at: When the last one was made, in UTC.
    """

    object_id: str
    calls: int
    last_at: datetime


@dataclass(frozen=True)
class Usage:
    """The calls of one account within a span.

    since: Where the span begins, in UTC.
    until: Where it ends, in UTC. Rows come late, so it is not the present.
    days: The days on which calls of any kind were logged, the oldest first. A day that is missing has no logged call.
    callers: Who called with a key, the most calls first; at most MOST_CALLERS.
    identities: Who called by identity, the most calls first; at most MOST_CALLERS.
    more_callers: How many callers with a key there were beside `callers`.
    last_key_call: When the last call with a key was made, in UTC. None without one.
    last_identity_call: When the last call by identity was made, in UTC. None without one.
    unclear: How many calls were logged without the properties that would name a caller. They are in neither count.
    """

    since: datetime
    until: datetime
    days: tuple[DayOfCalls, ...] = ()
    callers: tuple[KeyCaller, ...] = ()
    identities: tuple[IdentityCaller, ...] = ()
    more_callers: int = 0
    last_key_call: datetime | None = None
    last_identity_call: datetime | None = None
    unclear: int = 0

    @property
    def with_key(self) -> int:
        """How many calls were made with a key."""
        return sum(one.with_key for one in self.days)

    @property
    def by_identity(self) -> int:
        """How many calls were made by identity."""
        return sum(one.by_identity for one in self.days)

    @property
    def different_callers(self) -> int:
        """How many callers used a key, as far as the log tells them apart."""
        return len(self.callers) + self.more_callers

    def silence(self) -> tuple[date, date] | None:
        """Return the first and the last day of the longest gap: days of the span without any logged call.

        The days on which the span begins and ends count whole, although only a part of them is in the span.

        None if no gap is longer than MOST_SILENT_DAYS, and if something was logged within a day of each end of the
        span. There, one silent day may be the begin of a gap that nobody has seen the end of.
        """
        runs = self._silent_runs()
        longest = max(runs, key=len, default=[])
        if len(longest) > MOST_SILENT_DAYS:
            return longest[0], longest[-1]
        ends = [run for run in runs if len(run) > 1 and (run[0] == self.since.date() or run[-1] == self.until.date())]
        return (ends[-1][0], ends[-1][-1]) if ends else None

    def silent_days(self) -> tuple[int, int]:
        """Return how many days of the span have no logged call, and how many days it has. Those at its ends count."""
        return sum(map(len, self._silent_runs())), (self.until.date() - self.since.date()).days + 1

    @property
    def is_mostly_silent(self) -> bool:
        """Whether more days are silent than the weekends can be: more than two in seven, rounded up."""
        silent, days = self.silent_days()
        return silent > ceil(days * MOST_SILENT_DAYS / 7)

    def _silent_runs(self) -> list[list[date]]:
        """Return the days without any logged call, those that follow one another together."""
        logged = {one.day for one in self.days}
        first, runs = self.since.date(), [list[date]()]
        for number in range((self.until.date() - first).days + 1):
            day = first + timedelta(days=number)
            if day in logged:
                runs.append([])
            else:
                runs[-1].append(day)
        return [run for run in runs if run]
