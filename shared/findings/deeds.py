"""What needs doing, as the sentence of a fleet says it: one phrase for each kind of finding that a person must act on.

A phrase stands after "1 thing to do:". In it {about} is the target or the number of targets, {away} when it ends.
"""

from __future__ import annotations

from shared.findings.codes import Code

DEEDS = {
    Code.LEAKED_KEY_WORKS: "end the leaked key of {about}, which still works",
    Code.LEAK_NOT_ENDED: "see why the leaked key of {about} has not ended",
    Code.TRIAL_CANNOT_END: "see why keys of {about} are still off after a trial",
    Code.TRIAL_WAITS_FOR_YOU: "choose what becomes of {about}, where a key leaked during a trial",
    Code.PUBLISHED_KEY_DEAD: "publish a key of {about} that works, because its apps are refused now",
    Code.REFUSED: "mend what Azure refuses for {about}",
    Code.NOT_ENROLLABLE: "correct the configuration of {about}, which is not rotated",
    Code.LEFT: "enrol {about} again, or take away the published key",
    Code.TURNS_FAIL: "see why what the app does for {about} fails",
    Code.UNSEEN: "find out why {about} cannot be read",
    Code.NOT_READY: "look at {about}, where an account is not ready",
    Code.MANY_LEFT: "finish a request for many accounts, which has left some undone",
    Code.SECRET_DELETED: "recover the secret of {about}, because apps get no key now",
    Code.SECRET_DISABLED: "enable the secret of {about}, because apps get no key now",
    Code.SECRET_FOREIGN: "give {about} another secret, because this one is not ours to write",
    Code.ANOTHER_APP: "take {about} out of one of two rotation apps",
    Code.PREVIOUS_KEY_WORKS: "see why the previous key of {about} has not ended",
    Code.NEVER_NOTICES: "give the new key of {about} to its consumers that never notice one, because the key before "
    "ends {away}",
    Code.ROTATION_OVERDUE: "see why the rotation of {about} is overdue",
    Code.SUNSET_PAST: "see why the keys of {about} have not all ended",
    Code.SUNSET_NEAR: "move the apps of {about} off keys, because all keys end {away}",
    Code.NO_CUSTOM_SUBDOMAIN: "give {about} a custom subdomain, because its apps cannot do without keys before",
    Code.ON_HOLD: "see whether {about} should still be on hold",
    Code.KEYS_OFF_BY_OTHERS: "see who switched the keys of {about} off, because apps still use them",
    Code.NOBODY_IS_TOLD: "set a topic, because nobody is told when a key ends",
    Code.NOBODY_LISTENS: "subscribe somebody to the announcements, because nobody listens",
    Code.ANNOUNCEMENTS_OUTSTANDING: "see why announcements about {about} are not accepted",
    Code.DELIVERIES_FAIL: "see why announcements do not arrive",
}
