"""Azure Resource Manager for Microsoft.CognitiveServices accounts, api-version 2025-09-01 (azure-facts, section 1).

Get, both lists, update, listKeys and regenerateKey are imitated. Tests create and delete accounts in the world
directly. Errors of the ARM gateway carry x-ms-failure-cause, those of the resource provider do not. Paths are matched
without regard to case. `accounts` holds the accounts and their keys.
"""

from typing import Any, override

from aiohttp import web

from lab.emulator.accounts import Account, Slot
from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError, NotImitatedError
from lab.emulator.surfaces.account_shape import render
from lab.emulator.surfaces.common import Call, Route, Surface, entra_identity, error_body, json_answer, route

API_VERSION = "2025-09-01"
AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")
_PROVIDER = "Microsoft.CognitiveServices/accounts"
_SUBSCRIPTION = r"/subscriptions/(?P<subscription>[^/]+)"
_GROUP = _SUBSCRIPTION + r"/resourceGroups/(?P<group>[^/]+)"
_LIST = r"/providers/Microsoft\.CognitiveServices/accounts"
_ACCOUNT = _GROUP + _LIST + r"/(?P<name>[^/]+)"
# The enum of the request has a capital K, the answer lower case names.
_SLOTS: dict[str, Slot] = {"Key1": "key1", "Key2": "key2"}


class Management(Surface):
    """ARM's operations on the accounts of the world."""

    service = "arm"

    @override
    def make_routes(self) -> list[Route]:
        """Return the operations on accounts."""
        return [
            route("GET", _ACCOUNT, "arm.getAccount", self.get_account),
            route("PATCH", _ACCOUNT, "arm.updateAccount", self.update_account),
            route("GET", _SUBSCRIPTION + _LIST, "arm.listAccounts", self.list_accounts),
            route("GET", _GROUP + _LIST, "arm.listAccountsByGroup", self.list_accounts),
            route("POST", _ACCOUNT + "/listKeys", "arm.listKeys", self.list_keys),
            route("POST", _ACCOUNT + "/regenerateKey", "arm.regenerateKey", self.regenerate_key),
        ]

    @override
    def target(self, call: Call) -> str:
        """Return the resource id of the account, or of the listed subscription or resource group."""
        return _scope(call)

    @override
    def identify(self, call: Call) -> Identity:
        """Return the identity of the caller.

        Raises AzureError 401 without a valid token, and 400 without api-version or for another one.
        """
        own = f"https://{call.request.host}"
        identity = entra_identity(call, (*AUDIENCES, own))
        if identity is None:
            raise _invalid_token()
        _check_version(call)
        return identity

    def get_account(self, call: Call) -> web.Response:
        """Return an account. Raises AzureError 403, 404 or 429."""
        self._admit(call, "read")
        return self._account(self.world.accounts[call.target])

    def list_accounts(self, call: Call) -> web.Response:
        """Return one page of the accounts of a subscription or resource group.

        Raises AzureError 404 if the subscription or group is unknown or empty, 400 for an invalid skip token, and 403
        or 429.
        """
        self._admit(call, "read")
        accounts = self._listed(call)
        start, size = _skip(call), self.world.arm_page
        body: dict[str, Any] = {
            "value": [render(one, self.world.endpoint(one)) for one in accounts[start : start + size]]
        }
        if start + size < len(accounts):
            page = call.request.url.with_host(call.request.url.host or "")
            body["nextLink"] = str(page.update_query({"$skiptoken": str(start + size)}))
        return json_answer(body)

    def update_account(self, call: Call) -> web.Response:
        """Change tags, SKU, disableLocalAuth or network rules of an account, and return it.

        The change is complete with the answer (azure-facts, section 1). Raises NotImitatedError for other properties,
        and AzureError 400, 403, 404 or 429.
        """
        self._admit(call, "write")
        changes = _changes(_body(call))
        return self._account(self.world.accounts.update(call.target, changes))

    def list_keys(self, call: Call) -> web.Response:
        """Return both keys of an account. Raises AzureError 403 or 429, and the errors of `Accounts.list_keys`."""
        self._admit(call, "listKeys/action")
        return json_answer(self.world.accounts.list_keys(call.target))

    def regenerate_key(self, call: Call) -> web.Response:
        """Generate a new value for Key1 or Key2 and return both keys.

        Raises AzureError 400 for another key name or an invalid body, 403 or 429, and the errors of
        `Accounts.regenerate`.
        """
        self._admit(call, "regenerateKey/action")
        slot = _SLOTS.get(str(_body(call).get("keyName")))
        if slot is None:
            raise AzureError(400, "BadRequest", "The key name is invalid. Allowed values are Key1 and Key2.")
        return json_answer(self.world.accounts.regenerate(call.target, slot))

    def _account(self, account: Account) -> web.Response:
        return json_answer(render(account, self.world.endpoint(account)))

    def _admit(self, call: Call, action: str) -> None:
        """Check what the ARM gateway checks before the resource provider: the rate limit and the caller's rights."""
        caller = call.caller
        if caller is None:
            raise _invalid_token()
        kind = "reads" if action == "read" else "writes"
        wait = self.world.limits.arm(call.parts["subscription"].lower(), caller.object_id, kind)
        if wait:
            raise _throttled(call, caller, kind, wait)
        if not self.world.directory.allows(caller, f"{_PROVIDER}/{action}", call.target):
            raise _not_authorized(caller, f"{_PROVIDER}/{action}", call.target)

    def _listed(self, call: Call) -> list[Account]:
        subscription, group = call.parts["subscription"], call.parts.get("group")
        everything = self.world.accounts.in_subscription(subscription)
        if not everything and subscription.lower() != self.world.subscription.lower():
            message = f"The subscription '{subscription}' could not be found."
            raise AzureError(404, "SubscriptionNotFound", message, gateway=True)
        found = self.world.accounts.in_subscription(subscription, group) if group else everything
        if group and not found:
            message = f"Resource group '{group}' could not be found."
            raise AzureError(404, "ResourceGroupNotFound", message, gateway=True)
        return found

    @override
    def headers(self, call: Call) -> dict[str, str]:
        """Return the headers that recorded answers of ARM carry."""
        kind, left = ("reads", "16499") if call.request.method == "GET" else ("writes", "11999")
        return {
            "Cache-Control": "no-cache",
            "Pragma": "no-cache",
            "Expires": "-1",
            "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
            "X-Content-Type-Options": "nosniff",
            "X-Cache": "CONFIG_NOCACHE",
            "x-ms-request-id": call.id,
            "x-ms-correlation-request-id": call.id,
            "x-ms-operation-identifier": f"tenantId={self.world.directory.tenant}",
            f"x-ms-ratelimit-remaining-subscription-global-{kind}": left,
        }

    @override
    def refusal(self, error: AzureError, call: Call) -> web.Response:
        """Return an error in the form of ARM."""
        headers = {"x-ms-failure-cause": "gateway"} if error.gateway else {}
        return json_answer(error_body(error), error.status, headers)


