"""Where a survey of readiness gets its facts from."""

from __future__ import annotations

from dataclasses import dataclass

from shared.ports import CallLogs
from shared.readiness.ports import CallLogSettings, Sight


@dataclass(frozen=True)
class Sources:
    """Where a survey of readiness gets its facts from.

    sight: The accounts in sight.
    logs: The logs of the accounts' calls. None if no log workspace is configured.
    settings: The diagnostic settings of accounts, asked where a log shows nothing. None: they are not asked.
    """

    sight: Sight
    logs: CallLogs | None = None
    settings: CallLogSettings | None = None
