"""The metric of an account's answers: how many calls a minute or an hour its data plane answered with each HTTP status.

It has the shape of api-version 2024-02-01 of Microsoft.Insights. Nothing in it tells calls with a key from others
(docs/facts.md, Logs), but refused calls stand out by their status. It is counted from the journal; `management` has
the route and checks rights.
"""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from lab.emulator.accounts import Account
from lab.emulator.errors import AzureError, NotImitatedError
from lab.emulator.journal import Entry

MINUTE, HOUR = 60, 3600
LATE = 60.0  # seconds after which an answer is in the metric
_NAME = "AzureOpenAIRequests"
_KNOWN = {"metricnames": _NAME, "aggregation": "total", "$filter": "StatusCode eq '*'"}
_INTERVALS = {"pt1m": MINUTE, "pt1h": HOUR}
_SPAN = re.compile(r"(\S+)/(\S+)")


def metrics(account: Account, entries: Iterable[Entry], asked: dict[str, str], now: float) -> dict[str, Any]:
    """Return the calls of each minute or hour of a timespan, one series for each status that was answered.

    asked: The query parameters `metricnames`, `interval`, `aggregation`, `$filter` and `timespan`.
    Raises NotImitatedError for anything but calls by status and minute or hour, and AzureError 400 for an invalid
    timespan.
    """
    step = _INTERVALS.get(asked.get("interval", "").lower())
    if step is None or any(asked.get(name, "").lower() != text.lower() for name, text in _KNOWN.items()):
        raise NotImitatedError(
            "any metric of an account but AzureOpenAIRequests by StatusCode, for a minute or an hour"
        )
    since, until = _bounds(asked.get("timespan", ""), step)
    counts = _counts(account, entries, now, step)
    statuses = sorted({status for status, begins in counts if since <= begins < until})
    metric = {
        "id": f"{account.id}/providers/Microsoft.Insights/metrics/{_NAME}",
        "type": "Microsoft.Insights/metrics",
        "name": {"value": _NAME, "localizedValue": "Azure OpenAI Requests"},
        "unit": "Count",
        "timeseries": [_series(status, counts, range(since, until, step)) for status in statuses],
        "errorCode": "Success",
    }
    return {"cost": 0, "timespan": asked["timespan"], "interval": asked["interval"], "value": [metric]}


def _counts(account: Account, entries: Iterable[Entry], now: float, step: int) -> Counter[tuple[int, int]]:
    """Return the number of answers by status and interval, each interval as the second at which it begins."""
    return Counter(
        (one.status, int(one.done) // step * step)
        for one in entries
        if one.service == "aoai" and one.target == account.id and one.status and one.done and one.done <= now - LATE
    )


def _series(status: int, counts: Counter[tuple[int, int]], begins: range) -> dict[str, Any]:
    dimension = {"value": "statuscode", "localizedValue": "statuscode"}
    data = [{"timeStamp": _stamp(one), "total": float(counts[status, one])} for one in begins]
    return {"metadatavalues": [{"name": dimension, "value": str(status)}], "data": data}


def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bounds(span: str, step: int) -> tuple[int, int]:
    """Return the beginnings of the first interval of a timespan and of the first one after it."""
    found = _SPAN.fullmatch(span)
    try:
        since, until = [int(datetime.fromisoformat(part).timestamp()) for part in found.groups()] if found else []
    except ValueError:
        raise AzureError(400, "BadRequest", f"The timespan is invalid: {span}") from None
    return since // step * step, -(-until // step) * step
