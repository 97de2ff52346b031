"""Interruptions of a runner's calls: a kill, a refusal, a lost answer, another actor that acts in between.

A test passes one `Interruptions` to a turn: `stage.turn(interruptions=killed_after("kv.setSecret"))`. A call is meant
by its operation, or by its number where a test goes through all calls.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from lab.emulator.errors import AzureError, ConnectionDroppedError


class Killed(BaseException):
    """The process is gone. Nothing of it runs any more, not even its clean-up code."""


@dataclass(frozen=True)
class Call:
    """One outgoing call of a runner.

    number: Its place among the runner's calls, from 1.
    operation: The name that the emulator's journal uses, such as `kv.setSecret`.
    target: What it is about: an account id, a secret's URL, a vault's URL.
    """

    number: int
    operation: str
    target: str


Hook = Callable[[Call], Awaitable[None]]
type Which = int | str


@dataclass
class Interruptions:
    """What happens at which call: that of a number, from 1, or the first one of an operation. A hook that raises ends
    the call.

    before: Hooks that run before that call. One that raises keeps the call from having its effect.
    after: Hooks that run after the call's effect and before its answer arrives.
    """

    before: dict[Which, Hook] = field(default_factory=dict)
    after: dict[Which, Hook] = field(default_factory=dict)


def killed_before(which: Which) -> Interruptions:
    """Kill the process before this call."""
    return Interruptions(before={which: _raise(Killed())})


def killed_after(which: Which) -> Interruptions:
    """Kill the process after this call had its effect."""
    return Interruptions(after={which: _raise(Killed())})


def answer_lost(which: Which) -> Interruptions:
    """Lose the answer of this call, after it had its effect."""
    return Interruptions(after={which: _raise(ConnectionDroppedError(after=True))})


def refused(which: Which, status: int) -> Interruptions:
    """Answer this call with an HTTP status. It has no effect."""
    return Interruptions(before={which: _raise(AzureError(status, "Refused", "Refused by a test."))})


def meanwhile_before(which: Which, act: Callable[[], Awaitable[object]]) -> Interruptions:
    """Let another actor act just before this call."""
    return Interruptions(before={which: _let(act)})


def meanwhile_after(which: Which, act: Callable[[], Awaitable[object]]) -> Interruptions:
    """Let another actor act just after this call had its effect."""
    return Interruptions(after={which: _let(act)})


def _raise(error: BaseException) -> Hook:
    async def interrupt(_call: Call) -> None:
        raise error

    return interrupt


def _let(act: Callable[[], Awaitable[object]]) -> Hook:
    async def interrupt(_call: Call) -> None:
        await act()

    return interrupt
