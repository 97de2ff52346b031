"""The sentence of every plan, word for word. People read it to learn why something was done or not."""

from dataclasses import replace
from datetime import datetime

import pytest

from lab.simulation.builders import (
    a_publication,
    a_target,
    an_account_id,
    an_observation,
    end_announced,
    marks,
    nothing_published,
    overlapping,
    reports_leak,
    wants_rotation,
)
from lab.simulation.dates import START, at, days
from shared.decide.policies import decide
from shared.domain.keys import KeySlot
from shared.domain.model import Adopt, Observation, Target
from shared.domain.publication import Marks, SecretState
from shared.domain.readiness import readiness_of, unknown
from shared.domain.requests import ArmRequest, AwaitedDeployment, DeploymentRequest, LeakedKey, Request
from shared.domain.told import Told, ToldDeadline
from shared.domain.usage import DayOfCalls, KeyCaller, Usage
from shared.domain.window import Window

QUIET = an_observation(a_publication())
OVERLAP = an_observation(a_publication(overlapping()))
ANNOUNCED = an_observation(a_publication(overlapping(told=end_announced(START + days(3)))))
BARE = replace(a_publication(), marks=None, provider=None, slot=None, endpoint=None)
FOREIGN = str(an_account_id("other"))
OFF = an_observation(a_publication(), key_auth=False, keys={})
USUAL, ENDING = a_target(), a_target(sunset=at(day=20))
OFFICE = a_target(window=Window.parse("Mon-Fri 09:00-16:00 Europe/Berlin"))
SUNSET_ANNOUNCED = an_observation(a_publication(marks(told=Told(origin=True, sunset=ToldDeadline(at(day=20))))))
USED = Usage(
    START - days(15), at(day=20), (DayOfCalls(at(day=19).date(), 7, 0),),
    (KeyCaller("203.0.113.*", "curl", 7, at(day=19), "payroll"),), more_callers=1, last_key_call=at(day=19),
)  # fmt: skip
UNTOLD = unknown("nothing was logged", "see the log")
KEYS_BACK = an_observation(replace(a_publication(marks(), value=None), state=SecretState.DISABLED), withdrawn=1)
CROWDED = replace(BARE, others={f"tag-{number}": "" for number in range(20)})

EARLIER = START - days(1)


SENTENCES = [
    (replace(OFF, off_by_sunset=True), START, USUAL, None,
     "Key authentication is off on the account, so the published key does not work any more."),
    (OFF, START, USUAL, None,
     "Somebody else switched keys off on the account. The published version stays for one overlap."),
    (nothing_published(key_auth=False, keys={}), START, USUAL, None,
     "Key authentication is off on the account and nothing is published."),
    (an_observation(a_publication(state=SecretState.DELETED, value=None)), START, USUAL, None,
     "Secret chat-key is deleted but can be recovered. Recover it, or purge it to start again."),
    (an_observation(a_publication(state=SecretState.DISABLED, value=None)), START, USUAL, None,
     "The latest version of secret chat-key is disabled. Enable it, or use another secret name."),
    (an_observation(a_publication(provider=FOREIGN)), START, USUAL, None,
     f"Secret chat-key belongs to another account, {FOREIGN}. Use another secret name."),
    (an_observation(BARE, key1="X"), START, USUAL, None,
     "Secret chat-key holds neither key of the account, and nothing shows that this app wrote it. Put one of "
     "the two keys there, or use another secret name."),
    (nothing_published(), START, USUAL, None,
     "Nothing is published yet. Key 1 is published as it is, and its period begins."),
    (nothing_published(), START, a_target(adopt=Adopt.ROTATE), None,
     "Nothing is published yet. This target begins with a fresh key 2."),
    (an_observation(BARE), START, USUAL, None,
     "The secret already holds key 1. Our tags are added to that version; no new one is written."),
    (an_observation(replace(BARE, slot=KeySlot.KEY1, validity=days(30))), START, USUAL, None,
     "The secret already holds key 1. Our tags are added to that version; no new one is written."),
    (an_observation(replace(BARE, slot=KeySlot.KEY1, validity=days(60))), START, USUAL, None,
     "The secret already holds key 1. Our tags are added to that version; no new one is written. Its tag "
     "ValidityPeriodDays says 60 days until the next rotation; this target's period is P30D."),
    (an_observation(replace(BARE, slot=KeySlot.KEY2)), START, USUAL, None,
     "The secret already holds key 1. Our tags are added to that version; no new one is written. Its tag CredentialId "
     "said key2; it is corrected."),
    (an_observation(a_publication(), key1="X"), at(day=9), USUAL, None,
     "The published key does not work: key 1 was regenerated outside this app. Its new value is published."),
    (OVERLAP, at(day=1), USUAL, reports_leak(LeakedKey.PREVIOUS), "The previous key, key 2, was reported as leaked."),
    (QUIET, at(day=1), USUAL, reports_leak(LeakedKey.PREVIOUS), "The previous key does not work any more."),
    (QUIET, at(day=1), USUAL, reports_leak(),
     "A leak was reported (live): a fresh key 2 is published and key 1 ends."),
    (SUNSET_ANNOUNCED, at(day=20), ENDING, None, "All keys end now, as announced for 2026-03-22."),
    (replace(SUNSET_ANNOUNCED, readiness=readiness_of(key_auth=True, takes_identity=True, usage=USED, without=UNTOLD)),
     at(day=20), ENDING, None,
     "All keys should have ended, but they are used by 2 callers. python -m cli readiness names them."),
    (replace(SUNSET_ANNOUNCED, readiness=UNTOLD), at(day=20), ENDING, None,
     "All keys should have ended, but whether they are used is unknown because nothing was logged."),
    (replace(SUNSET_ANNOUNCED, takes_identity=False), at(day=20), ENDING, None,
     "All keys should have ended, but the account cannot take an identity: it has no custom subdomain, so Azure "
     "refuses Entra tokens there. Nobody could call it any more."),
    (KEYS_BACK, at(day=21), ENDING, None,
     "Keys were switched on again after they had ended. Key 1 is published anew."),
    (QUIET, at(day=30), USUAL, None, "Key 1 has been live since 2026-03-02 09:00 UTC. Key 2 replaces it."),
    (an_observation(a_publication(), key2="N"), at(day=30), USUAL, None,
     "Key 2 was regenerated but not published: its turn was interrupted. It is proven and published now."),
    (ANNOUNCED, at(day=3), USUAL, None, "The overlap is over. Key 2, the previous key, is retired."),
    (OVERLAP, at(day=1), USUAL, wants_rotation(),
     "Key 2 may still be in use: it is promised to work until 2026-03-05 09:00:00 UTC."),
    (OVERLAP, at(day=3), USUAL, None, "The end of key 2 must be announced first, at least P1D before it happens."),
    (QUIET, at(day=33, hour=12), OFFICE, None,
     "Scheduled work waits for the window Mon,Tue,Wed,Thu,Fri 09:00-16:00 Europe/Berlin."),
    (QUIET, at(day=9), USUAL, None, "Key 1 is live. The next rotation is due on 2026-04-01 09:00:00 UTC."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "now", "target", "request_", "sentence"), SENTENCES, ids=[row[4] for row in SENTENCES]
)
def test_a_plan_explains_itself_in_a_sentence(
    seen: Observation, now: datetime, target: Target, request_: Request | None, sentence: str
):
    assert decide(seen, target, now, request_).why == sentence


