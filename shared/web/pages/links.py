"""The addresses of everything that a page links to.

A caller who brought a function key in the address would be refused at the next page without it. So every address of
ours then carries the key on, and no other address does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from shared.domain.model import AccountId, Target
from shared.web.asked import BY_ACCOUNT

PORTAL = "https://portal.azure.com/#resource"


@dataclass(frozen=True)
class Links:
    """Makes the addresses.

    code: The function key that the caller sent as `?code=`. Empty if there was none.
    disputed: The names that several targets have, in lower case. Those targets are linked by their accounts.
    """

    code: str = ""
    disputed: frozenset[str] = frozenset()

    @classmethod
    def among(cls, targets: Iterable[Target], code: str = "") -> Links:
        """Return the links of a page that shows these targets."""
        counts = Counter(one.name.casefold() for one in targets)
        return cls(code, frozenset(name for name, count in counts.items() if count > 1))

    def overview(self, **filters: str) -> str:
        """Return the address of the overview with these filters. Empty ones are left out."""
        return self._to("/api/status", filters)

    def way_out(self, **filters: str) -> str:
        """Return the address of the way-out view with these filters. Empty ones are left out."""
        return self._to("/api/status/way-out", filters)

    def readiness(self, **filters: str) -> str:
        """Return the address of the same as JSON."""
        return self._to("/api/readiness", filters)

    def readiness_of(self, target: Target) -> str:
        """Return the address of the readiness of a target as JSON, which asks the logs anew."""
        if target.name.casefold() in self.disputed:
            return self._to(f"/api/targets/{BY_ACCOUNT}/readiness", {"account": str(target.account)})
        return self._to(f"/api/targets/{quote(target.name, safe='')}/readiness", {})

    def readers(self, which: Target | AccountId | None = None, **filters: str) -> str:
        """Return the address of the view of who can read the keys of a target or an account; None: of all targets."""
        return self._to("/api/status/readers", {**self._asked(which), **filters})

    def copies(self, which: Target | AccountId | None = None, **filters: str) -> str:
        """Return the address of the view of where copies of the keys lie."""
        return self._to("/api/status/copies", {**self._asked(which), **filters})

    def readers_json(self, which: Target | AccountId | None = None, **query: str) -> str:
        """Return the address of who can read the keys as JSON."""
        return self._json_of(which, "readers", query)

    def copies_json(self, which: Target | AccountId | None = None, **query: str) -> str:
        """Return the address of where copies lie as JSON."""
        return self._json_of(which, "copies", query)

    def target(self, target: Target) -> str:
        """Return the address of a target's page."""
        return self._of(target, "")

    def act(self, target: Target, act: str) -> str:
        """Return the address of the page that acts on a target.

        act: `rotate`, `leak`, `arm` or `disarm`.
        """
        return self._of(target, f"/{act}")

    def keep(self, address: str) -> str:
        """Return an address of ours with the function key, if there is one."""
        if not self.code:
            return address
        return f"{address}{'&' if '?' in address else '?'}{urlencode({'code': self.code})}"

    def calendar(self, **filters: str) -> str:
        """Return the address of the calendar of the targets that fit these filters."""
        return self._to("/api/deadlines.ics", filters)

    def json(self, **filters: str) -> str:
        """Return the address of the same as JSON."""
        return self._to("/api/targets", filters)

    def json_of(self, target: Target) -> str:
        """Return the address of a target as JSON."""
        if target.name.casefold() in self.disputed:
            return self._to(f"/api/targets/{BY_ACCOUNT}", {"account": str(target.account)})
        return self._to(f"/api/targets/{quote(target.name, safe='')}", {})

    def openapi(self) -> str:
        """Return the address of the description of the API."""
        return self._to("/api/openapi.json", {})

    def named(self, name: str) -> str:
        """Return the address of the page of the target of this name."""
        return self._to(f"/api/status/targets/{quote(name, safe='')}", {})

    def of_account(self, account: str) -> str:
        """Return the address of the page of the target of this account, by its resource id."""
        return self._to(f"/api/status/targets/{BY_ACCOUNT}", {"account": account})

    def _asked(self, which: Target | AccountId | None) -> dict[str, str]:
        """Return the parameters that name a target, by its account if the name may lead to another one."""
        if which is None:
            return {}
        if isinstance(which, AccountId):
            return {"account": str(which)}
        return {"account": str(which.account)} if which.name.casefold() in self.disputed else {"target": which.name}

    def _json_of(self, which: Target | AccountId | None, what: str, query: dict[str, str]) -> str:
        asked = self._asked(which)
        if not asked:
            return self._to(f"/api/{what}", query)
        name = asked.pop("target", BY_ACCOUNT)
        return self._to(f"/api/targets/{quote(name, safe='')}/{what}", {**asked, **query})

    def _of(self, target: Target, act: str) -> str:
        if target.name.casefold() in self.disputed:
            return self._to(f"/api/status/targets/{BY_ACCOUNT}{act}", {"account": str(target.account)})
        return self._to(f"/api/status/targets/{quote(target.name, safe='')}{act}", {})

    def _to(self, path: str, given: dict[str, str]) -> str:
        query = {name: value for name, value in given.items() if value}
        if self.code:
            query["code"] = self.code
        return f"{path}?{urlencode(query)}" if query else path


def portal(resource: object) -> str:
    """Return the address of a resource in the Azure portal.

    resource: Its resource id.
    """
    return f"{PORTAL}{quote(str(resource), safe='/')}"


def secret_in_portal(target: Target) -> str:
    """Return the address of a target's secret in the Azure portal. Its form is undocumented (docs/facts.md, Vault)."""
    return f"https://portal.azure.com/#asset/Microsoft_Azure_KeyVault/Secret/{quote(target.secret_url, safe=':/')}"


def mail(owner: str | None) -> str:
    """Return the address to write to an owner. Empty if the owner is no mail address."""
    name, at, host = (owner or "").partition("@")
    plain = bool(name and at and "." in host) and not any(sign.isspace() for sign in owner or "")
    return f"mailto:{quote(owner or '', safe='@.+-_')}" if plain else ""
