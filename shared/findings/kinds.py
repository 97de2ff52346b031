"""The kinds of finding: each has a public code, a severity and a next step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict


class Severity(StrEnum):
    """How serious a finding is, the most serious first. The words are public."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


MOST_SEVERE_FIRST = list(Severity)


class Code(StrEnum):
    """The kinds of finding. The words are public; docs/command-line.md says what each means."""

    LEAKED_KEY_WORKS = "leaked-key-works"
    LEAK_NOT_ENDED = "leak-not-ended"
    PUBLISHED_KEY_DEAD = "published-key-dead"
    REFUSED = "refused"
    NOT_ENROLLED = "not-enrolled"
    NOT_ENROLLABLE = "not-enrollable"
    LEFT = "no-longer-enrolled"
    UNSEEN = "unseen"
    NOT_READY = "not-ready"
    THROTTLED = "throttled"
    MANY_LEFT = "many-left"
    SECRET_DELETED = "secret-deleted"  # noqa: S105 - a code, no secret
    SECRET_DISABLED = "secret-disabled"  # noqa: S105
    SECRET_FOREIGN = "secret-foreign"  # noqa: S105
    OTHER_WRITER = "other-writer"
    ANOTHER_APP = "another-app"
    PREVIOUS_KEY_WORKS = "previous-key-works"
    ROTATION_OVERDUE = "rotation-overdue"
    SUNSET_PAST = "sunset-past"
    NOBODY_IS_TOLD = "nobody-is-told"
    NOBODY_LISTENS = "nobody-listens"
    DELIVERIES_FAIL = "deliveries-fail"
    NOTHING_IS_DONE = "nothing-is-done"
    NOT_PUBLISHED = "not-published"
    NEVER_ROTATED = "never-rotated"
    PRESUMED = "presumed"
    UNPROVEN = "unproven"
    UNTOLD = "untold"
    LONG_LIVED = "long-lived"
    PROOF_NOT_REQUIRED = "proof-not-required"
    SECRET_WITHOUT_EXPIRY = "secret-without-expiry"  # noqa: S105
    PERIOD_DIFFERS = "period-differs"
    NO_SUNSET = "no-sunset"
    NO_OWNER = "no-owner"
    LISTENERS_UNKNOWN = "listeners-unknown"


@dataclass(frozen=True)
class Meaning:
    """What all findings of one kind have in common.

    severity: How serious such a finding is.
    next_step: What to do about it, unless the finding has a step of its own.
    """

    severity: Severity
    next_step: str