def test_a_plan_says_how_many_tags_there_are_if_ours_do_not_fit():
    sentence = decide(an_observation(CROWDED), USUAL, START).why
    room = next(
        number
        for number in range(20, -1, -1)
        if decide(an_observation(replace(BARE, others=dict(list(CROWDED.others.items())[:number]))), USUAL, START).steps
    )
    assert sentence == f"Secret chat-key has 20 tags that are not ours; at most {room} fit. Remove some."


def test_a_plan_says_that_the_request_was_already_carried_out():
    seen = an_observation(a_publication(marks(request="r-1")))
    assert (
        decide(seen, USUAL, at(day=10), wants_rotation("r-1")).why
        == "This request was already carried out. Key 1 is live."
    )


# Requests.


def why(recorded: Marks, request: Request | None = None) -> str:
    return decide(an_observation(a_publication(recorded)), USUAL, at(day=1), request).why


def test_the_rest_of_a_leak_is_explained_with_both_keys():
    recorded = overlapping(leaked=True, until=START, request="l-1")
    assert (
        why(recorded, reports_leak())
        == "A fresh key 1 is published. Key 2, which was reported as leaked, still has to end."
    )
    assert why(recorded) == "Key 2, the previous key, was reported as leaked."


def test_a_late_report_is_answered_with_what_became_of_its_key():
    ended = "The key that was reported as leaked has already ended with a rotation."
    assert why(marks(), reports_leak(requested_at=EARLIER)) == ended
    assert why(overlapping(), reports_leak(LeakedKey.PREVIOUS, requested_at=EARLIER)) == ended
    assert (
        why(overlapping(), reports_leak(requested_at=EARLIER))
        == "Key 2 was live when it was reported as leaked. It ends."
    )


def test_an_outdated_request_is_answered_with_what_came_after_it():
    request = replace(wants_rotation(), requested_at=EARLIER)
    assert why(marks(), request) == "Key 1 was published after this request was made."
    late = DeploymentRequest(id="d-9", deployment=AwaitedDeployment("prod", deployed=START))
    sentence = why(marks(awaited=AwaitedDeployment("prod")), late)
    assert sentence == "Key 1 was published after that deployment to prod."


def test_a_leak_says_that_the_previous_key_ends_too_only_if_it_may_be_in_use():
    begins = "A leak was reported (live): a fresh key 2 is published and key 1 ends."
    also = " The value that key 2 holds now, which may still be in use, ends too."
    assert why(overlapping(), reports_leak()) == begins + also
    assert why(marks(), reports_leak()) == begins
    assert not why(overlapping(), reports_leak(LeakedKey.BOTH)).endswith(also)


def test_arming_says_that_the_latest_time_has_passed():
    sentence = "Key 1 is replaced without a deployment: the latest time for a deployment to prod passed."
    assert why(marks(), ArmRequest(id="a", deployment=AwaitedDeployment("prod", latest=at(day=1)))) == sentence


def test_a_deployment_during_the_overlap_says_what_the_rotation_waits_for():
    live = DeploymentRequest(id="d", deployment=AwaitedDeployment("prod", deployed=at(day=1)))
    sentence = (
        "The deployment to prod went live. Key 1 is due to be replaced, once key 2 is no longer promised to work."
    )
    assert why(overlapping(awaited=AwaitedDeployment("prod")), live) == sentence
