"""The vital signs of a small fleet: the last check, the keys, the announcements, the way out of keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.readiness import Stage
from shared.domain.relative import away, counted, length_in_words
from shared.findings.codes import Code, Urgency
from shared.findings.facts import Facts
from shared.findings.states import State
from shared.findings.status import Status
from shared.settings.environment import Mode
from shared.web.pages.links import Links

_OF_ANNOUNCING = (
    Code.NOBODY_IS_TOLD,
    Code.NOBODY_LISTENS,
    Code.DELIVERIES_FAIL,
    Code.ANNOUNCEMENTS_OUTSTANDING,
    Code.UNTOLD,
)
_TOLD = {
    Code.NOBODY_IS_TOLD: "Nobody is told",
    Code.NOBODY_LISTENS: "Nobody listens",
    Code.DELIVERIES_FAIL: "Deliveries fail",
    Code.ANNOUNCEMENTS_OUTSTANDING: "Not accepted",
    Code.UNTOLD: "Not all accepted",
}


@dataclass(frozen=True)
class Vital:
    """One vital sign.

    name: What it is about.
    state: The state whose icon and colour it has. None: it has none.
    says: How it is.
    detail: What else there is to know.
    moment: The moment that `says` counts from, in UTC. None if it counts from none.
    link: The address of the view that says more. Empty without one.
    """

    name: str
    state: State | None
    says: str
    detail: str
    moment: datetime | None = None
    link: str = ""


def vitals_of(status: Status, facts: Facts, links: Links) -> tuple[Vital, ...]:
    """Return the vital signs of a fleet, or of a part of it."""
    return tuple(_vitals(status, facts, links))


def _vitals(status: Status, facts: Facts, links: Links) -> Iterator[Vital]:
    yield _checks(status)
    yield _keys(status, facts)
    yield _announcements(status, facts)
    yield replace(_way_out(status, facts), link=links.way_out())


def _checks(status: Status) -> Vital:
    checks, found = status.checks, [one for one in status.findings if one.code is Code.CHECKS_LATE]
    if checks is None or checks.last_at is None or checks.next_at is None:
        return Vital("Last check", State.ATTENTION, "None yet", "what is shown was listed just now")
    state = State.HEALTHY
    if found:
        state = State.ACTION if found[0].urgency is Urgency.TO_DO else State.ATTENTION
    following = "is due now" if checks.next_at <= status.now else away(checks.next_at, status.now)
    detail = f"every {length_in_words(checks.every)}, the next {following}"
    return Vital("Last check", state, away(checks.last_at, status.now), detail, checks.last_at)


def _keys(status: Status, facts: Facts) -> Vital:
    """Return how many published keys are known to work: those of targets that can be read."""
    rows = [one for one in status.targets if one.state is not State.KEYLESS]
    told = [one for one in rows if not one.is_stale and not one.row.fails]
    situations = [one.row.situation for one in told]
    valid = sum(bool(one and one.is_published and one.seen.live) for one in situations)
    dead = any(one.code is Code.PUBLISHED_KEY_DEAD for one in status.findings)
    late = any(one.code is Code.CHECKS_LATE for one in status.findings)
    state = State.ACTION if dead else _unless(late, State.HEALTHY) if valid == len(rows) else State.ATTENTION
    every = length_in_words(facts.settings.look_every)
    unknown = len(rows) - len(told)
    detail = f"{unknown} cannot be told" if unknown else f"compared with the accounts every {every}"
    detail = detail if rows else "no account accepts keys"
    return Vital(
        "Keys in the vault",
        state if rows else None,
        f"{valid} of {len(rows)} {'were' if late else 'are'} valid",
        detail,
    )


def _announcements(status: Status, facts: Facts) -> Vital:
    found = [one for code in _OF_ANNOUNCING for one in status.findings if one.code is code]
    waiting = sum(len(one.row.outstanding) for one in status.targets)
    left = f"{counted(waiting, 'announcement waits', 'announcements wait')}" if waiting else "none waits"
    if not found:
        says = "All accepted" if not waiting else f"{waiting} to send"
        observes, untold = status.mode is Mode.OBSERVE, sum(one.is_stale for one in status.targets)
        sent = "the app only observes, and sends none" if observes else "the next check sends them"
        detail = "none is outstanding" if not waiting else sent
        if untold and not waiting:
            return Vital("Announcements", State.UNKNOWN, "Not all known", f"{untold} cannot be told")
        late = any(one.code is Code.CHECKS_LATE for one in status.findings)
        state = _unless(late, State.HEALTHY if not waiting else State.WAITING)
        return Vital("Announcements", state, says, detail)
    first = found[0]
    state = State.ACTION if first.urgency is Urgency.TO_DO else State.ATTENTION
    says = _TOLD[first.code]
    if first.code is Code.ANNOUNCEMENTS_OUTSTANDING and first.since:
        earliest = min(one.since for one in found if one.code is first.code and one.since)
        says = f"Not accepted for {length_in_words(facts.now - earliest)}"
    return Vital("Announcements", state, says, left)


def _unless(late: bool, state: State) -> State:
    """Return the state, or that it is not known because checks are late."""
    return State.UNKNOWN if late else state


def _way_out(status: Status, facts: Facts) -> Vital:
    """Return how many targets are keyless, and how far the others are as the last survey of readiness knows it."""
    keyless, total = status.counts[State.KEYLESS], len(status.targets)
    says, name = f"{keyless} of {total} keyless", "Way out of keys"
    if keyless == total:
        return Vital(name, State.KEYLESS, says, "the goal is reached")
    return Vital(name, None, says, _stages(status, facts) or _agreed(status))


def _agreed(status: Status) -> str:
    agreed = sum(one.row.target.sunset is not None for one in status.targets if one.state is not State.KEYLESS)
    return f"{counted(agreed, 'sunset is agreed', 'sunsets are agreed')}" if agreed else "no sunset is agreed"


def _stages(status: Status, facts: Facts) -> str:
    """Return how many of the others are at which stage: "1 ready, 2 not started". Empty without a survey."""
    if facts.survey is None:
        return ""
    others = [one for one in status.targets if one.state is not State.KEYLESS]
    entries = [facts.entry_of(one.row.target.account) for one in others]
    stages = Counter(one.readiness.stage if one else Stage.UNKNOWN for one in entries)
    return ", ".join(f"{number} {stage.words}" for stage in Stage if (number := stages[stage]))
