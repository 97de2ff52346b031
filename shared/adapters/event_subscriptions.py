"""Ask Azure who listens to a topic: its event subscriptions, and the deliveries of the last day.

Two reads through Azure Resource Manager, with an optional right (docs/facts.md, Listeners). Nothing fails without it:
the answer then says that the listeners are not known, and why. The address of a web hook is never asked for, because it
can hold a secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from azure.core import AsyncPipelineClient
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy, AsyncRetryPolicy, UserAgentPolicy
from azure.core.rest import HttpRequest

from shared.adapters.connections import Connections
from shared.adapters.translate import azure_errors
from shared.announce.listening import EventSubscription, Hearing
from shared.domain.errors import GrantRole, RotationError, UnexpectedAnswer
from shared.domain.refusal import Call

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

_SUBSCRIPTIONS = "{topic}/providers/Microsoft.EventGrid/eventSubscriptions"
_METRICS = "{topic}/providers/Microsoft.Insights/metrics"
_VERSION, _METRICS_VERSION = "2025-02-15", "2024-02-01"
_DELIVERED, _FAILED = "DeliverySuccessCount", "DeliveryAttemptFailCount"
_BY_SUBSCRIPTION = "EventSubscriptionName"  # the dimension of both metrics
_LOOK_BACK = timedelta(days=1)
_MOST_PAGES = 20
_DOING = "see who listens to it"
_GRANT = "assign the role of infra/roles.json that reads the topic's event subscriptions and metrics"


class EventSubscriptions:
    """The listeners of one topic.

    credential: The app's identity.
    resource_manager: The address of Azure Resource Manager.
    topic: The topic's resource id.
    connections: The process's sessions.
    """

    def __init__(
        self, credential: AsyncTokenCredential, resource_manager: str, topic: str, connections: Connections
    ) -> None:
        self._manager, self._topic = resource_manager, topic
        bearer = AsyncBearerTokenCredentialPolicy(credential, f"{resource_manager}/.default")
        policies = [UserAgentPolicy("key-rotation"), AsyncRetryPolicy(retry_total=1), bearer]
        self._client: Any = AsyncPipelineClient(resource_manager, policies=policies, transport=connections.transport())

    async def hearing(self, now: datetime) -> Hearing:
        """Return the event subscriptions with their deliveries of the last day, or why they are not known."""
        try:
            with azure_errors(self._topic, _DOING, Call.LIST_LISTENERS):
                return await self._hearing(now)
        except RotationError as error:
            step = _GRANT if isinstance(error, GrantRole) else error.next_step
            return Hearing(now, unknown=f"{self._topic}: {error.what}", next_step=step)

    async def _hearing(self, now: datetime) -> Hearing:
        found = Hearing(now, tuple([_subscription(entry) async for entry in self._entries()]))
        if not found.listening:
            return found  # nothing can be delivered, whatever the metrics say
        counts = _counts(await self._read(self._deliveries(now)))
        counted = (_with_counts(one, counts) for one in found.subscriptions)
        return replace(found, subscriptions=tuple(counted))

    async def _entries(self) -> Any:  # noqa: ANN401 - an asynchronous generator of JSON objects
        url: str | None = self._url(_SUBSCRIPTIONS, {"api-version": _VERSION})
        for _ in range(_MOST_PAGES):
            page = await self._read(url)
            for entry in page["value"]:
                yield entry
            url = page.get("nextLink")
            if not url:
                return
        raise UnexpectedAnswer(self._topic, f"could not {_DOING}: its event subscriptions fill too many pages.")

    def _deliveries(self, now: datetime) -> str:
        span = f"{_time(now - _LOOK_BACK)}/{_time(now)}"
        return self._url(
            _METRICS,
            {
                "api-version": _METRICS_VERSION,
                "metricnames": f"{_DELIVERED},{_FAILED}",
                "aggregation": "Total",
                "interval": "PT1H",
                "timespan": span,
                "$filter": f"{_BY_SUBSCRIPTION} eq '*'",
            },
        )

    def _url(self, path: str, query: Mapping[str, str]) -> str:
        request = HttpRequest("GET", self._manager + path.format(topic=self._topic), params=dict(query))
        return str(request.url)

    async def _read(self, url: str | None) -> Any:  # noqa: ANN401 - any JSON
        if not str(url).startswith(f"{self._manager}/"):  # the token is for Azure Resource Manager alone
            raise UnexpectedAnswer(self._topic, f"could not {_DOING}: its next page is at another address.")
        response = await self._client.send_request(HttpRequest("GET", str(url)))
        if response.status_code != 200:
            raise HttpResponseError(response=response)
        return response.json()


def _subscription(entry: Any) -> EventSubscription:  # noqa: ANN401
    properties = entry["properties"]
    chosen = properties.get("filter") or {}
    types = chosen.get("includedEventTypes")
    expires = properties.get("expirationTimeUtc")
    return EventSubscription(
        name=str(entry["name"]),
        state=str(properties["provisioningState"]),
        types=frozenset(map(str, types)) if types else None,
        begins=str(chosen.get("subjectBeginsWith") or ""),
        ends=str(chosen.get("subjectEndsWith") or ""),
        expires=datetime.fromisoformat(expires).astimezone(UTC) if expires else None,
    )


def _counts(answer: Any) -> dict[tuple[str, str], int]:  # noqa: ANN401
    """Return the sums, by the name of the metric and that of the subscription in lower case."""
    counts: dict[tuple[str, str], int] = {}
    for metric in answer["value"]:
        for series in metric["timeseries"]:
            for name in _names(series):
                total = sum(int(point.get("total") or 0) for point in series["data"])
                key = str(metric["name"]["value"]), name
                counts[key] = counts.get(key, 0) + total
    return counts


def _names(series: Any) -> Iterator[str]:  # noqa: ANN401
    for one in series["metadatavalues"]:
        if str(one["name"]["value"]).casefold() == _BY_SUBSCRIPTION.casefold():
            yield str(one["value"]).casefold()


def _with_counts(one: EventSubscription, counts: Mapping[tuple[str, str], int]) -> EventSubscription:
    name = one.name.casefold()
    return replace(one, delivered=counts.get((_DELIVERED, name), 0), failed=counts.get((_FAILED, name), 0))


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
