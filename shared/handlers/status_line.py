"""The line that each check logs about what needs doing: what alerts ask for, from the one list of findings (P11)."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable

from shared.domain.names import LOGGER
from shared.findings.gather import gather_kept
from shared.findings.status import Group, Status, status_of
from shared.findings.verdict import verdict_of
from shared.fleet.rotation import Rotation
from shared.fleet.view import View

log = logging.getLogger(LOGGER)


async def log_status(app: Rotation, view: View) -> None:
    """Log what the view that a check has just kept says. No call is made for a target, and nothing is raised."""
    try:
        status = status_of(*await gather_kept(app, view))
        log.info("status: %s", line_of(status))
    except Exception as error:
        log.warning("what the check found could not be summed up: %s", type(error).__name__, exc_info=error)


def line_of(status: Status) -> str:
    """Return the status as JSON: how grave it is, how many findings of each kind there are, and targets by state."""
    counts = {state.value: number for state, number in sorted(status.counts.items())}
    return json.dumps(
        {
            "tone": verdict_of(status).tone,
            "toDo": _counted(status.to_do),
            "toWatch": _counted(status.to_watch),
            "targets": counts,
        }
    )


def _counted(groups: Iterable[Group]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for group in groups:
        found[group.code.value] += len(group.findings)
    return dict(found)
