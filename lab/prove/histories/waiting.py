"""What a witness makes of deployments that are waited for: what was asked, remembered, due and said.

A caller who was told that his wish is noted may rely on it, so the wish is remembered here (`State.awaits`) from that
answer on until another key is published, and must be found in the tags whenever the world is at rest. A turn that was
asked for a wish and gave no such answer promises nothing: until then nobody relies on anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from lab.prove.histories.judge import Broken
from lab.prove.histories.state import NOW, State
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


def due(marks: Marks, rhythm: Cadence) -> datetime:
    """When a version is to be replaced, reckoned once more from what stands in its tags."""
    scheduled, armed = marks.since + rhythm.period, marks.awaited
    if armed is None:
        return scheduled
    fired = armed.deployed + armed.soak if armed.deployed else scheduled
    return min(scheduled, fired, armed.latest or scheduled)


def may_be_rotated(
    state: State, written: Marks | None, request: Request | None, rhythm: Cadence, covered: Sequence[Marks] = ()
) -> None:
    """Nobody asked for it now, so it comes when it is due and not before: neither by the tags nor by what was asked. A
    late wish whose caller was told that it failed does not stop a turn that has seen the tags as they were before."""
    before = state.marks
    asked = request is not None and request.kind in (RequestKind.ROTATE, RequestKind.LEAK)
    if before is None or written is None or written.origin is not Origin.ROTATED or asked:
        return
    if written.live == before.live:  # the client repeats a call by itself
        return
    known = replace(before, awaited=state.awaits) if state.awaits else before
    was_due = any(due(one, rhythm) <= NOW for one in covered)
    if max(due(before, rhythm), due(known, rhythm)) > NOW and not was_due:
        raise Broken("armed: a key is replaced before its period, its deployment's soak time and its latest moment")


def published(state: State) -> State:
    """Another version is there. What was waited for with a key that was replaced is over; healing goes on waiting."""
    if state.marks is not None and state.marks.origin is Origin.HEALED:
        return state
    return state._replace(awaits=None, wait_said=None)


def heard(state: State, request: Request | None) -> State:
    """Somebody asks for something about deployments, and it is not certain what becomes of it."""
    return state._replace(awaits=None) if request is not None and request.kind in DEPLOYMENT_KINDS else state


def answered(state: State, request: Request | None, outcome: Outcome) -> State:
    """A turn has ended with this answer, on which its caller relies."""
    if request is None or request.kind not in DEPLOYMENT_KINDS or outcome.reason not in _NOTED[request.kind]:
        return state
    return state._replace(awaits=plain(state.marks.awaited) if state.marks else None)


def plain(armed: AwaitedDeployment | None) -> AwaitedDeployment | None:
    """The wish without the request that made it come true."""
    return armed and replace(armed, id=None)


def went_well(start: State, end: State, request: Request, outcome: Outcome, target: Target) -> None:
    """After an undisturbed turn, the tags say what was asked for; or the key was replaced, being due already."""
    if request.kind not in DEPLOYMENT_KINDS or outcome.result is Result.FAILED or end.marks is None or not end.key_auth:
        return
    if end.version is not None and not end.version.enabled:
        return
    before = start.version.value if start.version else None
    if end.marks.origin is Origin.ROTATED and end.version is not None and end.version.value != before:
        return
    if request.kind is RequestKind.DEPLOYED and end.marks.last_rotation == NOW:
        return  # published at the moment of the deployment: it may count as before it or after it
    if plain(end.marks.awaited) != _wanted(start, request, target):
        raise Broken(f"armed: a wish ({request.kind}) was answered with {outcome.reason} and is not noted")


def _wanted(start: State, request: Request, target: Target) -> AwaitedDeployment | None:
    known = start.marks.awaited if start.marks else None
    if not isinstance(request, DeploymentRequest):
        return request.deployment if isinstance(request, ArmRequest) else None
    waiting = known or target.after_deployment
    fires = waiting is not None and waiting.deployed is None
    return plain(replace(waiting, deployed=NOW) if waiting is not None and fires else known)


def must_be_remembered(state: State, marks: Marks, target: Target) -> None:
    """At rest: what a caller relies on stands in the tags, and who may be concerned was told that it is waited for."""
    if state.awaits is not None and plain(marks.awaited) != state.awaits:
        raise Broken("armed: a deployment is waited for, and that was forgotten")
    waiting = marks.awaited or target.after_deployment
    if waiting is not None and waiting.deployed is None and state.wait_said != plain(waiting):
        raise Broken("P9: a deployment is waited for and that was never announced")


def without_the_past(armed: AwaitedDeployment | None, same_request: str) -> AwaitedDeployment | None:
    """What is over is over just now; once the deployment came, only when the rotation is due matters still."""
    if armed is None:
        return None
    if armed.deployed is None:
        return replace(armed, latest=armed.latest and max(armed.latest, NOW))
    moment = max(armed.due or NOW, NOW)
    return replace(armed, deployed=moment - armed.soak, latest=None, id=armed.id and same_request)
