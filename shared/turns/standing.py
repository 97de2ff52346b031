"""Add to an observation what the app's own notes say of a target: its standing orders, and since when keys are off."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from shared.domain.model import Observation, Target
from shared.domain.orders import Orders, TrialCheck
from shared.domain.requests import ArmRequest, EndTrialRequest, Follow, Request, TrialRequest
from shared.ports import Notes, Outside
from shared.turns.keyless import with_end_of_keys
from shared.turns.message import Message
from shared.turns.notes import pending_leaks

NOT_CHECKED = TrialCheck(unseen=("whether a policy keeps keys off, and whether copies of a key are used.",))


async def with_standing(
    outside: Outside, target: Target, seen: Observation, orders: Orders, request: Request | None = None
) -> Observation:
    """Return the observation with the orders, and with what they make it necessary to know.

    orders: The standing orders about the target.
    request: What was requested. None for a scheduled turn.

    Raises what the storage raises.
    """
    seen = replace(seen, orders=orders)
    if not seen.key_auth:
        return await _with_keys_off(outside, target, seen, request)
    if _could_switch_keys_off(seen, request):  # an ordinary look does not say whether an identity could call
        account = await outside.accounts.read(target.account)
        seen = replace(seen, takes_identity=account.takes_identity)
    if isinstance(request, TrialRequest) or _may_begin(seen, outside.clock.now()):
        checks = outside.trial_checks
        seen = replace(seen, trial_check=await checks.check(target) if checks else NOT_CHECKED)
    return seen


def _could_switch_keys_off(seen: Observation, request: Request | None) -> bool:
    """Return whether a trial is planned or requested, or switching keys off is to follow a deployment."""
    planned = seen.orders.trial is not None and seen.orders.trial.is_planned
    armed = isinstance(request, ArmRequest) and request.deployment.then in (Follow.TRIAL, Follow.SUNSET)
    return planned or armed or isinstance(request, TrialRequest)


def _may_begin(seen: Observation, now: datetime) -> bool:
    """Return whether a trial may begin now, or is planned now because of a deployment."""
    trial, marks = seen.orders.trial, seen.publication.marks if seen.publication else None
    awaited = marks.awaited if marks else None
    follows = awaited is not None and awaited.then is Follow.TRIAL and awaited.due is not None
    starts = trial is not None and trial.is_planned and trial.told is not None and trial.told.deadline <= now
    return starts or (trial is None and follows)


async def _with_keys_off(outside: Outside, target: Target, seen: Observation, request: Request | None) -> Observation:
    """Return the observation of an account whose keys are off. Before they are switched on, it matters whether a leak
    is on record that has not ended."""
    trial = seen.orders.trial
    if trial is None or not (trial.is_open or trial.may_be_off_again):
        return await with_end_of_keys(outside.notes, target, seen)
    ends = not trial.is_open or trial.is_over(outside.clock.now()) or isinstance(request, EndTrialRequest)
    return replace(seen, leak_pending=ends and bool(await leaks_of(outside.notes, target)))


async def leaks_of(notes: Notes, target: Target) -> list[Message]:
    """Return the leaks on record of this account, and those by its name whose account was not known. Raises what the
    storage raises."""
    found = await pending_leaks(notes)
    return [one for one in found if one.account == target.account or (not one.account and one.target == target.name)]
