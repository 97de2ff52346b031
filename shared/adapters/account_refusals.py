"""How many calls an account refused, from Azure Monitor's metrics of the account (docs/facts.md, Trials)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.adapters.azure_reads import AzureReads, parsed
from shared.adapters.trials_table import REFUSED_BY_HOUR, REFUSED_CALLS
from shared.domain.model import AccountId

_BY_MINUTE_UNTIL = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_REFUSED = ("401", "403")
_DIMENSION = "statuscode"


class AccountRefusals:
    """The refused calls of accounts.

    reads: Sends the calls.
    """

    def __init__(self, reads: AzureReads) -> None:
        self._reads = reads

    async def count(self, account: AccountId, since: datetime, until: datetime) -> int | None:
        """Return how many calls were answered with 401 or 403, whatever for: one call to Azure Resource Manager.

        The minutes at both ends count as a whole; for more than a day, the hours. None if the account has no such
        metric, or Azure says that it could not be read.
        """
        operation = REFUSED_CALLS if until - since <= _BY_MINUTE_UNTIL else REFUSED_BY_HOUR
        span = f"{_time(since)}/{_time(max(until, since + _MINUTE))}"
        found = await self._reads.entry(operation, str(account), span=span)
        [metrics] = parsed(_metrics, [found], operation, str(account))
        if not metrics or any(one.get("errorCode") not in (None, "Success") for one in metrics):
            return None
        return sum(parsed(_refused, metrics, operation, str(account)))


def _metrics(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(answer["value"])


def _refused(metric: Mapping[str, Any]) -> int:
    return sum(int(point.get("total") or 0) for series in metric["timeseries"] for point in _points(series))


def _points(series: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    [status] = [one["value"] for one in series["metadatavalues"] if one["name"]["value"].casefold() == _DIMENSION]
    if status in _REFUSED:
        yield from series["data"]


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
