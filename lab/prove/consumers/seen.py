"""What the emulator's journal and the accounts say of consumers: who has read the vault, and who uses which key."""

from __future__ import annotations

from collections.abc import Sequence

from lab.emulator.accounts import Account
from lab.emulator.world import World
from lab.prove.consumers.site import Site

READ, PUBLISH = "kv.getSecret", "kv.setSecret"
FEW = 5000  # how far back the last requests of one account are looked for


def place_of_publication(site: Site, account: Account) -> int:
    """Return the place in the journal after which reads show the latest version of an account's secret.

    Raises LookupError if the journal has no write of it.
    """
    entries, secret = site.world.journal.entries, f"{account.name}-key"
    for place in range(len(entries) - 1, -1, -1):
        entry = entries[place]
        if entry.operation == PUBLISH and entry.effect and entry.target.endswith(secret):
            return place
    raise LookupError(f"nobody has written the secret {secret}")


def read_since(world: World, place: int, identity: str) -> bool:
    """Return whether an identity has read a secret in a request that arrived after this place in the journal."""
    entries = world.journal.entries
    return any(
        one.operation == READ and one.caller == identity and one.status == 200
        for one in (entries[at] for at in range(place, len(entries)))
    )


def refused_reads_since(world: World, place: int, identities: Sequence[str]) -> int:
    """Return how many of these identities asked the vault in vain after this place in the journal."""
    entries = world.journal.entries
    asked = {
        one.caller
        for one in (entries[at] for at in range(place, len(entries)))
        if one.operation == READ and "drop_before" in one.note
    }
    return len(asked & set(identities))


def carries_only(site: Site, account: str, requests: int) -> bool:
    """Return whether the last requests to an account, as many as given, all carried the key that is published."""
    uses, wanted, target = site.world.accounts.uses, requests, site.world.accounts.named(account)
    mark = site.published(target)
    for use in uses[: -FEW - 1 : -1]:
        if use.operation == "aoai.chat" and use.account == target.id:
            if use.fingerprint != mark:
                return False
            wanted -= 1
            if not wanted:
                return True
    return False
