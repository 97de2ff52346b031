"""What a refusal by Azure is: which call got which answer, what that means, who must act, and how.

`refusals` holds the table of all that are known. Both are data and pure functions; the adapters hand in what Azure
answered. A code that is not in the table is said to be unknown, because a guess could send a person the wrong way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from shared.domain.causes import Cause


class Call(StrEnum):
    """The calls that the app makes. Azure's codes are looked up by the call that got them."""

    LIST_ACCOUNTS = "list accounts"
    READ_ACCOUNT = "read an account"
    LIST_KEYS = "list keys"
    REGENERATE_KEY = "regenerate a key"
    UPDATE_ACCOUNT = "change an account"
    GET_SECRET = "read a secret"  # noqa: S105 - the name of a call
    SET_SECRET = "write a secret"  # noqa: S105
    UPDATE_SECRET = "change a version of a secret"  # noqa: S105
    LIST_LISTENERS = "list the topic's event subscriptions"
    READ_RESOURCES = "read what Azure Resource Manager or Resource Graph shows"
    LIST_SECRETS = "list secrets"
    PUBLISH_EVENTS = "send events"
    STORAGE = "take a lease, or read or write a blob"
    QUERY_LOGS = "query the logs"
    TOKEN = "get a token"  # noqa: S105
    PROVE_KEY = "try a key at the account's endpoint"


class Who(StrEnum):
    """Who must act before the call can work.

    NOBODY: It passes by itself.
    ROLES: Whoever assigns roles: one is missing.
    IDENTITY: Whoever runs the app: its identity gets no token, or its token is refused. A role does not help.
    SETTINGS: Whoever runs the app: a setting, a tag or the network around the app is wrong.
    OWNER: Whoever owns the resource or its subscription: it refuses everybody.
    JUDGE: A person who can say what was meant.
    UNKNOWN: The code is not in the table.
    """

    NOBODY = "nobody"
    ROLES = "whoever assigns roles"
    IDENTITY = "whoever gives the app its identity"
    SETTINGS = "whoever runs the app"
    OWNER = "the owner of the resource"
    JUDGE = "a person who judges"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Answered:
    """What Azure answered to a call.

    call: The call.
    status: The HTTP status. 0 if no request was sent.
    code: Azure's code. Empty if the answer has none.
    inner: The more exact code that Key Vault gives. Empty if there is none.
    message: The message. It is only searched, never kept.
    """

    call: Call
    status: int
    code: str = ""
    inner: str = ""
    message: str = ""


@dataclass(frozen=True)
class Refusal:
    """One row of the table: an answer, and what to do about it. An empty text stands for any.

    calls: The calls that can be answered so.
    status: The HTTP status. 0: any.
    code: Azure's code.
    inner: Key Vault's more exact code.
    says: A part of the message, where one code has several meanings.
    means: What it means, as a sentence. Empty if the quoted answer says it all.
    who: Who must act.
    step: What to do, without a period at the end. Empty where the class of the error has a step that fits.
    cause: What the doctor needs to know to write out a command.
    source: Where the answer is described or reported.
    """

    calls: frozenset[Call]
    status: int
    code: str
    means: str
    who: Who
    step: str = ""
    inner: str = ""
    says: str = ""
    cause: Cause | None = None
    source: str = ""

    @property
    def passes(self) -> bool:
        """Whether it passes by itself."""
        return self.who is Who.NOBODY

    def fits(self, answered: Answered) -> bool:
        """Return whether this row is about that answer."""
        return (
            answered.call in self.calls
            and self.status in (0, answered.status)
            and _same(self.code, answered.code)
            and _same(self.inner, answered.inner)
            and self.says.casefold() in answered.message.casefold()
        )


def _same(wanted: str, given: str) -> bool:
    return wanted.casefold() in ("", given.casefold())


_BUSY = (408, 425, 429)
_LOOK_UP = "look up that code in Azure's documentation, mend what it names, and report it, so that this app learns it"
_NO_CODE = "see whether a proxy on the way answered in Azure's place; if not, look at Azure's service health"


def find(table: Iterable[Refusal], answered: Answered) -> Refusal:
    """Return the first row that fits the answer, unless its status says that it passes whatever its code.

    If no row fits, the answer is unknown, and the returned row says so.
    """
    if answered.status in _BUSY or answered.status >= 500:
        return Refusal(frozenset({answered.call}), answered.status, answered.code, "", Who.NOBODY)
    return next((row for row in table if row.fits(answered)), None) or _unknown(answered)


def _unknown(answered: Answered) -> Refusal:
    calls, status, code = frozenset({answered.call}), answered.status, answered.code
    means = f"The code {code} is unknown to this app" if code else "The answer has no code that says why"
    look = _LOOK_UP if code else _NO_CODE
    if status == 409:  # most conflicts pass, but a lock that was not known did not
        step = f"nothing if it happens once; if it stays, {look}"
        return Refusal(calls, status, code, means, Who.UNKNOWN, step)
    return Refusal(calls, status, code, means, Who.UNKNOWN, look)
