"""What a survey of readiness needs from outside, in addition to what turns need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.domain.errors import RotationError
from shared.domain.model import AccountId
from shared.ports import Account


@dataclass(frozen=True)
class Seen:
    """The accounts in sight.

    accounts: All accounts that serve Azure OpenAI, enrolled or not.
    scope: Where they were looked for, in words: "2 subscriptions".
    problems: Why something could not be seen.
    """

    accounts: Sequence[Account]
    scope: str
    problems: Sequence[RotationError] = ()


@dataclass(frozen=True)
class LogSetting:
    """One diagnostic setting of an account.

    name: Its name.
    workspaces: The workspaces that it sends to, as Azure names them.
    has_request_log: Whether it sends the log of calls, RequestResponse.
    """

    name: str
    workspaces: Sequence[str] = ()
    has_request_log: bool = False


class Sight(Protocol):
    """All accounts in sight, not only the enrolled ones."""

    async def accounts(self) -> Seen:
        """Return the accounts. Raises nothing: what could not be seen is a problem in the answer."""
        ...


class CallLogSettings(Protocol):
    """The diagnostic settings of accounts."""

    async def of(self, account: AccountId) -> Sequence[LogSetting]:
        """Return the diagnostic settings of an account. Raises a RotationError if they cannot be read."""
        ...
