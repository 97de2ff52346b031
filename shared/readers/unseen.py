"""What could not be seen of who reads the keys of an account.

It is part of every answer, so that none says "nobody else".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.readers.grants import policies_of, role_of
from shared.readers.kinds import Reader, RightsSeen
from shared.readers.rights import is_management_group

ABOVE = (
    "roles that are assigned above the subscription where this app may not read: Azure leaves them out without a word"
)
OTHER_TENANTS = (
    "people of other tenants to whom the subscription is delegated (Azure Lighthouse), and partners: they are in no "
    "list of role assignments"
)
RUNS_CODE = (
    "whoever can run code as an application or a managed identity that reads a key, by a deployment, by a container "
    "beside it or by a job with another command, or add a credential to it"
)
DIRECTORY = "Global Administrators of the directory, who can give themselves every role"
BESIDE = (
    "rights on other resource groups and on single resources in which a copy of a key may lie: the copies of this "
    "account show where they lie"
)
NO_VAULT = "who reads the secret: how the vault decides could not be read"
NO_GROUP = "members of groups: none is looked up; no group was seen to hold such a right"


def not_seen_of(seen: RightsSeen, found: Iterable[Reader] | None, account_subscription: str) -> tuple[str, ...]:
    """Return what could not be seen, in words, what matters most first.

    seen: What was seen, with the assignments that act on the account or on the secret.
    found: Everybody who was found. None: it is asked about one person, whose groups the service knows.
    account_subscription: The id of the account's subscription.
    """
    words = [
        *(_members(seen, found) if found is not None else ()),
        ABOVE,
        *_which_groups(seen, account_subscription),
        *_undefined(seen),
        *([] if seen.vault else [NO_VAULT]),
        *seen.not_looked,
        RUNS_CODE,
        DIRECTORY,
        OTHER_TENANTS,
        BESIDE,
    ]
    return tuple(dict.fromkeys(words))


def _members(seen: RightsSeen, found: Iterable[Reader]) -> Iterator[str]:
    """Name each group once; and what may be a group, because an access policy does not say what it names."""
    who = {one.principal: one for one in found}
    groups = [one for one in who.values() if one.principal_type.endswith("Group")]
    for one in sorted(groups, key=lambda one: (one.name.casefold(), one.principal)):
        yield f"members of the group {_named(one)}: ask for one person by object id"
    named = set(policies_of(seen.vault)) if seen.vault and not seen.vault.by_roles else set[str]()
    for one in (one for one in who.values() if not one.principal_type):
        source = "an access policy names" if one.principal in named else "a role names"
        yield f"what {_named(one)} is, which {source}, and who its members are if it is a group"
    if not groups:
        yield NO_GROUP


def _named(one: Reader) -> str:
    return f"{one.name} ({one.principal})" if one.name else one.principal


def _which_groups(seen: RightsSeen, subscription: str) -> Iterator[str]:
    """Azure shows the management groups above each subscription that is asked, and both answers lie in one list."""
    elsewhere = seen.vault is not None and f"/subscriptions/{subscription.lower()}/" not in f"{seen.vault.id.lower()}/"
    if elsewhere and any(is_management_group(one.scope) for one in seen.held):
        yield (
            "which management groups lie above the account and which above the vault, whose subscription is another "
            "one: what is assigned on one of them counts for both"
        )


def _undefined(seen: RightsSeen) -> Iterator[str]:
    """Name each role that somebody holds and whose definition was not shown: nobody can say what it allows."""
    unknown = sorted({one.role.rpartition("/")[2].lower() for one in seen.held if role_of(one, seen.roles) is None})
    for role in unknown:
        yield f"what the role {role} allows: its definition could not be read"
