"""The routes about many targets at once: begin, see, list, stop (docs/decisions/0029)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from shared.domain.errors import OutOfScope, RotationError, UnknownTarget
from shared.domain.many import ManyProgress, ManyRequest, ManyTarget
from shared.domain.names import LOGGER
from shared.domain.scopes import Reach
from shared.fleet.admission import admit_many
from shared.fleet.enrolment import Enrolled, message_for
from shared.fleet.many import Candidate, Choice, choose
from shared.fleet.many_seen import as_seen, every_many, find_many, stop_many
from shared.fleet.many_start import confirmation, done_by, start
from shared.fleet.rotation import Rotation
from shared.handlers.incoming import Incoming
from shared.handlers.reach import check_reach, reach_of, within
from shared.turns.many import ManyRecord, many_id
from shared.web.bodies import BadRequest
from shared.web.callers import Caller, Role
from shared.web.many import RotateMany, Select
from shared.web.many_answers import ManyList, accepted_data, planned_data, started_data, status_data, with_rows
from shared.web.responses import Reply

log = logging.getLogger(LOGGER)
_OTHER_BODY = "This Idempotency-Key was sent with another body. Use another key for another request."
type Open = Callable[[], Awaitable[Rotation]]


async def rotate_many(opened: Open, incoming: Incoming, caller: Caller) -> Reply:
    """Rotate several targets: a selection, which is put on record, or names, which are queued at once.

    opened: Returns the app.
    """
    body = RotateMany.read(incoming.body, incoming.headers)
    if body.select is not None:
        return await _rotate_selected(opened, incoming, caller, body, body.select)
    if body.targets == "all":
        caller.must(Role.READER)  # the answer names targets that the caller has not named
    app = await opened()
    chosen, problems = await _named(app, body.targets or [], reach_of(caller))
    request = body.request(incoming.id, caller.name)
    accepted = accepted_data([ManyTarget(one.target.name, one.target.account) for one in chosen], problems)
    if body.dry_run:
        return Reply(200, accepted)
    await (await admit_many(app, request)).settle()
    log.info("rotate: %d targets, requested by %s: %s", len(chosen), request.by, request.reason)
    now = app.outside.clock.now()
    return Reply(202, accepted, queued=tuple(message_for(one, now, request=request) for one in chosen))


async def _named(app: Rotation, names: list[str] | str, reach: Reach) -> tuple[list[Enrolled], list[RotationError]]:
    """Return the named targets, or all within reach that can be seen, with the problems met.

    Raises as `Fleet.find_all` does, and OutOfScope if a named target is out of reach.
    """
    if isinstance(names, list):
        named = await app.fleet.find_all(dict.fromkeys(names))
        check_reach(reach, *((one.target.name, one.target.account) for one in named))
        return named, []
    found, problems = await app.fleet.enrolled()
    inside, left_out = within(reach, found)
    return inside, [*problems, *left_out]


async def _rotate_selected(opened: Open, incoming: Incoming, caller: Caller, body: RotateMany, select: Select) -> Reply:
    if not select.names:
        caller.must(Role.READER)  # the answer names targets that the caller has not named
    app, id_ = await opened(), many_id(caller.key, incoming.id)
    if not body.dry_run:
        known = await ManyRecord(app.outside.notes).find(id_)
        if known is not None:
            return _started(app, known, body, ())
    choice = await choose(app, select.selection, leak=body.kind == "leak")
    chosen, problems = _inside(choice, reach_of(caller), named=bool(select.names))
    if not chosen:
        raise UnknownTarget("select", "no target fits the selection.")
    now, targets = app.outside.clock.now(), tuple(one.of_many for one in chosen)
    request = replace(body.request_for_each(caller.name), requested_at=now)
    many = ManyRequest(id_, request, now, body.mark, targets)
    if body.dry_run:
        dates = await done_by(app, many, chosen, now)
        return Reply(200, planned_data(many, dates, problems, confirmation(len(chosen))))
    return _started(app, await start(app, many, chosen, choice.seen_at, body.confirm), body, problems)


def _inside(choice: Choice, reach: Reach, *, named: bool) -> tuple[list[Candidate], list[RotationError]]:
    """Return the chosen targets that the caller may act on, and the problems met.

    named: Whether the caller named them all. Then one out of reach raises OutOfScope.
    """
    if named:
        check_reach(reach, *((one.target.name, one.target.account) for one in choice.candidates))
        return list(choice.candidates), list(choice.problems)
    inside, left_out = within(reach, [one.enrolled for one in choice.candidates])
    accounts = {one.target.account for one in inside}
    return [one for one in choice.candidates if one.target.account in accounts], [*choice.problems, *left_out]


def _started(app: Rotation, progress: ManyProgress, body: RotateMany, problems: Sequence[RotationError]) -> Reply:
    """Return the answer to a request that is on record. Raises BadRequest if another one is, under the same key."""
    if progress.request.asked != body.mark:
        raise BadRequest(422, "IdempotencyKeyReused", _OTHER_BODY)
    where = {"Location": f"/api/rotations/{progress.request.id}"}
    return Reply(202, started_data(as_seen(app, progress), problems), headers=where)


async def list_rotations(app: Rotation) -> Reply:
    """Return the requests for many that are on record: those of the last 30 days, and those that are not over."""
    return Reply(200, ManyList(rotations=[status_data(one) for one in await every_many(app)]))


async def see_rotation(app: Rotation, id_: str) -> Reply:
    """Return how far a request for many has come, with what became of each account. Raises UnknownTarget."""
    return Reply(200, with_rows(await find_many(app, id_)))


async def stop_rotation(app: Rotation, id_: str, caller: Caller) -> Reply:
    """Stop a request for many: what has begun ends, and nothing further begins.

    Raises UnknownTarget, and OutOfScope if the caller may not act on one of its accounts.
    """
    seen, reach = await find_many(app, id_), reach_of(caller)
    if not all(reach.includes(one.account) for one in seen.progress.request.targets):
        what = "some of its accounts are outside of the scopes that this caller is limited to. Nothing was done."
        raise OutOfScope(f"rotations {id_}", what, scopes=reach.scopes)
    return Reply(200, status_data(await stop_many(app, seen, caller.name)))
