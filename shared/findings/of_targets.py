"""The findings about one target: how it is configured, what is published, its two keys, its dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from shared.decide import schedule
from shared.decide.adoption import another_period, began_fresh
from shared.decide.plan import Reason
from shared.decide.situation import Situation
from shared.domain.errors import RotationError
from shared.domain.model import ProofPolicy
from shared.domain.publication import VALIDITY_DAYS, Marks, Origin, SecretState
from shared.domain.relative import counted
from shared.domain.times import iso_duration
from shared.findings.codes import Code, Urgency
from shared.findings.facts import Facts
from shared.findings.kinds import Finding
from shared.findings.of_problems import of_problem
from shared.turns.report import Row

LONG_LIFE = timedelta(days=90)  # what most policies allow a key at most
HEALED_FOR = timedelta(days=1)  # how long a repaired key is shown


def of_target(row: Row, facts: Facts) -> Iterator[Finding]:
    """Yield the findings about one target."""
    for one in _of_target(row, facts):
        yield replace(one, account=str(row.target.account))


def _of_target(row: Row, facts: Facts) -> Iterator[Finding]:
    yield from _of_settings(row)
    yield from _of_other_writers(row, facts)
    situation = row.situation
    if situation is not None and situation.seen.key_auth:
        yield from _of_sunset(situation)
    if row.error is not None or row.plan is None or situation is None:
        unseen = RotationError(row.target.name, "It could not be observed.")
        yield of_problem(row.error or unseen, facts.left, row.target.name)
        return
    yield from _of_announcements(row, facts)
    if not situation.seen.key_auth:
        return
    if row.target.sunset is None:
        yield Finding(
            Code.NO_SUNSET, row.target.name, "No sunset is agreed, the date on which all its keys stop working."
        )
    yield from _of_secret(row, situation)
    yield from _of_another_app(row)
    marks = situation.seen.publication.marks if situation.seen.publication else None
    if marks and situation.seen.live and row.plan.reason is not Reason.PERSON_MUST_LOOK:
        yield from _of_keys(row.target.name, situation, marks, facts.settings.look_every)


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


def _of_sunset(situation: Situation) -> Iterator[Finding]:
    """Yield a finding if all keys should have ended, or end within the longest warning. Within the notice, it is for a
    person to act."""
    target, now = situation.target, situation.now
    agreed, dates = target.sunset, schedule.schedule_of(situation)
    if agreed is None:
        return
    if agreed < now:
        why = f"All its keys should have stopped working on {agreed:%Y-%m-%d}, but they still work."
        yield Finding(Code.SUNSET_PAST, target.name, why, since=agreed)
        return
    ends = dates.sunset if dates is not None and dates.sunset is not None else agreed
    if ends - now <= max(target.cadence.notice, *target.cadence.warnings):
        urgency = Urgency.TO_DO if agreed - now <= target.cadence.notice else Urgency.WATCH
        why = f"The sunset of this account was agreed for {agreed:%Y-%m-%d %H:%M} UTC."
        yield Finding(Code.SUNSET_NEAR, target.name, why, special_urgency=urgency, at=ends)


def _of_announcements(row: Row, facts: Facts) -> Iterator[Finding]:
    """Yield a finding if announcements were outstanding at the check before the last one, and still are."""
    since = facts.owing_since(row.target.account)
    if since is None or not row.outstanding:
        return
    kinds = ", ".join(dict.fromkeys(one.kind.partition(".")[2] for one in row.outstanding))
    why = f"{counted(len(row.outstanding), 'announcement waits', 'announcements wait')}: {kinds}."
    yield Finding(Code.ANNOUNCEMENTS_OUTSTANDING, row.target.name, why, since=since)


def _of_secret(row: Row, situation: Situation) -> Iterator[Finding]:
    """Yield the findings about what is published."""
    publication, name = situation.seen.publication, row.target.name
    if publication is None:
        yield Finding(Code.NOT_PUBLISHED, name, "No key is published, so consumers have nothing to read.")
        return
    if row.plan is not None and row.plan.reason is Reason.PERSON_MUST_LOOK:
        codes = {SecretState.DELETED: Code.SECRET_DELETED, SecretState.DISABLED: Code.SECRET_DISABLED}
        yield Finding(codes.get(publication.state, Code.SECRET_FOREIGN), name, row.plan.why, since=publication.updated)
        return
    if situation.seen.live is None:
        why = "The account does not accept the published key, so consumers that read it are refused."
        yield Finding(Code.PUBLISHED_KEY_DEAD, name, why)
    if publication.expires is None:
        yield Finding(Code.SECRET_WITHOUT_EXPIRY, name, "The published version has no expiry date.")
    days = another_period(publication, row.target)
    if days is not None:
        period = iso_duration(row.target.cadence.period)
        why = f"The secret's tag {VALIDITY_DAYS} says {days} days, but the target's period is {period}."
        yield Finding(Code.PERIOD_DIFFERS, name, why)


def _of_keys(name: str, situation: Situation, marks: Marks, grace: timedelta) -> Iterator[Finding]:
    """Yield the findings about the two keys. `grace` is how late something may be before it counts as overdue."""
    spare = situation.spare.words
    if marks.leaked and situation.spare_in_use:
        why = f"{spare.capitalize()} was reported as leaked and still works."
        yield Finding(Code.LEAKED_KEY_WORKS, name, why)
    elif situation.spare_in_use and marks.until is not None and marks.until + grace < situation.now:
        ended = f"{marks.until:%Y-%m-%d %H:%M}Z"
        why = f"{spare.capitalize()} should have stopped working on {ended}, but it still works."
        yield Finding(Code.PREVIOUS_KEY_WORKS, name, why, since=marks.until)
    due = schedule.rotation(situation)
    if due + grace < situation.now:
        yield Finding(Code.ROTATION_OVERDUE, name, f"Rotation was due on {due:%Y-%m-%d %H:%M}Z.", since=due)
    if marks.origin is Origin.ADOPTED and not began_fresh(situation.publication, situation.target):
        why = "Its keys are older than its enrolment, so they may be in unknown hands."
        yield Finding(Code.NEVER_ROTATED, name, why)
    if marks.origin is Origin.HEALED and situation.now - marks.since <= HEALED_FOR:
        why = f"The published key did not work any more, so {situation.live.words} was published."
        yield Finding(Code.DRIFT_HEALED, name, why, since=marks.since)
    if marks.unproven:
        yield Finding(Code.UNPROVEN, name, f"{situation.live} was published without proof that it works.")
    if marks.told.carried_over:
        count = len(marks.told.carried_over)
        yield Finding(Code.UNTOLD, name, f"{count} announcements of what happened were never accepted.")
