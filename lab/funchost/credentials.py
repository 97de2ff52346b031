"""The credential for an identity connection.

The app is described by a settings dictionary and not by this process's environment, so that several hosts can run in
one process. If the settings name a token endpoint (`IDENTITY_ENDPOINT`, `IDENTITY_HEADER`), it is called directly.
Everything else is left to azure-identity.
"""

from collections.abc import Mapping
from time import time
from types import TracebackType
from typing import Any

import aiohttp
from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ClientAuthenticationError

from lab.funchost.settings import lookup

_API_VERSION = "2019-08-01"
_SPARE_SECONDS = 300


class PlatformIdentity:
    """Gets tokens from the endpoint that the platform offers an app with a managed identity.

    endpoint, header: The settings IDENTITY_ENDPOINT and IDENTITY_HEADER.
    client_id: The client id of a user-assigned identity. None means the default identity.
    session: The HTTP session that is used. Its owner closes it.
    """

    def __init__(self, endpoint: str, header: str, client_id: str | None, session: aiohttp.ClientSession) -> None:
        self._endpoint, self._header, self._client_id, self._session = endpoint, header, client_id, session
        self._tokens: dict[str, AccessToken] = {}

    async def get_token(self, *scopes: str, **_options: Any) -> AccessToken:  # noqa: ANN401
        """Return a token for the first scope; a cached one if it is valid for five minutes or longer.

        Raises ClientAuthenticationError if the endpoint does not answer 200.
        """
        resource = scopes[0].removesuffix("/.default")
        known = self._tokens.get(resource)
        if known is None or known.expires_on - time() < _SPARE_SECONDS:
            self._tokens[resource] = known = await self._fetch(resource)
        return known

    async def _fetch(self, resource: str) -> AccessToken:
        query = {"api-version": _API_VERSION, "resource": resource}
        if self._client_id:
            query["client_id"] = self._client_id
        headers = {"X-IDENTITY-HEADER": self._header, "Accept-Encoding": "identity"}
        async with self._session.get(self._endpoint, params=query, headers=headers) as response:
            if response.status != 200:
                raise ClientAuthenticationError(
                    f"the identity endpoint answered {response.status}; check IDENTITY_ENDPOINT and IDENTITY_HEADER"
                )
            content = await response.json(content_type=None)
        return AccessToken(content["access_token"], int(content["expires_on"]))

    async def close(self) -> None:
        """Forget the cached tokens."""
        self._tokens.clear()

    async def __aenter__(self) -> "PlatformIdentity":
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()


def make_credential(
    settings: Mapping[str, str], session: aiohttp.ClientSession, managed: bool, client_id: str | None
) -> AsyncTokenCredential:
    """Return the credential for an identity connection.

    session: Used for the token endpoint, if the settings name one.
    managed: Without a token endpoint, use the managed identity only and not the whole default chain.
    client_id: The client id of a user-assigned identity, or None.
    """
    endpoint, header = lookup(settings, "IDENTITY_ENDPOINT"), lookup(settings, "IDENTITY_HEADER")
    if endpoint and header:
        return PlatformIdentity(endpoint, header, client_id, session)
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential  # slow to import and rarely needed

    if managed:
        return ManagedIdentityCredential(client_id=client_id)
    return DefaultAzureCredential(managed_identity_client_id=client_id)
