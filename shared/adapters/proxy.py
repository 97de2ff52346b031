"""The proxy that leads out of the network, if the environment names one: HTTPS_PROXY, and NO_PROXY for exceptions.

The proxy gets the name of a host and passes bytes on (CONNECT), so it sees no key, no token and no address within a
host. Only https goes through it: plain http stays on this machine, as the endpoint of the managed identity does
(docs/facts.md, Tokens). aiohttp could read the environment itself; but then it also sends the passwords of ~/.netrc.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

import aiohttp
from yarl import URL

from shared.domain.errors import FixConfiguration, TryLater

SETTING, EXCEPTIONS = "HTTPS_PROXY", "NO_PROXY"


class ProxyOptions(TypedDict, total=False):
    """What aiohttp needs to know about the proxy of a request. Empty for a request that goes straight."""

    proxy: str
    proxy_auth: aiohttp.BasicAuth


@dataclass(frozen=True)
class Proxy:
    """A proxy.

    address: Where it is, without its password: this is shown. None if there is none.
    exceptions: The hosts that are called straight, as NO_PROXY lists them.
    sign_in: The user and password for the proxy. None if it asks for none.
    """

    address: str | None = None
    exceptions: str = ""
    sign_in: aiohttp.BasicAuth | None = field(default=None, repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Proxy:
        """Read the environment. Names in lower case come first, as in curl. Raises FixConfiguration."""
        named = environment.get(SETTING.lower()) or environment.get(SETTING) or ""
        exceptions = environment.get(EXCEPTIONS.lower()) or environment.get(EXCEPTIONS) or ""
        if not named.strip():
            return cls()
        try:
            url = URL(named.strip() if "://" in named else f"http://{named.strip()}")
            usable = url.scheme in ("http", "https") and url.host and url.port
        except ValueError:
            usable = False
        if not usable:  # it is not quoted, because it may hold a password
            step = f"set {SETTING} to http://<host>:<port>"
            raise FixConfiguration(SETTING, "it is not the address of a proxy.", step)
        sign_in = aiohttp.BasicAuth(url.user, url.password or "") if url.user else None
        return cls(f"{url.scheme}://{url.host}:{url.port}", exceptions, sign_in)

    def options(self, url: str) -> ProxyOptions:
        """Return how to call this address."""
        to = URL(url)
        if self.address is None or to.scheme != "https" or self._is_exception(to):
            return {}
        with_sign_in: ProxyOptions = {"proxy_auth": self.sign_in} if self.sign_in else {}
        return {"proxy": self.address, **with_sign_in}

    def _is_exception(self, to: URL) -> bool:
        """Return whether NO_PROXY names the host, a domain that it is in, or the host with its port; or `*`."""
        names = {name.strip().lower().lstrip(".") for name in self.exceptions.split(",")} - {""}
        return any(name in ("*", f"{to.host}:{to.port}") or f".{to.host}".endswith(f".{name}") for name in names)


def refused_by_proxy(error: BaseException | None) -> str | None:
    """Return what the proxy did, to complete a sentence, if that is why no answer came. None for another reason."""
    while error is not None and not isinstance(
        error, aiohttp.ClientHttpProxyError | aiohttp.ClientProxyConnectionError
    ):
        error = error.__cause__
    if isinstance(error, aiohttp.ClientHttpProxyError):
        to = error.request_info.url
        return f"the proxy refused to connect to {to.host}:{to.port} ({error.status} {error.message})"
    return f"the proxy {error.host}:{error.port} was not reached" if error is not None else None


def proxy_error(thing: str, doing: str, error: BaseException) -> TryLater | None:
    """Return the error of ours if the proxy is why no answer came. None for another reason."""
    what = refused_by_proxy(error)
    if what is None:
        return None
    step = f"let the proxy of {SETTING} through to it, or name the host in {EXCEPTIONS}"
    return TryLater(thing, f"could not {doing}: {what}.", step)
