"""What each kind of finding means: how serious and how urgent it is, what follows from it, and what to do.

One table feeds page, audit, status and alerts, so that they cannot disagree (P11).
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.findings.codes import Code, Severity, Urgency


@dataclass(frozen=True)
class Meaning:
    """What all findings of one kind have in common.

    severity: How serious such a finding is.
    urgency: What a person does about it, unless the finding has an urgency of its own.
    title: What it is, as it stands after a name and a colon, or after "3 targets:".
    consequence: What follows from it for people and their apps, as a sentence.
    next_step: What to do about it, unless the finding has a step of its own.
    """

    severity: Severity
    urgency: Urgency
    title: str
    consequence: str
    next_step: str


_CRITICAL, _HIGH, _MEDIUM, _LOW = Severity
_DO, _WATCH, _IMPROVE = Urgency
_KEYS_WORK = "Published keys go on working."
MEANINGS = {
    Code.LEAKED_KEY_WORKS: Meaning(
        _CRITICAL,
        _DO,
        "a leaked key still works",
        "Whoever has the key can use the account.",
        "python -m cli leak NAME --key previous",
    ),
    Code.LEAK_NOT_ENDED: Meaning(
        _CRITICAL,
        _DO,
        "a reported leak has not ended yet",
        "Whoever has the key can use the account.",
        "python -m cli doctor shows what is missing; the app tries again by itself",
    ),
    Code.TRIAL_CANNOT_END: Meaning(
        _CRITICAL,
        _DO,
        "a trial is over, and keys are still off",
        "Every app that still calls with a key is refused, although the trial has ended.",
        "exempt the account from the policy that keeps keys off; then: python -m cli trial NAME --end",
    ),
    Code.TRIAL_WAITS_FOR_YOU: Meaning(
        _CRITICAL,
        _DO,
        "a key leaked during a trial, and a person must choose",
        "While keys are off, the leaked key opens nothing. Once they are on, it works until it is regenerated.",
        "leave keys off, and move the apps to an identity; or python -m cli trial NAME --end --despite-leak, after "
        "which the leaked key ends at once",
    ),
    Code.PUBLISHED_KEY_DEAD: Meaning(
        _CRITICAL,
        _DO,
        "apps are refused, because the published key does not work",
        "Apps that read the key from the vault are refused with 401.",
        "the next full check publishes a key that works; to do it now: python -m cli rotate NAME",
    ),
    Code.REFUSED: Meaning(
        _CRITICAL,
        _DO,
        "Azure refuses what a rotation needs",
        f"{_KEYS_WORK} None is replaced, and a leaked key cannot be ended.",
        "a person must mend what refuses; until then nothing is done, and no leaked key can be ended",
    ),
    Code.NOT_ENROLLED: Meaning(
        _HIGH,
        _IMPROVE,
        "accepts keys, and nothing rotates them",
        "Its keys stay valid for ever, in whatever hands they are.",
        "see whether anybody uses its keys (python -m cli readiness --account ID); if nobody does, switch them off; "
        "else move its callers to an identity, and tag the account key-rotation: on until they have moved",
    ),
    Code.NOT_ENROLLABLE: Meaning(
        _HIGH,
        _DO,
        "misconfigured, so not rotated",
        f"Nothing is done for it until this is correct. {_KEYS_WORK}",
        "correct what is named; until then nothing rotates this account's keys",
    ),
    Code.LEFT: Meaning(
        _HIGH,
        _DO,
        "no longer enrolled, with a key still in the vault",
        "Its keys go on working, and nothing rotates them.",
        "put the tag key-rotation: on back, or delete the secret and regenerate both keys",
    ),
    Code.UNSEEN: Meaning(
        _HIGH,
        _DO,
        "cannot be read",
        f"What is shown is what was known last. {_KEYS_WORK}",
        "python -m cli doctor shows what is missing and how to fix it",
    ),
    Code.TURNS_FAIL: Meaning(
        _HIGH,
        _DO,
        "what the app does for it fails",
        f"What is due for it is not done, and is tried again. {_KEYS_WORK}",
        "python -m cli doctor shows what is missing and how to fix it",
    ),
    Code.CHECKS_LATE: Meaning(
        _HIGH,
        _DO,
        "the last check was long ago",
        f"{_KEYS_WORK} Nothing is rotated, ended, healed or announced until checks run again.",
        "see whether the function app runs: docs/runbook.md, Alert: no-tick",
    ),
    Code.NOT_READY: Meaning(
        _HIGH,
        _DO,
        "the account is not ready",
        "Its keys cannot be changed while it is in this state.",
        "look at the account in the portal: its state must be Succeeded",
    ),
    Code.THROTTLED: Meaning(
        _HIGH,
        _WATCH,
        "Azure asks to wait again and again",
        "Scheduled work there comes late. Nothing ends early because of it.",
        "find out who else calls Azure there under this identity; what waits goes on by itself",
    ),
    Code.MANY_LEFT: Meaning(
        _HIGH,
        _DO,
        "a request for many accounts has left some undone",
        "The accounts that are left still have the keys that the request was to replace.",
        "python -m cli rotations ID shows why; mend that, and ask for the rest of it",
    ),
    Code.SECRET_DELETED: Meaning(
        _HIGH,
        _DO,
        "apps cannot read the key, because the secret is deleted",
        "Apps that read the vault get no key.",
        "recover the secret, or purge it to start again",
    ),
    Code.SECRET_DISABLED: Meaning(
        _HIGH,
        _DO,
        "apps cannot read the key, because the secret is disabled",
        "Apps that read the vault get no key.",
        "enable the secret's latest version, or publish under another name",
    ),
    Code.SECRET_FOREIGN: Meaning(
        _HIGH,
        _DO,
        "the secret holds something that this app did not write",
        "Nothing is written there, so this target is not rotated.",
        "name another secret for this target",
    ),
    Code.OTHER_WRITER: Meaning(
        _HIGH,
        _WATCH,
        "somebody else writes the secret",
        "The app repairs it each time. Between the two, apps may read something wrong.",
        "find who writes it in the vault's audit log, and let templates ignore the secret's value and tags",
    ),
    Code.ANOTHER_APP: Meaning(
        _HIGH,
        _DO,
        "two rotation apps serve the same account",
        "Two apps do not wait for each other, so a key can end sooner than one of them has announced.",
        "take the target out of one of the two apps; if this app has a new storage account, nothing",
    ),
    Code.PREVIOUS_KEY_WORKS: Meaning(
        _HIGH,
        _DO,
        "the previous key should have ended, and still works",
        "A key that everybody believes dead can still be used.",
        "python -m cli plan shows why its end is held back",
    ),
    Code.ROTATION_OVERDUE: Meaning(
        _HIGH,
        _DO,
        "rotation is overdue",
        "Its key lives longer than agreed.",
        "python -m cli plan shows what holds it back; if nothing does, see whether the timer runs",
    ),
    Code.SUNSET_PAST: Meaning(
        _HIGH,
        _DO,
        "all keys should have ended, and still work",
        "The agreed date has passed, and the account still accepts keys.",
        "python -m cli plan shows what holds it back; or agree on another date",
    ),
    Code.SUNSET_NEAR: Meaning(
        _HIGH,
        _DO,
        "all keys end soon",
        "From that moment the account refuses every call with a key. Apps that still use one fail.",
        "see that no app uses a key any more; or agree on a later date and tag it key-rotation-sunset",
    ),
    Code.ANNOUNCEMENTS_OUTSTANDING: Meaning(
        _MEDIUM,
        _WATCH,
        "announcements are not accepted",
        "Nobody could be told yet, so no key ends that was not announced before. Those ends move.",
        "nothing yet: the app sends them again at every check; after an hour see whether the topic accepts events",
    ),
    Code.DRIFT_HEALED: Meaning(
        _MEDIUM,
        _WATCH,
        "somebody regenerated a key, and the app published one that works",
        "Apps that read the vault have the new value at their next read. Whoever copied the old key is refused.",
        "find who did it in the account's activity log, and let people rotate with this app",
    ),
    Code.KEYS_BACK_ON: Meaning(
        _MEDIUM,
        _WATCH,
        "keys were switched on again after they had ended",
        "Copied keys can work again; the vault holds a key that works.",
        "see who did it in the activity log, and agree on another date, or switch keys off again",
    ),
    Code.KEYS_OFF_BY_OTHERS: Meaning(
        _HIGH,
        _WATCH,
        "somebody else switched keys off",
        "Apps that call with a key are refused. The published version stays for one overlap, and is disabled then.",
        "see who did it in the activity log; if it was a mistake, switch keys on again: the published key goes on",
    ),
    Code.TRIAL_RUNS: Meaning(
        _MEDIUM,
        _WATCH,
        "keys are off for a trial",
        "Apps that still call with a key are refused until the trial ends. It ends by itself.",
        "nothing; to end it now: python -m cli trial NAME --end",
    ),
    Code.ON_HOLD: Meaning(
        _MEDIUM,
        _WATCH,
        "a person put it on hold",
        "No key is replaced or ended on schedule until the hold ends. A leaked key ends all the same.",
        "nothing; to end the hold now: python -m cli hold NAME --lift",
    ),
    Code.NOBODY_IS_TOLD: Meaning(
        _HIGH,
        _DO,
        "no topic is set, so nobody is told when a key ends",
        "Keys stop working without a warning to anyone.",
        "create a topic with the CloudEvents schema and set EVENT_GRID_TOPIC_ENDPOINT",
    ),
    Code.NOBODY_LISTENS: Meaning(
        _HIGH,
        _DO,
        "nobody listens to announcements",
        "Event Grid accepts what the app announces, and delivers it to nobody.",
        "create an event subscription of the topic that takes these events; docs/events.md shows how",
    ),
    Code.DELIVERIES_FAIL: Meaning(
        _HIGH,
        _DO,
        "announcements do not arrive",
        "Event Grid accepts what the app announces, and cannot deliver it.",
        "see whether its endpoint answers; a sign-in in front of it answers 401 or 403, which loses every event",
    ),
    Code.NOTHING_IS_DONE: Meaning(
        _MEDIUM,
        _IMPROVE,
        "the app only observes",
        "The app plans and changes nothing.",
        "when the plans are what you want, set ROTATION_MODE to rotate",
    ),
    Code.NOT_PUBLISHED: Meaning(
        _MEDIUM,
        _WATCH,
        "no key is published yet",
        "Apps have nothing to read in the vault.",
        "the next check publishes its key; if not, see whether the timer runs",
    ),
    Code.NEVER_ROTATED: Meaning(
        _MEDIUM,
        _IMPROVE,
        "keys are older than the enrolment",
        "They may be in unknown hands until both have been replaced.",
        "the schedule replaces both keys; for a faster way see the runbook on adoption",
    ),
    Code.PRESUMED: Meaning(
        _MEDIUM,
        _IMPROVE,
        "targets were assessed from the vault listing alone",
        "A key that was regenerated by hand does not show there.",
        "python -m cli plan NAME observes the keys of the targets that matter",
    ),
    Code.UNPROVEN: Meaning(
        _MEDIUM,
        _WATCH,
        "a key was published without a proof",
        "Nobody has tried whether the account accepts it.",
        "let the app's network reach the account's endpoint; the next rotation proves its key",
    ),
    Code.UNTOLD: Meaning(
        _MEDIUM,
        _WATCH,
        "announcements of what happened were never accepted",
        "Nobody has heard of it yet.",
        "check that the topic accepts events; they are sent again until it does",
    ),
    Code.NEVER_NOTICES: Meaning(
        _MEDIUM,
        _IMPROVE,
        "has consumers that never notice a new key",
        "They go on with the key before, and are refused when it ends.",
        "let them read the secret without a version, or move them to an identity; until then a person must move them "
        "after every rotation",
    ),
    Code.LONG_LIVED: Meaning(
        _MEDIUM,
        _IMPROVE,
        "keys live long",
        "A key that leaks unnoticed works until it is replaced.",
        "shorten the period",
    ),
    Code.PROOF_NOT_REQUIRED: Meaning(
        _LOW,
        _IMPROVE,
        "a key may be published without a proof",
        "Apps could read a key that the account does not accept.",
        "let the app's network reach the endpoint and set proof to require",
    ),
    Code.SECRET_WITHOUT_EXPIRY: Meaning(
        _LOW,
        _IMPROVE,
        "the secret has no expiry date",
        "The vault warns of nothing.",
        "the next rotation writes one; until then the vault warns of nothing",
    ),
    Code.PERIOD_DIFFERS: Meaning(
        _LOW,
        _IMPROVE,
        "the secret names another period",
        "Tools that read the tag expect another date.",
        "tag the account key-rotation-period with the period that is right; the next rotation writes the tag anew",
    ),
    Code.NO_CUSTOM_SUBDOMAIN: Meaning(
        _LOW,
        _IMPROVE,
        "has no custom subdomain, so it cannot take an identity",
        "Azure refuses every Entra token there, so its apps can only use keys.",
        "give the account a custom subdomain, which cannot be taken away and changes its endpoint; then give every app "
        "the new endpoint",
    ),
    Code.KEYS_UNUSED: Meaning(
        _LOW,
        _IMPROVE,
        "no call with a key was logged, so its keys can be switched off",
        "Keys that nobody uses can still leak.",
        "ask the owner about jobs that run more rarely; then switch the account's keys off, or agree on a sunset",
    ),
    Code.USE_UNKNOWN: Meaning(
        _LOW,
        _IMPROVE,
        "whether its keys are used is not known",
        "Nobody can tell who would be cut off if its keys ended.",
        "send the account's RequestResponse log to the workspace",
    ),
    Code.NO_CALL_LOG: Meaning(
        _LOW,
        _IMPROVE,
        "no diagnostic setting logs its calls",
        "After a leak nobody can tell who used a key, and nobody can tell who would be cut off if its keys ended.",
        "send the account's RequestResponse log to the workspace",
    ),
    Code.OPEN_TO_THE_INTERNET: Meaning(
        _LOW,
        _IMPROVE,
        "takes calls with a key from the whole internet",
        "Whoever has one of its keys can use it from any address.",
        "let only the networks of its apps in, and this app's if its keys are to be proven",
    ),
    Code.KEY_ROLES_AT_SUBSCRIPTION: Meaning(
        _LOW,
        _IMPROVE,
        "roles on the whole subscription show the keys of every account in it",
        "Whoever holds one reads all those keys, also of accounts that are made later.",
        "see who holds them: python -m cli readers; and give each a role on single accounts that shows no key",
    ),
    Code.NO_SUNSET: Meaning(
        _LOW,
        _IMPROVE,
        "no sunset is agreed",
        "Nobody has said when its apps need no key any more.",
        "agree on a date with its consumers and tag it key-rotation-sunset",
    ),
    Code.NO_OWNER: Meaning(
        _LOW,
        _IMPROVE,
        "no owner is set",
        "Its announcements name nobody.",
        "tag the account key-rotation-owner",
    ),
    Code.LISTENERS_UNKNOWN: Meaning(
        _LOW,
        _IMPROVE,
        "whether anybody listens is not known",
        "Announcements may reach nobody.",
        "assign the app the role that reads the topic's event subscriptions",
    ),
}
