"""How the invocation of a trigger ends: what must be seen to fail, and what only the log can keep."""

from __future__ import annotations

import logging

from shared.domain.names import LOGGER
from shared.turns.report import Outcome

log = logging.getLogger(LOGGER)
MOST_SECONDS = 540  # for the calls of a function without a caller; host.json ends it after 600


class TurnFailed(Exception):
    """Makes the invocation fail: the queue or Event Grid delivers again, and monitoring sees it.

    The queries of alerts and workbook look for this class name in the host's log, so the name is public.
    """


def log_dropped_announcements(outcome: Outcome) -> None:
    """Log the announcements that were given up. After a long outage of Event Grid this is the last place for them."""
    for carried in outcome.dropped:
        log.error("%s: never announced, and said here only: %s", outcome.target, carried)
