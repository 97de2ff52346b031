"""What speaks against a trial: policies that keep keys off, and copies of a key that would be hurt at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from shared.adapters.key_policies import KeyPolicies, in_words
from shared.adapters.waits import time_limit
from shared.copies.kinds import Copied, Copies, CopyFate
from shared.copies.looks import CopyLooks
from shared.copies.matching import copies_of_all
from shared.copies.places import PLACES
from shared.copies.sought import sought_of
from shared.domain.errors import RotationError
from shared.domain.model import Target
from shared.domain.orders import TrialCheck
from shared.domain.relative import counted
from shared.ports import Accounts, Clock

_SECONDS = 40.0  # for each of the two questions: a turn has ten minutes, and holds its target meanwhile
_KINDS = {place.word: place.title for place in PLACES}


class AzureTrialChecks:
    """What Azure shows of it now.

    policies: What policies do.
    accounts: The accounts, as a copy names them.
    looks: The looks for copies, which this process shares.
    clock: The time.
    groups: The names of the management groups to look for copies in. None: everything that the identity can read.
    """

    def __init__(
        self, policies: KeyPolicies, accounts: Accounts, looks: CopyLooks, clock: Clock, groups: Sequence[str] = ()
    ) -> None:
        self._policies = policies
        self._accounts = accounts
        self._looks = looks
        self._clock = clock
        self._groups = groups

    async def check(self, target: Target) -> TrialCheck:
        """Return what was found, and what could not be looked at. Raises nothing."""
        with time_limit(_SECONDS):
            policies = await self._policies.of(target.account)
        copies, unseen = await self._copies(target)
        return TrialCheck(policies.blockers, copies, (*policies.unseen, *unseen))

    async def _copies(self, target: Target) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the places that use a key, and what is not known of them. A look of the last minute is used again."""
        try:
            async with asyncio.timeout(_SECONDS):  # one look at a time, so this one may have to wait for another
                with time_limit(_SECONDS):
                    found = await self._accounts.read(target.account)
                    look = await self._looks.look(self._clock, self._groups, target.account.subscription)
        except RotationError as error:
            return (), (f"where copies of a key are used: {in_words(error)}",)
        except TimeoutError:
            return (), (f"where copies of a key are used: the look took longer than {_SECONDS:g} seconds.",)
        [copies] = copies_of_all(look.seen, [sought_of(found, target.secret_url)])
        used = tuple(_place(one) for one in copies.copies if one.fate is not CopyFate.UNKNOWN)
        return used, tuple(_unseen(copies, is_whole=look.seen.is_whole))


def _place(one: Copied) -> str:
    """Return a copy as it can be recognised again: with nothing that changes by itself."""
    return f"{_KINDS.get(one.place, one.place)}: {one.name} in {one.resource}"


def _unseen(copies: Copies, *, is_whole: bool) -> Iterator[str]:
    """Return what is not known of copies: what may be one, what refused, and what nobody looks at."""
    yield from (f"{_place(one)}, which may use a key." for one in copies.copies if one.fate is CopyFate.UNKNOWN)
    yield from (f"where copies of a key are used: {in_words(error)}" for error in copies.problems)
    looked = sum(one.looked or 0 for one in copies.places)
    number = counted(looked, "resource")
    yield f"copies outside the {number} that this app could look into; docs/copies.md names what it cannot see."
    if not is_whole:
        yield "copies in resources that had to wait for another look; ask again in an hour."
