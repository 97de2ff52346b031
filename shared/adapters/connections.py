"""One pool of connections for every Azure client of the process, opened on first use.

A TLS context for each connection costs more than the call it serves, and idle connections to many account endpoints
hold 0.3 to 0.5 MiB each (docs/facts.md, Speed). So there is one context, one session that the clients share,
and one session that closes each connection after a proof.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from azure.core.pipeline.transport import AioHttpTransport

from shared.adapters.proxy import Proxy

AT_ONCE = 64  # open connections
CONNECT_SECONDS, READ_SECONDS = 5, 30


type Exchange = AbstractAsyncContextManager[aiohttp.ClientResponse]


class Connections:
    """The process's HTTP sessions. Make them in the event loop that uses them, and close them before it ends.

    shared: For Azure's clients. It keeps connections open.
    proving: For proofs and examinations, which call many hosts once. It closes each connection.
    proxy: The proxy that both go through, as the environment names it.

    Raises FixConfiguration if the environment names a proxy in another form than that of an address.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self.proxy = Proxy.of(environment)
        self._context = ssl.create_default_context()
        self.shared = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=AT_ONCE, ssl=self._context),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self.proving = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=AT_ONCE, ssl=self._context, force_close=True),
            timeout=aiohttp.ClientTimeout(total=READ_SECONDS, connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    def transport(self) -> AioHttpTransport:
        """Return a transport for one Azure client. It uses the shared session and does not close it."""
        return _Transport(
            self.proxy,
            session=self.shared,
            session_owner=False,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )

    def get_once(self, url: str, headers: Mapping[str, str] | None = None) -> Exchange:
        """Call an address once, over a connection of its own, and follow no redirect. Use it in `async with`."""
        return self.proving.get(url, headers=headers, allow_redirects=False, **self.proxy.options(url))

    async def close(self) -> None:
        """Close both sessions."""
        await self.shared.close()
        await self.proving.close()


class _Transport(AioHttpTransport):  # type: ignore[misc]  # it has no type there
    """Azure's own transport, by the proxy. With a session of ours it would not use one."""

    def __init__(self, proxy: Proxy, **options: Any) -> None:  # noqa: ANN401 - Azure's own options
        super().__init__(**options)
        self._proxy = proxy

    async def send(self, request: Any, **config: Any) -> Any:  # noqa: ANN401 - the types of its two overloads
        """Send the request."""
        return await super().send(request, **config, **self._proxy.options(request.url))


def is_loopback(url: str) -> bool:
    """Return whether the address is on this machine. The emulator's addresses are, Azure's never."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
