"""The moments at which anything can change: those that the note of orders, the tags and the notes name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from lab.prove.trials.state import ORDERS, State
from shared.domain.model import Target
from shared.domain.publication import read_tags
from shared.turns.keyless import KEYLESS

MINUTE = timedelta(minutes=1)


def following(state: State, target: Target) -> datetime | None:
    """Return the next moment at which anything can change. None if nobody names one."""
    return min((moment for moment in _all(state, target) if moment > state.now), default=None)


def _all(state: State, target: Target) -> Iterator[datetime]:
    yield from _of_orders(state, target)
    keyless = state.note(KEYLESS)
    if keyless is not None:
        yield datetime.fromisoformat(keyless["at"]) + target.cadence.overlap
    yield from () if target.sunset is None else (target.sunset,)
    latest = state.latest
    marks = read_tags(dict(latest.tags))[3] if latest else None
    if latest is None or marks is None:
        return
    deadlines = [told.deadline for told in (marks.told.rotation, marks.told.retirement, marks.told.sunset) if told]
    deadlines += [] if marks.until is None else [marks.until]
    deadlines.append(marks.since + target.cadence.period)
    if marks.awaited is not None and marks.awaited.due is not None:
        deadlines += [marks.awaited.due, marks.awaited.due - target.cadence.overlap]
    yield from deadlines
    yield from (deadline - target.cadence.notice - 6 * MINUTE for deadline in deadlines)


def _of_orders(state: State, target: Target) -> Iterator[datetime]:
    orders, trial = state.note(ORDERS), state.trial
    if orders and orders["hold"]:
        yield datetime.fromisoformat(orders["hold"]["until"])
    if trial is None:
        return
    moments = {name: datetime.fromisoformat(trial[name]) for name in ("starts", "begun", "off", "tried") if trial[name]}
    yield moments["starts"]
    yield moments["starts"] - target.cadence.notice - 6 * MINUTE
    if trial["told"]:
        yield from (told.deadline for told in state.memory.told if told.about == trial["id"])
    if "begun" in moments:
        yield moments["begun"] + 10 * MINUTE + MINUTE
        yield moments["begun"] + timedelta(seconds=trial["length"])
    if "off" in moments:
        yield moments["off"] + 3 * MINUTE
    if "tried" in moments:
        yield moments["tried"] + timedelta(hours=1)
