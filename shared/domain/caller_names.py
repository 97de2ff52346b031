"""Names for the addresses from which accounts are called, so that readiness can say who must move.

Azure logs an address with its last part starred (docs/facts.md, Logs): `203.0.113.***` is one of 256 addresses. A name
is certain only if its range holds all of them. If a range lies among them, the caller is perhaps the one it names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

type Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class NamedRange:
    """A range of addresses that has a name.

    name: Who calls from there.
    network: The range. A single address is a range of one.
    """

    name: str
    network: Network


@dataclass(frozen=True)
class CallerNames:
    """The names of callers, from the setting ROTATION_CALLERS.

    ranges: The ranges, in the order of the setting.
    """

    ranges: tuple[NamedRange, ...] = ()

    @classmethod
    def of(cls, names: Mapping[str, Sequence[str]]) -> CallerNames:
        """Return the names of these ranges, each in CIDR form or a single address. Raises ValueError if one is none."""
        return cls(tuple(NamedRange(name, ip_network(text.strip())) for name, each in names.items() for text in each))

    def name_of(self, address: str) -> str:
        """Return who calls from an address, as it was logged: `batch`, or `perhaps batch or vpn`.

        The narrowest range that holds the address names it. Narrower ranges that lie among the starred addresses make
        it uncertain. Empty if no range fits, or if the address cannot be read.
        """
        logged = _addresses(address)
        if logged is None:
            return ""
        holding = [one for one in self.ranges if _within(logged, one.network)]
        inside = [one.name for one in self.ranges if one.network != logged and _within(one.network, logged)]
        certain = max(holding, key=lambda one: one.network.prefixlen).name if holding else None
        names = list(dict.fromkeys([*inside, *([certain] if certain is not None else [])]))
        if names == [certain]:
            return names[0]
        return f"perhaps {' or '.join(names)}" if names else ""


def _within(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def _addresses(address: str) -> Network | None:
    """The addresses that a logged one stands for. None if it is none, or starred in another way than is known."""
    start, _, last = address.strip().rpartition(".")
    starred = bool(last) and not last.strip("*")
    try:
        return ip_network(f"{start}.0/24" if starred else address.strip())
    except ValueError:
        return None
