"""The proxy that leads out of the network, if the environment names one: HTTPS_PROXY, and NO_PROXY for exceptions.

The proxy gets the name of a host and passes bytes on (CONNECT), so it sees no key, no token and no address within a
host. Only https goes through it: plain http stays on this machine, as the endpoint of the managed identity does
(docs/facts.md, Tokens).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from shared.settings.problems import Problems

SETTING, EXCEPTIONS = "HTTPS_PROXY", "NO_PROXY"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Proxy:
    """A proxy.

    address: Where it is, without its password: this is shown. None if there is none.
    exceptions: The hosts that are called straight, as NO_PROXY lists them.
    user: The user that signs in to the proxy. None if it asks for none.
    password: That user's password.
    """

    address: str | None = None
    exceptions: str = ""
    user: str | None = None
    password: str = field(default="", repr=False)

    @property
    def host(self) -> str | None:
        """The host name of the proxy. None if there is none."""
        return urlsplit(self.address).hostname if self.address else None

    def leads_to(self, url: str) -> bool:
        """Return whether a call of this address goes through the proxy.

        NO_PROXY names a host, a domain that it is in, a host with its port, or `*`.
        """
        to = urlsplit(url.casefold())
        if self.address is None or to.scheme != "https":
            return False
        names = {name.strip().casefold().lstrip(".") for name in self.exceptions.split(",")} - {""}
        host_and_port = f"{to.hostname}:{to.port or 443}"
        return not any(name in ("*", host_and_port) or f".{to.hostname}".endswith(f".{name}") for name in names)


NO_PROXY = Proxy()


def read_proxy(environment: Mapping[str, str], problems: Problems) -> Proxy:
    """Return the proxy that the environment names. Names in lower case come first, as in curl.

    An address that cannot be used is a problem. It is not quoted, because it may hold a password.
    """
    setting = SETTING.lower() if environment.get(SETTING.lower()) else SETTING
    named = environment.get(setting, "").strip()
    exceptions = environment.get(EXCEPTIONS.lower()) or environment.get(EXCEPTIONS) or ""
    if not named:
        return NO_PROXY
    try:
        return _read(named if "://" in named else f"http://{named}", exceptions)
    except ValueError:
        problems.add(setting, "is not the address of a proxy", f"set {setting} to http://<host>:<port>")
        return NO_PROXY


def _read(named: str, exceptions: str) -> Proxy:
    url = urlsplit(named)
    if url.scheme not in _PORTS or url.path not in ("", "/") or url.query or url.fragment:
        raise ValueError(SETTING)
    port = url.port or _PORTS[url.scheme]
    user = unquote(url.username) if url.username else None
    if not url.hostname or ":" in (user or ""):  # no sign-in of HTTP can hold such a user
        raise ValueError(SETTING)
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    return Proxy(f"{url.scheme}://{host}:{port}", exceptions, user, unquote(url.password or ""))
