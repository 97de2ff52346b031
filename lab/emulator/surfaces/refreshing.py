"""What forces App Service and API Management to fetch a secret again, and one named value (docs/facts.md, Copies).

Both fetch the newest version from a vault of this world. Under which identity they do that is not imitated. The right
for the refresh of references is assumed: no list of actions names it. `management` checks the rights.
"""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from aiohttp import web

from lab.emulator import holdings as held
from lab.emulator.errors import AzureError
from lab.emulator.surfaces.common import Call, Route, json_answer, route
from lab.emulator.surfaces.key_holders import named_value
from lab.emulator.vaults import SecretVersion, Vault
from lab.emulator.world import World

_GROUP = r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/providers"
_SITE = rf"{_GROUP}/(?P<holder>Microsoft\.Web/sites/[^/]+(?:/slots/[^/]+)?)"
_NAMED = rf"{_GROUP}/(?P<holder>Microsoft\.ApiManagement/service/[^/]+)/namedValues/(?P<named>[^/]+)"
_VALUES = "Microsoft.ApiManagement/service/namedValues"
VERSIONS = {
    "arm.refreshReferences": ("2022-03-01",),
    "arm.refreshNamedValue": ("2024-05-01",),
    "arm.getNamedValue": ("2024-05-01",),
}


def routes(admit: Callable[[Call, str], None]) -> list[Route]:
    """Return the operations. `admit` raises AzureError unless the caller may perform an action on the call's target."""

    def refresh_references(call: Call) -> web.Response:
        site = call.target
        admit(
            call, "Microsoft.Web/sites/slots/config/write" if "/slots/" in site else "Microsoft.Web/sites/config/write"
        )
        for one in call.world.holdings.of(site, held.Reference):
            call.world.holdings.swap(site, one, _fetched_reference(call.world, one))
        return web.Response(status=200)

    def refresh_named_value(call: Call) -> web.Response:
        admit(call, f"{_VALUES}/refreshSecret/action")
        one = _named(call)
        call.world.holdings.swap(_service(call), one, _fetched_value(call.world, one))
        return web.Response(status=202, headers={"Location": f"{call.request.url}&asyncId=1&asyncCode=201"})

    def get_named_value(call: Call) -> web.Response:
        admit(call, f"{_VALUES}/read")
        return json_answer(named_value(_service(call), _named(call)))

    return [
        route(
            "POST", _SITE + "/config/configreferences/appsettings/refresh", "arm.refreshReferences", refresh_references
        ),
        route("POST", _NAMED + "/refreshSecret", "arm.refreshNamedValue", refresh_named_value),
        route("GET", _NAMED, "arm.getNamedValue", get_named_value),
    ]


def _service(call: Call) -> str:
    return call.target.rpartition("/namedValues/")[0]


def _named(call: Call) -> held.NamedValue:
    """Return the named value of the call. Raises AzureError 404 if there is none."""
    for one in call.world.holdings.of(_service(call), held.NamedValue):
        if one.name.lower() == call.parts["named"].lower():
            return one
    raise AzureError(404, "ResourceNotFound", "Property not found.")


def _fetched_reference(world: World, one: held.Reference) -> held.Reference:
    vault = world.vaults.get(one.vault)
    if vault is None:
        return replace(one, status="VaultNotFound")
    try:
        return replace(one, active=vault.get_secret(one.secret, one.version).version, status="Resolved")
    except AzureError:
        return replace(one, status="SecretNotFound")


def _fetched_value(world: World, one: held.NamedValue) -> held.NamedValue:
    try:
        return replace(one, value=_secret_at(world, one.address).value, code="Success", message="")
    except AzureError as error:
        return replace(one, code=error.code, message=error.message)


def _secret_at(world: World, address: str) -> SecretVersion:
    """Return the secret that an address names, with or without a version. Raises AzureError."""
    _, _, name, *version = urlsplit(address).path.rstrip("/").split("/")
    return _vault_at(world, address).get_secret(name, version[0] if version else "")


def _vault_at(world: World, address: str) -> Vault:
    for vault in world.vaults.values():
        if urlsplit(vault.url).netloc == urlsplit(address).netloc:
            return vault
    raise AzureError(404, "VaultNotFound", "The vault of the secret was not found.")
