"""What the rows of the workspaces tell of each account (docs/facts.md, Logs).

It computes the answer to the app's one query from the rows themselves. Nothing here reads the query's text.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lab.emulator.call_log import LoggedRow, Workspace

SETTLED = 900.0  # seconds between the end of the span and the query
WIDEST = 300.0  # seconds between the rows of one call
MOST_CALLERS = 20


@dataclass(frozen=True)
class LoggedCall:
    """One call, put together from its rows; or several, if their rows share an id.

    rows: The rows that were seen of it: one or two, or more if several workspaces got them.
    workspaces: How many workspaces have any of them.
    since: Where the span begins, in seconds since 1970.
    """

    rows: tuple[LoggedRow, ...]
    workspaces: int
    since: float

    @property
    def at(self) -> float:
        """When it was made, in seconds since 1970. Of several calls with one id, when the first within the span was,
        or the begin of the span."""
        first, last = min(row.time for row in self.rows), max(row.time for row in self.rows)
        return max(first, self.since) if self.is_shared and last >= self.since else first

    @property
    def is_shared(self) -> bool:
        """Whether these are the rows of more than one call: more than two in a workspace, or too far apart."""
        times = [row.time for row in self.rows]
        return len(times) > 2 * self.workspaces or max(times) - min(times) > WIDEST

    @property
    def caller(self) -> str:
        """The Entra object id of whoever called. Empty if no row names one."""
        return next(filter(None, (row.caller for row in self.rows)), "")

    @property
    def source(self) -> tuple[str, str]:
        """The address and the program that called, each empty if no row names one."""
        address = next(filter(None, (row.address for row in self.rows)), "")
        return address, next(filter(None, (row.client for row in self.rows)), "")

    @property
    def sort(self) -> str:
        """What the log tells of it: `identity`, `models` for a list of models, `unclear`, or `key`."""
        if self.is_shared:
            return "unclear"
        if self.caller:
            return "identity"
        named = [row for row in self.rows if row.operation]
        if named and all(row.lists_models for row in named):
            return "models"
        return "key" if any(row.properties for row in self.rows) else "unclear"


def usage_rows(workspaces: Iterable[Workspace], seconds: float, which: Callable[[str], bool]) -> list[list[Any]]:
    """Return the answer's rows, one for each account of which any call was logged.

    workspaces: All that are asked, with one clock.
    seconds: The length of the span, which ends SETTLED ago.
    which: Whether an account is asked for, by its resource id in lower case.
    """
    workspaces = list(workspaces)
    now = workspaces[0].clock.now()
    since, until = now - SETTLED - seconds, now - SETTLED
    calls: dict[tuple[str, str], list[LoggedRow]] = {}
    places: dict[tuple[str, str], set[str]] = {}
    heard: list[str] = []
    for workspace in workspaces:
        for number, row in enumerate(workspace.calls):
            if row.time > since - SETTLED and row.queryable_at <= now:
                heard = [*heard, workspace.id] if workspace.id not in heard else heard
                key = (row.account.lower(), row.correlation or f"{workspace.id} {number}")
                calls.setdefault(key, []).append(row)
                places.setdefault(key, set()).add(workspace.id)
    accounts: dict[str, list[LoggedCall]] = {}
    for key, rows in calls.items():
        call = LoggedCall(tuple(rows), len(places[key]), since)
        if since <= call.at < until and which(key[0]):
            accounts.setdefault(key[0], []).append(call)
    bounds = [_time(since), _time(until), heard]
    return [[name, *bounds, *_told_of(found)] for name, found in accounts.items()]


def _told_of(calls: list[LoggedCall]) -> list[Any]:
    """What the answer says of one account after its name, the span and the workspaces."""
    with_key = [call for call in calls if call.sort == "key"]
    by_identity = [call for call in calls if call.sort == "identity"]
    days = sorted({_day(call) for call in calls})
    of_keys, of_identities = (Counter(map(_day, some)) for some in (with_key, by_identity))
    sources = _most_first(with_key, lambda call: call.source)
    identities = _most_first(by_identity, lambda call: (call.caller,))
    return [
        [[day, of_keys[day], of_identities[day]] for day in days],
        sources[:MOST_CALLERS] or None,
        len(sources),
        identities[:MOST_CALLERS] or None,
        _last(with_key),
        _last(by_identity),
        sum(call.sort == "unclear" for call in calls),
    ]


def _most_first(calls: list[LoggedCall], who: Callable[[LoggedCall], tuple[str, ...]]) -> list[list[Any]]:
    """Return who called, with the number of calls and the time of the last one: those with the most calls first."""
    groups: dict[tuple[str, ...], list[LoggedCall]] = {}
    for call in calls:
        groups.setdefault(who(call), []).append(call)
    ordered = sorted(groups.items(), key=lambda one: (-len(one[1]), one[0]))
    return [[*each, len(found), _last(found)] for each, found in ordered]


def _last(calls: list[LoggedCall]) -> str | None:
    return _time(max(call.at for call in calls)) if calls else None


def _day(call: LoggedCall) -> str:
    return f"{datetime.fromtimestamp(call.at, UTC):%Y-%m-%d}"


def _time(seconds: float) -> str:
    """A time as Log Analytics writes it, with seven digits after the second."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"
