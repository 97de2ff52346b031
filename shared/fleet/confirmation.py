"""What a person must confirm beside a leak, and the sentences that say what a request would end."""

from __future__ import annotations

from datetime import timedelta

from shared.decide.situation import Situation
from shared.decide.steps import Regenerate
from shared.domain.errors import RotationError
from shared.domain.keys import KeySlot
from shared.domain.requests import ArmRequest, Follow, Request, RotateRequest, TrialRequest
from shared.domain.times import iso_duration
from shared.turns.report import Row

_END_OTHER = "This request may end the value that the other key has now, although it was promised to work."
_END = "After the deployment this would end both values of now without a further question."
_SUNSET = "After the deployment this would end all keys."
_TRIAL = "This would switch all keys off: every call with a key is refused until they are on again."


def confirmation(request: Request) -> str | None:
    """Return why a request needs the target's name as its confirmation, whatever was asked before. None if it needs
    none. Leaks have rules of their own (`admission`)."""
    match request:
        case RotateRequest(end_other=True):
            return _END_OTHER
        case TrialRequest():
            return f"{_TRIAL} They are off for {iso_duration(request.length)}."
        case ArmRequest(deployment=awaited):
            trial = f"{_TRIAL} They are off for {iso_duration(awaited.length)}." if awaited.length else _TRIAL
            return {Follow.ROTATE: None, Follow.END: _END, Follow.TRIAL: trial, Follow.SUNSET: _SUNSET}[awaited.then]
        case _:
            return None


def would(row: Row, request: Request, lag: timedelta) -> str:
    """Return what a turn would do now, which keys it would end, and what their readers notice.

    lag: How long the slowest consumer takes to read a new version of the secret.
    """
    if row.plan is None or row.situation is None:
        return unseen(row.error or RotationError(row.target.name, "it could not be observed."), row.target.name)
    slots = [step.slot for step in row.plan.steps if isinstance(step, Regenerate)]
    is_arming, is_trial = isinstance(request, ArmRequest), isinstance(request, TrialRequest)
    named = list(KeySlot) if is_arming or is_trial else slots
    keys = "; ".join(_whose(slot, row.situation) for slot in named if slot in row.situation.seen.keys)
    if is_trial or (isinstance(request, ArmRequest) and request.deployment.then is Follow.TRIAL):
        return f"{row.plan.why} These keys would be refused meanwhile: {keys}."
    if isinstance(request, ArmRequest) and request.deployment.then is Follow.SUNSET:
        return f"{row.plan.why} These keys would end, and none would follow: {keys}."
    then = (
        f"An app that holds an ended key is refused until it reads the vault again, which may take {iso_duration(lag)} "
        "(ROTATION_CONSUMER_LAG)."
    )
    return f"{row.plan.why} {f'These keys would end: {keys}.' if keys else 'No key would end now.'} {then}"


def unseen(error: RotationError, name: str) -> str:
    """Return that a plan cannot be shown, and why."""
    return f"What would happen cannot be shown now: {error.about(name)}"


def _whose(slot: KeySlot, situation: Situation) -> str:
    """Return a key with its fingerprint, the apps that use it, and until when it was promised to work."""
    mark = f"(fingerprint {situation.seen.keys[slot]})"
    if slot is situation.seen.live:
        return f"{slot.words}, which apps read from the vault {mark}"
    in_use = situation.seen.publication is not None and situation.spare_in_use
    if not in_use:
        return f"{slot.words}, the other key {mark}"
    until = situation.marks.until if situation.overlap_runs else None
    promised = f", promised to work until {until:%Y-%m-%d %H:%M:%S} UTC" if until else ""
    return f"{slot.words}, the previous key, which apps may still hold{promised} {mark}"
