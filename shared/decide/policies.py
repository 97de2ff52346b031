"""What, and why: the only place that chooses.

`decide` is a function of what was seen, what time it is and what was asked for. The timer, the button, the dry
run and the survey all call it, so none of them can disagree. It performs nothing and reads no clock. "Nothing
to do" is an answer with a reason, like any other.

The policies below are asked in order; the first that has something to say, decides. Each is a row or two of the
decision table in the design.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from shared.decide import cadence
from shared.decide.plan import Plan, Reason
from shared.decide.request_policies import armed, deployed, ended, fresh_spare, leaked
from shared.decide.situation import Situation
from shared.decide.steps import DisableKeyAuth, Mark, Prove, Publish, Regenerate, Withdraw
from shared.domain.keys import KeySlot
from shared.domain.model import Adopt, Observation, Target
from shared.domain.publication import MOST_TAGS, OUR_TAGS, Marks, Origin, SecretState
from shared.domain.requests import Request, RequestKind
from shared.domain.times import iso_duration
from shared.domain.told import Told


def decide(seen: Observation, target: Target, now: datetime, request: Request | None = None) -> Plan:
    """The plan for one target. Pure: the same arguments give the same plan."""
    situation = Situation(seen, target, now, request)
    return next(plan for policy in POLICIES if (plan := policy(situation)) is not None)


def _finished(situation: Situation) -> Plan | None:
    """Key authentication is off: withdraw what is published, and that is all there will ever be."""
    if situation.seen.key_auth:
        return None
    if situation.is_published and situation.is_ours:
        why = "Key authentication is off on the account, so the published key is dead."
        return Plan(Reason.KEY_AUTH_IS_OFF, why, (Withdraw(),))
    return Plan(Reason.FINISHED, "Key authentication is off on the account and nothing is published.")


def _a_person_must_look(situation: Situation) -> Plan | None:
    """A deleted, disabled or foreign secret: somebody did that, and somebody must say what it means."""
    what = _what_only_a_person_can_judge(situation)
    return Plan(Reason.PERSON_MUST_LOOK, what) if what else None


def _what_only_a_person_can_judge(situation: Situation) -> str | None:
    publication, secret = situation.seen.publication, situation.target.secret
    if publication is None:
        return None
    if publication.state is SecretState.DELETED:
        return f"Secret {secret} is deleted but recoverable: recover it, or purge it to start anew."
    if publication.state is SecretState.DISABLED:
        return f"The latest version of secret {secret} is disabled: enable it, or publish under another name."
    if publication.provider and not situation.is_ours:
        return f"Secret {secret} belongs to another account, {publication.provider}: name another secret."
    if not situation.is_ours and situation.seen.live is None:
        return (
            f"Secret {secret} holds neither key of the account and no tag says what it is: put one of the two keys "
            "there, or name another secret."
        )
    if len(publication.others) > MOST_TAGS - OUR_TAGS:
        room = MOST_TAGS - OUR_TAGS
        return f"Secret {secret} carries {len(publication.others)} tags of others and has room for {room}: remove some."
    return None


def _unpublished(situation: Situation) -> Plan | None:
    """Adopt: publish key 1 as it is; the strict choice begins with a fresh key 2 instead."""
    if situation.seen.publication is not None:
        return None
    key1, key2 = KeySlot.KEY1, KeySlot.KEY2
    if situation.target.adopt is Adopt.ROTATE:
        publish = Publish(key2, Origin.ADOPTED, situation.seen.keys[key1], situation.target.cadence.overlap)
        why = "Nothing is published yet; this target begins with a fresh key 2."
        return Plan(Reason.ADOPT, why, (Regenerate(key2), Prove(key2), publish))
    publish = Publish(key1, Origin.ADOPTED, situation.seen.keys[key2], situation.target.cadence.period)
    why = "Nothing is published yet: key 1 is published as it stands and the clock starts."
    return Plan(Reason.ADOPT, why, (Prove(key1), publish))


def _unmarked(situation: Situation) -> Plan | None:
    """The value is one of the two keys and our marks are absent or do not fit it: mark it where it is. The other
    slot may be in unknown hands, so it counts as in use until this version is due."""
    if situation.seen.live is None or situation.is_marked_truly:
        return None
    publication = situation.publication
    marks = Marks(
        live=situation.seen.keys[situation.live],
        origin=Origin.ADOPTED,
        since=publication.created,
        previous=situation.seen.keys[situation.spare],
        until=publication.created + situation.target.cadence.period,
    )
    why = f"The secret already holds {situation.live}: our tags are added to that version and nothing new is written."
    return Plan(Reason.ADOPT_IN_PLACE, why, (Mark(situation.live, marks),))


def _drifted(situation: Situation) -> Plan | None:
    """The published value is neither key: somebody regenerated the live slot. Publish what it holds now. What was
    promised about the other slot still holds; without marks it may be in unknown hands, as in an adoption."""
    if situation.seen.live is not None:
        return None
    why = f"The published key is dead: {situation.live} was regenerated by somebody else. Its new value is published."
    return Plan(Reason.DRIFT, why, (Prove(situation.live), _healing(situation)))


def _healing(situation: Situation) -> Publish:
    """A spare that was never noted may be in the hands of whoever regenerated the live key, or of readers of a vault
    that this target was published in meanwhile: it is given a period, like the other key of an adoption."""
    if situation.publication.marks is None:
        return Publish(
            situation.live,
            Origin.HEALED,
            previous=situation.seen.keys[situation.spare],
            overlap=situation.target.cadence.period,
        )
    marks, told = situation.marks, situation.told()
    healed = Publish(
        situation.live,
        Origin.HEALED,
        rotated=marks.last_rotation,
        requester=marks.requester,
        awaited=marks.awaited,
        told=Told(awaited=told.awaited, sunset=told.sunset, carried_over=situation.carried_over_with_previous_end()),
    )
    if situation.spare_in_use:
        told = replace(healed.told, retirement=told.retirement, carried_over=situation.carried_over_now())
        return replace(healed, previous=marks.previous, until=marks.until, leaked=marks.leaked, told=told)
    if situation.spare_is_unknown:
        return replace(healed, previous=situation.seen.keys[situation.spare], overlap=situation.target.cadence.period)
    return replace(healed, spare=marks.spare, fresh=marks.fresh)


def _sunset(situation: Situation) -> Plan | None:
    """The agreed end of keys: announced in time, and nobody seen using one where somebody counts."""
    sunset = situation.target.sunset
    if sunset is None or not cadence.announced_in_time(situation.told().sunset, sunset, situation.now):
        return None
    if situation.seen.key_calls or not _is_open(situation):
        return None
    return Plan(Reason.SUNSET, f"Keys end here, as announced for {sunset:%Y-%m-%d}.", (DisableKeyAuth(), Withdraw()))


def _rotation(situation: Situation) -> Plan | None:
    """Due or asked for: regenerate the spare, prove it, publish it in one write."""
    asked = situation.is_requested(RequestKind.ROTATE) and not situation.request_is_outdated
    if situation.marks.leaked and situation.spare_in_use and not asked:
        return None  # the leaked key must not wait for a window, nor for anything else that a rotation waits for
    if not asked and situation.now < cadence.due_at(situation.marks, situation.target.cadence):
        return None
    held = _held_by_the_previous_key(situation) or (None if asked else _held_by_the_window(situation))
    if held is not None:
        return held
    fresh = fresh_spare(situation, situation.target.cadence.overlap, anew=not situation.spare_is_fresh)
    if situation.spare_is_fresh:
        why = f"{situation.spare} was regenerated by a turn that did not come to its end: it is proven and published."
        return Plan(Reason.RESUMED, why, fresh)
    fired = situation.marks.awaited is not None and situation.marks.awaited.deployed is not None
    reason = Reason.REQUESTED if asked else Reason.DEPLOYED if fired else Reason.DUE
    why = f"{situation.live} has been live since {situation.marks.since:%Y-%m-%d %H:%M} UTC: {situation.spare} takes its place."
    return Plan(reason, why, fresh)


def _retirement(situation: Situation) -> Plan | None:
    """The overlap is over and the spare is still the previous key: end it, if P3 allows."""
    if not situation.spare_in_use or situation.overlap_runs:
        return None
    if situation.marks.leaked:
        return Plan(
            Reason.LEAKED, f"{situation.spare}, the previous key, is said to have leaked.", ended(situation.spare)
        )
    why = f"The overlap is over: {situation.spare}, the previous key, is retired."
    return (
        _held_by_the_previous_key(situation)
        or _held_by_the_window(situation)
        or Plan(Reason.OVERLAP_OVER, why, (Regenerate(situation.spare),))
    )


def _held_by_the_previous_key(situation: Situation) -> Plan | None:
    marks = situation.marks
    if not situation.spare_in_use or marks.leaked or marks.until is None:
        return None
    if situation.overlap_runs:
        why = (
            f"{situation.spare} may still be in use: it was promised to work until {marks.until:%Y-%m-%d %H:%M:%S} UTC."
        )
        return Plan(Reason.OVERLAP_RUNS, why, held_until=marks.until)
    if situation.end_is_announced:
        return None
    until = cadence.ending_at(marks, situation.target.cadence, situation.now)
    why = f"The end of {situation.spare} must first be announced, at least {iso_duration(situation.target.cadence.notice)} ahead."
    return Plan(Reason.NOT_ANNOUNCED, why, held_until=until)


def _held_by_the_window(situation: Situation) -> Plan | None:
    if _is_open(situation):
        return None
    opens = cadence.within_window(situation.now, situation.target.cadence)
    return Plan(Reason.OUTSIDE_WINDOW, f"Scheduled work waits for {situation.target.cadence.window}.", held_until=opens)


def _is_open(situation: Situation) -> bool:
    window = situation.target.cadence.window
    return window is None or window.open_at(situation.now)


def _nothing(situation: Situation) -> Plan:
    """Nothing to do, and the most useful word about why."""
    if situation.is_answered:
        return Plan(Reason.ALREADY_DONE, f"This request was carried out: {situation.live} is live.")
    if situation.request_is_outdated:
        return Plan(Reason.ALREADY_DONE, f"{situation.live} was published after this was asked for.")
    if situation.target.sunset and situation.now >= situation.target.sunset and situation.seen.key_calls:
        return Plan(
            Reason.STILL_USED, f"Keys should have ended, and calls with a key were seen: {situation.seen.key_calls}."
        )
    due = situation.rotation_expected
    return Plan(Reason.NOTHING_DUE, f"{situation.live} is live; rotation is due on {due:%Y-%m-%d %H:%M:%S} UTC.")


POLICIES = (
    _finished,
    _a_person_must_look,
    _unpublished,
    _unmarked,
    _drifted,
    leaked,
    armed,
    deployed,
    _sunset,
    _rotation,
    _retirement,
    _nothing,
)
