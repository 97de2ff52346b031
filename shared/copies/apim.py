"""Named values of API Management. Its backends and policies are left out (docs/decisions/0034-copies.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.copies.addresses import secret_of
from shared.copies.traces import HolderEntry, HolderList, KeyPlace, Trace


def read_named_values(resource: str, entries: Sequence[HolderEntry]) -> Iterator[Trace]:
    """Yield the named values of a service. One with a value of its own cannot be judged: no value is looked at."""
    for entry in entries:
        properties = entry.get("properties") or {}
        vault, name = properties.get("keyVault") or {}, str(entry.get("name") or "")
        what = f"The named value {properties.get('displayName') or name}"
        address = vault.get("secretIdentifier") or ()
        if not address:
            yield Trace(resource, name, what)
            continue
        host, secret, version = address
        code = str((vault.get("lastStatus") or {}).get("code") or "")
        trouble = "" if code.lower() in ("", "success") else code
        yield Trace(resource, name, what, secret=secret_of(host, secret), version=version, trouble=trouble)


APIM = KeyPlace(
    "apim-named-value",
    "Named values of API Management",
    ("microsoft.apimanagement/service",),
    ((HolderList.NAMED_VALUES, read_named_values),),
    "Let the policy get a token with authentication-managed-identity in place of the key, and give the service's "
    "managed identity the role Cognitive Services OpenAI User on the account",
    "Values that are not in a vault, the named values of workspaces, and caches of self-hosted gateways are not seen.",
    within="within 4 hours",
    refresh="az rest --method post --url '{manager}{resource}/namedValues/{name}/refreshSecret?api-version=2024-05-01'",
)
