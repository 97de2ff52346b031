"""The two ports of a trial, made on first use: few turns need them, and no start of the app should wait for their
code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property

from shared.domain.model import AccountId, Target
from shared.domain.orders import TrialCheck
from shared.ports import Refusals, TrialChecks


class RefusalsOnUse:
    """How many calls an account refuses.

    make: Makes what counts them.
    """

    def __init__(self, make: Callable[[], Refusals]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Refusals:
        return self._make()

    async def count(self, account: AccountId, since: datetime, until: datetime) -> int | None:
        """Return how many calls were refused between these times, in UTC. None if the metrics do not say."""
        return await self._made.count(account, since, until)


class TrialChecksOnUse:
    """What speaks against a trial.

    make: Makes what looks.
    """

    def __init__(self, make: Callable[[], TrialChecks]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> TrialChecks:
        return self._make()

    async def check(self, target: Target) -> TrialCheck:
        """Return what was found, and what could not be looked at. Raises nothing."""
        return await self._made.check(target)
