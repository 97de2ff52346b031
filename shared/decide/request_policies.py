"""The policies for requests: a key has leaked; rotate after the next deployment; a deployment went live.

`policies` asks them in its order. A request to rotate now needs no policy of its own: it is a rotation that is due.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from shared.decide import schedule
from shared.decide.cadence import rotates_from
from shared.decide.carried_over import end_of_previous_key, outstanding_with_end, valid_told
from shared.decide.leaked_keys import end_leaked_key, meant
from shared.decide.plan import Plan, Reason
from shared.decide.situation import Situation
from shared.decide.steps import Mark, Prove, Publish, Regenerate, Step, Wait, Watch
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import Observation
from shared.domain.publication import Marks, Origin
from shared.domain.readiness import CANNOT
from shared.domain.requests import (
    ArmRequest,
    AwaitedDeployment,
    DeploymentRequest,
    Follow,
    LeakedKey,
    LeakRequest,
    RequestKind,
)
from shared.domain.times import iso_duration
from shared.domain.told import CarriedOver, Happened, Told


def leaked(situation: Situation) -> Plan | None:
    """A person reports a leaked key: it stops working as soon as consumers of the vault can bear. None otherwise.

    The words of a report, "live" and "previous", mean the keys of its own moment. Once a turn has seen which these are,
    they are on record as values, and later turns go by the values alone.
    """
    request = situation.request
    if not isinstance(request, LeakRequest):
        return None
    if request.values or request.fingerprint:
        return _leaked_values(situation, request, request.values or meant(request, situation.seen))
    if situation.marks.leaked and situation.spare_in_use and (situation.is_answered or situation.request_is_outdated):
        return _rest_of_the_leak(situation)
    if situation.is_answered:
        return None
    return (_leaked_before_rotation if situation.request_is_outdated else _leaked_now)(situation, request)


def _leaked_values(situation: Situation, request: LeakRequest, values: frozenset[Fingerprint]) -> Plan:
    """End these values, wherever they are by now."""
    keys, spare = situation.seen.keys, situation.spare
    if keys[situation.live] in values:
        return _live_key_leaked(situation, request, values)
    if keys[spare] not in values:
        return Plan(Reason.ALREADY_DONE, "The key that was reported as leaked does not work any more.")
    if situation.spare_in_use and situation.marks.leaked:
        return _rest_of_the_leak(situation)
    return _previous_key_leaked(situation, values)


def _rest_of_the_leak(situation: Situation) -> Plan:
    """The successor is published already; after what is left of the wait, the leaked key ends."""
    live, spare, now = situation.live, situation.spare, situation.now
    rest = max((situation.marks.until or now) - now, timedelta(0))
    leaked_key = spare.words.capitalize()
    why = f"A fresh {live.words} is published. {leaked_key}, which was reported as leaked, still has to end."
    steps = (*((Wait(rest),) if rest else ()), *end_leaked_key(spare))
    return Plan(Reason.LEAKED, why, steps, leaked=_values_of(situation, spare))


def _leaked_before_rotation(situation: Situation, request: LeakRequest) -> Plan:
    """The report was made before the last rotation. The key that was live then is the previous key now; the other key
    of that time ended with the rotation, or was published by it as it was."""
    if request.key is LeakedKey.PREVIOUS and situation.marks.resumed:
        return _live_key_leaked(situation, request, _values_of(situation, situation.live))
    if request.key is LeakedKey.PREVIOUS or not situation.spare_in_use:
        return Plan(Reason.ALREADY_DONE, "The key that was reported as leaked has already ended with a rotation.")
    spare = situation.spare
    why = f"{spare.words.capitalize()} was live when it was reported as leaked. It ends."
    return Plan(Reason.LEAKED, why, end_leaked_key(spare), leaked=_values_of(situation, spare))


def _leaked_now(situation: Situation, request: LeakRequest) -> Plan:
    """The words of the report mean the keys as they are now."""
    live, spare = situation.live, situation.spare
    match request.key or LeakedKey.BOTH:  # a report without a word has a fingerprint, and does not come here
        case LeakedKey.PREVIOUS:
            return _previous_key_leaked(situation, _values_of(situation, spare))
        case LeakedKey.LIVE:
            return _live_key_leaked(situation, request, _values_of(situation, live))
        case LeakedKey.BOTH:
            return _live_key_leaked(situation, request, _values_of(situation, live, spare))
        case never:
            assert_never(never)


def _values_of(situation: Situation, *slots: KeySlot) -> frozenset[Fingerprint]:
    return frozenset(situation.seen.keys[slot] for slot in slots)


def _live_key_leaked(situation: Situation, request: LeakRequest, values: frozenset[Fingerprint]) -> Plan:
    """Publish a fresh spare and end the live key. A spare that leaked itself is regenerated first."""
    live, spare = situation.live, situation.spare
    spare_leaked = situation.seen.keys[spare] in values
    wait = (Wait(request.wait),) if request.wait else ()
    # A fresh spare is as good as a new value, unless it is reported as leaked itself.
    regenerate = spare_leaked or not situation.spare_is_fresh
    fresh = fresh_spare(situation, request.wait, regenerate=regenerate, leaked=True, patient=spare_leaked)
    said = request.key or request.fingerprint
    why = f"A leak was reported ({said}): a fresh {spare.words} is published and {live.words} ends."
    if situation.spare_in_use and not spare_leaked:
        why += f" The value that {spare.words} holds now, which may still be in use, ends too."
    steps = (*fresh, *wait, *end_leaked_key(live), *((Watch(spare),) if spare_leaked else ()))
    return Plan(Reason.LEAKED, why, steps, leaked=values)


def _previous_key_leaked(situation: Situation, values: frozenset[Fingerprint]) -> Plan:
    live, spare = situation.live, situation.spare
    if situation.spare_in_use:
        why = f"The previous key, {spare.words}, was reported as leaked."
        return Plan(Reason.LEAKED, why, end_leaked_key(spare), leaked=values)
    if situation.spare_is_fresh:
        why = f"{spare.words.capitalize()} was to be published next and was reported as leaked. It ends."
        steps = (Mark(live, _leaked_spare(situation)), *end_leaked_key(spare))
        return Plan(Reason.LEAKED, why, steps, leaked=values)
    return Plan(Reason.ALREADY_DONE, "The previous key does not work any more.")


def _leaked_spare(situation: Situation) -> Marks:
    """Return marks that name the fresh spare as a leaked previous key: somebody may hold it, so its end is
    announced."""
    marks = situation.marks
    told = replace(marks.told, carried_over=(*marks.told.carried_over, *end_of_previous_key(situation)))
    value = situation.seen.keys[situation.spare]
    return replace(marks, previous=value, until=situation.now, leaked=True, spare=None, fresh=False, told=told)


def fresh_spare(
    situation: Situation, overlap: timedelta, *, regenerate: bool, leaked: bool = False, patient: bool = False
) -> tuple[Step, ...]:
    """Return the steps that prove the spare and publish it, so that the live key becomes the previous key.

    overlap: How long the live key keeps working after its successor was published.
    regenerate: Whether the spare gets a new value first, or is published as it is.
    leaked: Whether the live key leaked, so that it ends without an announcement.
    patient: Whether to wait longer for the proof, because another try would have to regenerate again.
    """
    live, spare, keys = situation.live, situation.spare, situation.seen.keys
    replaces_fresh = regenerate and situation.spare_is_fresh
    ended = (CarriedOver(Happened.ENDED, spare, keys[spare], situation.now),) if replaces_fresh else ()
    valid, awaited = valid_told(situation), _still_awaited(situation)
    carried = outstanding_with_end(situation) + ended
    told = Told(awaited=awaited is not None and valid.awaited, sunset=valid.sunset, carried_over=carried)
    publish = Publish(
        spare,
        Origin.ROTATED,
        previous=keys[live],
        overlap=overlap,
        leaked=leaked,
        resumed=not regenerate,
        copied=situation.marks.copied,
        requester=situation.next_requester,
        awaited=awaited,
        told=told,
    )
    if not leaked and ends_both(situation):
        publish = _agreed(publish, situation)
    return (*((Regenerate(spare),) if regenerate else ()), Prove(spare, patient), publish)


def ends_both(situation: Situation) -> bool:
    """Return whether a person confirmed that both old values end after a deployment, and it is time to begin that."""
    marks = situation.marks
    if marks.awaited is None or marks.awaited.then is not Follow.END:
        return False
    begins = rotates_from(marks, situation.target.cadence)
    return begins is not None and situation.now >= begins


def _agreed(publish: Publish, situation: Situation) -> Publish:
    """Return the version whose previous key ends when the soak time is over. If that is late, readers of the vault have
    the time all the same that they would have had."""
    awaited, overlap = situation.marks.awaited, situation.target.cadence.overlap
    if awaited is None:
        return publish
    return replace(publish, until=awaited.due, overlap=awaited.time_of_readers(overlap), agreed=True)


def _still_awaited(situation: Situation) -> AwaitedDeployment | None:
    """Return the deployment that the next version goes on waiting for: what follows it is no rotation."""
    awaited = situation.marks.awaited
    if awaited is None or awaited.then is Follow.ROTATE or ends_both(situation):
        return None
    return awaited


def armed(situation: Situation) -> Plan | None:
    """A person asks to rotate after the next deployment, or no longer. The live version records it. None otherwise."""
    if situation.is_requested(RequestKind.DISARM):
        return _disarm(situation)
    request = situation.request
    if not isinstance(request, ArmRequest) or situation.is_answered:
        return None
    wanted, marks = request.deployment, situation.marks
    why = f"{_what_follows(situation, wanted)} after the next deployment to {wanted.environment}."
    if wanted.then in (Follow.TRIAL, Follow.SUNSET) and not situation.seen.takes_identity:
        return Plan(Reason.CANNOT_TAKE_AN_IDENTITY, f"Keys cannot be switched off: the account {CANNOT.says}.")
    if wanted.latest is not None and wanted.latest <= situation.now:
        passed = f"the latest time for a deployment to {wanted.environment} passed"
        why = f"{_what_follows(situation, wanted)} without a deployment: {passed}."
    if marks.awaited and marks.awaited.wanted == wanted:
        return Plan(Reason.ALREADY_DONE, why)
    return Plan(Reason.ARMED, why, (_record(situation, wanted),))


def _what_follows(situation: Situation, awaited: AwaitedDeployment) -> str:
    """Return what follows a deployment, as the beginning of a sentence."""
    live = situation.live.words.capitalize()
    match awaited.then:
        case Follow.ROTATE:
            return f"{live} is replaced"
        case Follow.END:
            return f"{live} is replaced and both old values end"
        case Follow.TRIAL:
            return "Keys are switched off for a trial"
        case Follow.SUNSET:
            return "All keys end"
        case _:
            assert_never(awaited.then)


def _disarm(situation: Situation) -> Plan:
    if situation.marks.awaited is None:
        always = " The target's own setting, after_deployment, still applies." if situation.awaited else ""
        return Plan(Reason.ALREADY_DONE, f"No request to wait for a deployment is recorded.{always}")
    why = f"{situation.live.words.capitalize()} does not wait for a deployment any more."
    return Plan(Reason.DISARMED, why, (_record(situation, None),))


def deployed(situation: Situation) -> Plan | None:
    """A deployment went live. If the target waited for it, the rotation is due from then on, after its soak time."""
    request = situation.request
    if not isinstance(request, DeploymentRequest):
        return None
    news, live, awaited = request.deployment, situation.live.words.capitalize(), situation.awaited
    rotated = situation.marks.last_rotation
    rotates = awaited is None or awaited.then in (Follow.ROTATE, Follow.END)
    if rotates and news.deployed and rotated and news.deployed <= rotated:
        return Plan(Reason.ALREADY_DONE, f"{live} was published after that deployment to {news.environment}.")
    if situation.is_answered or (awaited and awaited.deployed and awaited.waits_for(news.environment)):
        return Plan(Reason.ALREADY_DONE, f"A deployment to {news.environment} was already reported.")
    if awaited is None or not awaited.waits_for(news.environment):
        return Plan(Reason.NOT_ARMED, f"{live} does not wait for a deployment to {news.environment}.")
    done = replace(awaited, deployed=news.deployed or situation.now, id=request.id)
    return Plan(Reason.DEPLOYED, _why_due(situation, done), (_record(situation, done),))


def _why_due(situation: Situation, done: AwaitedDeployment) -> str:
    """Return what follows the deployment, when, and what holds it."""
    live, spare, went = situation.live.words.capitalize(), situation.spare.words, "The deployment to"
    after = f" {iso_duration(done.soak)} after it" if done.soak else ""
    went = f"{went} {done.environment} went live."
    hold = f" But {situation.hold.says}." if situation.hold else ""
    match done.then:
        case Follow.ROTATE:
            held = f", once {spare} is no longer promised to work" if situation.overlap_runs else ""
            return f"{went} {live} is due to be replaced{after}{held}.{hold}"
        case Follow.END:
            until = schedule.both_ended(replace(situation, seen=_with_awaited(situation, done)))
            by = f" by {until:%Y-%m-%d %H:%M} UTC" if until else ""
            return f"{went} Both values that the keys have now, and every copy of them, end{by}.{hold}"
        case Follow.TRIAL:
            return f"{went} Keys are switched off for a trial{after}, once that is announced.{hold}"
        case Follow.SUNSET:
            return f"{went} All keys end{after}, once that is announced.{hold}"
        case _:
            assert_never(done.then)


def _with_awaited(situation: Situation, awaited: AwaitedDeployment) -> Observation:
    publication = replace(situation.publication, marks=replace(situation.marks, awaited=awaited))
    return replace(situation.seen, publication=publication)


def _record(situation: Situation, awaited: AwaitedDeployment | None) -> Mark:
    """Return the step that changes the mark. An announcement of an earlier request does not count for this one."""
    marks = situation.marks
    still_announced = marks.told.awaited and awaited is not None and awaited.deployed is not None
    return Mark(situation.live, replace(marks, awaited=awaited, told=replace(marks.told, awaited=still_announced)))
