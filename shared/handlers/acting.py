"""Acting on the page: the form of an act with its dry run, and what becomes of it when it is sent.

A form says which plan its person saw. When it is sent, the plan is made again: if it is another one, nothing is done
and the new one is shown. What happens between that comparison and the turn is bounded by the request itself: it names
the moment of the comparison, and the values of the keys that were reported (docs/decisions/0030).
"""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain.errors import DisputedName, OutOfScope, RotationError, UnknownTarget
from shared.domain.model import AccountId
from shared.domain.names import LOGGER
from shared.domain.requests import LeakRequest, Request, RequestKind, RotateRequest
from shared.fleet.admission import foreseen
from shared.fleet.rotation import Rotation
from shared.handlers.act_looks import Looked
from shared.handlers.act_pages import changed_page, form_page, nobody_page, result_page, unknown_act
from shared.handlers.incoming import Incoming
from shared.handlers.one_turn import answer
from shared.handlers.reach import check_reach, reach_of
from shared.settings.target_fields import default_name
from shared.turns.report import Row
from shared.web.act_form import ActForm, kind_of
from shared.web.bodies import BadRequest
from shared.web.callers import Caller
from shared.web.fitting import check_fits, time_of_readers
from shared.web.forms import WrongField
from shared.web.responses import Reply, next_step_to_repeat, of_error
from shared.web.sign_in import platform_authenticates
from shared.wiring import rotation, time_for

log = logging.getLogger(LOGGER)
# Whoever is told one of these cannot act here, whether a key has leaked or not.
_CANNOT_ACT = (UnknownTarget, DisputedName, OutOfScope)


async def show_act(incoming: Incoming, caller: Caller) -> Reply:
    """Show the form of an act with its dry run. Nothing is changed and nothing is noted."""
    kind = kind_of(incoming.act)
    if kind is None:
        return unknown_act(incoming, caller)
    form = ActForm.of_query(kind, incoming.query, incoming.invocation)
    looked = await _look(incoming, caller, form)
    return form_page(incoming, caller, form, looked)


async def act(incoming: Incoming, caller: Caller) -> Reply:
    """Carry out an act whose form was sent, if its plan is still the one that its person saw.

    Raises BadRequest for a form that cannot be read, and RotationErrors.
    """
    kind = kind_of(incoming.act)
    if kind is None:
        return unknown_act(incoming, caller)
    if not platform_authenticates(os.environ):
        return nobody_page(incoming, caller)
    form = ActForm.of_post(kind, incoming.body, incoming.headers)
    looked = await _look(incoming, caller, form)
    if form.only_shows:
        return form_page(incoming, caller, form, looked)
    request = looked.request
    if request is None or not (looked.before.repeated or looked.is_as_in(form)):
        return changed_page(incoming, caller, form, looked)
    wrong = form.wrong(looked.name)
    if wrong:
        return form_page(incoming, caller, form, replace(looked, wrong=wrong), status=422)
    return await _carried_out(incoming, caller, form, looked, as_shown(request, form, looked))


def as_shown(request: Request, form: ActForm, looked: Looked) -> Request:
    """Return a request that means what its person saw, whatever happens before its turn begins.

    It has the moment of the comparison: if the keys change places after that, it rotates nothing. A report of a leak
    also has the values of the keys that are meant. A form that is sent again means what it meant the first time, and a
    report whose plan could not be shown means the keys of the moment of the page.
    """
    if not isinstance(request, RotateRequest | LeakRequest):
        return request
    if looked.before.repeated or looked.plan is None:
        return replace(request, requested_at=min(form.shown_at or looked.at, looked.at))
    if isinstance(request, LeakRequest):
        return replace(request, requested_at=looked.at, values=looked.plan.leaked)
    return replace(request, requested_at=looked.at)


async def _carried_out(incoming: Incoming, caller: Caller, form: ActForm, looked: Looked, request: Request) -> Reply:
    which: str | AccountId = looked.row.target.account if looked.row else incoming.which
    try:
        reply = await answer(which, request, reach_of(caller), confirm=form.confirm if form.needs_name else None)
    except RotationError as error:
        error.next_step = next_step_to_repeat(error)
        log.warning("%s", error)
        reply = of_error(error)
    after = await _after(looked) if reply.status == 200 else None
    return result_page(incoming, caller, looked, reply, after)


async def _after(looked: Looked) -> Row | None:
    """Return what the target looks like after the act. None if it was not looked up before."""
    if looked.app is None or looked.row is None:
        return None
    return await looked.app.plan_turn(looked.row.target)


async def _look(incoming: Incoming, caller: Caller, form: ActForm) -> Looked:
    """Look at the target, and decide what the form's request would do.

    Raises the RotationErrors with which nobody can act. Any other one keeps a plan from being shown, but no leak from
    being reported.
    """
    which, request, wrong = incoming.which, None, dict[str, str]()
    try:
        request = form.request(caller.name)
    except WrongField as problem:
        wrong = {problem.field: problem.says} if form.is_begun else {}
    name = which if isinstance(which, str) else default_name(which)
    app: Rotation | None = None
    try:
        if isinstance(which, AccountId):
            check_reach(reach_of(caller), (str(which), which))
        app = await rotation()
        return await _seen(app, caller, which, Looked(name, app.outside.clock.now(), request, wrong, app))
    except _CANNOT_ACT:
        raise
    except RotationError as error:
        if form.kind is not RequestKind.LEAK:
            raise
        return Looked(name, time_for(app), request, wrong, app, error=error)


def _unfit(request: Request, now: datetime, lag: timedelta) -> dict[str, str]:
    """Return what does not fit the time or the settings, by field. Empty if all fits."""
    try:
        check_fits(request, now, lag)
    except BadRequest as problem:
        says, _, rest = problem.detail.partition(" - at `$.")
        return {rest.partition("`")[0]: f"{says.removesuffix('.')}."}
    return {}


async def _seen(app: Rotation, caller: Caller, which: str | AccountId, looked: Looked) -> Looked:
    target = (await app.fleet.find_one(which, looked.request)).target
    check_reach(reach_of(caller), (target.name, target.account))
    if looked.request is None:
        return replace(looked, name=target.name, row=Row(target))
    wrong = _unfit(looked.request, looked.at, time_of_readers(target, app.settings.defaults.lag))
    if wrong:
        return replace(looked, name=target.name, row=Row(target), request=None, wrong=wrong)
    row = await app.plan_turn(target, looked.request)
    before = await foreseen(app, target, looked.request)
    return replace(looked, name=target.name, row=row, error=row.error, before=before)
