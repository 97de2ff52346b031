"""Azure Resource Manager for Microsoft.CognitiveServices accounts, api-version 2025-09-01 (docs/facts.md, Keys).

Get, both lists, update, listKeys, regenerateKey and the tags of an account are imitated, the event subscriptions and
metrics of a topic, the metric of an account's answers and its diagnostic settings, the lists of other services in
which copies of keys can lie (`key_holders`), what fetches a secret again (`refreshing`), the queries of Resource Graph
that the app sends, rights and vaults (`authorization`), policies (`policies`), and what a client asks before that: the
cloud's addresses and the subscriptions. Tests create and delete accounts in the world directly. Errors of the ARM
gateway carry x-ms-failure-cause, those of the resource provider do not. Case does not matter in paths and in the name
`api-version`. `accounts` holds the accounts and their keys, `topics` the topics.
"""

from functools import partial
from typing import Any, override

from aiohttp import web

from lab.emulator.accounts import Account, Slot
from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError
from lab.emulator.holdings import Project
from lab.emulator.limits import Kind
from lab.emulator.surfaces import (
    account_metrics,
    arm_errors,
    authorization,
    cloud,
    key_holders,
    log_settings,
    policies,
    refreshing,
    resource_graph,
    resource_tags,
    topic_listeners,
)
from lab.emulator.surfaces.account_changes import changes
from lab.emulator.surfaces.account_shape import render
from lab.emulator.surfaces.arm_pages import page
from lab.emulator.surfaces.bodies import WrongTypeError
from lab.emulator.surfaces.common import Call, Route, Surface, entra_identity, error_body, json_answer, route
from lab.emulator.topics import Topic

# The first is the management library's version, the second that of azure-cli 2.91.0, with the same bodies for what is
# imitated. The other services of ARM have versions of their own.
API_VERSIONS = ("2025-09-01", "2026-05-15-preview")
_OTHER_VERSIONS = {
    "arm.endpoints": ("2022-09-01",),
    "arm.getSubscription": ("2022-12-01",),
    "arm.listSubscriptions": ("2022-12-01",),
    "arm.getTags": ("2021-04-01", "2024-11-01"),
    "arm.updateTags": ("2021-04-01", "2024-11-01"),
    "arm.listEventSubscriptions": (topic_listeners.SUBSCRIPTIONS_VERSION,),
    "arm.listMetrics": (topic_listeners.METRICS_VERSION,),
    "arm.listAccountMetrics": (topic_listeners.METRICS_VERSION,),
    "arm.listDiagnosticSettings": (log_settings.VERSION,),
    "arm.queryResourceGraph": (resource_graph.VERSION,),
    **key_holders.VERSIONS,
    **refreshing.VERSIONS,
    **authorization.VERSIONS,
    **policies.VERSIONS,
}
AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")
_PROVIDER = "Microsoft.CognitiveServices/accounts"
_SUBSCRIPTION = r"/subscriptions/(?P<subscription>[^/]+)"
_GROUP = _SUBSCRIPTION + r"/resourceGroups/(?P<group>[^/]+)"
_LIST = r"/providers/Microsoft\.CognitiveServices/accounts"
_ACCOUNT = _GROUP + _LIST + r"/(?P<name>[^/]+)"
_TAGS = _ACCOUNT + r"/providers/Microsoft\.Resources/tags/default"
_TOPIC = _GROUP + r"/providers/Microsoft\.EventGrid/topics/(?P<topic>[^/]+)"
_LISTENERS = _TOPIC + r"/providers/Microsoft\.EventGrid/eventSubscriptions"
_METRICS = _TOPIC + r"/providers/Microsoft\.Insights/metrics"
_ACCOUNT_METRICS = _ACCOUNT + r"/providers/Microsoft\.Insights/metrics"
_LOG_SETTINGS = _ACCOUNT + r"/providers/Microsoft\.Insights/diagnosticSettings"
_GRAPH = r"/providers/Microsoft\.ResourceGraph/resources"
# The enum of the request has a capital K, the answer lower case names.
_SLOTS: dict[str, Slot] = {"Key1": "key1", "Key2": "key2"}


