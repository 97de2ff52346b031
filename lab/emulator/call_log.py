"""The Log Analytics workspace: which calls each account received, with a key or with an Entra token.

Every call that an account's data plane accepts over HTTP is logged here, as if the account's diagnostic settings sent
the category RequestResponse to this workspace. Each call has two rows; one has the caller's Entra object id, if the
call used no key (docs/facts.md, Logs). Queries and rights are left to `surfaces.logs`.
"""

import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from uuid import UUID

from lab.emulator.clock import Clock

MAX_CALLS = 100_000


SPELLINGS = ("callerObjectId", "objectId", "objectid")  # in the order in which public tools read them


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """One row of the category RequestResponse. A call has two rows; one of them is nearly empty.

    time: When the call was made, in seconds since 1970.
    account: The resource id of the account.
    operation: The operation name, for example `ChatCompletions_Create`. Empty in the nearly empty row.
    correlation: The CorrelationId that both rows of a call share. Empty in some rows; each of them is a call of its
        own.
    properties: The members of `properties_s`, with the caller's Entra object id under one of SPELLINGS if it is known.
    """

    time: float
    account: str
    operation: str = ""
    correlation: str = ""
    properties: tuple[tuple[str, str], ...] = ()

    @property
    def caller(self) -> str:
        """The caller's Entra object id, under the first spelling that the row has. Empty if it has none."""
        known = dict(self.properties)
        return next((known[name] for name in SPELLINGS if known.get(name)), "")


@dataclass
class Workspace:
    """One workspace.

    clock: The world's clock.
    subscription: The subscription of the workspace resource.
    id: The workspace id that a query names in its URL. It is not the resource id.
    calls: The logged rows, oldest first. Beyond MAX_CALLS the oldest are dropped.
    """

    clock: Clock
    subscription: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    calls: deque[LoggedRow] = field(default_factory=lambda: deque(maxlen=MAX_CALLS))
    # Counted rather than random, so that logging takes no random id from anything else (tests/recordings counts those).
    _numbers: Iterator[int] = field(default_factory=lambda: count(1), repr=False)

    @property
    def resource_id(self) -> str:
        """The ARM resource id, the scope on which roles are assigned."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/emulated"
        return f"{group}/providers/Microsoft.OperationalInsights/workspaces/logs"

    def note(
        self,
        account: str,
        operation: str = "ChatCompletions_Create",
        caller: str = "",
        *,
        spelling: str = "objectId",
        correlated: bool = True,
    ) -> None:
        """Log one call of an account as its two rows.

        caller: An Entra object id, or empty for a call with a key.
        spelling: The member of the properties that holds it.
        correlated: Whether the rows have a CorrelationId. Without one, only the full row is logged.
        """
        now, correlation = self.clock.now(), str(UUID(int=next(self._numbers))) if correlated else ""
        properties = ((spelling, caller),) if caller else ()
        if correlated:
            self.calls.append(LoggedRow(now, account, correlation=correlation))
        self.calls.append(LoggedRow(now, account, operation, correlation, properties))

    def count(self, account: str, seconds: float) -> tuple[int, int]:
        """Return how many calls an account received in the last `seconds` seconds, and how many of them used a key.

        Rows with one CorrelationId are one call, and a call's caller is the first one in its rows. The second number
        leaves out calls that only list models, because a key check makes such calls.
        """
        since = self.clock.now() - seconds
        calls: dict[str, list[LoggedRow]] = {}
        for number, row in enumerate(self.calls):
            if row.time >= since and row.account.lower() == account.lower():
                calls.setdefault(row.correlation or f"row {number}", []).append(row)
        keys = [rows for rows in calls.values() if not any(row.caller for row in rows)]
        return len(calls), sum(not any("models" in row.operation.lower() for row in rows) for rows in keys)
