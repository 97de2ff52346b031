"""What people ask for out of rhythm, decided: a key has leaked; rotate after the next deployment; it went live.

These are policies like those of `plan`, which asks them in its order. A wish to rotate now needs none of its own: it
is a rotation that is due.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from shared.decide.plan import Plan, Reason
from shared.decide.situation import Situation
from shared.decide.steps import Mark, Prove, Publish, Regenerate, Step, Wait, Watch
from shared.domain.keys import KeySlot
from shared.domain.publication import Marks, Origin
from shared.domain.requests import ArmRequest, AwaitedDeployment, DeploymentRequest, LeakedKey, LeakRequest, RequestKind
from shared.domain.times import iso_duration
from shared.domain.told import CarriedOver, Happened, Told


def leaked(at: Situation) -> Plan | None:
    """A person says that a key is out: it goes as fast as consumers of the vault can bear."""
    if not isinstance(at.request, LeakRequest):
        return None
    if at.marks.leaked and at.spare_in_use and (at.is_answered or at.request_is_outdated):
        rest = max((at.marks.until or at.now) - at.now, timedelta(0))
        why = f"A fresh {at.live} is published; {at.spare}, which is said to have leaked, still has to end."
        return Plan(Reason.LEAKED, why, (*((Wait(rest),) if rest else ()), *ended(at.spare)))
    if at.is_answered:
        return None
    return (_of_another_time if at.request_is_outdated else _leaked_now)(at, at.request)


def _of_another_time(at: Situation, request: LeakRequest) -> Plan:
    """The report was made before the last rotation: what was live then is the previous key now, and what was the other
    key then ended with that rotation, or was published by it as it was."""
    if request.key is LeakedKey.PREVIOUS and at.marks.resumed:
        return _leaked_now(at, replace(request, key=LeakedKey.LIVE))
    if request.key is LeakedKey.PREVIOUS or not at.spare_in_use:
        return Plan(Reason.ALREADY_DONE, "The key that is said to have leaked ended with a rotation since.")
    return Plan(Reason.LEAKED, f"{at.spare}, live when it was said to have leaked, ends.", ended(at.spare))


def _leaked_now(at: Situation, request: LeakRequest) -> Plan:
    if request.key is LeakedKey.PREVIOUS:
        if at.spare_in_use:
            return Plan(Reason.LEAKED, f"The previous key, {at.spare}, is said to have leaked.", ended(at.spare))
        if at.spare_is_fresh:
            why = f"What {at.spare} holds was to be published next and is said to have leaked: it ends."
            return Plan(Reason.LEAKED, why, (Mark(at.live, _leaked_spare(at)), *ended(at.spare)))
        return Plan(Reason.ALREADY_DONE, "The previous key does not work any more.")
    both = request.key is LeakedKey.BOTH
    wait = (Wait(request.wait),) if request.wait else ()
    # A spare that lies ready is as good as another one, unless it is said to be out itself.
    fresh = fresh_spare(at, request.wait, anew=both or not at.spare_is_fresh, leaked=True, patient=both)
    why = f"A key is said to have leaked ({request.key}): a fresh {at.spare} is published and {at.live} ends."
    if at.spare_in_use and not both:
        why += f" What {at.spare} holds now, which may still be in use, ends with that."
    return Plan(Reason.LEAKED, why, (*fresh, *wait, *ended(at.live), *((Watch(at.spare),) if both else ())))


def _leaked_spare(at: Situation) -> Marks:
    """The spare taken for a previous key that leaked: somebody may hold it, so its end is told like any other's."""
    told = replace(at.marks.told, carried_over=(*at.marks.told.carried_over, *at.previous_key_end))
    held = at.seen.keys[at.spare]
    return replace(at.marks, previous=held, until=at.now, leaked=True, spare=None, fresh=False, told=told)


def ended(slot: KeySlot) -> tuple[Step, ...]:
    """A leaked value goes, and the account is asked until it is seen to be gone."""
    return (Watch(slot), Regenerate(slot), Watch(slot))


def fresh_spare(
    at: Situation, overlap: timedelta, *, anew: bool, leaked: bool = False, patient: bool = False
) -> tuple[Step, ...]:
    """Prove the spare and publish it, with a new value or the one it has; the live value becomes the previous key."""
    ended_too = (
        (CarriedOver(Happened.ENDED, at.spare, at.seen.keys[at.spare], at.now),) if anew and at.spare_is_fresh else ()
    )
    publish = Publish(
        at.spare,
        Origin.ROTATED,
        previous=at.seen.keys[at.live],
        overlap=overlap,
        leaked=leaked,
        resumed=not anew,
        requester=at.next_requester,
        told=Told(sunset=at.told().sunset, carried_over=at.carried_over_with_previous_end() + ended_too),
    )
    return (*((Regenerate(at.spare),) if anew else ()), Prove(at.spare, patient), publish)


def armed(at: Situation) -> Plan | None:
    """Rotate after the next deployment, or no longer: noted on the version that is live now."""
    if at.is_requested(RequestKind.DISARM):
        if at.marks.awaited is None:
            always = " The target's own after_deployment still counts." if at.awaited else ""
            return Plan(Reason.ALREADY_DONE, f"Nobody asked to wait for a deployment.{always}")
        return Plan(Reason.DISARMED, f"Deployments do not matter to {at.live} any more.", (_remember(at, None),))
    if not isinstance(at.request, ArmRequest) or at.is_answered:
        return None
    wanted, why = at.request.deployment, f"{at.live} is to be replaced after the next deployment to {{}}."
    if wanted.latest is not None and wanted.latest <= at.now:
        why = f"{at.live} is to be replaced now: the latest moment for a deployment to {{}} has passed."
    if at.marks.awaited and replace(at.marks.awaited, deployed=None, id=None) == wanted:
        return Plan(Reason.ALREADY_DONE, why.format(wanted.environment))
    return Plan(Reason.ARMED, why.format(wanted.environment), (_remember(at, wanted),))


def deployed(at: Situation) -> Plan | None:
    """A deployment went live. Where it was waited for, the rotation is due from then on, after its soak time."""
    if not isinstance(at.request, DeploymentRequest):
        return None
    live = at.request.deployment
    rotated = at.marks.last_rotation
    if live.deployed and rotated and live.deployed <= rotated:
        return Plan(Reason.ALREADY_DONE, f"{at.live} was published after that deployment to {live.environment}.")
    if at.is_answered or (at.awaited and at.awaited.deployed and at.awaited.waits_for(live.environment)):
        return Plan(Reason.ALREADY_DONE, f"A deployment to {live.environment} was heard of before.")
    if at.awaited is None or not at.awaited.waits_for(live.environment):
        return Plan(Reason.NOT_ARMED, f"{at.live} waits for no deployment to {live.environment}.")
    fired = replace(at.awaited, deployed=live.deployed or at.now, id=at.request.id)
    soak = f" {iso_duration(fired.soak)} after it" if fired.soak else ""
    held = f", when {at.spare} is not promised to work any more" if at.overlap_runs else ""
    why = f"The deployment to {fired.environment} went live: {at.live} is due to be replaced{soak}{held}."
    return Plan(Reason.DEPLOYED, why, (_remember(at, fired),))


def _remember(at: Situation, armed: AwaitedDeployment | None) -> Mark:
    """The mark changes; what was told of an earlier wish does not count for this one."""
    told = replace(at.marks.told, awaited=at.marks.told.awaited and armed is not None and armed.deployed is not None)
    return Mark(at.live, replace(at.marks, awaited=armed, told=told))
