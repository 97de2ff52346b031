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


def leaked(situation: Situation) -> Plan | None:
    """A person says that a key is out: it goes as fast as consumers of the vault can bear."""
    if not isinstance(situation.request, LeakRequest):
        return None
    if situation.marks.leaked and situation.spare_in_use and (situation.is_answered or situation.request_is_outdated):
        rest = max((situation.marks.until or situation.now) - situation.now, timedelta(0))
        why = (
            f"A fresh {situation.live} is published; {situation.spare}, which is said to have leaked, still has to end."
        )
        return Plan(Reason.LEAKED, why, (*((Wait(rest),) if rest else ()), *ended(situation.spare)))
    if situation.is_answered:
        return None
    return (_of_another_time if situation.request_is_outdated else _leaked_now)(situation, situation.request)


def _of_another_time(situation: Situation, request: LeakRequest) -> Plan:
    """The report was made before the last rotation: what was live then is the previous key now, and what was the other
    key then ended with that rotation, or was published by it as it was."""
    if request.key is LeakedKey.PREVIOUS and situation.marks.resumed:
        return _leaked_now(situation, replace(request, key=LeakedKey.LIVE))
    if request.key is LeakedKey.PREVIOUS or not situation.spare_in_use:
        return Plan(Reason.ALREADY_DONE, "The key that is said to have leaked ended with a rotation since.")
    return Plan(
        Reason.LEAKED, f"{situation.spare}, live when it was said to have leaked, ends.", ended(situation.spare)
    )


def _leaked_now(situation: Situation, request: LeakRequest) -> Plan:
    if request.key is LeakedKey.PREVIOUS:
        if situation.spare_in_use:
            return Plan(
                Reason.LEAKED, f"The previous key, {situation.spare}, is said to have leaked.", ended(situation.spare)
            )
        if situation.spare_is_fresh:
            why = f"What {situation.spare} holds was to be published next and is said to have leaked: it ends."
            return Plan(Reason.LEAKED, why, (Mark(situation.live, _leaked_spare(situation)), *ended(situation.spare)))
        return Plan(Reason.ALREADY_DONE, "The previous key does not work any more.")
    both = request.key is LeakedKey.BOTH
    wait = (Wait(request.wait),) if request.wait else ()
    # A spare that lies ready is as good as another one, unless it is said to be out itself.
    fresh = fresh_spare(situation, request.wait, anew=both or not situation.spare_is_fresh, leaked=True, patient=both)
    why = f"A key is said to have leaked ({request.key}): a fresh {situation.spare} is published and {situation.live} ends."
    if situation.spare_in_use and not both:
        why += f" What {situation.spare} holds now, which may still be in use, ends with that."
    return Plan(
        Reason.LEAKED, why, (*fresh, *wait, *ended(situation.live), *((Watch(situation.spare),) if both else ()))
    )


def _leaked_spare(situation: Situation) -> Marks:
    """The spare taken for a previous key that leaked: somebody may hold it, so its end is told like any other's."""
    told = replace(situation.marks.told, carried_over=(*situation.marks.told.carried_over, *situation.previous_key_end))
    held = situation.seen.keys[situation.spare]
    return replace(situation.marks, previous=held, until=situation.now, leaked=True, spare=None, fresh=False, told=told)


def ended(slot: KeySlot) -> tuple[Step, ...]:
    """A leaked value goes, and the account is asked until it is seen to be gone."""
    return (Watch(slot), Regenerate(slot), Watch(slot))


def fresh_spare(
    situation: Situation, overlap: timedelta, *, anew: bool, leaked: bool = False, patient: bool = False
) -> tuple[Step, ...]:
    """Prove the spare and publish it, with a new value or the one it has; the live value becomes the previous key."""
    ended_too = (
        (CarriedOver(Happened.ENDED, situation.spare, situation.seen.keys[situation.spare], situation.now),)
        if anew and situation.spare_is_fresh
        else ()
    )
    publish = Publish(
        situation.spare,
        Origin.ROTATED,
        previous=situation.seen.keys[situation.live],
        overlap=overlap,
        leaked=leaked,
        resumed=not anew,
        requester=situation.next_requester,
        told=Told(sunset=situation.told().sunset, carried_over=situation.carried_over_with_previous_end() + ended_too),
    )
    return (*((Regenerate(situation.spare),) if anew else ()), Prove(situation.spare, patient), publish)


def armed(situation: Situation) -> Plan | None:
    """Rotate after the next deployment, or no longer: noted on the version that is live now."""
    if situation.is_requested(RequestKind.DISARM):
        if situation.marks.awaited is None:
            always = " The target's own after_deployment still counts." if situation.awaited else ""
            return Plan(Reason.ALREADY_DONE, f"Nobody asked to wait for a deployment.{always}")
        return Plan(
            Reason.DISARMED, f"Deployments do not matter to {situation.live} any more.", (_remember(situation, None),)
        )
    if not isinstance(situation.request, ArmRequest) or situation.is_answered:
        return None
    wanted, why = situation.request.deployment, f"{situation.live} is to be replaced after the next deployment to {{}}."
    if wanted.latest is not None and wanted.latest <= situation.now:
        why = f"{situation.live} is to be replaced now: the latest moment for a deployment to {{}} has passed."
    if situation.marks.awaited and replace(situation.marks.awaited, deployed=None, id=None) == wanted:
        return Plan(Reason.ALREADY_DONE, why.format(wanted.environment))
    return Plan(Reason.ARMED, why.format(wanted.environment), (_remember(situation, wanted),))


def deployed(situation: Situation) -> Plan | None:
    """A deployment went live. Where it was waited for, the rotation is due from then on, after its soak time."""
    if not isinstance(situation.request, DeploymentRequest):
        return None
    live = situation.request.deployment
    rotated = situation.marks.last_rotation
    if live.deployed and rotated and live.deployed <= rotated:
        return Plan(Reason.ALREADY_DONE, f"{situation.live} was published after that deployment to {live.environment}.")
    if situation.is_answered or (
        situation.awaited and situation.awaited.deployed and situation.awaited.waits_for(live.environment)
    ):
        return Plan(Reason.ALREADY_DONE, f"A deployment to {live.environment} was heard of before.")
    if situation.awaited is None or not situation.awaited.waits_for(live.environment):
        return Plan(Reason.NOT_ARMED, f"{situation.live} waits for no deployment to {live.environment}.")
    fired = replace(situation.awaited, deployed=live.deployed or situation.now, id=situation.request.id)
    soak = f" {iso_duration(fired.soak)} after it" if fired.soak else ""
    held = f", when {situation.spare} is not promised to work any more" if situation.overlap_runs else ""
    why = f"The deployment to {fired.environment} went live: {situation.live} is due to be replaced{soak}{held}."
    return Plan(Reason.DEPLOYED, why, (_remember(situation, fired),))


def _remember(situation: Situation, armed: AwaitedDeployment | None) -> Mark:
    """The mark changes; what was told of an earlier wish does not count for this one."""
    told = replace(
        situation.marks.told, awaited=situation.marks.told.awaited and armed is not None and armed.deployed is not None
    )
    return Mark(situation.live, replace(situation.marks, awaited=armed, told=told))
