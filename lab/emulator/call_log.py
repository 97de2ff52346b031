"""The Log Analytics workspaces: which calls each account received, with a key or with an Entra token.

Every call that an account's data plane accepts over HTTP is logged here, as if the account's diagnostic settings sent
the category RequestResponse to a workspace. Each call has two rows; one has the caller's Entra object id, if the
call used no key. Rows can be queried minutes later, with the time of their call (docs/facts.md, Logs). `call_usage`
says what they tell; queries and rights are left to `surfaces.logs`.
"""

import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Literal
from uuid import UUID

from lab.emulator.clock import Clock

MAX_CALLS = 100_000
DELAY = 300.0  # seconds; between 3 and 10 minutes are usual


SPELLINGS = ("callerObjectId", "objectId", "objectid")  # in the order in which public tools read them
# What the name of an operation says that does something else than listing models.
OTHER_OPERATIONS = (
    "chat", "completion", "embedding", "response", "image", "audio", "speech", "video", "create", "delete",
)  # fmt: skip
_VERSION = "2024-10-21"


@dataclass(frozen=True, slots=True)
class LoggedRow:
    """One row of the category RequestResponse. A call has two rows; one of them is nearly empty.

    time: When the call was made, in seconds since 1970.
    account: The resource id of the account.
    operation: The operation name, for example `ChatCompletions_Create`. Empty in the nearly empty row.
    correlation: The CorrelationId that both rows of a call share. Empty in some rows; each of them is a call of its
        own.
    properties: The members of `properties_s`, with the caller's Entra object id under one of SPELLINGS if it is known.
        None at all if they were lost, as when they arrive as an object.
    address: The caller's address with its last part starred. Empty in the nearly empty row, and where the log has none.
    queryable_at: From when on queries see the row, in seconds since 1970.
    """

    time: float
    account: str
    operation: str = ""
    correlation: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    address: str = ""
    queryable_at: float = 0.0

    @property
    def caller(self) -> str:
        """The caller's Entra object id, under the first spelling that the row has. Empty if it has none."""
        known = dict(self.properties)
        return next((known[name] for name in SPELLINGS if known.get(name)), "")

    @property
    def lists_models(self) -> bool:
        """Whether its operation lists models, as far as the name tells."""
        name = self.operation.lower()
        return "models" in name and not any(other in name for other in OTHER_OPERATIONS)

    @property
    def client(self) -> str:
        """The program that called, if the properties name one. Azure's known records name none."""
        return dict(self.properties).get("userAgent", "")


@dataclass
class Workspace:
    """One workspace.

    clock: The world's clock.
    subscription: The subscription of the workspace resource.
    name: The name of the workspace resource.
    id: The workspace id that a query names in its URL. It is not the resource id.
    calls: The logged rows, oldest first. Beyond MAX_CALLS the oldest are dropped.
    delay: How long rows take until queries see them, in seconds.
    silent: The accounts, by their ids in lower case, of which nothing is logged at present: a gap. An empty text in it
        stands for all accounts.
    lacks: The columns that the table AzureDiagnostics does not have, because no row ever filled them.
    no_data: Whether it holds no data of any other kind. Then it answers 204 as long as no call is logged.
    answers: How it answers queries: whole, in part with a PartialError, or with an empty body.
    """

    clock: Clock
    subscription: str
    name: str = "logs"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    calls: deque[LoggedRow] = field(default_factory=lambda: deque(maxlen=MAX_CALLS))
    delay: float = DELAY
    silent: set[str] = field(default_factory=set)
    lacks: set[str] = field(default_factory=set)
    no_data: bool = False
    answers: Literal["whole", "partial", "empty"] = "whole"
    # Counted rather than random, so that logging takes no random id from anything else (tests/recordings counts those).
    _numbers: Iterator[int] = field(default_factory=lambda: count(1), repr=False)

    @property
    def resource_id(self) -> str:
        """The ARM resource id, the scope on which roles are assigned."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/emulated"
        return f"{group}/providers/Microsoft.OperationalInsights/workspaces/{self.name}"

    def note(
        self,
        account: str,
        operation: str = "ChatCompletions_Create",
        caller: str = "",
        *,
        spelling: str = "objectId",
        correlated: bool = True,
        address: str = "",
        client: str = "",
        ago: float = 0,
        lost: bool = False,
        late: float | None = None,
        correlation: str = "",
        version: str = _VERSION,
    ) -> None:
        """Log one call of an account as its two rows. Nothing is logged of a silent account.

        caller: An Entra object id, or empty for a call with a key.
        spelling: The member of the properties that holds it.
        correlated: Whether the rows have a CorrelationId. Without one, only the full row is logged.
        address: The caller's IP address. Its last part is logged starred. Empty: none is logged.
        client: The program that called. Empty: none is logged.
        ago: How many seconds ago the call was made. Its rows are late by their usual delay, counted from then.
        lost: Whether the rows lose their properties.
        late: How late the full row is, in seconds after the call. None: as late as any row.
        correlation: An id that the client sent, perhaps with several calls. Empty: the call has one of its own.
        version: The API version that was called.
        """
        if self.silent & {"", account.lower()}:
            return
        time, api = self.clock.now() - ago, ("apiName", f"Azure OpenAI API version {version}")
        correlation = (correlation or str(UUID(int=next(self._numbers)))) if correlated else ""
        if correlated:
            nearly_empty = () if lost else (api,)
            self.calls.append(LoggedRow(time, account, "", correlation, nearly_empty, "", time + self.delay))
        told = (api, (spelling, caller), *([("userAgent", client)] if client else []))
        seen = time + (self.delay if late is None else late)
        self.calls.append(
            LoggedRow(time, account, operation, correlation, () if lost else told, starred(address), seen)
        )

    def count(self, account: str, seconds: float) -> tuple[int, int]:
        """Return how many calls an account received in the last `seconds` seconds, and how many of them used a key.

        For worlds without HTTP, where nobody asks a query: rows count as soon as they are written. Rows with one
        CorrelationId are one call, and a call's caller is the first one in its rows. The second number
        leaves out calls that only list models, because a key check makes such calls.
        """
        since = self.clock.now() - seconds
        calls: dict[str, list[LoggedRow]] = {}
        for number, row in enumerate(self.calls):
            if row.time >= since and row.account.lower() == account.lower():
                calls.setdefault(row.correlation or f"row {number}", []).append(row)
        keys = [rows for rows in calls.values() if not any(row.caller for row in rows)]
        return len(calls), sum(not any(row.lists_models for row in rows) for rows in keys)


def starred(address: str) -> str:
    """Return an IPv4 address as the log shows it, with its last part starred. Empty for any other."""
    first, dot, _ = address.rpartition(".")
    return f"{first}.***" if dot and first.count(".") == 2 else ""
