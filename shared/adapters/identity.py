"""Which credential. In Azure the managed identity, named; outside it, whoever is signed in to develop.

`ManagedIdentityCredential()` does not read AZURE_CLIENT_ID by itself (azure-facts, section 5), so the client id is
always passed on. The tokens of one credential are cached in memory: there is one credential for each process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

# What App Service and Functions put into the environment of an app that has an identity.
_IN_AZURE = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT", "WEBSITE_INSTANCE_ID", "WEBSITE_SITE_NAME")


def is_managed(environment: Mapping[str, str]) -> bool:
    """Whether this process runs where Azure gives it an identity."""
    return any(environment.get(name) for name in _IN_AZURE)


def open_credential(client_id: str | None, environment: Mapping[str, str]) -> AsyncTokenCredential:
    """The credential for this process."""
    if is_managed(environment):
        from azure.identity.aio import ManagedIdentityCredential

        return ManagedIdentityCredential(client_id=client_id) if client_id else ManagedIdentityCredential()
    from azure.identity.aio import AzureCliCredential, AzureDeveloperCliCredential, ChainedTokenCredential

    return ChainedTokenCredential(AzureCliCredential(), AzureDeveloperCliCredential())
