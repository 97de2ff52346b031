"""Linked services of Data Factory that send a key in a header."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.copies.addresses import account_label, secret_of
from shared.copies.traces import HolderEntry, HolderList, KeyPlace, Trace


def read_linked_services(resource: str, entries: Sequence[HolderEntry]) -> Iterator[Trace]:
    """Yield the headers of linked services that hold a value or refer to a secret.

    A secret is named by its store, which is another linked service of the factory. Values are masked by Azure, and
    encrypted ones show only that they are there.
    """
    vaults = {str(one.get("name")): _parts(one).get("baseUrl") or "" for one in entries}
    for entry in entries:
        name, parts = str(entry.get("name") or ""), _parts(entry)
        label, what = account_label(str(parts.get("url") or "")), f"The linked service {name}"
        headers = parts.get("authHeaders") or ()
        for header in headers:
            vault = vaults.get(header["store"], "")
            if header["type"] == "AzureKeyVaultSecret":
                secret = secret_of(vault, header["secret"]) if vault and header["secret"] else ""
                yield Trace(resource, name, what, secret=secret, version=header["version"])
            elif label:
                yield Trace(resource, name, what, label, note=f"It sends the header {header['header']}.")
        if label and not headers and parts.get("encryptedCredential"):
            yield Trace(resource, name, what, label, certain=False)


def _parts(entry: HolderEntry) -> HolderEntry:
    found: HolderEntry = (entry.get("properties") or {}).get("typeProperties") or {}
    return found


DATA_FACTORY = KeyPlace(
    "data-factory-linked-service",
    "Linked services of Data Factory",
    ("microsoft.datafactory/factories",),
    ((HolderList.LINKED_SERVICES, read_linked_services),),
    "Let the linked service use the factory's managed identity for the resource https://cognitiveservices.azure.com, "
    "and give that identity the role Cognitive Services OpenAI User on the account",
    "Keys in pipelines and in parameters are not seen.",
    within="at its next run",
)
