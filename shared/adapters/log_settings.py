"""Where an account sends its logs: its diagnostic settings (docs/facts.md, Reads)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.adapters.azure_reads import AzureReads, parsed
from shared.adapters.read_table import LOG_SETTINGS
from shared.domain.model import AccountId
from shared.domain.text import quotable
from shared.readiness.ports import LogSetting

_CATEGORY, _GROUP = "requestresponse", "alllogs"


class DiagnosticSettings:
    """The diagnostic settings of accounts.

    reads: Sends the calls.
    """

    def __init__(self, reads: AzureReads) -> None:
        self._reads = reads

    async def of(self, account: AccountId) -> Sequence[LogSetting]:
        """Return the diagnostic settings of an account: one call to Azure Resource Manager."""
        found = await self._reads.entries(LOG_SETTINGS, str(account))
        return parsed(_setting, found, LOG_SETTINGS, str(account))


def _setting(entry: Mapping[str, Any]) -> LogSetting:
    properties = entry["properties"]
    workspace = str(properties.get("workspaceId") or "")
    logs = properties.get("logs") or ()
    return LogSetting(quotable(str(entry["name"])), (workspace,) if workspace else (), any(map(_covers_calls, logs)))


def _covers_calls(log: Mapping[str, Any]) -> bool:
    """Return whether a part of a setting sends RequestResponse: by its category, or with all logs. `audit` does not."""
    category, group = (str(log.get(name) or "").casefold() for name in ("category", "categoryGroup"))
    return log.get("enabled") is True and (category == _CATEGORY or group == _GROUP)
