"""The words of findings: their kinds, how serious they are and how urgent. All are public."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """How serious a finding is, the most serious first. The words are public."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


MOST_SEVERE_FIRST = list(Severity)


class Urgency(StrEnum):
    """What a person does about a finding, the most urgent first. The words are public."""

    TO_DO = "to-do"
    WATCH = "watch"
    IMPROVE = "improve"


class Code(StrEnum):
    """The kinds of finding. The words are public; docs/command-line.md says what each means."""

    LEAKED_KEY_WORKS = "leaked-key-works"
    LEAK_NOT_ENDED = "leak-not-ended"
    TRIAL_CANNOT_END = "trial-cannot-end"
    TRIAL_WAITS_FOR_YOU = "trial-waits-for-you"
    PUBLISHED_KEY_DEAD = "published-key-dead"
    REFUSED = "refused"
    NOT_ENROLLED = "not-enrolled"
    NOT_ENROLLABLE = "not-enrollable"
    LEFT = "no-longer-enrolled"
    UNSEEN = "unseen"
    TURNS_FAIL = "turns-fail"
    CHECKS_LATE = "checks-late"
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
    SUNSET_NEAR = "sunset-near"
    ANNOUNCEMENTS_OUTSTANDING = "announcements-outstanding"
    DRIFT_HEALED = "drift-healed"
    KEYS_BACK_ON = "keys-back-on"
    KEYS_OFF_BY_OTHERS = "keys-off-by-others"
    TRIAL_RUNS = "trial-runs"
    ON_HOLD = "on-hold"
    NOBODY_IS_TOLD = "nobody-is-told"
    NOBODY_LISTENS = "nobody-listens"
    DELIVERIES_FAIL = "deliveries-fail"
    NOTHING_IS_DONE = "nothing-is-done"
    NOT_PUBLISHED = "not-published"
    NEVER_ROTATED = "never-rotated"
    PRESUMED = "presumed"
    UNPROVEN = "unproven"
    UNTOLD = "untold"
    NEVER_NOTICES = "consumer-never-notices"
    LONG_LIVED = "long-lived"
    PROOF_NOT_REQUIRED = "proof-not-required"
    SECRET_WITHOUT_EXPIRY = "secret-without-expiry"  # noqa: S105
    PERIOD_DIFFERS = "period-differs"
    NO_CUSTOM_SUBDOMAIN = "no-custom-subdomain"
    KEYS_UNUSED = "keys-unused"
    USE_UNKNOWN = "use-unknown"
    NO_CALL_LOG = "no-call-log"
    OPEN_TO_THE_INTERNET = "open-to-the-internet"
    KEY_ROLES_AT_SUBSCRIPTION = "key-roles-at-subscription"
    NO_SUNSET = "no-sunset"
    NO_OWNER = "no-owner"
    LISTENERS_UNKNOWN = "listeners-unknown"
