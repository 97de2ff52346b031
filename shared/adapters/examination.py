"""What the doctor reads of a deployment: whose token the app gets, its own permissions, and whether an address answers.

Nothing here changes anything. A token never leaves this module. Only the identity in its claims does; the claims are
read and not verified, because nothing is decided by them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import aiohttp

from shared.adapters.connections import Connections
from shared.adapters.proxy import refused_by_proxy
from shared.adapters.translate import azure_errors
from shared.doctor.ports import Permission, ProxyFacts, Reachability, TokenIdentity
from shared.domain.errors import TryLater
from shared.domain.refusal import Call

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

STORAGE = "https://storage.azure.com"
_PERMISSIONS = "{manager}{scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
_CLAIMS = ("appid", "azp"), ("oid",), ("tid",)


class AzureExaminer:
    """Reads a deployment through Azure.

    credential: The app's identity.
    storage: The identity that opens the host's storage account, which may be another one.
    resource_manager: The address of Azure Resource Manager.
    connections: The process's sessions.
    managed: Whether this process runs with a managed identity.
    """

    def __init__(
        self,
        credential: AsyncTokenCredential,
        storage: AsyncTokenCredential,
        resource_manager: str,
        connections: Connections,
        *,
        managed: bool,
    ) -> None:
        self._credential = credential
        self._storage = storage
        self._resource_manager = resource_manager
        self._connections = connections
        self.managed = managed

    @property
    def proxy(self) -> ProxyFacts | None:
        """The proxy that calls go through."""
        proxy = self._connections.proxy
        return ProxyFacts(proxy.address, proxy.exceptions) if proxy.address else None

    async def token_identity(self, resource: str) -> TokenIdentity:
        """Get a token for that resource and return whose it is. Raises GrantRole if the identity gets none."""
        credential = self._storage if resource == STORAGE else self._credential
        return _identity(await _token_of(credential, resource))

    async def permissions(self, scope: str) -> Sequence[Permission] | None:
        """Return the caller's permissions at that scope. None if it may not read them or the answer is unclear."""
        token = await _token_of(self._credential, self._resource_manager)
        url = _PERMISSIONS.format(manager=self._resource_manager, scope=scope)
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._connections.get_once(url, headers) as response:
                return _permissions(await response.json()) if response.status == 200 else None
        except (aiohttp.ClientError, OSError, ValueError):
            return None

    async def reachability(self, url: str) -> Reachability:
        """Call an address without credentials; return its status and its clock. Raises TryLater without an answer."""
        try:
            async with self._connections.get_once(url) as response:
                return Reachability(response.status, _date(response.headers.get("Date")))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise TryLater(url, f"the address does not answer ({_reason(error)}).") from error


async def principal_of(credential: AsyncTokenCredential, resource: str) -> str:
    """Return the object id of an identity, as its token for that resource says. Empty if the token does not say it.

    Raises GrantRole if the identity gets no token.
    """
    return _identity(await _token_of(credential, resource)).object_id or ""


async def _token_of(credential: AsyncTokenCredential, resource: str) -> str:
    with azure_errors(resource, "get a token", Call.TOKEN):
        return str((await credential.get_token(f"{resource}/.default")).token)


def _identity(token: str) -> TokenIdentity:
    """The identity in the claims, a token's second part. Empty for a token of another form."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        found = [next((str(claims[name]) for name in names if claims.get(name)), None) for names in _CLAIMS]
    except (ValueError, IndexError, TypeError, AttributeError):
        return TokenIdentity()
    return TokenIdentity(*found)


def _permissions(body: Any) -> list[Permission] | None:  # noqa: ANN401 - any JSON
    entries = body.get("value") if isinstance(body, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return None
    return [Permission(_texts(entry.get("actions")), _texts(entry.get("notActions"))) for entry in entries]


def _texts(listed: object) -> tuple[str, ...]:
    return tuple(str(one) for one in listed) if isinstance(listed, list) else ()


def _date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text or "").astimezone(UTC)
    except (ValueError, TypeError):
        return None


def _reason(error: Exception) -> str:
    """What the proxy did; else the kind of failure, and the operating system's text for it if there is one."""
    if by_proxy := refused_by_proxy(error):
        return by_proxy
    inner = getattr(error, "os_error", None)
    return f"{type(error).__name__}: {inner.strerror}" if inner and inner.strerror else type(error).__name__
