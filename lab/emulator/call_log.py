"""The Log Analytics workspace: which calls each account received, with a key or with an Entra token.

Every call that an account's data plane accepts over HTTP is logged here, as if the account's diagnostic settings sent
the category RequestResponse to this workspace. An entry has the caller's Entra object id; a call with a key has none
(azure-facts, section 8). Queries and rights are left to `surfaces.logs`.
"""

import uuid
from collections import deque
from dataclasses import dataclass, field

from lab.emulator.clock import Clock

MAX_CALLS = 100_000


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One entry of the category RequestResponse.

    time: When the call was made, in seconds since 1970.
    account: The resource id of the account.
    operation: The operation name, for example `ChatCompletions_Create`.
    caller: The Entra object id of the caller, or an empty string for a call with a key.
    """

    time: float
    account: str
    operation: str
    caller: str = ""


@dataclass
class Workspace:
    """One workspace.

    clock: The world's clock.
    subscription: The subscription of the workspace resource.
    id: The workspace id that a query names in its URL. It is not the resource id.
    calls: The logged calls, oldest first. Beyond MAX_CALLS the oldest are dropped.
    """

    clock: Clock
    subscription: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    calls: deque[LoggedCall] = field(default_factory=lambda: deque(maxlen=MAX_CALLS))

    @property
    def resource_id(self) -> str:
        """The ARM resource id, the scope on which roles are assigned."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/emulated"
        return f"{group}/providers/Microsoft.OperationalInsights/workspaces/logs"

    def note(self, account: str, operation: str = "ChatCompletions_Create", caller: str = "") -> None:
        """Log one call of an account. `caller` is an Entra object id, or empty for a call with a key."""
        self.calls.append(LoggedCall(self.clock.now(), account, operation, caller))

    def count(self, account: str, seconds: float) -> tuple[int, int]:
        """Return how many calls an account received in the last `seconds` seconds, and how many of them used a key.

        The second number leaves out calls that only list models, because a key check makes such calls.
        """
        since = self.clock.now() - seconds
        found = [one for one in self.calls if one.time >= since and one.account.lower() == account.lower()]
        return len(found), sum(not one.caller and "models" not in one.operation.lower() for one in found)
