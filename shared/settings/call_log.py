"""Where the accounts log their calls, and who calls: `ROTATION_LOG_WORKSPACE_ID` and what belongs to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from shared.domain import times
from shared.domain.caller_names import CallerNames
from shared.domain.relative import length_in_words
from shared.domain.usage import SHORTEST_SPAN
from shared.settings.problems import Problems
from shared.settings.readers import https_url, workspace_ids
from shared.settings.reading import read

PUBLIC_LOGS = "https://api.loganalytics.io"
LONGEST_NAME = 100  # characters


@dataclass(frozen=True)
class CallLog:
    """The Log Analytics workspaces to which accounts log their calls.

    workspaces: The ids by which they are queried, GUIDs; at least one.
    look_back: How far back calls are counted, at least SHORTEST_SPAN. Default 35 days, which is longer than a monthly
        job pauses. The workspaces must keep their rows at least as long.
    endpoint: The query service. Default the public cloud's.
    callers: Who calls from which addresses. Default: no address has a name.
    """

    workspaces: tuple[str, ...]
    look_back: timedelta = timedelta(days=35)
    endpoint: str = PUBLIC_LOGS
    callers: CallerNames = field(default_factory=CallerNames)


def read_call_log(environment: Mapping[str, str], problems: Problems) -> CallLog | None:
    """Return the workspaces; None if none is set. Problems are added to `problems`."""
    workspaces = read(environment, "ROTATION_LOG_WORKSPACE_ID", (), problems, workspace_ids)
    look_back = read(environment, "ROTATION_LOG_LOOK_BACK", CallLog.look_back, problems, look_back_of)
    endpoint = read(environment, "AZURE_LOG_ANALYTICS_ENDPOINT", PUBLIC_LOGS, problems, https_url)
    callers = read(environment, "ROTATION_CALLERS", CallerNames(), problems, caller_names)
    return CallLog(workspaces, look_back, endpoint, callers) if workspaces else None


def look_back_of(text: str) -> timedelta:
    """Read how far back calls are counted, such as `P35D`. Raises ValueError for less than SHORTEST_SPAN."""
    found = times.parse_duration(text)
    if found < SHORTEST_SPAN:
        raise ValueError(f"is shorter than {length_in_words(SHORTEST_SPAN)}, within which no log can tell of a pause")
    return found


def caller_names(text: str) -> CallerNames:
    """Read the names of callers: a JSON object such as `{"batch": ["203.0.113.0/24", "198.51.100.7"]}`.

    Raises ValueError, with an example, for anything else.
    """
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(_is_list_of_text(one) for one in found.values()):
        raise ValueError('is not a JSON object of lists of addresses, such as {"batch": ["203.0.113.0/24"]}')
    for name in found:
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            raise ValueError(f"{name[:40]!r} is not a name: printable text of at most {LONGEST_NAME} characters")
    try:
        return CallerNames.of(found)
    except ValueError as error:
        raise ValueError(f"holds no range of addresses: {error}") from None


def _is_list_of_text(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
