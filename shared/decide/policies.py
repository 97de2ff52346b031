"""The decision: what should happen to one target now, and why. The only place that chooses.

`decide` depends on what was observed, the time and an optional request, and on nothing else. The timer, a person, the
dry run and the survey all call it, so they cannot disagree (P11). It performs nothing and reads no clock. "Nothing to
do" is an answer with a reason, like any other.

The policies are asked in the order of `POLICIES`; the first one that returns a plan decides. Each policy is a row or
two of the decision table in the design. An example: on the day it is due, a target whose previous key has ended is
rotated.

    >>> from datetime import UTC, datetime
    >>> from shared.domain.keys import Fingerprint, KeySlot
    >>> from shared.domain.model import AccountId, Observation, Target
    >>> from shared.domain.publication import Marks, Origin, Publication, SecretState
    >>> account = AccountId("00000000-0000-4000-8000-000000000001", "prod", "chat")
    >>> target = Target("chat", account, "https://keys.vault.azure.net", "chat-key")
    >>> key1, key2 = Fingerprint.of("value of key 1"), Fingerprint.of("value of key 2")
    >>> published = datetime(2026, 3, 2, 9, tzinfo=UTC)
    >>> marks = Marks(live=key1, origin=Origin.ROTATED, since=published, spare=key2)
    >>> publication = Publication("v1", SecretState.ACTIVE, published, key1, slot=KeySlot.KEY1,
    ...                           provider=str(account), marks=marks)
    >>> seen = Observation(key_auth=True, keys={KeySlot.KEY1: key1, KeySlot.KEY2: key2}, publication=publication)
    >>> plan = decide(seen, target, now=datetime(2026, 4, 1, 9, tzinfo=UTC))
    >>> print(plan.reason, [str(step) for step in plan.steps])
    due ['regenerate key2', 'prove key2', 'publish key2 (rotated)']
    >>> plan.why
    'Key 1 has been live since 2026-03-02 09:00 UTC. Key 2 replaces it.'
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from shared.decide import cadence, schedule
from shared.decide.adoption import what_tags_said
from shared.decide.carried_over import outstanding_before, outstanding_with_end, valid_told
from shared.decide.holds import hold_requested, on_hold
from shared.decide.leaked_keys import (
    end_leaked_key,
    fingerprints,
    holds_a_foreign_value,
    is_anothers,
    leaked_elsewhere,
    mistaken,
)
from shared.decide.plan import Plan, Reason
from shared.decide.request_policies import armed, deployed, ends_both, fresh_spare, leaked
from shared.decide.situation import Situation
from shared.decide.steps import DisableKeyAuth, Mark, NoteKeysOff, Prove, Publish, Regenerate, Withdraw
from shared.decide.trials import (
    after_a_trial,
    running_trial,
    trial,
    trial_after_deployment,
    trial_requested,
    what_holds_a_trial,
)
from shared.domain.keys import KeySlot
from shared.domain.model import Adopt, Observation, Target
from shared.domain.publication import MOST_TAGS, OUR_TAGS, Marks, Origin, SecretState
from shared.domain.readiness import CANNOT, Verdict
from shared.domain.requests import LeakRequest, Request, RequestKind, RotateRequest
from shared.domain.scheduled import first_period, scheduled_at
from shared.domain.times import iso_duration
from shared.domain.told import CarriedOver, Happened, Told


def decide(seen: Observation, target: Target, now: datetime, request: Request | None = None) -> Plan:
    """Return the plan for one target.

    seen: What was observed of the account and the secret.
    now: The time, in UTC.
    request: What a person or a pipeline requested; None for a scheduled turn.

    Pure: equal arguments give equal plans. It raises nothing.
    """
    situation = Situation(seen, target, now, request)
    return next(plan for policy in POLICIES if (plan := policy(situation)) is not None)


def finished(situation: Situation) -> Plan | None:
    """Key authentication is off, and not for a trial: withdraw what is published, at once after a sunset. Nothing
    follows after that, but a leak stays on record."""
    if situation.seen.key_auth:
        return None
    if isinstance(situation.request, LeakRequest):
        why = "The account accepts no keys now, so a leaked one opens nothing. If keys are switched on again, it ends."
        return Plan(Reason.KEYS_ARE_OFF, why)
    if situation.is_published and situation.is_ours:
        return _withdrawn_or_awaited(situation)
    return Plan(Reason.FINISHED, "Key authentication is off on the account and nothing is published.")


def _withdrawn_or_awaited(situation: Situation) -> Plan:
    """Keys are off, and a version is enabled. After the announced sunset it is withdrawn at once. If somebody else
    switched keys off, that may be for a while, so the version stays for one overlap."""
    seen, agreed = situation.seen, situation.agreed_sunset
    why = "Key authentication is off on the account, so the published key does not work any more."
    if seen.off_by_sunset or (agreed is not None and situation.now >= agreed):
        return Plan(Reason.KEY_AUTH_IS_OFF, why, (Withdraw(),))
    others = "Somebody else switched keys off on the account."
    is_told = situation.publication.marks is None or situation.publication.told.key_auth_off
    stays = f"{others} The published version stays for one overlap."
    if seen.off_since is None or (not is_told and situation.request is None):
        # A note that nobody was told of may be of an earlier time without keys.
        return Plan(Reason.OFF_BY_OTHERS, stays, (NoteKeysOff(),))
    if not is_told:
        return Plan(Reason.OFF_BY_OTHERS, stays)
    until = seen.off_since + situation.target.cadence.overlap
    if situation.now < until:
        waits = f"{others} The published version stays until {until:%Y-%m-%d %H:%M} UTC, in case they come back."
        return Plan(Reason.OFF_BY_OTHERS, waits)
    return Plan(Reason.KEY_AUTH_IS_OFF, why, (Withdraw(),))


def a_person_must_look(situation: Situation) -> Plan | None:
    """The secret is deleted, disabled or belongs to another account. A person did that and must say what it means."""
    why = _what_a_person_must_judge(situation)
    if why and isinstance(situation.request, LeakRequest) and is_anothers(situation):
        why += f" A leaked key ends at once if the report names its fingerprint: {fingerprints(situation)}."
    return Plan(Reason.PERSON_MUST_LOOK, why) if why else None


def _what_a_person_must_judge(situation: Situation) -> str | None:
    publication, secret = situation.seen.publication, situation.target.secret
    if not situation.target.publishes:
        return f"Secret {secret} is claimed by another account too. Use another secret name for this one."
    if publication is None:
        return None
    if publication.state is SecretState.DELETED:
        return f"Secret {secret} is deleted but can be recovered. Recover it, or purge it to start again."
    if publication.state is SecretState.DISABLED and not situation.seen.withdrawn:
        return f"The latest version of secret {secret} is disabled. Enable it, or use another secret name."
    if publication.provider and not situation.is_ours:
        return f"Secret {secret} belongs to another account, {publication.provider}. Use another secret name."
    if holds_a_foreign_value(situation):
        return (
            f"Secret {secret} holds neither key of the account, and nothing shows that this app wrote it. Put one of "
            "the two keys there, or use another secret name."
        )
    room = MOST_TAGS - OUR_TAGS
    if len(publication.others) > room:
        return f"Secret {secret} has {len(publication.others)} tags that are not ours; at most {room} fit. Remove some."
    if not situation.target.alone and is_anothers(situation):
        return f"Secret {secret} holds no key of the account, and nobody looked whether another account claims it."
    return None


def keys_are_back(situation: Situation) -> Plan | None:
    """Somebody switched keys on again after this app had withdrawn the published key: publish it anew, and tell.

    Nobody knows who used which key meanwhile, so the other one counts as in use for a period, as after an adoption. A
    previous key that was reported as leaked still has to end. What was announced before keys were off does not hold any
    more.
    """
    seen, publication = situation.seen, situation.seen.publication
    if publication is None or not seen.withdrawn:
        return _back_before_withdrawn(situation)
    if publication.state is SecretState.ACTIVE:
        return _enabled_by_hand(situation) if seen.live else None  # a value that does not work is repaired as drift
    marks = publication.marks
    slot = next((one for one in seen.keys if marks and seen.keys[one] == marks.live), situation.live)
    publish = Publish(slot, Origin.ADOPTED, seen.keys[slot.other], situation.target.cadence.period)
    publish = replace(publish, told=_told_of_return(situation, slot))
    if marks is not None:
        publish = replace(publish, rotated=marks.last_rotation, requester=marks.requester, awaited=marks.awaited)
    if marks is not None and marks.leaked and marks.previous == publish.previous:
        publish = replace(publish, overlap=timedelta(0), until=marks.until, leaked=True)
    why = f"Keys were switched on again after they had ended. {slot.words.capitalize()} is published anew."
    return Plan(Reason.KEYS_ARE_BACK, why, (Prove(slot), publish))


def _back_before_withdrawn(situation: Situation) -> Plan | None:
    """Keys were off for a while by somebody else's doing, which was told, and the version was not withdrawn: everything
    goes on as before, and that is told as well."""
    if situation.seen.live is None or not situation.is_published or not situation.is_marked_truly:
        return None
    marks = situation.marks
    if not marks.told.key_auth_off:
        return None
    why = f"Keys were off for a while and are on again. {situation.live.words.capitalize()} goes on."
    told = valid_told(situation)
    back = CarriedOver(Happened.KEYS_BACK, situation.live, marks.live, situation.now)
    before = tuple(one for one in told.carried_over if one.happened is not Happened.KEYS_BACK)
    told = replace(told, carried_over=(*before, back))
    return Plan(Reason.KEYS_ARE_BACK, why, (Mark(situation.live, replace(marks, told=told)),))


def _enabled_by_hand(situation: Situation) -> Plan:
    """Whoever switched keys on again has enabled the version, too: it stays, and its marks begin anew."""
    seen, live, publication = situation.seen, situation.live, situation.publication
    before = publication.marks if situation.is_marked_truly else seen.lost
    marks = before or Marks(seen.keys[live], Origin.ADOPTED, publication.created)
    other = seen.keys[situation.spare]
    leaked = marks.leaked and marks.previous == other
    until = marks.until if leaked else situation.now + situation.target.cadence.period
    told = _told_of_return(situation, live)
    marks = replace(marks, previous=other, until=until, leaked=leaked, agreed=False, spare=None, fresh=False, told=told)
    why = f"Keys were switched on again after they had ended, and {live.words} is enabled. Both keys go on working."
    return Plan(Reason.KEYS_ARE_BACK, why, (Mark(live, marks),))


def _told_of_return(situation: Situation, slot: KeySlot) -> Told:
    """Return what is outstanding once keys are back. An earlier return that was never announced is overtaken."""
    seen, told = situation.seen, valid_told(situation)
    marks = situation.publication.marks
    before = outstanding_before(situation) if marks else ()
    if marks and marks.previous and marks.previous not in seen.keys.values():
        before = outstanding_with_end(situation)
    before = tuple(one for one in before if one.happened is not Happened.KEYS_BACK)
    back = CarriedOver(Happened.KEYS_BACK, slot, seen.keys[slot], situation.now)
    ends = max(told.ends, seen.withdrawn)
    return Told(origin=True, awaited=told.awaited, ends=ends, carried_over=(*before, back))


def unpublished(situation: Situation) -> Plan | None:
    """Adopt a target: publish key 1 as it is, or (`adopt: rotate`) begin with a fresh key 2."""
    if situation.seen.publication is not None:
        return None
    seen, target = situation.seen, situation.target
    key1, key2 = KeySlot.KEY1, KeySlot.KEY2
    if target.adopt is Adopt.ROTATE:
        if situation.hold is not None and seen.fresh is None:
            why = f"Nothing is published yet, and {situation.hold.says}: a fresh key 2 would end the one of now."
            return Plan(Reason.ON_HOLD, why, held_until=situation.hold.until)
        publish = Publish(key2, Origin.ADOPTED, seen.keys[key1], target.cadence.overlap)
        if seen.fresh is not None and seen.fresh.is_in(seen.keys[key2]):
            why = "Nothing is published yet. Key 2 was regenerated for that already; it is proven and published now."
            return Plan(Reason.ADOPT, why, (Prove(key2), publish))
        why = "Nothing is published yet. This target begins with a fresh key 2."
        return Plan(Reason.ADOPT, why, (Regenerate(key2, noted=True), Prove(key2), publish))
    publish = Publish(key1, Origin.ADOPTED, seen.keys[key2], first_period(target))
    why = "Nothing is published yet. Key 1 is published as it is, and its period begins."
    return Plan(Reason.ADOPT, why, (Prove(key1), publish))


def unmarked(situation: Situation) -> Plan | None:
    """The secret holds one of the two keys, and not our marks or not those that belong there: write them on it.

    Nobody knows who holds the other key, so it counts as in use until this version is due.
    """
    if situation.seen.live is None or (situation.is_marked_truly and situation.seen.lost is None):
        return None
    lost, keys, publication = situation.seen.lost, situation.seen.keys, situation.publication
    if lost is not None and (lost.previous or lost.spare):
        why = f"Somebody took our tags away from the version that holds {situation.live.words}. They are put back."
        return Plan(Reason.TAGS_LOST, why, (Mark(situation.live, replace(lost, copied=True)),))
    marks = lost or Marks(keys[situation.live], Origin.ADOPTED, publication.created)
    until = publication.created + situation.target.cadence.period
    if lost is None:
        until = scheduled_at(marks, situation.target, publication.named_due)
    marks = replace(marks, previous=keys[situation.spare], until=until, copied=True)
    why = f"The secret already holds {situation.live.words}. Our tags are added to that version; no new one is written."
    why += what_tags_said(publication, situation.live, situation.target)
    return Plan(Reason.ADOPT_IN_PLACE, why, (Mark(situation.live, marks),))


def overwritten(situation: Situation) -> Plan | None:
    """Somebody wrote another value over our version: publish our key again, which still works.

    Once in a period. If it happens again with a value that still works, nothing is written over it: two writers would
    follow each other for ever. Our own version then says what is due, and ours is published before the other's value
    ends, so that the latest version always holds a key that works, and before a sunset, so that it is withdrawn.
    """
    foreign = situation.seen.foreign
    if foreign is None:
        return None
    works = foreign.value in situation.seen.keys.values()
    overlap_over = situation.spare_in_use and not situation.overlap_runs
    ends_now = overlap_over or isinstance(situation.request, LeakRequest) or sunset(situation) is not None
    if works and foreign.again and not ends_now:
        return None
    state = "an older key" if works else "a value that the account does not accept"
    live = situation.live.words.capitalize()
    why = f"Somebody wrote {state} over the published version. {live}, which works, is published again."
    again = replace(_healing(situation), since=situation.marks.since)  # it is the same key, so its period goes on
    return Plan(Reason.OVERWRITTEN, why, (Prove(situation.live), again))


def drifted(situation: Situation) -> Plan | None:
    """The published value is neither key: somebody regenerated the live slot. Publish the value it holds now."""
    if situation.seen.live is not None:
        return None
    live = situation.live
    why = f"The published key does not work: {live.words} was regenerated outside this app. Its new value is published."
    return Plan(Reason.DRIFT, why, (Prove(live), _healing(situation)))


def _healing(situation: Situation) -> Publish:
    """Return the version that repairs drift. What was promised about the other slot still holds.

    If no mark names the spare's value, somebody may hold it: the person who regenerated the live key, or readers of a
    vault in which this target was published meanwhile. It is then promised a period, like the other key of an adoption.
    """
    period, spare_value = situation.target.cadence.period, situation.seen.keys[situation.spare]
    marks, told = situation.marks, valid_told(situation)
    healed = Publish(
        situation.live,
        Origin.HEALED,
        copied=marks.copied or situation.seen.foreign is not None,
        rotated=marks.last_rotation,
        requester=marks.requester,
        awaited=marks.awaited,
        told=Told(awaited=told.awaited, sunset=told.sunset, carried_over=outstanding_with_end(situation)),
    )
    if situation.spare_in_use:
        told = replace(healed.told, retirement=told.retirement, carried_over=outstanding_before(situation))
        healed = replace(healed, previous=marks.previous, until=marks.until, told=told)
        return replace(healed, leaked=marks.leaked, agreed=marks.agreed)
    if situation.spare_is_unknown:
        return replace(healed, previous=spare_value, overlap=period)
    return replace(healed, spare=marks.spare, fresh=marks.fresh)


def sunset(situation: Situation) -> Plan | None:
    """Switch keys off on the agreed date, if that was announced in time and heard, the account can take an identity
    instead, and the logs, where they are asked, show no call with a key."""
    agreed = situation.agreed_sunset
    if agreed is None or not cadence.announced_in_time(valid_told(situation).sunset, agreed, situation.now):
        return None
    if what_holds_a_sunset(situation) is not None or not _window_is_open(situation):
        return None
    return Plan(Reason.SUNSET, f"All keys end now, as announced for {agreed:%Y-%m-%d}.", (DisableKeyAuth(), Withdraw()))


def what_holds_a_sunset(situation: Situation) -> Plan | None:
    """Return why all keys may not end now, apart from their date, its announcement and the window. None if they may."""
    seen, should = situation.seen, "All keys should have ended, but"
    if seen.unheard:
        return Plan(Reason.NOBODY_LISTENS, f"{should} their end waits for somebody to hear of it. {seen.unheard}")
    if not seen.takes_identity:
        why = f"{should} the account {CANNOT.says}. Nobody could call it any more."
        return Plan(Reason.CANNOT_TAKE_AN_IDENTITY, why)
    if seen.readiness is None or seen.readiness.is_ready:
        return None
    if seen.readiness.verdict is Verdict.USED:
        return Plan(Reason.STILL_USED, f"{should} they are {seen.readiness.says}. python -m cli readiness names them.")
    return Plan(Reason.USE_UNKNOWN, f"{should} whether they are used is {seen.readiness.says}.")


def rotation(situation: Situation) -> Plan | None:
    """Due or requested: regenerate the spare, prove it, and publish it in one write."""
    requested = situation.is_requested(RequestKind.ROTATE) and not situation.request_is_outdated
    if situation.marks.leaked and situation.spare_in_use and not requested:
        return None  # a leaked key must not wait for the window, nor for anything else that a rotation waits for
    if not requested and situation.now < schedule.due(situation):
        return None
    previous = None if _may_end_the_other(situation, requested=requested) else _held_by_previous_key(situation)
    held = previous or (None if requested else _held_by_window(situation))
    return held or _rotate(situation, requested=requested)


def _may_end_the_other(situation: Situation, *, requested: bool) -> bool:
    """Return whether a person confirmed that the value which the other key has now may end with this rotation."""
    if requested:
        return isinstance(situation.request, RotateRequest) and situation.request.end_other
    return ends_both(situation)


def _rotate(situation: Situation, *, requested: bool) -> Plan:
    marks, live, spare = situation.marks, situation.live, situation.spare
    fresh = fresh_spare(situation, situation.target.cadence.overlap, regenerate=not situation.spare_is_fresh)
    if situation.spare_is_fresh:
        name = spare.words.capitalize()
        why = f"{name} was regenerated but not published: its turn was interrupted. It is proven and published now."
        return Plan(Reason.RESUMED, why, fresh)
    after_deployment = marks.awaited is not None and marks.awaited.deployed is not None
    reason = Reason.REQUESTED if requested else Reason.DEPLOYED if after_deployment else Reason.DUE
    old, new = live.words.capitalize(), spare.words.capitalize()
    why = f"{old} has been live since {marks.since:%Y-%m-%d %H:%M} UTC. {new} replaces it."
    if situation.spare_in_use and _held_by_previous_key(situation) is not None:
        why += f" The value that {spare.words} has now (fingerprint {situation.seen.keys[spare]}) ends with that."
    return Plan(reason, why, fresh)


def retirement(situation: Situation) -> Plan | None:
    """The overlap is over and the spare still holds the previous key: regenerate it, if P3 allows."""
    if not situation.spare_in_use or situation.overlap_runs:
        return None
    spare = situation.spare
    if situation.marks.leaked:
        why = f"{spare.words.capitalize()}, the previous key, was reported as leaked."
        return Plan(Reason.LEAKED, why, end_leaked_key(spare))
    why = f"The overlap is over. {spare.words.capitalize()}, the previous key, is retired."
    retire = Plan(Reason.OVERLAP_OVER, why, (Regenerate(spare),))
    if situation.ends_as_agreed:
        return retire  # a person agreed to this moment, so it waits for no window
    return _held_by_previous_key(situation) or _held_by_window(situation) or retire


def _held_by_previous_key(situation: Situation) -> Plan | None:
    """Wait while the previous key is promised to work, until somebody listens if that is needed, or until its end was
    announced with the notice (P3)."""
    marks, spare = situation.marks, situation.spare
    if not situation.spare_in_use or marks.leaked or marks.until is None:
        return None
    if situation.overlap_runs:
        until = f"{marks.until:%Y-%m-%d %H:%M:%S} UTC"
        why = f"{spare.words.capitalize()} may still be in use: it is promised to work until {until}."
        return Plan(Reason.OVERLAP_RUNS, why, held_until=marks.until)
    if situation.ends_as_agreed:
        return None
    if situation.seen.unheard:
        why = f"The end of {spare.words} waits for somebody to hear of it. {situation.seen.unheard}"
        return Plan(Reason.NOBODY_LISTENS, why)
    if schedule.retirement_is_announced(situation):
        return None
    notice = iso_duration(situation.target.cadence.notice)
    why = f"The end of {spare.words} must be announced first, at least {notice} before it happens."
    return Plan(Reason.NOT_ANNOUNCED, why, held_until=schedule.retirement(situation))


def _held_by_window(situation: Situation) -> Plan | None:
    if _window_is_open(situation):
        return None
    opens = cadence.within_window(situation.now, situation.target.cadence)
    why = f"Scheduled work waits for the window {situation.target.cadence.window}."
    return Plan(Reason.OUTSIDE_WINDOW, why, held_until=opens)


def _window_is_open(situation: Situation) -> bool:
    window = situation.target.cadence.window
    return window is None or window.open_at(situation.now)


def nothing(situation: Situation) -> Plan:
    """Nothing to do: say the most useful thing about why."""
    live, agreed = situation.live.words.capitalize(), situation.agreed_sunset
    if situation.is_answered:
        return Plan(Reason.ALREADY_DONE, f"This request was already carried out. {live} is live.")
    if situation.request_is_outdated:
        return Plan(Reason.ALREADY_DONE, f"{live} was published after this request was made.")
    held = what_holds_a_sunset(situation) if agreed and situation.now >= agreed else None
    if held is None and situation.trial and situation.trial.is_planned and situation.now >= situation.trial.starts:
        held = what_holds_a_trial(situation)
    if held is not None:
        return held
    due = schedule.rotation(situation)
    return Plan(
        Reason.NOTHING_DUE,
        f"{live} is live. The next rotation is due on {due:%Y-%m-%d %H:%M:%S} UTC.",
    )


def held(situation: Situation) -> Plan | None:
    """A person put the target on hold, and something would happen now. None otherwise."""
    return on_hold(situation, sunset, trial, rotation, retirement)


POLICIES = (
    hold_requested,
    running_trial,
    finished,
    mistaken,
    leaked_elsewhere,
    a_person_must_look,
    keys_are_back,
    unpublished,
    unmarked,
    overwritten,
    drifted,
    leaked,
    after_a_trial,
    armed,
    deployed,
    trial_requested,
    trial_after_deployment,
    held,
    sunset,
    trial,
    rotation,
    retirement,
    nothing,
)
