"""What Azure Resource Manager shows of a topic's listeners: its event subscriptions and its metrics of deliveries.

Event subscriptions have the shape of api-version 2025-02-15 of Microsoft.EventGrid, metrics that of 2024-02-01 of
Microsoft.Insights (docs/facts.md, Listeners). `topics` holds the data; `management` has the routes and checks rights.
"""

import re
from datetime import UTC, datetime
from typing import Any

from lab.emulator.errors import AzureError, NotImitatedError
from lab.emulator.topics import Subscriber, Topic

SUBSCRIPTIONS_VERSION, METRICS_VERSION = "2025-02-15", "2024-02-01"
PAGE = 20  # event subscriptions on one page
_METRICS = {"DeliverySuccessCount": True, "DeliveryAttemptFailCount": False}  # whether it counts deliveries that worked
_FILTER = "EventSubscriptionName eq '*'"
_SPAN = re.compile(r"(\S+)/(\S+)")


def shown(topic: Topic, one: Subscriber) -> dict[str, Any]:
    """Return an event subscription as ARM shows it. A web hook shows no address beside its base."""
    return {
        "id": f"{topic.id}/providers/Microsoft.EventGrid/eventSubscriptions/{one.name}",
        "name": one.name,
        "type": "Microsoft.EventGrid/eventSubscriptions",
        "properties": {
            "topic": topic.id,
            "provisioningState": one.state,
            "destination": {"endpointType": "WebHook", "properties": {"endpointBaseUrl": "https://listener.invalid"}},
            "filter": {
                "includedEventTypes": list(one.types) if one.types is not None else None,
                "subjectBeginsWith": one.begins,
                "subjectEndsWith": one.ends,
            },
            "expirationTimeUtc": one.expires,
            "eventDeliverySchema": "CloudEventSchemaV1_0",
            "retryPolicy": {"maxDeliveryAttempts": 30, "eventTimeToLiveInMinutes": 1440},
        },
    }


def metrics(topic: Topic, names: str, span: str, chosen: str) -> dict[str, Any]:
    """Return the sums of deliveries in a timespan, one series for each event subscription that had any.

    Raises NotImitatedError for other metrics or another filter, and AzureError 400 for an invalid timespan.
    """
    wanted = names.split(",")
    if not set(wanted) <= set(_METRICS) or chosen != _FILTER:
        raise NotImitatedError("any metric except deliveries and failed attempts, by event subscription")
    since, until = _span(span)
    return {"cost": 0, "timespan": span, "value": [_metric(topic, name, since, until) for name in wanted]}


def _metric(topic: Topic, name: str, since: float, until: float) -> dict[str, Any]:
    series = []
    for one in topic.subscribers:
        count = sum(since <= time < until and worked is _METRICS[name] for time, worked in one.deliveries)
        if count:
            series.append(_series(one.name, count, since))
    return {
        "id": f"{topic.id}/providers/Microsoft.Insights/metrics/{name}",
        "type": "Microsoft.Insights/metrics",
        "name": {"value": name, "localizedValue": name},
        "unit": "Count",
        "timeseries": series,
        "errorCode": "Success",
    }


def _series(name: str, count: int, since: float) -> dict[str, Any]:
    dimension = {"value": "eventsubscriptionname", "localizedValue": "eventsubscriptionname"}
    stamp = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "metadatavalues": [{"name": dimension, "value": name}],
        "data": [{"timeStamp": stamp, "total": float(count)}],
    }


def _span(text: str) -> tuple[float, float]:
    found = _SPAN.fullmatch(text)
    try:
        since, until = [datetime.fromisoformat(part).timestamp() for part in found.groups()] if found else []
    except ValueError:
        raise AzureError(400, "BadRequest", f"The timespan is invalid: {text}") from None
    return since, until
