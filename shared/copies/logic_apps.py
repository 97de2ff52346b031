"""Connections of Logic Apps (Consumption) to Azure OpenAI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.copies.traces import AskedAt, HolderEntry, HolderList, KeyPlace, Trace


def read_api_connections(_: str, entries: Sequence[HolderEntry]) -> Iterator[Trace]:
    """Yield the API connections to Azure OpenAI. Azure does not show whether one stores a key or uses an identity."""
    for entry in entries:
        properties = entry.get("properties") or {}
        if str((properties.get("api") or {}).get("id") or "").lower() == "azureopenai":
            named = (properties.get("nonSecretParameterValues") or {}).get("azureOpenAIResourceName")
            name = str(entry.get("name") or "")
            what = f"The API connection {name}"
            yield Trace(str(entry.get("id") or ""), name, what, str(named or "").lower(), certain=False)


LOGIC_APPS = KeyPlace(
    "logic-app-connection",
    "Connections of Logic Apps",
    ("microsoft.web/connections",),
    ((HolderList.LOGIC_CONNECTIONS, read_api_connections),),
    "Let the connection use the managed identity of the logic app, and give that identity the role Cognitive Services "
    "OpenAI User on the account",
    "Whether a connection stores a key is not shown. Standard logic apps keep keys in app settings.",
    at=AskedAt.GROUP,
)
