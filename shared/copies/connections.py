"""Connections with a stored key, which Foundry accounts, Foundry projects and hubs describe in the same way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.copies.addresses import account_in, account_label, is_regional
from shared.copies.traces import HolderEntry, Trace

# All others sign in with an identity, or with nothing (docs/facts.md, Copies).
_STORE = frozenset(
    {"apikey", "accesskey", "accountkey", "sas", "pat", "usernamepassword", "serviceprincipal", "oauth2", "customkeys"}
)
# Of these kinds, a connection that names no account may well be to one.
_TO_ACCOUNTS = frozenset({"azureopenai", "aiservices", "cognitiveservice", "apikey", "customkeys", "openai"})


def read_connections(resource: str, entries: Sequence[HolderEntry]) -> Iterator[Trace]:
    """Yield the connections of a resource that store a key, and name an account or may be to one.

    A connection goes by its name and its resource: the ids in the answers name other types than there are.
    """
    for entry in entries:
        properties = entry.get("properties") or {}
        kind, host = str(properties.get("category") or ""), str(properties.get("target") or "")
        label, named = account_label(host), str((properties.get("metadata") or {}).get("ResourceId") or "")
        account = account_in(named)
        unclear = is_regional(host) or (not host and kind.lower() in _TO_ACCOUNTS)
        if str(properties.get("authType") or "").lower() in _STORE and (label or account or unclear):
            name = str(entry.get("name") or "")
            what = f"The connection {name} ({kind or 'of no kind'}, {properties['authType']})"
            yield Trace(resource, name, what, label, account, note=_shared_with(properties))


def _shared_with(properties: HolderEntry) -> str:
    if properties.get("isSharedToAll"):
        return "It is shared with everybody who uses that resource, so more use it than its owner."
    return "It is shared with a list of users." if properties.get("sharedUserList") else ""
