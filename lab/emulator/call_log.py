"""A Log Analytics workspace, as far as calls of accounts are logged there: who called, without and with a key.

Every call that an account's data plane takes over HTTP is logged here, as if its diagnostic settings said so. The
caller's Entra object id stands in an entry; a call with a key has none.
"""

import uuid
from collections import deque
from dataclasses import dataclass, field

from lab.emulator.clock import Clock

MOST = 100_000


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One entry of the category RequestResponse."""

    time: float
    account: str
    operation: str
    caller: str = ""


@dataclass
class Workspace:
    """One workspace. `id` is what a query names; the resource has an id of its own, which rights are given on."""

    clock: Clock
    subscription: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    calls: deque[LoggedCall] = field(default_factory=lambda: deque(maxlen=MOST))

    @property
    def resource_id(self) -> str:
        group = f"/subscriptions/{self.subscription}/resourceGroups/emulated"
        return f"{group}/providers/Microsoft.OperationalInsights/workspaces/logs"

    def note(self, account: str, operation: str = "ChatCompletions_Create", caller: str = "") -> None:
        """A call was made, with a key unless an Entra object id is given."""
        self.calls.append(LoggedCall(self.clock.now(), account, operation, caller))

    def count(self, account: str, seconds: float) -> tuple[int, int]:
        """All calls of an account within so many seconds, and those with a key that did more than look at models."""
        since = self.clock.now() - seconds
        found = [one for one in self.calls if one.time >= since and one.account.lower() == account.lower()]
        return len(found), sum(not one.caller and "models" not in one.operation.lower() for one in found)
