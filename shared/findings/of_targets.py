"""The findings about one target: how it is configured, what is published, its two keys, its dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from shared.announce.deadlines import DeadlineKind, deadlines
from shared.decide import schedule
from shared.decide.adoption import another_period, began_fresh
from shared.decide.plan import Plan, Reason
from shared.decide.situation import Situation
from shared.domain.consumers import HABITS
from shared.domain.errors import RotationError
from shared.domain.model import ProofPolicy
from shared.domain.publication import VALIDITY_DAYS, Marks, Origin, SecretState
from shared.domain.relative import counted, length_in_words
from shared.domain.times import iso_duration
from shared.findings.codes import Code, Severity, Urgency
from shared.findings.facts import Facts
from shared.findings.kinds import Finding
from shared.findings.of_problems import LASTING, of_failing_turns, of_problem
from shared.findings.of_readiness import who_still_calls
from shared.findings.of_standing_orders import cannot_end, of_standing_orders
from shared.settings.environment import Mode
from shared.turns.report import Row

LONG_LIFE = timedelta(days=90)  # what most policies allow a key at most
_SEE_TOPIC = "python -m cli doctor shows whether the topic accepts events; mend that, or wait if Azure has an outage"
SHOWN_FOR = timedelta(days=1)  # how long a repaired key, and one that came back, is shown
_LET_IT_ACT = "set ROTATION_MODE to rotate to let the app act"
_LEFT_UNDONE = frozenset({Code.NOT_PUBLISHED, Code.ROTATION_OVERDUE})
_END_BY_THEMSELVES = frozenset({Reason.NOT_ANNOUNCED, Reason.OUTSIDE_WINDOW})


def of_target(row: Row, facts: Facts) -> Iterator[Finding]:
    """Yield the findings about one target."""
    for one in _of_target(row, facts):
        found = replace(one, account=str(row.target.account))
        yield _while_observing(found) if facts.settings.mode is Mode.OBSERVE else found


def _while_observing(found: Finding) -> Finding:
    """Return a finding as it is while the app only observes: what it leaves undone by its mode is no fault."""
    if found.code not in _LEFT_UNDONE:
        return found
    return replace(
        found, special_urgency=Urgency.IMPROVE, special_step="set ROTATION_MODE to rotate to let the app act"
    )


def _of_target(row: Row, facts: Facts) -> Iterator[Finding]:
    yield from _of_settings(row)
    yield from _of_other_writers(row, facts)
    yield from _of_error(row, facts)
    situation, name = row.situation, row.target.name
    if situation is None or situation.seen.key_auth:
        yield from _of_consumers(row)
        yield from _of_sunset(row, facts.now, who_still_calls(facts.entry_of(row.target.account)))
    if situation is not None:
        yield from of_standing_orders(row, situation, facts)
    if row.is_stale or row.plan is None:
        return
    if situation is None:
        yield Finding(Code.NOT_PUBLISHED, name, row.plan.why)
        return
    yield from _of_announcements(row, facts)
    if not situation.seen.key_auth:
        return
    if row.target.sunset is None:
        yield Finding(Code.NO_SUNSET, name, "No sunset is agreed, the date on which all its keys stop working.")
    yield from _of_secret(row, row.plan, situation)
    yield from _of_another_app(row)
    marks = situation.seen.publication.marks if situation.seen.publication else None
    if marks and situation.seen.live and not row.plan.needs_a_person:
        yield from _of_due_dates(name, situation, row.plan, facts.settings.look_every)
        yield from _of_keys(name, situation, marks)


def _of_error(row: Row, facts: Facts) -> Iterator[Finding]:
    """Yield why a target could not be seen, or why its turns fail."""
    name, error = row.target.name, row.error
    failing = error if row.fails else facts.troubles.of(row.target.account) if error is None else None
    if error is None and row.plan is None:
        error = RotationError(name, "It could not be observed.")
    if failing is not None and row.situation and cannot_end(row.situation.seen.orders.open_trial, facts.now):
        return  # the finding about the trial says why
    if failing is not None and not (row.plan is not None and row.plan.needs_a_person):
        yield of_failing_turns(failing, name, facts.now)
    elif error is not None and failing is None:
        yield of_problem(error, facts.left, name, lasts=facts.is_long_unseen(row.shown_at))
    elif facts.is_long_unseen(row.shown_at) and row.shown_at is not None:
        why = f"No check has seen its secret since {row.shown_at:%Y-%m-%d %H:%M} UTC."
        yield Finding(Code.UNSEEN, name, why, special_urgency=Urgency.WATCH, since=row.shown_at)


def _of_settings(row: Row) -> Iterator[Finding]:
    """Yield the findings about how the target is configured."""
    target, cadence = row.target, row.target.cadence
    if target.proof is ProofPolicy.PREFER:
        yield Finding(Code.PROOF_NOT_REQUIRED, target.name, "A key may be published without proof that it works.")
    if cadence.period + cadence.overlap > LONG_LIFE:
        days = (cadence.period + cadence.overlap).days
        yield Finding(Code.LONG_LIVED, target.name, f"A key works for {days} days, more than {LONG_LIFE.days}.")
    if target.owner is None:
        yield Finding(Code.NO_OWNER, target.name, "No owner is set, so its announcements name no owner.")


def _of_consumers(row: Row) -> Iterator[Finding]:
    """Yield a finding if consumers are listed that never notice a new key. While the previous key works and its end is
    known, they are for a person to move before it."""
    consumers, name = row.target.consumers, row.target.name
    never = consumers.never_notice if consumers else ()
    if not never:
        return
    listed, verb = ("consumers", "notice") if len(never) > 1 else ("consumer", "notices")
    why = f"Its {listed} {' and '.join(never)} never {verb} a new key without a person."
    step = "; ".join(f"{kind}: {HABITS[kind].wakes}" for kind in never)
    ends = None if row.is_stale else _end_of_previous(row)
    if ends is None:
        yield Finding(Code.NEVER_NOTICES, name, why, f"after every rotation, {step}")
        return
    why += f" The key before stops working on {ends:%Y-%m-%d %H:%M} UTC."
    to_do, high = Urgency.TO_DO, Severity.HIGH
    yield Finding(Code.NEVER_NOTICES, name, why, f"before that, {step}", to_do, at=ends, special_severity=high)


def _end_of_previous(row: Row) -> datetime | None:
    """Return when the previous key ends. None if there is none, or if that is not known."""
    if row.situation is None:
        return None
    return next((one.falls_at for one in deadlines(row.situation) if one.what is DeadlineKind.RETIREMENT), None)


def _of_other_writers(row: Row, facts: Facts) -> Iterator[Finding]:
    """Yield a finding if somebody else wrote the secret within the last period."""
    note = facts.written.get(row.target.secret_url.casefold())
    if note is None:
        return
    for what, moments in (("took this app's tags away", note.lost), ("wrote over our version", note.overwritten)):
        recent = [moment for moment in moments if facts.now - moment < row.target.cadence.period]
        if recent:
            times = f"{len(recent)} times, last" if len(recent) > 1 else "once,"
            why = f"Somebody else {what}: {times} on {recent[-1]:%Y-%m-%d %H:%M}Z."
            yield Finding(Code.OTHER_WRITER, row.target.name, why, since=recent[0])


def _of_another_app(row: Row) -> Iterator[Finding]:
    """Yield a finding if another app wrote the secret's tags last: two apps do not wait for each other's turns."""
    marks = row.seen.publication.marks if row.seen and row.seen.publication else None
    if marks is not None and marks.app is not None and row.target.app not in (None, marks.app):
        why = f"The app {marks.app} wrote its tags last, and this is the app {row.target.app}."
        yield Finding(Code.ANOTHER_APP, row.target.name, why)


def _of_sunset(row: Row, now: datetime, calls: str) -> Iterator[Finding]:
    """Yield a finding if all keys should have ended, or end within the longest warning. Within the notice, it is for a
    person to act. `calls` is what is known of the calls with a key, as a sentence after another one."""
    name, agreed, cadence = row.target.name, row.target.sunset, row.target.cadence
    if agreed is None or agreed - now > max(cadence.notice, *cadence.warnings, timedelta(0)):
        return
    ends = _announced_end(row)
    if agreed <= now and (ends is None or ends <= now):
        yield from _of_past_sunset(row, agreed, calls)
        return
    urgency = Urgency.TO_DO if agreed - now <= cadence.notice else Urgency.WATCH
    why = f"The sunset of this account was agreed for {agreed:%Y-%m-%d %H:%M} UTC."
    if ends is None and agreed - now <= cadence.notice:
        least = length_in_words(cadence.notice)
        why += f" It is not announced yet, so keys end at least {least} after its announcement is accepted."
        yield Finding(Code.SUNSET_NEAR, name, why + calls, special_urgency=urgency)
        return
    yield Finding(Code.SUNSET_NEAR, name, why + calls, special_urgency=urgency, at=ends or agreed)


def _of_past_sunset(row: Row, agreed: datetime, calls: str) -> Iterator[Finding]:
    """Yield a finding if the keys are seen to work after the agreed date.

    If they end with the next check, it is only to be watched.
    """
    if row.situation is None:
        return
    urgency = Urgency.WATCH if row.plan is not None and row.plan.reason is Reason.SUNSET and not row.fails else None
    why = f"All its keys should have stopped working on {agreed:%Y-%m-%d}, but they still work."
    yield Finding(Code.SUNSET_PAST, row.target.name, why + calls, special_urgency=urgency, since=agreed)


def _announced_end(row: Row) -> datetime | None:
    """Return the moment at which all keys end, if Event Grid accepted its announcement. Another moment may move."""
    if row.situation is None:
        return None
    known = [one for one in deadlines(row.situation) if one.what is DeadlineKind.SUNSET and one.announced]
    return known[0].falls_at if known else None


def _of_announcements(row: Row, facts: Facts) -> Iterator[Finding]:
    """Yield a finding if announcements were outstanding at the check before the last one, and still are."""
    since = facts.owing_since(row.target.account)
    if since is None or not row.outstanding or facts.settings.mode is Mode.OBSERVE:
        return  # while the app only observes, it announces nothing
    kinds = ", ".join(dict.fromkeys(one.kind.partition(".")[2] for one in row.outstanding))
    why = f"{counted(len(row.outstanding), 'announcement waits', 'announcements wait')}: {kinds}."
    lasts = facts.now - since > LASTING
    step, urgency = (_SEE_TOPIC, Urgency.TO_DO) if lasts else (None, None)
    yield Finding(Code.ANNOUNCEMENTS_OUTSTANDING, row.target.name, why, step, urgency, since=since)


def _of_secret(row: Row, plan: Plan, situation: Situation) -> Iterator[Finding]:
    """Yield the findings about what is published."""
    publication, name = situation.seen.publication, row.target.name
    if plan.needs_a_person:
        codes = {SecretState.DELETED: Code.SECRET_DELETED, SecretState.DISABLED: Code.SECRET_DISABLED}
        code = codes.get(publication.state, Code.SECRET_FOREIGN) if publication else Code.SECRET_FOREIGN
        yield Finding(code, name, plan.why, since=publication.updated if publication else None)
        return
    if publication is None or publication.state is not SecretState.ACTIVE:  # keys are back, and the next turn publishes
        yield Finding(Code.NOT_PUBLISHED, name, "No key is published, so apps have nothing to read.")
        return
    if situation.seen.live is None:
        why = "The account does not accept the published key, so apps that read it are refused."
        yield Finding(Code.PUBLISHED_KEY_DEAD, name, why)
    if publication.expires is None:
        yield Finding(Code.SECRET_WITHOUT_EXPIRY, name, "The published version has no expiry date.")
    days = another_period(publication, row.target)
    if days is not None:
        period = iso_duration(row.target.cadence.period)
        why = f"The secret's tag {VALIDITY_DAYS} says {days} days, but the target's period is {period}."
        yield Finding(Code.PERIOD_DIFFERS, name, why)


def _of_due_dates(name: str, situation: Situation, plan: Plan, grace: timedelta) -> Iterator[Finding]:
    """Yield the findings about what should have happened. `grace` is how late it may be before it counts as overdue."""
    spare, marks = situation.spare.words.capitalize(), situation.marks
    if marks.leaked and situation.spare_in_use:
        yield Finding(Code.LEAKED_KEY_WORKS, name, f"{spare} was reported as leaked and still works.")
    elif situation.spare_in_use and marks.until is not None and marks.until + grace < situation.now:
        urgency = Urgency.WATCH if plan.reason in _END_BY_THEMSELVES else None
        why = f"{spare} should have stopped working on {marks.until:%Y-%m-%d %H:%M}Z, but it still works."
        yield Finding(Code.PREVIOUS_KEY_WORKS, name, why, special_urgency=urgency, since=marks.until)
    due = schedule.rotation(situation)
    if due + grace < situation.now:
        yield Finding(Code.ROTATION_OVERDUE, name, f"Rotation was due on {due:%Y-%m-%d %H:%M}Z.", since=due)


def _of_keys(name: str, situation: Situation, marks: Marks) -> Iterator[Finding]:
    """Yield the findings about the two keys."""
    is_new = situation.now - marks.since <= SHOWN_FOR
    if marks.origin is Origin.ADOPTED and marks.told.ends and is_new:
        why = f"Somebody switched its keys on again after they had ended, so {situation.live.words} was published anew."
        yield Finding(Code.KEYS_BACK_ON, name, why, since=marks.since)
    elif marks.origin is Origin.ADOPTED and not began_fresh(situation.publication, situation.target):
        why = "Its keys are older than its enrolment, so they may be in unknown hands."
        yield Finding(Code.NEVER_ROTATED, name, why)
    if marks.origin is Origin.HEALED and is_new:
        why = f"The published key did not work any more, so {situation.live.words} was published."
        yield Finding(Code.DRIFT_HEALED, name, why, since=marks.since)
    if marks.unproven:
        live = situation.live.words.capitalize()
        yield Finding(Code.UNPROVEN, name, f"{live} was published without proof that it works.")
    if marks.told.carried_over:
        said = "announcement of what happened was", "announcements of what happened were"
        yield Finding(Code.UNTOLD, name, f"{counted(len(marks.told.carried_over), *said)} never accepted.")
