"""What a security engineer wants to know of a fleet: findings, each with a code, a severity and a next step.

Seen is what a survey sees and what the accounts' listing shows; no right is needed beyond those of a turn. A finding
says what is so now; whether something is done about it is said by `plan`. Codes are public and stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypedDict

from shared.adoption import began_fresh
from shared.errors import FixConfiguration, RotationError
from shared.model import ProofPolicy
from shared.plan import Reason
from shared.ports import Account, Inventory
from shared.publication import Marks, Origin, State
from shared.report import Row
from shared.rotation import Rotation
from shared.settings import Mode, Settings
from shared.situation import Situation
from shared.targets import TAG

LONG_LIFE = timedelta(days=90)  # what most policies allow a key at most


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


_ORDER = list(Severity)


class Code(StrEnum):
    LEAKED_KEY_WORKS = "leaked-key-works"
    PUBLISHED_KEY_DEAD = "published-key-dead"
    NOT_ENROLLED = "not-enrolled"
    NOT_ENROLLABLE = "not-enrollable"
    UNSEEN = "unseen"
    SECRET_DELETED = "secret-deleted"  # noqa: S105 - a code, no secret
    SECRET_DISABLED = "secret-disabled"  # noqa: S105
    SECRET_FOREIGN = "secret-foreign"  # noqa: S105
    PREVIOUS_KEY_WORKS = "previous-key-works"
    ROTATION_OVERDUE = "rotation-overdue"
    SUNSET_PAST = "sunset-past"
    NOBODY_IS_TOLD = "nobody-is-told"
    NOTHING_IS_DONE = "nothing-is-done"
    NOT_PUBLISHED = "not-published"
    NEVER_ROTATED = "never-rotated"
    PRESUMED = "presumed"
    UNPROVEN = "unproven"
    UNTOLD = "untold"
    LONG_LIVED = "long-lived"
    PROOF_NOT_REQUIRED = "proof-not-required"
    SECRET_WITHOUT_EXPIRY = "secret-without-expiry"  # noqa: S105
    NO_SUNSET = "no-sunset"
    NO_OWNER = "no-owner"


@dataclass(frozen=True)
class Meaning:
    severity: Severity
    next_step: str


_HIGH, _MEDIUM, _LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
MEANINGS = {
    Code.LEAKED_KEY_WORKS: Meaning(Severity.CRITICAL, "python -m cli leak NAME --key previous"),
    Code.PUBLISHED_KEY_DEAD: Meaning(
        Severity.CRITICAL, "the next full look heals it; to heal at once: python -m cli rotate NAME"
    ),
    Code.NOT_ENROLLED: Meaning(
        _HIGH, "tag the account key-rotation: on, or off once its key authentication is disabled"
    ),
    Code.NOT_ENROLLABLE: Meaning(_HIGH, "correct what is named; until then nothing rotates this account"),
    Code.UNSEEN: Meaning(_HIGH, "python -m cli doctor says what is missing and what mends it"),
    Code.SECRET_DELETED: Meaning(_HIGH, "recover the secret, or purge it to begin anew"),
    Code.SECRET_DISABLED: Meaning(_HIGH, "enable the secret's latest version, or publish under another name"),
    Code.SECRET_FOREIGN: Meaning(_HIGH, "name another secret for this target"),
    Code.PREVIOUS_KEY_WORKS: Meaning(_HIGH, "python -m cli plan says what holds its end back"),
    Code.ROTATION_OVERDUE: Meaning(_HIGH, "python -m cli plan says what holds it back; then see that ticks run"),
    Code.SUNSET_PAST: Meaning(_HIGH, "python -m cli plan says what holds it back; or agree on another date"),
    Code.NOBODY_IS_TOLD: Meaning(_HIGH, "make a topic with the CloudEvents schema and set EVENT_GRID_TOPIC_ENDPOINT"),
    Code.NOTHING_IS_DONE: Meaning(_MEDIUM, "when the plans are what you want, set ROTATION_MODE to rotate"),
    Code.NOT_PUBLISHED: Meaning(_MEDIUM, "the next tick adopts it; if it stays, see that ticks run"),
    Code.NEVER_ROTATED: Meaning(_MEDIUM, "the schedule ends both values; to be faster see the runbook on adoption"),
    Code.PRESUMED: Meaning(_MEDIUM, "python -m cli plan NAME looks at the targets that matter"),
    Code.UNPROVEN: Meaning(
        _MEDIUM, "let the app's network reach the account's endpoint; the next rotation proves again"
    ),
    Code.UNTOLD: Meaning(_MEDIUM, "see that the topic accepts events; they stay owed until it does"),
    Code.LONG_LIVED: Meaning(_MEDIUM, "shorten the period"),
    Code.PROOF_NOT_REQUIRED: Meaning(_LOW, "let the app's network reach the endpoint and set proof to require"),
    Code.SECRET_WITHOUT_EXPIRY: Meaning(_LOW, "the next rotation writes one; nobody is warned by the vault until then"),
    Code.NO_SUNSET: Meaning(_LOW, "agree on a date with its consumers and tag it key-rotation-sunset"),
    Code.NO_OWNER: Meaning(_LOW, "tag the account key-rotation-owner"),
}


class FindingData(TypedDict):
    code: Code
    severity: Severity
    target: str
    says: str
    nextStep: str


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. `target` is a target's name, an account's id or a setting."""

    code: Code
    target: str
    says: str
    special_step: str | None = None

    @property
    def severity(self) -> Severity:
        return MEANINGS[self.code].severity

    @property
    def next_step(self) -> str:
        return self.special_step or MEANINGS[self.code].next_step

    def data(self) -> FindingData:
        return FindingData(
            code=self.code, severity=self.severity, target=self.target, says=self.says, nextStep=self.next_step
        )


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
    return sorted(found, key=lambda one: (_ORDER.index(one.severity), one.code, one.target))


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
    at = Situation(row.seen, row.target, now)
    yield from _of_secret(row, at)
    if (
        at.seen.publication
        and at.seen.publication.marks
        and at.seen.live
        and row.plan.reason is not Reason.PERSON_MUST_LOOK
    ):
        yield from _of_keys(row.target.name, at, at.seen.publication.marks, settings.look_every)


