"""Call through the proxy of the settings, and tell from an error that the proxy is why no answer came.

aiohttp could read the environment itself; but then it also sends the passwords of ~/.netrc.
"""

from __future__ import annotations

import socket
from typing import TypedDict

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from shared.domain.errors import TryLater
from shared.settings.proxy import EXCEPTIONS, SETTING, Proxy


class ProxyOptions(TypedDict, total=False):
    """What aiohttp needs to know about the proxy of a request. Empty for a request that goes straight."""

    proxy: str
    proxy_auth: aiohttp.BasicAuth


class ProxyHasNoAddress(OSError):
    """The host name of the proxy has no address. `args[0]` is that name."""


class Resolver(AbstractResolver):
    """Looks up host names. aiohttp's own error does not tell the host of a call from that of its proxy.

    proxy: The proxy that calls go through.
    """

    def __init__(self, proxy: Proxy) -> None:
        self._proxy, self._any = proxy, aiohttp.DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host. Raises ProxyHasNoAddress for the proxy's, and OSError for any other."""
        try:
            return await self._any.resolve(host, port, family)
        except OSError as error:
            if host.casefold() == self._proxy.host:
                raise ProxyHasNoAddress(host) from error
            raise

    async def close(self) -> None:
        """Release what the lookups hold."""
        await self._any.close()


def options_for(url: str, proxy: Proxy) -> ProxyOptions:
    """Return how to call this address."""
    if not proxy.leads_to(url):
        return {}
    sign_in: ProxyOptions = {"proxy_auth": aiohttp.BasicAuth(proxy.user, proxy.password, "utf-8")} if proxy.user else {}
    return {"proxy": proxy.address or "", **sign_in}


def refused_by_proxy(error: BaseException | None) -> str | None:
    """Return what the proxy did, to complete a sentence, if that is why no answer came. None for another reason."""
    while error is not None and not isinstance(
        error, aiohttp.ClientHttpProxyError | aiohttp.ClientProxyConnectionError | ProxyHasNoAddress
    ):
        error = error.__cause__
    if isinstance(error, aiohttp.ClientHttpProxyError):
        to = error.request_info.url
        return f"the proxy refused to connect to {to.host}:{to.port} ({error.status} {error.message})"
    if isinstance(error, ProxyHasNoAddress):
        return f"the host name {error.args[0]} of the proxy has no address"
    return f"the proxy {error.host}:{error.port} was not reached" if error is not None else None


def _was_reached(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, aiohttp.ClientHttpProxyError):
        error = error.__cause__
    return error is not None


def proxy_error(thing: str, doing: str, error: BaseException) -> TryLater | None:
    """Return the error of ours if the proxy is why no answer came. None for another reason."""
    what = refused_by_proxy(error)
    if what is None:
        return None
    step = f"let the proxy of {SETTING} through to it, or name the host in {EXCEPTIONS}"
    if not _was_reached(error):
        step = f"correct {SETTING}, or let this app reach the proxy"
    return TryLater(thing, f"could not {doing}: {what}.", step)
