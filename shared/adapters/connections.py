"""One pool of connections for every Azure client of the process, opened on first use.

A TLS context for each connection costs more than the call it serves, and idle connections to many account endpoints
hold 0.3 to 0.5 MiB each (docs/facts.md, Speed). So there is one context, one session that the clients share,
and one session that closes each connection after a proof.

Every client sends and sleeps through the one transport here, so that it bounds all of them: connecting, reading, a
whole call, and each wait (`waits`).
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from azure.core.exceptions import ServiceResponseTimeoutError
from azure.core.pipeline.transport import AioHttpTransport

from shared.adapters.proxy import Resolver, options_for
from shared.adapters.waits import LEAST_LEFT, MOST_POLLED, Remembered, time_left
from shared.settings.proxy import NO_PROXY, Proxy

AT_ONCE = 64  # open connections
CONNECT_SECONDS, READ_SECONDS = 5, 30
CALL_SECONDS = 45  # for one call with everything: waiting for a connection, and an answer that comes in drops


class BoundedTransport(AioHttpTransport):  # type: ignore[misc]  # the base has no types
    """Sends a client's requests, each within its time, and sleeps for it no longer than is left.

    remembered: What Azure asked not to be asked yet.
    proxy: The proxy that requests go through. With a session of ours the base would use none.
    options: Those of Azure's own transport.
    """

    def __init__(self, remembered: Remembered, proxy: Proxy, **options: Any) -> None:  # noqa: ANN401
        super().__init__(**options)
        self._remembered = remembered
        self._proxy = proxy

    async def send(self, request: Any, *, call_seconds: float | None = None, **options: Any) -> Any:  # noqa: ANN401
        """Send a request. Raises LongWait if Azure asked to wait for long, now or before.

        call_seconds: How long the whole call may take, in seconds, where Azure is known to need longer. A client's
            caller gives it with the call, beside `read_timeout`. Default CALL_SECONDS.
        """
        self._remembered.check(request.method, request.url)
        seconds = min(call_seconds or CALL_SECONDS, max(time_left(), LEAST_LEFT))
        try:
            async with asyncio.timeout(seconds):
                response = await super().send(request, **options, **options_for(request.url, self._proxy))
        except TimeoutError as error:
            raise ServiceResponseTimeoutError(f"no answer within {seconds:.0f} s", error=error) from error
        self._remembered.take(request.method, request.url, response)
        return response

    async def sleep(self, duration: float) -> None:
        """Sleep before a repetition, or before the next look at a change. Raises TimeoutError if that is too long."""
        if duration > min(MOST_POLLED, time_left()):
            raise TimeoutError(f"{duration:.0f} s are too long to wait")
        await super().sleep(duration)


type Exchange = AbstractAsyncContextManager[aiohttp.ClientResponse]


class Connections:
    """The process's HTTP sessions. Make them in the event loop that uses them, and close them before it ends.

    shared: For Azure's clients. It keeps connections open.
    proving: For proofs and examinations, which call many hosts once. It closes each connection.
    proxy: The proxy that both go through. Default: none.
    """

    def __init__(self, proxy: Proxy = NO_PROXY) -> None:
        self.proxy = proxy
        self._context = ssl.create_default_context()
        self._remembered = Remembered()
        self.shared = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=AT_ONCE, ssl=self._context, resolver=Resolver(proxy)),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self.proving = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=AT_ONCE, ssl=self._context, resolver=Resolver(proxy), force_close=True
            ),
            timeout=aiohttp.ClientTimeout(total=READ_SECONDS, connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    def transport(self) -> AioHttpTransport:
        """Return a transport for one Azure client. It uses the shared session and does not close it.

        Give the client `permit_redirects=False` beside it: no request goes to another host than the settings name.
        """
        return BoundedTransport(
            self._remembered,
            self.proxy,
            session=self.shared,
            session_owner=False,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )

    def get_once(self, url: str, headers: Mapping[str, str] | None = None) -> Exchange:
        """Call an address once, over a connection of its own, and follow no redirect. Use it in `async with`."""
        return self.proving.get(url, headers=headers, allow_redirects=False, **options_for(url, self.proxy))

    async def close(self) -> None:
        """Close both sessions."""
        await self.shared.close()
        await self.proving.close()


def is_loopback(url: str) -> bool:
    """Return whether the address is on this machine. The emulator's addresses are, Azure's never."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
