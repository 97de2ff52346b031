"""Which of the app's calls to Azure readiness makes, apart from those of turns and listings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from lab.emulator.journal import Entry

QUERY = "queries of the logs"
SETTINGS = "reads of diagnostic settings"
GRAPH = "queries of Resource Graph"
STORAGE = "calls for the kept survey, its weeks and its notes"
_KEPT = ("views/readiness", "views/weeks", "notes/survey", "notes/keyless")


def calls_of_readiness(entries: Iterable[Entry]) -> Counter[str]:
    """Return how many of these calls readiness made, by what they were for."""
    return Counter(filter(None, map(_what_for, entries)))


def _what_for(entry: Entry) -> str:
    if entry.service == "logs":
        return QUERY
    if "diagnosticsettings" in entry.operation.lower():
        return SETTINGS
    if "graph" in entry.operation.lower():
        return GRAPH
    return STORAGE if entry.service == "blob" and any(name in entry.target for name in _KEPT) else ""
