"""What may befall a call of a runner: a kill, a refusal, a lost answer, somebody else who acts meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from lab.emulator.errors import AzureError, ConnectionDroppedError


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, not even what it would have tidied up."""


@dataclass(frozen=True)
class Call:
    """One outgoing call of a runner, by number from 1."""

    number: int
    operation: str
    target: str


Hook = Callable[[Call], Awaitable[None]]


@dataclass
class Befall:
    """What befalls which call: hooks before the call, and after its effect. A hook that raises ends the call."""

    before: dict[int, Hook] = field(default_factory=dict)
    after: dict[int, Hook] = field(default_factory=dict)


def _raises(error: BaseException) -> Hook:
    async def strike(_call: Call) -> None:
        raise error

    return strike


def killed_before(number: int) -> Befall:
    return Befall(before={number: _raises(Killed())})


def killed_after(number: int) -> Befall:
    return Befall(after={number: _raises(Killed())})


def answer_lost(number: int) -> Befall:
    """The call had its effect and the caller never heard of it."""
    return Befall(after={number: _raises(ConnectionDroppedError(after=True))})


def refused(number: int, status: int) -> Befall:
    """The call was answered with a status and had no effect."""
    return Befall(before={number: _raises(AzureError(status, "Refused", "Refused by a test."))})


def meanwhile_before(number: int, act: Callable[[], Awaitable[object]]) -> Befall:
    return Befall(before={number: _lets(act)})


def meanwhile_after(number: int, act: Callable[[], Awaitable[object]]) -> Befall:
    return Befall(after={number: _lets(act)})


def _lets(act: Callable[[], Awaitable[object]]) -> Hook:
    async def let(_call: Call) -> None:
        await act()

    return let
