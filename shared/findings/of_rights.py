"""The finding about roles that show the keys of every account in a subscription."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from shared.domain.relative import counted
from shared.findings.codes import Code
from shared.findings.kinds import Finding
from shared.ports import Account
from shared.readers.ask import is_known
from shared.readers.ports import Rights
from shared.readers.wide import WideRole, key_roles_at_subscription

MOST_SUBSCRIPTIONS = 50  # of an audit; each takes the five lists of its rights, of a page each in most subscriptions
_OURS = "Azure OpenAI key rotator ("  # the app's own role, which infra/main.bicep assigns on whole subscriptions
_OURS_UNNAMED = "Azure OpenAI key rotator"


async def find_key_roles(rights: Rights, accounts: Iterable[Account]) -> tuple[list[Finding], str]:
    """Return one finding for each subscription in which roles on the whole of it show keys, and where it was looked.

    rights: Who has which right.
    accounts: The accounts in sight, whose subscriptions are looked at.

    A subscription whose rights cannot be read has no finding: the right to read them is optional.
    """
    lie_in = list(dict.fromkeys(one.id.subscription.lower() for one in accounts if one.key_auth))
    found, read, own = list[Finding](), 0, await rights.own_principal()
    for subscription in lie_in[:MOST_SUBSCRIPTIONS]:
        seen = await rights.in_subscription(subscription)
        read += is_known(seen, subscription)
        wide = [one for each in key_roles_at_subscription(seen, subscription) for one in _without(own, each)]
        found += [_finding(subscription, wide)] if wide else []
    return found, f"{read} of {counted(len(lie_in), 'subscription')}"


def _without(own: str, one: WideRole) -> Iterator[WideRole]:
    """Leave the app's own identity out of its own role. The name alone proves nothing: anybody can give it to a role,
    and anybody can hold the role."""
    is_named_ours = one.role.startswith(_OURS) or one.role == _OURS_UNNAMED
    holders = tuple(who for who in one.holders if not (is_named_ours and who == own))
    if holders:
        yield replace(one, holders=holders)


def _finding(subscription: str, wide: Sequence[WideRole]) -> Finding:
    named = ", ".join(f"{one.role} ({counted(len(one.holders), 'holder')}, on {one.scope})" for one in wide)
    why = f"Roles on the whole subscription or above let their holders read the keys of its accounts: {named}."
    return Finding(Code.KEY_ROLES_AT_SUBSCRIPTION, f"subscription {subscription}", why)
