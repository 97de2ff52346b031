"""Roles that read keys and are assigned on a whole subscription or above: everybody with one reads the keys of every
account there. The low finding `key-roles-at-subscription` is made of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from shared.readers.grants import role_of
from shared.readers.kinds import RightsSeen
from shared.readers.rights import giving_block, is_subscription_or_above, plain
from shared.readers.roads import LIST_KEYS, REGENERATE, ROADS

_RIGHTS = (*ROADS[LIST_KEYS].rights, *ROADS[REGENERATE].rights)


@dataclass(frozen=True)
class WideRole:
    """A role that reads keys, on a whole subscription or above.

    role: Its name.
    scope: Where it is assigned, as Azure writes it.
    holders: The object ids of who holds it, active or eligible, in lower case and in their order.
    """

    role: str
    scope: str
    holders: tuple[str, ...]


def key_roles_at_subscription(seen: RightsSeen, subscription: str = "") -> tuple[WideRole, ...]:
    """Return the roles that list or regenerate keys on a subscription or above, by scope and name.

    subscription: The id of the only subscription that counts, with what lies above it. Empty: each that was seen.
    """
    found = defaultdict[tuple[str, str], set[str]](set)
    written = dict[str, str]()
    for held in seen.held:
        role = role_of(held, seen.roles)
        if role and _counts(held.scope, subscription) and any(giving_block(role, one) for one in _RIGHTS):
            found[plain(held.scope), role.name].add(held.principal.lower())
            written.setdefault(plain(held.scope), held.scope)
    return tuple(WideRole(name, written[scope], tuple(sorted(who))) for (scope, name), who in sorted(found.items()))


def _counts(scope: str, subscription: str) -> bool:
    other = bool(subscription) and plain(scope).startswith("/subscriptions/")
    return is_subscription_or_above(scope) and (not other or plain(scope) == f"/subscriptions/{subscription.lower()}")
