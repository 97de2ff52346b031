"""The judge of rotations: when they are due, and what was requested, promised and announced of awaited deployments.

The first rotation of an adopted account comes up to a tenth of the period earlier, and not before a moment that was
announced. The judge calculates that itself, from the account's id.

A caller whose request was answered as noted may rely on it. So the deployment is remembered here
(`State.promised_wait`) from that answer on until another key is published, and the tags must contain it whenever the
world is at rest. A turn that gave no such answer promises nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from lab.prove.histories.judge import Broken
from lab.prove.histories.state import NOW, State
from lab.prove.histories.values import ACCOUNT
from shared.domain.model import Cadence, Target
from shared.domain.publication import Marks, Origin
from shared.domain.requests import ArmRequest, AwaitedDeployment, DeploymentRequest, Request, RequestKind
from shared.turns.report import Outcome, Result

DEPLOYMENT_KINDS = (RequestKind.ARM, RequestKind.DISARM, RequestKind.DEPLOYED)
_NOTED = {
    RequestKind.ARM: ("armed", "already-done"),
    RequestKind.DISARM: ("disarmed", "already-done"),
    RequestKind.DEPLOYED: ("deployed", "already-done"),
}


def first_period(cadence: Cadence) -> timedelta:
    """Return how long the key of a version lasts with which the account was adopted."""
    share = int.from_bytes(sha256(str(ACCOUNT).lower().encode()).digest()[:8]) / 2**64
    most = min(cadence.period / 10, cadence.period - cadence.overlap - cadence.notice)
    return cadence.period - timedelta(seconds=int(most.total_seconds() * share))


def scheduled(marks: Marks, cadence: Cadence) -> datetime:
    """Return when a version is due by the schedule, calculated independently from what its tags contain."""
    if marks.origin is Origin.ROTATED or marks.rotated is not None:
        return marks.since + cadence.period
    moments = {marks.since + first_period(cadence)}
    moments |= {marks.until} if marks.previous and marks.until else set()
    moments |= {marks.told.rotation.deadline} if marks.told.rotation else set()
    return min(max(moments), marks.since + cadence.period)


def due(marks: Marks, cadence: Cadence) -> datetime:
    """Return when a version is due to be replaced: by the schedule, or after a deployment that it waits for."""
    scheduled_at, awaited = scheduled(marks, cadence), marks.awaited
    if awaited is None:
        return scheduled_at
    soaked = awaited.deployed + awaited.soak if awaited.deployed else scheduled_at
    return min(scheduled_at, soaked, awaited.latest or scheduled_at)


def may_be_rotated(
    state: State, written: Marks | None, request: Request | None, cadence: Cadence, overwritten: Sequence[Marks] = ()
) -> None:
    """Check that a rotation without a request comes only when it is due, by the tags and by what callers requested.

    overwritten: Marks that a late write has replaced. A turn that read them earlier may act on them, because the caller
    of the late request was answered that it failed.
    Raises Broken if the rotation comes too early.
    """
    before = state.marks
    requested_now = request is not None and request.kind in (RequestKind.ROTATE, RequestKind.LEAK)
    if before is None or written is None or written.origin is not Origin.ROTATED or requested_now:
        return
    if written.live == before.live:  # the client repeated its own call
        return
    known = replace(before, awaited=state.promised_wait) if state.promised_wait else before
    was_due = any(due(one, cadence) <= NOW for one in overwritten)
    if max(due(before, cadence), due(known, cadence)) > NOW and not was_due:
        raise Broken("armed: a key is replaced before its period, its deployment's soak time and its latest moment")
    if before.awaited is None and not overwritten:
        _may_not_surprise(state, before, cadence)


def _may_not_surprise(state: State, before: Marks, cadence: Cadence) -> None:
    """Check that a scheduled rotation does not come before the moment that Event Grid accepted last for it.

    If a secret was adopted in place and its other key has ended, what the marks have recorded was accepted last: it may
    be sooner than what a turn that was cut off had announced before (0024).
    """
    recorded = before.told.rotation if before.copied and before.previous is None else None
    accepted = [deadline for deadline, _ in state.warned]
    announced = recorded.deadline if recorded and recorded.deadline in accepted else max(accepted, default=NOW)
    if min(announced, before.since + cadence.period) > NOW:
        raise Broken(f"P3: a key is replaced {announced - NOW} before the moment that was announced")


def published(state: State) -> State:
    """Forget the awaited deployment of a key that was replaced. A healed version goes on waiting."""
    if state.marks is not None and state.marks.origin is Origin.HEALED:
        return state
    return state._replace(promised_wait=None, announced_wait=None)


def requested(state: State, request: Request | None) -> State:
    """Note that a request about deployments came in. Until it is answered, its effect is uncertain."""
    return state._replace(promised_wait=None) if request is not None and request.kind in DEPLOYMENT_KINDS else state


def answered(state: State, request: Request | None, outcome: Outcome) -> State:
    """Note that a turn ended with this answer, on which its caller relies."""
    if request is None or request.kind not in DEPLOYMENT_KINDS or outcome.reason not in _NOTED[request.kind]:
        return state
    return state._replace(promised_wait=without_request(state.marks.awaited) if state.marks else None)


def without_request(awaited: AwaitedDeployment | None) -> AwaitedDeployment | None:
    """Return the awaited deployment without the id of the request that reported it live."""
    return awaited and replace(awaited, id=None)


def must_be_noted(start: State, end: State, request: Request, outcome: Outcome, target: Target) -> None:
    """Check that after an undisturbed turn the tags contain what was requested, or the key was due and replaced.

    Raises Broken if a request was answered and is not noted.
    """
    if request.kind not in DEPLOYMENT_KINDS or outcome.result is Result.FAILED or end.marks is None or not end.key_auth:
        return
    if end.version is not None and not end.version.enabled:
        return
    before = start.version.value if start.version else None
    if end.marks.origin is Origin.ROTATED and end.version is not None and end.version.value != before:
        return
    if request.kind is RequestKind.DEPLOYED and end.marks.last_rotation == NOW:
        return  # published at the moment of the deployment, which may count as before or after it
    if without_request(end.marks.awaited) != _wanted(start, request, target):
        raise Broken(f"armed: a request ({request.kind}) was answered with {outcome.reason} and is not noted")


def _wanted(start: State, request: Request, target: Target) -> AwaitedDeployment | None:
    known = start.marks.awaited if start.marks else None
    if not isinstance(request, DeploymentRequest):
        return request.deployment if isinstance(request, ArmRequest) else None
    awaited = known or target.after_deployment
    fires = awaited is not None and awaited.deployed is None
    return without_request(replace(awaited, deployed=NOW) if awaited is not None and fires else known)


def must_be_remembered(state: State, marks: Marks, target: Target) -> None:
    """Check at rest that the tags contain what callers rely on, and that the wait was announced. Raises Broken."""
    if state.promised_wait is not None and without_request(marks.awaited) != state.promised_wait:
        raise Broken("armed: a caller was promised to wait for a deployment, and the tags do not contain it")
    awaited = marks.awaited or target.after_deployment
    if awaited is not None and awaited.deployed is None and state.announced_wait != without_request(awaited):
        raise Broken("P9: a key waits for a deployment and that was never announced")


def without_the_past(awaited: AwaitedDeployment | None, same_request: str) -> AwaitedDeployment | None:
    """Return a canonical form: past moments become now, and after the deployment only the due date is kept."""
    if awaited is None:
        return None
    if awaited.deployed is None:
        return replace(awaited, latest=awaited.latest and max(awaited.latest, NOW))
    due_at = max(awaited.due or NOW, NOW)
    return replace(awaited, deployed=due_at - awaited.soak, latest=None, id=awaited.id and same_request)
