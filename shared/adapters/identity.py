"""Open the credential: in Azure the managed identity, on a developer's machine a sign-in with `az` or `azd`.

`ManagedIdentityCredential()` does not read AZURE_CLIENT_ID by itself, so the client id is always passed. A credential
caches its tokens in memory, so a process needs only one (docs/facts.md, Tokens).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from shared.adapters.connections import Connections

# App Service and Functions set one of these for an app that has an identity.
_IN_AZURE = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT", "WEBSITE_INSTANCE_ID", "WEBSITE_SITE_NAME")


def is_managed(environment: Mapping[str, str]) -> bool:
    """Return whether this process runs where Azure gives it an identity."""
    return any(environment.get(name) for name in _IN_AZURE)


def open_credential(
    client_id: str | None, environment: Mapping[str, str], connections: Connections
) -> AsyncTokenCredential:
    """Return a credential for this process. The caller closes it.

    client_id: The user-assigned identity. None for the system-assigned one. Not used outside Azure.
    environment: The process's environment.
    connections: The process's sessions, which bound the calls for a token as all others.
    """
    if is_managed(environment):
        from azure.identity.aio import ManagedIdentityCredential

        chosen: dict[str, Any] = {"client_id": client_id} if client_id else {}
        # Its endpoint is on this machine, so it is called without a proxy of the environment.
        return ManagedIdentityCredential(transport=connections.transport(), use_env_settings=False, **chosen)
    from azure.identity.aio import AzureCliCredential, AzureDeveloperCliCredential, ChainedTokenCredential

    return ChainedTokenCredential(AzureCliCredential(), AzureDeveloperCliCredential())
