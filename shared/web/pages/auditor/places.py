"""Resource ids of Azure in words: where a role is assigned, and what holds a copy."""

from __future__ import annotations

from dataclasses import dataclass

from shared.web.pages.links import portal

_GROUPS = "/providers/microsoft.management/managementgroups/"
_TYPES = {
    "microsoft.cognitiveservices/accounts": "account",
    "microsoft.cognitiveservices/accounts/projects": "project",
    "microsoft.keyvault/vaults": "vault",
    "microsoft.keyvault/vaults/secrets": "secret",
    "microsoft.machinelearningservices/workspaces": "hub or workspace",
    "microsoft.apimanagement/service": "API Management",
    "microsoft.web/sites": "app",
    "microsoft.web/sites/slots": "slot",
    "microsoft.web/connections": "connection of Logic Apps",
    "microsoft.app/containerapps": "container app",
    "microsoft.app/jobs": "container job",
    "microsoft.search/searchservices": "search service",
    "microsoft.datafactory/factories": "data factory",
}


@dataclass(frozen=True)
class PlaceShown:
    """Where something is, for people.

    kind: What it is, in words: "subscription", "vault".
    name: Its name. Empty if the kind says all.
    within: What it lies in, in words. Empty for what lies in nothing that has a name.
    link: Its address in the portal. Empty if it has none.
    """

    kind: str
    name: str
    within: str = ""
    link: str = ""

    @property
    def words(self) -> str:
        """The kind and the name."""
        return f"{self.kind} {self.name}".strip()


def place_of(resource: str, near: str = "") -> PlaceShown:
    """Return a resource id in words.

    resource: The id of a resource, a resource group, a subscription or a management group, or `/` for everything.
    near: The id of the subscription that the page is about, which is not named for what lies in it.
    """
    plain = resource.strip().rstrip("/")
    if not plain:
        return PlaceShown("everything (the root of the directory)", "")
    if plain.lower().startswith(_GROUPS):
        return PlaceShown("management group", plain[len(_GROUPS) :])
    parts = plain.split("/")
    if len(parts) < 3 or parts[1].lower() != "subscriptions":
        return PlaceShown("", plain)
    subscription = "" if parts[2].lower() == near.lower() else f"subscription {parts[2]}"
    if len(parts) < 5:
        return PlaceShown("subscription", parts[2], link=portal(plain))
    group = f"resource group {parts[4]}"
    if len(parts) < 7:
        return PlaceShown("resource group", parts[4], subscription, portal(plain))
    return _resource(parts, plain, group, subscription)


def _resource(parts: list[str], plain: str, group: str, subscription: str) -> PlaceShown:
    """Return a resource in words: its type is every other part behind the provider's name."""
    at = len(parts) - 1 - [one.lower() for one in reversed(parts)].index("providers") if "providers" in parts else 5
    types, names = parts[at + 2 :: 2], parts[at + 3 :: 2]
    if not names:
        return PlaceShown("", plain, "", portal(plain))
    kind = "/".join((parts[at + 1], *types)).lower()
    within = ", ".join(filter(None, (group, subscription)))
    if names[1:]:
        above = _TYPES.get(kind.rpartition("/")[0], types[-2])
        within = f"{above} {names[-2]}, {within}"
    return PlaceShown(_TYPES.get(kind, types[-1]), names[-1], within, portal(plain))
