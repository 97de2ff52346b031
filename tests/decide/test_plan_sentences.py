"""The sentence of every plan, word for word: it is what a person reads who wonders why something was done, or not."""

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
from shared.domain.model import Adopt, Observation, Target
from shared.domain.publication import SecretState
from shared.domain.requests import LeakedKey, Request
from shared.domain.told import Told, ToldDeadline
from shared.domain.window import Window

QUIET = an_observation(a_publication())
OVERLAP = an_observation(a_publication(overlapping()))
ANNOUNCED = an_observation(a_publication(overlapping(told=end_announced(START + days(3)))))
BARE = replace(a_publication(), marks=None, provider=None, slot=None, endpoint=None)
FOREIGN = str(an_account_id("other"))
OFF = an_observation(a_publication(), key_auth=False, keys={})
USUAL, ENDING = a_target(), a_target(sunset=at(day=20))
OFFICE = a_target(window=Window.parse("Mon-Fri 09:00-16:00 Europe/Berlin"))
SETTING = an_observation(a_publication(marks(told=Told(origin=True, sunset=ToldDeadline(at(day=20))))))
CROWDED = replace(BARE, others={f"tag-{number}": "" for number in range(20)})

SENTENCES = [
    (OFF, START, USUAL, None, "Key authentication is off on the account, so the published key does not work any more."),
    (nothing_published(key_auth=False, keys={}), START, USUAL, None,
     "Key authentication is off on the account and nothing is published."),
    (an_observation(a_publication(state=SecretState.DELETED, value=None)), START, USUAL, None,
     "Secret chat-key is deleted but can be recovered. Recover it, or purge it to start again."),
    (an_observation(a_publication(state=SecretState.DISABLED, value=None)), START, USUAL, None,
     "The latest version of secret chat-key is disabled. Enable it, or use another secret name."),
    (an_observation(a_publication(provider=FOREIGN)), START, USUAL, None,
     f"Secret chat-key belongs to another account, {FOREIGN}. Use another secret name."),
    (an_observation(BARE, key1="X"), START, USUAL, None,
     "Secret chat-key holds neither key of the account, and no tag says what it is. Put one of the two keys there, or "
     "use another secret name."),
    (nothing_published(), START, USUAL, None,
     "Nothing is published yet. Key 1 is published as it is, and its period begins."),
    (nothing_published(), START, a_target(adopt=Adopt.ROTATE), None,
     "Nothing is published yet. This target begins with a fresh key 2."),
    (an_observation(BARE), START, USUAL, None,
     "The secret already holds key 1. Our tags are added to that version; no new one is written."),
    (an_observation(a_publication(), key1="X"), at(day=9), USUAL, None,
     "The published key does not work: key 1 was regenerated outside this app. Its new value is published."),
    (OVERLAP, at(day=1), USUAL, reports_leak(LeakedKey.PREVIOUS), "The previous key, key 2, was reported as leaked."),
    (QUIET, at(day=1), USUAL, reports_leak(LeakedKey.PREVIOUS), "The previous key does not work any more."),
    (QUIET, at(day=1), USUAL, reports_leak(),
     "A leak was reported (live): a fresh key 2 is published and key 1 ends."),
    (SETTING, at(day=20), ENDING, None, "All keys end now, as announced for 2026-03-22."),
    (replace(SETTING, key_calls=7), at(day=20), ENDING, None,
     "All keys should have ended, but calls with a key were counted: 7."),
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
def test_a_plan_says_why(seen: Observation, now: datetime, target: Target, request_: Request | None, sentence: str):
    assert decide(seen, target, now, request_).why == sentence


def test_a_secret_without_room_for_our_tags_says_how_many_there_are_and_how_many_there_may_be():
    said = decide(an_observation(CROWDED), USUAL, START).why
    room = next(
        number
        for number in range(20, -1, -1)
        if decide(an_observation(replace(BARE, others=dict(list(CROWDED.others.items())[:number]))), USUAL, START).steps
    )
    assert said == f"Secret chat-key has 20 tags that are not ours; at most {room} fit. Remove some."


def test_a_request_that_was_carried_out_says_so_instead_of_the_next_date():
    seen = an_observation(a_publication(marks(request="r-1")))
    assert (
        decide(seen, USUAL, at(day=10), wants_rotation("r-1")).why
        == "This request was already carried out. Key 1 is live."
    )


PRINTED = [
    (QUIET, at(day=9), "nothing-due: Key 1 is live. The next rotation is due on 2026-04-01 09:00:00 UTC. [no steps]"),
    (QUIET, at(day=30), "due: Key 1 has been live since 2026-03-02 09:00 UTC. Key 2 replaces it."
     " [regenerate key2, prove key2, publish key2 (rotated)]"),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "now", "text"), PRINTED)
def test_a_plan_is_printed_as_reason_sentence_and_steps(seen: Observation, now: datetime, text: str):
    assert str(decide(seen, USUAL, now)) == text
