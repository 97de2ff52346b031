"""The Key Vault secrets data plane, api-versions 2026-04-01, 2025-07-01 and 7.4; one vault per surface.

Set, get, update, both lists, delete, and the operations on deleted secrets are imitated. Backup and restore are not. A
request without a token gets the challenge before anything else is checked, even its body: the client library first
sends a request without body on purpose (docs/facts.md, Vault). `vaults` holds the rules for secrets.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any, override

from aiohttp import web

from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError
from lab.emulator.surfaces import vault_refusals
from lab.emulator.surfaces.bodies import WrongTypeError, boolean, json_object, present, text, texts, whole
from lab.emulator.surfaces.common import Call, Route, Surface, entra_identity, error_body, json_answer, route
from lab.emulator.vaults import Secret, SecretVersion, Vault
from lab.emulator.world import World

# The versions of the client libraries for Python and Go, of those for Java and for Node (@azure/keyvault-secrets 4.11),
# and of azure-cli 2.91.0, with the same bodies for what is imitated.
API_VERSIONS = ("2026-04-01", "2025-07-01", "7.4")
AUDIENCE = "https://vault.azure.net"
PAGE = 25  # the largest `maxresults` that the specification allows
_NAME = r"/(?P<name>[^/]+)"
_DAY = 24 * 3600


class KeyVault(Surface):
    """The secrets endpoint of one vault."""

    service = "kv"

    def __init__(self, world: World, vault: Vault) -> None:
        self.vault = vault
        super().__init__(world)

    @override
    def make_routes(self) -> list[Route]:
        """Return the operations on secrets and deleted secrets."""
        one = "/secrets" + _NAME
        gone = "/deletedsecrets" + _NAME
        return [
            route("GET", "/secrets/?", "kv.listSecrets", self.list_secrets),
            route("GET", one + "/versions", "kv.listVersions", self.list_versions),
            route("PUT", one, "kv.setSecret", self.set_secret),
            route("GET", one + "(/(?P<version>[0-9a-f]*))?", "kv.getSecret", self.get_secret),
            route("PATCH", one + "(/(?P<version>[0-9a-f]*))?", "kv.updateSecret", self.update_secret),
            route("DELETE", one, "kv.deleteSecret", self.delete_secret),
            route("GET", "/deletedsecrets/?", "kv.listDeleted", self.list_deleted),
            route("GET", gone, "kv.getDeleted", self.get_deleted),
            route("POST", gone + "/recover", "kv.recoverDeleted", self.recover_deleted),
            route("DELETE", gone, "kv.purgeDeleted", self.purge_deleted),
        ]

    @override
    def target(self, call: Call) -> str:
        """Return the resource id of the secret, or of the vault."""
        name = call.parts.get("name")
        return self.vault.id + (f"/secrets/{name}" if name else "")

    @override
    def identify(self, call: Call) -> Identity:
        """Return the identity of the caller.

        Raises AzureError 401 with a challenge without a valid token, and 400 for another api-version.
        """
        if call.bearer() is None:
            raise self._challenge("AKV10000: Request is missing a Bearer or PoP token.")
        identity = entra_identity(call, (AUDIENCE,))
        if identity is None:
            raise self._challenge("AKV10032: The token is not valid for this vault.")
        version = call.query("api-version")
        if version not in API_VERSIONS:
            message = f"The specified version ({version}) is not recognized. Supported: {', '.join(API_VERSIONS)}."
            raise AzureError(400, "BadParameter", message)
        return identity

    def set_secret(self, call: Call) -> web.Response:
        """Create a new version of a secret and return it with its value.

        Raises AzureError 403 or 429 if the caller may not, 400 for an invalid body, and the errors of
        `Vault.set_secret`.
        """
        self._admit(call, "setSecret/action", creates=True)
        body = _body(call)
        facts = _facts(body)
        if not isinstance(body.get("value"), str):
            raise AzureError(400, "BadParameter", "The request body must hold the property value, a string.")
        made = self.vault.set_secret(call.parts["name"], body["value"], **facts)
        return json_answer(self._bundle(made, value=True))

    def get_secret(self, call: Call) -> web.Response:
        """Return a version, or the latest, with its value.

        Raises AzureError 403 or 429 if the caller may not, and the errors of `Vault.get_secret`.
        """
        self._admit(call, "getSecret/action")
        found = self.vault.get_secret(call.parts["name"], call.parts["version"])
        return json_answer(self._bundle(found, value=True))

    def update_secret(self, call: Call) -> web.Response:
        """Change attributes, content type or tags of a version. Raises AzureError 403, 429, 400 and 404."""
        self._admit(call, "update/action")
        facts = _facts(_body(call))
        return json_answer(self._bundle(self.vault.update_secret(call.parts["name"], call.parts["version"], **facts)))

    def list_secrets(self, call: Call) -> web.Response:
        """Return one page of the secrets, without values."""
        self._admit(call, "readMetadata/action")
        return self._page(call, self.vault.list_secrets(), lambda one: one.name, self._item)

    def list_versions(self, call: Call) -> web.Response:
        """Return one page of a secret's versions, without values."""
        self._admit(call, "readMetadata/action")
        versions = self.vault.list_versions(call.parts["name"])
        return self._page(call, versions, lambda one: one.version, lambda one: self._item(one, versioned=True))

    def delete_secret(self, call: Call) -> web.Response:
        """Delete a secret recoverably and return it without its value."""
        self._admit(call, "delete")
        return json_answer(self._deleted(self.vault.delete_secret(call.parts["name"])))

    def list_deleted(self, call: Call) -> web.Response:
        """Return one page of the deleted secrets, without values."""
        self._admit(call, "readMetadata/action")
        gone = sorted(self.vault.deleted.values(), key=lambda one: one.name.lower())
        return self._page(call, gone, lambda one: one.name, self._deleted)

    def get_deleted(self, call: Call) -> web.Response:
        """Return a deleted secret without its value."""
        self._admit(call, "readMetadata/action")
        return json_answer(self._deleted(self.vault.get_deleted(call.parts["name"])))

    def recover_deleted(self, call: Call) -> web.Response:
        """Recover a deleted secret and return its latest version without its value."""
        self._admit(call, "recover/action")
        return json_answer(self._bundle(self.vault.recover_deleted(call.parts["name"]).latest))

    def purge_deleted(self, call: Call) -> web.Response:
        """Remove a deleted secret for good: 204, or the errors of `Vault.purge_deleted`."""
        self._admit(call, "purge/action")
        self.vault.purge_deleted(call.parts["name"])
        return web.Response(status=204)

    def _admit(self, call: Call, action: str, *, creates: bool = False) -> None:
        vault_refusals.check_network(self.vault, call.request.remote or "")
        full = f"Microsoft.KeyVault/vaults/secrets/{action}"
        caller = call.caller
        if caller is not None and self.vault.policies is not None:
            vault_refusals.check_policy(self.vault, caller, self.world.directory, action)
        elif caller is None or not self.world.directory.allows(caller, full, call.target, data=True):
            raise vault_refusals.forbidden(self.vault, caller, full, call.target)
        limits = self.world.limits
        if wait := limits.vault(self.vault.id, creates=creates):
            message = "Request was not processed because too many requests were received."
            raise AzureError(429, "Throttled", message, headers=limits.retry_after(wait))

    def _page[T](
        self, call: Call, found: list[T], key: Callable[[T], str], shown: Callable[[T], dict[str, Any]]
    ) -> web.Response:
        """Return one page of what was found. `key` is the name or version id by which it is ordered."""
        after, size = _skip_token(call), _page_size(call)
        rest = [one for one in found if key(one).lower() > after] if after else found
        link = None
        if len(rest) > size:
            token = base64.urlsafe_b64encode(key(rest[size - 1]).lower().encode()).decode()
            query = f"api-version={call.query('api-version')}&$skiptoken={token}&maxresults={size}"
            link = f"{self.vault.url}{call.request.path}?{query}"
        return json_answer({"value": [shown(one) for one in rest[:size]], "nextLink": link})

    def _bundle(self, one: SecretVersion, *, value: bool = False) -> dict[str, Any]:
        body = self._item(one, versioned=True)
        return {"value": one.value, **body} if value else body

    def _item(self, one: SecretVersion, *, versioned: bool = False) -> dict[str, Any]:
        attributes: dict[str, Any] = {"enabled": one.enabled, "nbf": one.not_before, "exp": one.expires}
        attributes |= {"created": one.created, "updated": one.updated}
        attributes |= {"recoveryLevel": self.vault.recovery_level, "recoverableDays": self.vault.retention_days}
        tail = f"/{one.version}" if versioned else ""
        body: dict[str, Any] = {"id": f"{self.vault.url}/secrets/{one.name}{tail}", "contentType": one.content_type}
        body["attributes"] = {name: fact for name, fact in attributes.items() if fact is not None}
        body["tags"] = one.tags or None
        return {name: fact for name, fact in body.items() if fact is not None}

    def _deleted(self, secret: Secret) -> dict[str, Any]:
        deleted = int(secret.deleted or 0)
        facts = {
            "recoveryId": f"{self.vault.url}/deletedsecrets/{secret.name}",
            "deletedDate": deleted,
            "scheduledPurgeDate": deleted + self.vault.retention_days * _DAY,
        }
        return {**facts, **self._bundle(secret.latest)}

    def _challenge(self, message: str) -> AzureError:
        tenant = self.world.directory.tenant
        challenge = f'Bearer authorization="https://login.windows.net/{tenant}", resource="{AUDIENCE}"'
        return AzureError(401, "Unauthorized", message, headers={"WWW-Authenticate": challenge})

    @override
    def headers(self, call: Call) -> dict[str, str]:
        """Return the headers that recorded answers of Key Vault carry."""
        return {
            "Cache-Control": "no-cache",
            "Strict-Transport-Security": "max-age=31536000;includeSubDomains",
            "X-Content-Type-Options": "nosniff",
            "x-ms-keyvault-region": self.vault.location,
            "x-ms-keyvault-service-version": "1.9.0.0",
            "x-ms-keyvault-network-info": f"addr={call.request.remote};act_addr_fam=InterNetwork;",
            "x-ms-request-id": call.id,
        }

    @override
    def refusal(self, error: AzureError, call: Call) -> web.Response:
        """Return an error in the form of Key Vault."""
        return json_answer(error_body(error), error.status)