_HIGH, _MEDIUM, _LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW
MEANINGS = {
    Code.LEAKED_KEY_WORKS: Meaning(Severity.CRITICAL, "python -m cli leak NAME --key previous"),
    Code.LEAK_NOT_ENDED: Meaning(
        Severity.CRITICAL, "python -m cli doctor shows what is missing; the app tries again by itself"
    ),
    Code.PUBLISHED_KEY_DEAD: Meaning(
        Severity.CRITICAL, "the next full check publishes a key that works; to do it now: python -m cli rotate NAME"
    ),
    Code.REFUSED: Meaning(
        Severity.CRITICAL, "a person must mend what refuses; until then nothing is done, and no leaked key can be ended"
    ),
    Code.NOT_ENROLLED: Meaning(
        _HIGH, "tag the account key-rotation: on; or disable its key authentication and tag it key-rotation: off"
    ),
    Code.NOT_ENROLLABLE: Meaning(_HIGH, "correct what is named; until then nothing rotates this account's keys"),
    Code.LEFT: Meaning(_HIGH, "put the tag key-rotation: on back, or delete the secret and regenerate both keys"),
    Code.UNSEEN: Meaning(_HIGH, "python -m cli doctor shows what is missing and how to fix it"),
    Code.NOT_READY: Meaning(_HIGH, "look at the account in the portal: its state must be Succeeded"),
    Code.THROTTLED: Meaning(
        _HIGH, "find out who else calls Azure there under this identity; what waits goes on by itself"
    ),
    Code.MANY_LEFT: Meaning(_HIGH, "python -m cli rotations ID shows why; mend that, and ask for the rest of it"),
    Code.SECRET_DELETED: Meaning(_HIGH, "recover the secret, or purge it to start again"),
    Code.SECRET_DISABLED: Meaning(_HIGH, "enable the secret's latest version, or publish under another name"),
    Code.SECRET_FOREIGN: Meaning(_HIGH, "name another secret for this target"),
    Code.OTHER_WRITER: Meaning(
        _HIGH, "find who writes it in the vault's audit log, and let templates ignore the secret's value and tags"
    ),
    Code.ANOTHER_APP: Meaning(
        _HIGH, "take the target out of one of the two apps; if this app has a new storage account, nothing"
    ),
    Code.PREVIOUS_KEY_WORKS: Meaning(_HIGH, "python -m cli plan shows why its end is held back"),
    Code.ROTATION_OVERDUE: Meaning(
        _HIGH, "python -m cli plan shows what holds it back; if nothing does, see whether the timer runs"
    ),
    Code.SUNSET_PAST: Meaning(_HIGH, "python -m cli plan shows what holds it back; or agree on another date"),
    Code.NOBODY_IS_TOLD: Meaning(_HIGH, "create a topic with the CloudEvents schema and set EVENT_GRID_TOPIC_ENDPOINT"),
    Code.NOBODY_LISTENS: Meaning(
        _HIGH, "create an event subscription of the topic that takes these events; docs/events.md shows how"
    ),
    Code.DELIVERIES_FAIL: Meaning(
        _HIGH, "see whether its endpoint answers; a sign-in in front of it answers 401 or 403, which loses every event"
    ),
    Code.NOTHING_IS_DONE: Meaning(_MEDIUM, "when the plans are what you want, set ROTATION_MODE to rotate"),
    Code.NOT_PUBLISHED: Meaning(_MEDIUM, "the next check publishes its key; if not, see whether the timer runs"),
    Code.NEVER_ROTATED: Meaning(
        _MEDIUM, "the schedule replaces both keys; for a faster way see the runbook on adoption"
    ),
    Code.PRESUMED: Meaning(_MEDIUM, "python -m cli plan NAME observes the keys of the targets that matter"),
    Code.UNPROVEN: Meaning(
        _MEDIUM, "let the app's network reach the account's endpoint; the next rotation proves its key"
    ),
    Code.UNTOLD: Meaning(_MEDIUM, "check that the topic accepts events; they are sent again until it does"),
    Code.LONG_LIVED: Meaning(_MEDIUM, "shorten the period"),
    Code.PROOF_NOT_REQUIRED: Meaning(_LOW, "let the app's network reach the endpoint and set proof to require"),
    Code.SECRET_WITHOUT_EXPIRY: Meaning(_LOW, "the next rotation writes one; until then the vault warns of nothing"),
    Code.PERIOD_DIFFERS: Meaning(
        _LOW, "tag the account key-rotation-period with the period that is right; the next rotation writes the tag anew"
    ),
    Code.NO_SUNSET: Meaning(_LOW, "agree on a date with its consumers and tag it key-rotation-sunset"),
    Code.NO_OWNER: Meaning(_LOW, "tag the account key-rotation-owner"),
    Code.LISTENERS_UNKNOWN: Meaning(_LOW, "assign the app the role that reads the topic's event subscriptions"),
}


class FindingData(TypedDict):
    """A finding in JSON. The field names are public."""

    code: Code
    severity: Severity
    target: str
    says: str
    nextStep: str


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    code: The kind of finding.
    target: What it is about: a target's name, an account's or a subscription's id, a setting, or `fleet`.
    says: The sentence that explains it.
    special_step: What to do about this one. None for the step of its kind.
    """

    code: Code
    target: str
    says: str
    special_step: str | None = None

    @property
    def severity(self) -> Severity:
        """How serious it is."""
        return MEANINGS[self.code].severity

    @property
    def next_step(self) -> str:
        """What to do about it, without a period at the end."""
        return self.special_step or MEANINGS[self.code].next_step

    def data(self) -> FindingData:
        """Return the finding as JSON-ready data."""
        return FindingData(
            code=self.code, severity=self.severity, target=self.target, says=self.says, nextStep=self.next_step
        )
