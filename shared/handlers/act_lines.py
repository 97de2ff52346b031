"""One line in the log for every act and every refused attempt (P14): who, which route, which target, what result.

A line is `act: ` and a JSON object. What a caller may choose is written as JSON, so that no text can forge a line or a
member. Lines about refused callers are limited: callers without a right could otherwise fill the log.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.domain.names import LOGGER
from shared.domain.text import plain, quotable
from shared.web.callers import Caller
from shared.web.responses import Reply
from shared.web.routes import ROUTES, Route

log = logging.getLogger(LOGGER)
EVERY = 60.0  # seconds between two lines about the same refused caller at the same route
MANY = 10  # attempts after which a line is due before that; then ten times as many, and so on
MOST_CALLERS = 1000  # refused callers and routes that are remembered
NOBODY = Caller("nobody known", frozenset())
MOST_NAMED = 50  # targets and accounts in one line: a longer one would be cut, and nothing could read it
# The acts of the page, each with the route that has it in the API.
_PAGE_ACTS = {
    "rotate": "rotate",
    "leak": "leak",
    "arm": "arm",
    "disarm": "arm",
    "trial": "trial",
    "end-trial": "trial",
    "hold": "hold",
    "lift-hold": "hold",
}
_ASKED = ("endOtherKey", "then", "duration", "until", "despiteCopies", "despiteLeak", "dryRun")
_FROM_ANSWER = ("act", "id", "target", "targets", "account", "accounts", "secret", "environment", "result", "reason")


@dataclass
class _Refused:
    since: float
    times: int = 0
    many: int = MANY


@dataclass
class RefusedCallers:
    """How often which caller was refused at which route since the last line about it, in this process.

    seen: By caller and route.
    """

    seen: dict[tuple[str, str], _Refused] = field(default_factory=dict)

    def count(self, who: str, route: str, now: float) -> int:
        """Count one more. Return how many the line that is due now speaks of; 0 if none is due yet.

        now: Seconds of a clock that never goes back.
        """
        known, many = self.seen.get((who, route)), MANY
        times = 1 + (known.times if known else 0)
        if known is not None and now - known.since < EVERY:
            if times < known.many:
                known.times = times
                return 0
            many = 10 * known.many
        if known is None and len(self.seen) >= MOST_CALLERS:
            self.seen.pop(next(iter(self.seen)))
        self.seen.pop((who, route), None)  # so that the one whose line is oldest comes first
        self.seen[who, route] = _Refused(now, many=many)
        return times


def on_record_as(route: Route, act: str) -> Route:
    """Return the route under which the log has a request: an act on a page has the name of the same act in the API.

    act: What the page is about, as its path says it.
    """
    return ROUTES[_PAGE_ACTS[act]] if route.page and act in _PAGE_ACTS else route


def log_act(route: Route, method: str, name: str, caller: Caller, reply: Reply) -> None:
    """Log what became of a request to act: done, queued, held back or not possible."""
    level = logging.INFO if reply.status < 400 else logging.WARNING
    log.log(level, "%s", act_line(route, method, name, caller, reply))


def log_refused(
    refusals: RefusedCallers, route: Route, method: str, name: str, caller: Caller | None, reply: Reply, now: float
) -> None:
    """Log that a caller was refused: the first time at once, and then once a minute, with the count.

    A caller who is quick has further lines within the minute, after 10, 100, 1000 ... attempts: an alert counts them.
    """
    caller = caller or NOBODY
    times = refusals.count(caller.key, f"{method[:20]} {route.name}", now)
    if times:
        log.warning("%s", act_line(route, method, name, caller, reply, times=times))


def act_line(route: Route, method: str, name: str, caller: Caller, reply: Reply, *, times: int = 1) -> str:
    """Return the line about one act, or about several refused attempts that one line stands for."""
    told = {**(reply.data if isinstance(reply.data, Mapping) else {}), **reply.on_record}
    facts: dict[str, Any] = {"route": route.name, "method": method[:20], "who": caller.name}
    facts |= {"objectId": caller.object_id, "applicationId": caller.application_id}
    facts |= {"target": quotable(plain(name))[:300], "status": reply.status, "title": told.get("title")}
    facts |= {each: _first(told[each]) for each in (*_FROM_ANSWER, *_ASKED, "endedEarly") if each in told}
    many = told.get("targets")
    facts |= {"count": len(many) if isinstance(many, list) else None, "times": times}
    return "act: " + json.dumps({each: value for each, value in facts.items() if value not in (None, "", [])})


def _first(value: object) -> object:
    return value[:MOST_NAMED] if isinstance(value, list) else value