def _scope(call: Call) -> str:
    parts = call.parts
    scope = f"/subscriptions/{parts['subscription']}"
    if "group" in parts:
        scope += f"/resourceGroups/{parts['group']}"
    return scope + (f"/providers/{_PROVIDER}/{parts['name']}" if "name" in parts else "")


def _body(call: Call) -> dict[str, Any]:
    try:
        return call.json_object()
    except ValueError as error:
        message = "The request content was invalid and could not be deserialized."
        raise AzureError(400, "InvalidRequestContent", message, gateway=True) from error


def _changes(body: dict[str, Any]) -> dict[str, Any]:
    """Return the `Account` fields that a PATCH body changes."""
    names = {
        "disableLocalAuth": "disable_local_auth",
        "publicNetworkAccess": "public_network_access",
        "networkAcls": "network_acls",
    }
    properties = body.get("properties") or {}
    not_imitated = [*(set(properties) - set(names)), *(set(body) - {"properties", "tags", "sku", "location"})]
    if not_imitated:
        raise NotImitatedError(f"changing {', '.join(sorted(not_imitated))} of an account")
    if not isinstance(properties.get("disableLocalAuth"), bool | None):
        raise AzureError(400, "BadRequest", "The value of disableLocalAuth must be true or false.")
    changes = {names[key]: value for key, value in properties.items()}
    return changes | {key: body[key] for key in ("tags", "sku") if body.get(key) is not None}


def _skip(call: Call) -> int:
    token = call.query("$skiptoken", "0")
    if not token.isdecimal():
        raise AzureError(400, "InvalidSkipToken", "The skip token is invalid.", gateway=True)
    return int(token)


def _check_version(call: Call) -> None:
    version = call.query("api-version")
    if not version:
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise AzureError(400, "MissingApiVersionParameter", message, gateway=True)
    if version != API_VERSION:
        message = f"The api-version '{version}' is invalid. The supported versions are '{API_VERSION}'."
        raise AzureError(400, "InvalidApiVersionParameter", message, gateway=True)


def _invalid_token() -> AzureError:
    message = "The access token is invalid."
    challenge = (
        f'Bearer authorization_uri="https://login.windows.net/", error="invalid_token", error_description="{message}"'
    )
    headers = {"WWW-Authenticate": challenge}
    return AzureError(401, "InvalidAuthenticationToken", message, gateway=True, headers=headers)


def _not_authorized(caller: Identity, action: str, scope: str) -> AzureError:
    return AzureError(
        403,
        "AuthorizationFailed",
        f"The client '{caller.client_id}' with object id '{caller.object_id}' does not have authorization to "
        f"perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently "
        "granted, please refresh your credentials.",
        gateway=True,
    )


def _throttled(call: Call, caller: Identity, kind: str, wait: int) -> AzureError:
    message = (
        f"Number of '{kind.removesuffix('s')}' requests for subscription '{call.parts['subscription']}' "
        f"actor '{caller.object_id}' exceeded. Please try again after '{wait}' seconds."
    )
    headers = {"Retry-After": str(wait)}
    return AzureError(429, "SubscriptionRequestsThrottled", message, gateway=True, headers=headers)
