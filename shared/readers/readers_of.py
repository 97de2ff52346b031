"""Who can read the keys of one account, from what Azure shows of rights. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from shared.domain.model import AccountId
from shared.readers.kinds import Readers, RightsSeen
from shared.readers.roads import ROADS
from shared.readers.rows import Asked, rows_of
from shared.readers.unseen import not_seen_of


def readers_of(
    account: AccountId, seen: RightsSeen, secret: str = "", identities: Mapping[str, str] | None = None
) -> Readers:
    """Return who can read the keys of an account, and who could give themselves the right: one row for each principal
    and road, with the assignment that says most.

    account: The account.
    seen: What Azure shows.
    secret: The name of the secret in which the key is published: a role can be assigned on one secret alone. Empty:
        only rights on the whole vault count.
    identities: The resource ids of managed identities, by the object ids of their principals, in lower case.
    """
    asked = Asked(account, seen, secret, identities or {})
    rows = [row for road in ROADS.values() if road.is_open(seen.vault) for row in rows_of(road, asked)]
    reading = tuple(one for one in rows if not ROADS[one.road].gives_itself)
    could = tuple(one for one in rows if ROADS[one.road].gives_itself)
    return Readers(account, reading, could, not_seen_of(asked.near, rows, account.subscription), seen.problems)
