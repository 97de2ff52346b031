"""Make two calls at the same time that do not depend on each other: a leaked key must not wait for them in turn.

Which way is taken is a part of `Outside`: the proofs step through a turn call by call, and make them one after another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol


class Together(Protocol):
    """How two calls are made that do not depend on each other."""

    async def both[A, B](self, one: Callable[[], Awaitable[A]], other: Callable[[], Awaitable[B]]) -> tuple[A, B]:
        """Make both calls and return their answers. Raises the first error of `one`, or else that of `other`, when
        neither call is under way any more."""
        ...


class InTurn:
    """One call after the other."""

    async def both[A, B](self, one: Callable[[], Awaitable[A]], other: Callable[[], Awaitable[B]]) -> tuple[A, B]:
        """Make the first call, and then the other one. After an error the other one is not made."""
        return await one(), await other()


class AtOnce:
    """Both calls at the same time."""

    async def both[A, B](self, one: Callable[[], Awaitable[A]], other: Callable[[], Awaitable[B]]) -> tuple[A, B]:
        """Make both calls, and wait until both have ended, also if one fails: none may still be calling then."""
        first, second = asyncio.ensure_future(one()), asyncio.ensure_future(other())
        await asyncio.gather(first, second, return_exceptions=True)
        return await first, await second