def _of_target(row: Row) -> Iterator[Finding]:
    target, rhythm = row.target, row.target.cadence
    if target.proof is ProofPolicy.PREFER:
        yield Finding(Code.PROOF_NOT_REQUIRED, target.name, "A key may be published without having been proven.")
    if rhythm.period + rhythm.overlap > LONG_LIFE:
        days = (rhythm.period + rhythm.overlap).days
        yield Finding(Code.LONG_LIVED, target.name, f"A key works for {days} days, more than {LONG_LIFE.days}.")
    if target.owner is None:
        yield Finding(Code.NO_OWNER, target.name, "Nobody is named as its owner, so announcements name nobody.")


def _of_secret(row: Row, at: Situation) -> Iterator[Finding]:
    publication, name = at.seen.publication, row.target.name
    if publication is None:
        yield Finding(Code.NOT_PUBLISHED, name, "No key is published: consumers have nothing to read.")
        return
    if row.plan is not None and row.plan.reason is Reason.PERSON_MUST_LOOK:
        codes = {State.DELETED: Code.SECRET_DELETED, State.DISABLED: Code.SECRET_DISABLED}
        yield Finding(codes.get(publication.state, Code.SECRET_FOREIGN), name, row.plan.why)
        return
    if at.seen.live is None:
        why = "The account does not know the published key: whoever reads it is refused."
        yield Finding(Code.PUBLISHED_KEY_DEAD, name, why)
    if publication.expires is None:
        yield Finding(Code.SECRET_WITHOUT_EXPIRY, name, "The published version says no expiry date.")


def _of_keys(name: str, at: Situation, marks: Marks, patience: timedelta) -> Iterator[Finding]:
    if marks.leaked and at.spare_in_use:
        yield Finding(Code.LEAKED_KEY_WORKS, name, f"{at.spare} is said to have leaked, and still works.")
    elif at.spare_in_use and marks.until is not None and marks.until + patience < at.now:
        why = f"{at.spare} should have ended on {marks.until:%Y-%m-%d %H:%M}Z, and still works."
        yield Finding(Code.PREVIOUS_KEY_WORKS, name, why)
    if at.rotation_expected + patience < at.now:
        yield Finding(Code.ROTATION_OVERDUE, name, f"Rotation was due on {at.rotation_expected:%Y-%m-%d %H:%M}Z.")
    if marks.origin is Origin.ADOPTED and not began_fresh(at.publication, at.target):
        why = "Its keys are older than its enrolment, so they may be in unknown hands."
        yield Finding(Code.NEVER_ROTATED, name, why)
    if marks.unproven:
        yield Finding(Code.UNPROVEN, name, f"{at.live} was published without having been proven.")
    if marks.told.debts:
        yield Finding(Code.UNTOLD, name, f"{len(marks.told.debts)} announcements of what happened were never accepted.")