class Management(Surface):
    """ARM's operations on the accounts of the world."""

    service = "arm"

    @override
    def make_routes(self) -> list[Route]:
        """Return the operations on accounts, on their tags, on topics, on subscriptions, and on the cloud."""
        return [
            route("GET", "/metadata/endpoints", "arm.endpoints", self.endpoints),
            route("GET", "/subscriptions/?", "arm.listSubscriptions", self.list_subscriptions),
            route("GET", _SUBSCRIPTION, "arm.getSubscription", self.get_subscription),
            route("GET", _TAGS, "arm.getTags", self.get_tags),
            route("PATCH", _TAGS, "arm.updateTags", self.update_tags),
            route("GET", _LISTENERS, "arm.listEventSubscriptions", self.list_event_subscriptions),
            route("GET", _METRICS, "arm.listMetrics", self.list_metrics),
            route("GET", _ACCOUNT_METRICS, "arm.listAccountMetrics", self.list_account_metrics),
            route("GET", _LOG_SETTINGS, "arm.listDiagnosticSettings", self.list_diagnostic_settings),
            route("POST", _GRAPH, "arm.queryResourceGraph", self.query_resource_graph),
            *(route("GET", one.path, one.operation, partial(self.list_held, one)) for one in key_holders.LISTS),
            route("GET", _ACCOUNT, "arm.getAccount", self.get_account),
            route("PATCH", _ACCOUNT, "arm.updateAccount", self.update_account),
            route("GET", _SUBSCRIPTION + _LIST, "arm.listAccounts", self.list_accounts),
            route("GET", _GROUP + _LIST, "arm.listAccountsByGroup", self.list_accounts),
            route("POST", _ACCOUNT + "/listKeys", "arm.listKeys", self.list_keys),
            route("POST", _ACCOUNT + "/regenerateKey", "arm.regenerateKey", self.regenerate_key),
            *authorization.routes(self._admit),
            *refreshing.routes(self._admit),
            *policies.routes(self._admit),
        ]

    @override
    def target(self, call: Call) -> str:
        """Return the resource id of the account, or of the listed subscription or resource group."""
        return _scope(call)

    @override
    def identify(self, call: Call) -> Identity | None:
        """Return the identity of the caller. The cloud's addresses are shown without one.

        Raises AzureError 401 without a valid token, and 400 without api-version or for another one.
        """
        own = f"https://{call.request.host}"
        identity = entra_identity(call, (*AUDIENCES, own))
        if identity is None and call.operation != "arm.endpoints":
            raise arm_errors.invalid_token()
        given = {name.lower(): value for name, value in call.request.query.items()}
        versions = _OTHER_VERSIONS.get(call.operation, API_VERSIONS)
        arm_errors.check_version(given.get("api-version", ""), versions)
        return identity

    def endpoints(self, call: Call) -> web.Response:
        """Return the addresses of the cloud."""
        return json_answer(cloud.endpoints(f"https://{call.request.host}", self.world.directory.tenant))

    def list_subscriptions(self, call: Call) -> web.Response:
        """Return the subscriptions in which the caller has a role."""
        known = dict.fromkeys([self.world.subscription, *(account.subscription for account in self.world.accounts)])
        tenant = self.world.directory.tenant
        seen = [one for one in known if self._sees(call, one)]
        return json_answer({"value": [cloud.subscription(one, tenant) for one in seen]})

    def get_subscription(self, call: Call) -> web.Response:
        """Return a subscription. Raises AzureError 404 if it is unknown or the caller has no role in it."""
        self._listed(call)
        if not self._sees(call, call.parts["subscription"]):
            raise _no_subscription(call.parts["subscription"])
        return json_answer(cloud.subscription(call.parts["subscription"], self.world.directory.tenant))

    def _sees(self, call: Call, subscription: str) -> bool:
        return call.caller is not None and self.world.directory.has_role_in(
            call.caller, f"/subscriptions/{subscription}"
        )

    def get_tags(self, call: Call) -> web.Response:
        """Return the tags of an account. Raises AzureError 403, 404 or 429."""
        self._admit(call, "Microsoft.Resources/tags/read")
        return self._tags(self.world.accounts[call.target])

    def update_tags(self, call: Call) -> web.Response:
        """Merge, replace or delete tags of an account, and return all. Raises AzureError 400, 403, 404 or 429."""
        self._admit(call, "Microsoft.Resources/tags/write")
        account, body = self.world.accounts[call.target], _body(call)
        try:
            tags = resource_tags.changed(account.tags, body)
        except WrongTypeError as error:
            raise AzureError(400, "InvalidRequestContent", str(error), gateway=True) from error
        return self._tags(self.world.accounts.update(call.target, {"tags": tags}))

    def _tags(self, account: Account) -> web.Response:
        return json_answer(resource_tags.shown(account.id, account.tags))

    def list_event_subscriptions(self, call: Call) -> web.Response:
        """Return one page of the event subscriptions of a topic. Raises AzureError 403, 404 or 429."""
        self._admit(call, "Microsoft.EventGrid/eventSubscriptions/read")
        topic = self._topic(call)
        size = topic_listeners.PAGE
        return json_answer(page(call, topic.subscribers, size, lambda one: topic_listeners.shown(topic, one)))

    def list_metrics(self, call: Call) -> web.Response:
        """Return the deliveries of a topic in a timespan. Raises AzureError 400, 403, 404 or 429."""
        self._admit(call, "Microsoft.Insights/metrics/read")
        asked = (call.query("metricnames"), call.query("timespan"), call.query("$filter"))
        return json_answer(topic_listeners.metrics(self._topic(call), *asked))

    def list_account_metrics(self, call: Call) -> web.Response:
        """Return how often an account's data plane answered with which status. Raises AzureError 400, 403, 404 or
        429."""
        self._admit(call, "Microsoft.Insights/metrics/read")
        account, world = self.world.accounts[call.target], self.world
        asked = dict(call.request.query)
        return json_answer(account_metrics.metrics(account, world.journal.entries, asked, world.clock.now()))

    def _topic(self, call: Call) -> Topic:
        found = next((one for one in self.world.topics.values() if one.id.lower() == call.target.lower()), None)
        if found is None:
            message = f"The Resource 'Microsoft.EventGrid/topics/{call.parts['topic']}' was not found."
            raise AzureError(404, "ResourceNotFound", message, gateway=True)
        return found

    def list_diagnostic_settings(self, call: Call) -> web.Response:
        """Return the diagnostic settings of an account. Raises AzureError 403, 404 or 429."""
        self._admit(call, "Microsoft.Insights/diagnosticSettings/read")
        account = self.world.accounts[call.target].id
        held = self.world.resources.settings.get(account.lower(), [])
        return json_answer(page(call, held, log_settings.PAGE, lambda one: log_settings.shown(account, one)))

    def list_held(self, held: key_holders.HeldList, call: Call) -> web.Response:
        """Return one page of a list in which copies of keys can lie. Raises AzureError 403, 404 or 429."""
        self._admit(call, held.right)
        if "holder" in call.parts and not self._exists(call.target):
            message = f"The Resource '{call.parts['holder']}' was not found."
            raise AzureError(404, "ResourceNotFound", message, gateway=True)
        things = held.things(self.world, call.target)
        return json_answer(page(call, things, self.world.arm_page, lambda one: held.shown(self.world, *one)))

    def _exists(self, resource: str) -> bool:
        parent, _, project = resource.partition("/projects/")
        known = {one.id.lower() for one in (*self.world.accounts, *self.world.resources.shown)}
        projects = [one.name for one in self.world.holdings.of(parent, Project)]
        return parent.lower() in known and (not project or project in projects)

    def query_resource_graph(self, call: Call) -> web.Response:
        """Return one page of a query's rows. Raises NotImitatedError for an unknown query, AzureError 400, 403 or
        429."""
        if call.caller is None:
            raise arm_errors.invalid_token()
        wait, left, resets = self.world.limits.graph(call.caller.object_id)
        if wait:
            raise resource_graph.throttled(wait)
        shown = resource_graph.answer(self.world, call.caller, _body(call))
        return json_answer(shown, headers=resource_graph.quota(left, resets))

    def get_account(self, call: Call) -> web.Response:
        """Return an account. Raises AzureError 403, 404 or 429."""
        self._admit(call, f"{_PROVIDER}/read")
        return self._account(self.world.accounts[call.target])

    def list_accounts(self, call: Call) -> web.Response:
        """Return one page of the accounts of a subscription or resource group.

        Raises AzureError 404 if the subscription or group is unknown or empty, 400 for an invalid skip token, and 403
        or 429.
        """
        self._admit(call, f"{_PROVIDER}/read")
        accounts, size = self._listed(call), self.world.arm_page
        return json_answer(page(call, accounts, size, lambda one: render(one, self.world.endpoint(one))))

    def update_account(self, call: Call) -> web.Response:
        """Change tags, SKU, disableLocalAuth or network rules of an account, and return it.

        The change is complete with the answer (docs/facts.md, Keys). Raises NotImitatedError for other properties,
        and AzureError 400, 403 (a policy may deny it, too), 404 or 429.
        """
        self._admit(call, f"{_PROVIDER}/write")
        account = self.world.accounts.check_state(call.target)
        changed = self.world.policies.changed(account, changes(_body(call)))
        return self._account(self.world.accounts.update(call.target, changed))

    def list_keys(self, call: Call) -> web.Response:
        """Return both keys of an account. Raises AzureError 403 or 429, and the errors of `Accounts.list_keys`."""
        self._admit(call, f"{_PROVIDER}/listKeys/action")
        return json_answer(self.world.accounts.list_keys(call.target))

    def regenerate_key(self, call: Call) -> web.Response:
        """Generate a new value for Key1 or Key2 and return both keys.

        Raises AzureError 400 for another key name or an invalid body, 403 or 429, and the errors of
        `Accounts.regenerate`.
        """
        self._admit(call, f"{_PROVIDER}/regenerateKey/action")
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
            raise arm_errors.invalid_token()
        kind, subscription = _kind(call), call.parts["subscription"]
        limits = self.world.limits
        if wait := limits.arm(subscription, caller.object_id, kind):
            raise arm_errors.throttled(subscription, caller, kind, wait, limits.retry_after(wait))
        if not self.world.directory.allows(caller, action, call.target):
            raise arm_errors.not_authorized(caller, action, call.target)
        self.world.restrictions.check(caller, action, call.target, subscription)

    def _listed(self, call: Call) -> list[Account]:
        subscription, group = call.parts["subscription"], call.parts.get("group")
        everything = self.world.accounts.in_subscription(subscription)
        if not everything and subscription.lower() != self.world.subscription.lower():
            raise _no_subscription(subscription)
        found = self.world.accounts.in_subscription(subscription, group) if group else everything
        if group and not found:
            message = f"Resource group '{group}' could not be found."
            raise AzureError(404, "ResourceGroupNotFound", message, gateway=True)
        return found

    @override
    def headers(self, call: Call) -> dict[str, str]:
        """Return the headers that recorded answers of ARM carry."""
        return {
            **self._left(call),
            "Cache-Control": "no-cache",
            "Pragma": "no-cache",
            "Expires": "-1",
            "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
            "X-Content-Type-Options": "nosniff",
            "X-Cache": "CONFIG_NOCACHE",
            "x-ms-request-id": call.id,
            "x-ms-correlation-request-id": call.id,
            "x-ms-operation-identifier": f"tenantId={self.world.directory.tenant}",
        }

    def _left(self, call: Call) -> dict[str, str]:
        """Return the headers that say how many calls are left in the subscription: the caller's, and everybody's."""
        if call.caller is None or "subscription" not in call.parts:
            return {}
        kind = _kind(call)
        own, everybodys = self.world.limits.left(call.parts["subscription"], call.caller.object_id, kind)
        prefix = "x-ms-ratelimit-remaining-subscription"
        return {f"{prefix}-{kind}": str(own), f"{prefix}-global-{kind}": str(everybodys)}

    @override
    def refusal(self, error: AzureError, call: Call) -> web.Response:
        """Return an error in the form of ARM."""
        headers = {"x-ms-failure-cause": "gateway"} if error.gateway else {}
        return json_answer(error_body(error), error.status, headers)


def _kind(call: Call) -> Kind:
    """Return the bucket that the call draws on."""
    return "reads" if call.request.method == "GET" else "writes"


def _scope(call: Call) -> str:
    parts = call.parts
    if "scope" in parts:
        return parts["scope"]
    if "subscription" not in parts:
        return call.request.path
    scope = f"/subscriptions/{parts['subscription']}"
    if "group" in parts:
        scope += f"/resourceGroups/{parts['group']}"
    if "topic" in parts:
        return f"{scope}/providers/Microsoft.EventGrid/topics/{parts['topic']}"
    if "holder" in parts:
        named = f"/namedValues/{parts['named']}" if "named" in parts else ""
        return f"{scope}/providers/{parts['holder']}{named}"
    return scope + (f"/providers/{_PROVIDER}/{parts['name']}" if "name" in parts else "")


def _body(call: Call) -> dict[str, Any]:
    try:
        return call.json_object()
    except ValueError as error:
        raise arm_errors.invalid_content() from error


def _no_subscription(subscription: str) -> AzureError:
    message = f"The subscription '{subscription}' could not be found."
    return AzureError(404, "SubscriptionNotFound", message, gateway=True)
