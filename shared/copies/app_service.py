"""Settings of App Service and Functions that refer to a secret. Others are not looked at: it would show all values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.copies.addresses import secret_of
from shared.copies.traces import HolderEntry, HolderList, KeyPlace, Trace

_WELL = frozenset({"", "resolved", "initialized"})


def read_references(resource: str, entries: Sequence[HolderEntry]) -> Iterator[Trace]:
    """Yield the settings of a site or slot that refer to a secret. One that names no vault cannot be judged."""
    for entry in entries:
        properties, name = entry.get("properties") or {}, str(entry.get("name") or entry.get("id") or "")
        vault, secret = str(properties.get("vaultName") or ""), str(properties.get("secretName") or "")
        status = str(properties.get("status") or "")
        yield Trace(
            resource,
            name,
            f"The app setting {name}",
            secret=secret_of(vault, secret) if vault and secret else "",
            version=str(properties.get("secretVersion") or ""),
            active=str(properties.get("activeVersion") or ""),
            trouble="" if status.lower() in _WELL else status,
        )


APP_SERVICE = KeyPlace(
    "app-setting",
    "Settings of App Service and Functions that refer to a vault",
    ("microsoft.web/sites", "microsoft.web/sites/slots"),
    ((HolderList.APP_SETTINGS, read_references),),
    "Let the app sign in with its managed identity (DefaultAzureCredential), give that identity the role Cognitive "
    "Services OpenAI User on the account, and delete the setting",
    "Settings that hold a value of their own, and connection strings, are not seen. Standard logic apps have them.",
    within="within 24 hours; a restart does not fetch it",
    refresh="az rest --method post --url '{manager}{resource}/config/configreferences/appsettings"
    "/refresh?api-version=2022-03-01'",
)
