"""What a security engineer wants to know of a fleet: findings, each with a code, a severity and a next step.

Seen is what a survey sees and what the accounts' listing shows; no right is needed beyond those of a turn. A finding
says what is so now; whether something is done about it is said by `plan`. Codes are public and stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from shared.decide import schedule
from shared.decide.adoption import began_fresh
from shared.decide.plan import Reason
from shared.decide.situation import Situation
from shared.domain.errors import FixConfiguration, RotationError
from shared.domain.model import ProofPolicy
from shared.domain.publication import Marks, Origin, SecretState
from shared.findings.kinds import GRAVEST_FIRST, Code, Finding
from shared.findings.ports import Inventory
from shared.fleet.rotation import Rotation
from shared.ports import Account
from shared.settings.environment import Mode, Settings
from shared.settings.target_fields import TAG
from shared.turns.report import Row

LONG_LIFE = timedelta(days=90)  # what most policies allow a key at most


async def audit(rotation: Rotation, inventory: Inventory) -> list[Finding]:
    """Every finding, the gravest first."""
    rows, problems = await rotation.survey()
    settings, now = rotation.settings, rotation.outside.clock.now()
    found = [*of_settings(settings), *map(_of_problem, problems)]
    found += _presumed(rows)
    for row in rows:
        found += of_row(row, settings, now)
    known = {str(row.target.account).casefold() for row in rows} | {error.thing.casefold() for error in problems}
    for subscription in settings.subscriptions:
        found += await _strangers(inventory, subscription, known, {error.thing for error in problems})
    return sorted(found, key=lambda one: (GRAVEST_FIRST.index(one.severity), one.code, one.target))


def _presumed(rows: list[Row]) -> Iterator[Finding]:
    count = sum(row.presumed for row in rows)
    if count:
        why = (
            f"{count} targets were judged by their vault's listing alone, which shows no key that somebody regenerated."
        )
        yield Finding(Code.PRESUMED, "fleet", why)


async def _strangers(inventory: Inventory, subscription: str, known: set[str], unlisted: set[str]) -> list[Finding]:
    """Accounts whose keys are on and that nobody enrolled. A subscription that cannot be listed is named already."""
    try:
        return [one async for account in inventory.everyone(subscription) for one in of_stranger(account, known)]
    except RotationError as error:
        return [] if error.thing in unlisted else [_of_problem(error)]


def of_stranger(account: Account, known: Iterable[str]) -> Iterator[Finding]:
    if account.key_auth and str(account.id).casefold() not in known:
        word = account.tags.get(TAG, "").strip().lower()
        why = "is tagged off" if word == "off" else "is not enrolled"
        yield Finding(
            Code.NOT_ENROLLED, str(account.id), f"The account {why}, and its keys are on: nobody rotates them."
        )


def of_settings(settings: Settings) -> Iterator[Finding]:
    if settings.topic is None:
        why = "Announcements stand in the log only: keys end without anybody being warned (P3 is off)."
        yield Finding(Code.NOBODY_IS_TOLD, "EVENT_GRID_TOPIC_ENDPOINT", why)
    if settings.mode is Mode.OBSERVE:
        yield Finding(Code.NOTHING_IS_DONE, "ROTATION_MODE", "The mode is observe: nothing is rotated.")


def _of_problem(error: RotationError) -> Finding:
    code = Code.NOT_ENROLLABLE if isinstance(error, FixConfiguration) else Code.UNSEEN
    return Finding(code, error.thing, error.what, error.next_step)


def of_row(row: Row, settings: Settings, now: datetime) -> Iterator[Finding]:
    """The findings about one target."""
    yield from _of_target(row)
    if row.error is not None or row.plan is None or row.seen is None:
        error = row.error
        yield Finding(Code.UNSEEN, row.target.name, error.what if error else "It could not be looked at.")
        return
    if not row.seen.key_auth:
        return
    if row.target.sunset is None:
        yield Finding(Code.NO_SUNSET, row.target.name, "No date is agreed on which keys end here.")
    elif row.target.sunset < now:
        why = f"Keys should have ended on {row.target.sunset:%Y-%m-%d}, and they still work."
        yield Finding(Code.SUNSET_PAST, row.target.name, why)
    situation = Situation(row.seen, row.target, now)
    yield from _of_secret(row, situation)
    if (
        situation.seen.publication
        and situation.seen.publication.marks
        and situation.seen.live
        and row.plan.reason is not Reason.PERSON_MUST_LOOK
    ):
        yield from _of_keys(row.target.name, situation, situation.seen.publication.marks, settings.look_every)


def _of_target(row: Row) -> Iterator[Finding]:
    target, rhythm = row.target, row.target.cadence
    if target.proof is ProofPolicy.PREFER:
        yield Finding(Code.PROOF_NOT_REQUIRED, target.name, "A key may be published without having been proven.")
    if rhythm.period + rhythm.overlap > LONG_LIFE:
        days = (rhythm.period + rhythm.overlap).days
        yield Finding(Code.LONG_LIVED, target.name, f"A key works for {days} days, more than {LONG_LIFE.days}.")
    if target.owner is None:
        yield Finding(Code.NO_OWNER, target.name, "Nobody is named as its owner, so announcements name nobody.")


def _of_secret(row: Row, situation: Situation) -> Iterator[Finding]:
    publication, name = situation.seen.publication, row.target.name
    if publication is None:
        yield Finding(Code.NOT_PUBLISHED, name, "No key is published: consumers have nothing to read.")
        return
    if row.plan is not None and row.plan.reason is Reason.PERSON_MUST_LOOK:
        codes = {SecretState.DELETED: Code.SECRET_DELETED, SecretState.DISABLED: Code.SECRET_DISABLED}
        yield Finding(codes.get(publication.state, Code.SECRET_FOREIGN), name, row.plan.why)
        return
    if situation.seen.live is None:
        why = "The account does not know the published key: whoever reads it is refused."
        yield Finding(Code.PUBLISHED_KEY_DEAD, name, why)
    if publication.expires is None:
        yield Finding(Code.SECRET_WITHOUT_EXPIRY, name, "The published version says no expiry date.")


def _of_keys(name: str, situation: Situation, marks: Marks, patience: timedelta) -> Iterator[Finding]:
    if marks.leaked and situation.spare_in_use:
        yield Finding(Code.LEAKED_KEY_WORKS, name, f"{situation.spare} is said to have leaked, and still works.")
    elif situation.spare_in_use and marks.until is not None and marks.until + patience < situation.now:
        why = f"{situation.spare} should have ended on {marks.until:%Y-%m-%d %H:%M}Z, and still works."
        yield Finding(Code.PREVIOUS_KEY_WORKS, name, why)
    if schedule.rotation(situation) + patience < situation.now:
        yield Finding(
            Code.ROTATION_OVERDUE, name, f"Rotation was due on {schedule.rotation(situation):%Y-%m-%d %H:%M}Z."
        )
    if marks.origin is Origin.ADOPTED and not began_fresh(situation.publication, situation.target):
        why = "Its keys are older than its enrolment, so they may be in unknown hands."
        yield Finding(Code.NEVER_ROTATED, name, why)
    if marks.unproven:
        yield Finding(Code.UNPROVEN, name, f"{situation.live} was published without having been proven.")
    if marks.told.carried_over:
        yield Finding(
            Code.UNTOLD, name, f"{len(marks.told.carried_over)} announcements of what happened were never accepted."
        )
