"""Read the targets that no listing shows: where the app may not list a subscription, it may read its own targets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from shared.domain.errors import RotationError
from shared.ports import Accounts
from shared.readiness.entries import InSight

MOST_READ = 200  # accounts of one survey; turns ask the logs about the others by themselves
AT_ONCE = 16  # accounts that are read side by side


async def read_unlisted(accounts: Accounts, found: Sequence[InSight]) -> list[InSight]:
    """Return the accounts in sight, those that no listing shows as they are now, or with why they cannot be read.

    accounts: Reads an account.
    found: The accounts in sight.

    At most `MOST_READ` are read, those with an agreed end of their keys first. Raises nothing.
    """
    unlisted = sorted((one for one in found if not one.is_seen), key=lambda one: (not _ends(one), one.id))[:MOST_READ]
    read: dict[str, InSight] = {}
    for start in range(0, len(unlisted), AT_ONCE):
        some = unlisted[start : start + AT_ONCE]
        read |= {one.id: one for one in await asyncio.gather(*(_read(accounts, one) for one in some))}
    return [read.get(one.id, one) for one in found]


async def _read(accounts: Accounts, one: InSight) -> InSight:
    try:
        seen = await accounts.read(one.account)
    except RotationError as error:
        return replace(one, unread=error)
    return replace(one, key_auth=seen.key_auth, takes_identity=seen.takes_identity, is_seen=True)


def _ends(one: InSight) -> bool:
    return one.row is not None and one.row.target.sunset is not None