def _body(call: Call) -> dict[str, Any]:
    try:
        return call.json_object()
    except ValueError as error:
        raise AzureError(400, "BadParameter", "The request body is not a valid JSON object.") from error


def _facts(body: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a version that the body sets. Fields that it does not name are left out.

    Raises AzureError 400 for a value of another type than the interface description gives it.
    """
    try:
        return _typed(present(body))
    except WrongTypeError as error:
        raise AzureError(400, "BadParameter", str(error)) from error


def _typed(body: dict[str, Any]) -> dict[str, Any]:
    attributes = present(json_object(body.get("attributes", {}), "attributes"))
    facts: dict[str, Any] = {}
    if "enabled" in attributes:
        facts["enabled"] = boolean(attributes["enabled"], "attributes.enabled")
    for name, field in (("exp", "expires"), ("nbf", "not_before")):
        if name in attributes:
            facts[field] = whole(attributes[name], f"attributes.{name}")
    if "contentType" in body:
        facts["content_type"] = text(body["contentType"], "contentType")
    if "tags" in body:
        facts["tags"] = texts(body["tags"], "tags")
    return facts


def _page_size(call: Call) -> int:
    size = call.query("maxresults", str(PAGE))
    if not size.isdecimal() or len(size) > 9 or not 1 <= int(size) <= PAGE:
        raise AzureError(400, "BadParameter", f"maxresults must be between 1 and {PAGE}.")
    return int(size)


def _skip_token(call: Call) -> str:
    token = call.query("$skiptoken")
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise AzureError(400, "BadParameter", "The skip token is invalid.") from error
