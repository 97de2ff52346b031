"""Where the accounts log their calls: `ROTATION_LOG_WORKSPACE_ID` and what belongs to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from shared.domain import times
from shared.settings.problems import Problems
from shared.settings.readers import https_url, workspace_id
from shared.settings.reading import read

PUBLIC_LOGS = "https://api.loganalytics.io"


@dataclass(frozen=True)
class CallLog:
    """The Log Analytics workspace to which accounts log their calls.

    workspace: The id by which it is queried, a GUID.
    look_back: How far back calls are counted. Default 7 days.
    endpoint: The query service. Default the public cloud's.
    """

    workspace: str
    look_back: timedelta = timedelta(days=7)
    endpoint: str = PUBLIC_LOGS


def read_call_log(environment: Mapping[str, str], problems: Problems) -> CallLog | None:
    """Return the workspace; None if none is set. Problems are added to `problems`."""
    workspace = read(environment, "ROTATION_LOG_WORKSPACE_ID", None, problems, workspace_id)
    look_back = read(environment, "ROTATION_LOG_LOOK_BACK", CallLog.look_back, problems, times.parse_duration)
    endpoint = read(environment, "AZURE_LOG_ANALYTICS_ENDPOINT", PUBLIC_LOGS, problems, https_url)
    return CallLog(workspace, look_back, endpoint) if workspace else None
