"""Requests for many as HTTP answers: the plan of a dry run, what was accepted, and how far one has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NotRequired, TypedDict, cast

from shared.domain.errors import RotationError
from shared.domain.many import Fate, ManyRequest, ManyState, ManyTarget, ManyWord
from shared.domain.requests import LeakedKey, LeakRequest, RequestKind
from shared.domain.times import iso_duration
from shared.fleet.many_seen import ManySeen
from shared.web.responses import ProblemData, problems_data


class ManyRow(TypedDict):
    """One account of a request for many: by when it is done, or what became of it."""

    target: str
    account: str
    result: NotRequired[Fate]
    attempts: NotRequired[int]
    doneAt: NotRequired[str]
    deadSince: NotRequired[str]
    doneBy: NotRequired[str]
    deadBy: NotRequired[str]
    reason: NotRequired[str]
    why: NotRequired[str]
    nextStep: NotRequired[str]


class Accepted(TypedDict):
    """The targets that get a turn each (with dry_run: would get one), and what could not be read.

    A selection adds its id and state, or with dry_run how long it takes and what confirms it.
    """

    targets: list[str]
    accounts: list[str]
    problems: list[ProblemData]
    count: NotRequired[int]
    id: NotRequired[str]
    state: NotRequired[ManyState]
    takes: NotRequired[str]
    doneBy: NotRequired[str]
    deadBy: NotRequired[str]
    rows: NotRequired[list[ManyRow]]
    confirm: NotRequired[str]


class ManyStatus(TypedDict):
    """How far a request for many has come. `rows` are left out of the list of all."""

    id: str
    kind: RequestKind
    key: NotRequired[LeakedKey]
    state: ManyState
    requestedBy: str
    requestReason: str
    madeAt: str
    endsAt: str
    stoppedAt: NotRequired[str]
    endedAt: NotRequired[str]
    count: int
    done: int
    gone: int
    failed: int
    open: int
    doneBy: NotRequired[str]
    deadBy: NotRequired[str]
    nextStep: NotRequired[str]
    rows: NotRequired[list[ManyRow]]


class ManyList(TypedDict):
    """The requests for many of the last 30 days, the latest first."""

    rotations: list[ManyStatus]


def accepted_data(targets: Sequence[ManyTarget], problems: Sequence[RotationError]) -> Accepted:
    """Return which targets get a turn."""
    return Accepted(
        targets=[one.name for one in targets],
        accounts=[str(one.account) for one in targets],
        problems=problems_data(list(problems)),
    )


def planned_data(
    many: ManyRequest, dates: Sequence[datetime], problems: Sequence[RotationError], confirm: str
) -> Accepted:
    """Return what a request would do: its targets in their order, each with the date by which it is done.

    dates: For each target, in UTC.
    confirm: What confirms the request.
    """
    said = accepted_data(many.targets, problems)
    last = max(dates)
    said |= {"count": len(dates), "takes": _length(last - many.made_at), "confirm": confirm}
    said |= cast("Accepted", {_by(many): _text(last)})
    said["rows"] = [
        cast("ManyRow", {"target": one.name, "account": str(one.account), _by(many): _text(at)})
        for one, at in zip(many.targets, dates, strict=True)
    ]
    return said


def started_data(seen: ManySeen, problems: Sequence[RotationError]) -> Accepted:
    """Return what was accepted under which id."""
    many = seen.progress.request
    return accepted_data(many.targets, problems) | {"count": len(many.targets), "id": many.id, "state": seen.state}


def status_data(seen: ManySeen) -> ManyStatus:
    """Return how far a request has come, without its rows."""
    progress, many = seen.progress, seen.progress.request
    said: dict[str, Any] = {
        "id": many.id,
        "kind": many.request.kind,
        "key": many.request.key if isinstance(many.request, LeakRequest) else None,
        "state": seen.state,
        "requestedBy": many.request.by,
        "requestReason": many.request.reason,
        "madeAt": _text(many.made_at),
        "endsAt": _text(many.ends_at),
        "stoppedAt": progress.stopped_at and _text(progress.stopped_at),
        "endedAt": progress.ended_at and _text(progress.ended_at),
        "count": len(many.targets),
        **{str(fate): len(progress.of(fate)) for fate in Fate},
        _by(many): _text(max(seen.dates.values())) if seen.dates else None,
        "nextStep": seen.next_step,
    }
    return cast("ManyStatus", {name: value for name, value in said.items() if value is not None})


def with_rows(seen: ManySeen) -> ManyStatus:
    """Return how far a request has come, with what became of each account, in the order in which they are served."""
    rows = [_row(seen, one) for one in seen.progress.request.targets]
    return status_data(seen) | {"rows": rows}


def _row(seen: ManySeen, one: ManyTarget) -> ManyRow:
    many, fate, results = seen.progress.request, seen.progress.fate(one), seen.progress.by_account.get(one.hash, ())
    date, facts = seen.dates.get(one.hash), seen.facts.get(one.hash, {})
    done = [each for each in results if each.word is ManyWord.DONE]  # the oldest first
    dead = next((each.at for each in done if each.refused), None)
    said: dict[str, Any] = {
        "target": one.name,
        "account": str(one.account),
        "result": fate,
        "attempts": len({each.at for each in results if each.word is ManyWord.TRIED}) or None,
        "deadSince": dead and _text(dead),
        "doneAt": _text(done[0].at) if done and dead is None else None,
        _by(many): _text(date) if date and fate is Fate.OPEN else None,
        **{name: facts.get(name) for name in ("reason", "why", "nextStep")},
    }
    return cast("ManyRow", {name: value for name, value in said.items() if value is not None})


def _by(many: ManyRequest) -> str:
    return "deadBy" if many.is_leak else "doneBy"


def _text(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat()


def _length(time: timedelta) -> str:
    return iso_duration(timedelta(seconds=round(time.total_seconds())))
