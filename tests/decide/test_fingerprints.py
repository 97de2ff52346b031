"""A report that names the leaked key's fingerprint ends exactly that key, or nothing."""

from dataclasses import replace

import pytest

from lab.simulation.builders import (
    KEY1,
    KEY2,
    a_publication,
    a_target,
    an_account_id,
    an_observation,
    mark,
    overlapping,
)
from lab.simulation.dates import START, days, hours
from shared.decide.leaked_keys import with_values
from shared.decide.plan import Plan, Reason
from shared.decide.policies import decide
from shared.decide.steps import Mark, Publish, Regenerate, Watch
from shared.domain.keys import KeySlot
from shared.domain.model import ForeignVersion, Observation, Target
from shared.domain.publication import Publication, SecretState
from shared.domain.requests import LeakedKey, LeakRequest

NOW = START + days(1)
SEEN = an_observation(a_publication(overlapping()))  # key 1 is A and live; key 2 is B, the previous key
LIVE, PREVIOUS, BOTH = LeakedKey


def reported(value: str, key: LeakedKey | None = None, **facts: object) -> LeakRequest:
    return replace(LeakRequest(key=key, fingerprint=mark(value), id="r1"), **facts)


def plan(request: LeakRequest, seen: Observation = SEEN, target: Target | None = None) -> Plan:
    return decide(seen, target or a_target(), NOW, request)


def ended(plan: Plan) -> list[object]:
    """Return the slots that end, which are those that are watched."""
    return list(dict.fromkeys(step.slot for step in plan.steps if isinstance(step, Watch)))


@pytest.mark.parametrize(("value", "slot"), [("A", KEY1), ("B", KEY2)])
@pytest.mark.parametrize("word", [False, True])
def test_a_fingerprint_that_is_in_either_slot_ends_exactly_that_key(value: str, slot: object, word: bool) -> None:
    key = {"A": LIVE, "B": PREVIOUS}[value] if word else None
    found = plan(reported(value, key))
    assert (found.reason, ended(found), found.leaked) == (Reason.LEAKED, [slot], {mark(value)})


def test_both_with_a_fingerprint_ends_both() -> None:
    assert plan(reported("B", BOTH)).leaked == {mark("A"), mark("B")}


@pytest.mark.parametrize(("value", "key"), [("B", LIVE), ("A", PREVIOUS), ("C", LIVE), ("C", None), ("C", BOTH)])
def test_a_fingerprint_of_another_key_than_the_word_means_changes_nothing_and_the_answer_says_which_are_there(
    value: str, key: LeakedKey | None
) -> None:
    found = plan(reported(value, key))
    assert (found.reason, found.steps, found.is_held) == (Reason.WHICH_KEY, (), True)
    assert f"key 1 has {mark('A')}, key 2 has {mark('B')}" in found.why


@pytest.mark.parametrize(
    "seen",
    [an_observation(), an_observation(a_publication(overlapping(), value=mark("Z"), marks=None))],
    ids=["nothing published", "drifted"],
)
def test_a_mistaken_report_is_refused_before_anything_else_is_done(seen: Observation) -> None:
    assert plan(reported("C"), seen).reason is Reason.WHICH_KEY


def test_a_report_that_was_carried_out_before_is_done_although_its_key_is_gone() -> None:
    made_by_it = a_publication(overlapping(request="r1"))
    found = plan(reported("C", LIVE), an_observation(made_by_it))
    assert found.reason is Reason.ALREADY_DONE


def test_a_report_that_waited_while_the_keys_changed_places_ends_the_key_that_it_names() -> None:
    found = plan(reported("B", LIVE, requested_at=START - hours(1)))
    assert (found.reason, ended(found)) == (Reason.LEAKED, [KEY2])


def test_a_turn_goes_by_the_value_once_it_has_seen_it() -> None:
    request = with_values(reported("A", LIVE), SEEN)
    assert isinstance(request, LeakRequest)
    assert request.values == {mark("A")}
    assert with_values(reported("C", LIVE), SEEN) == reported("C", LIVE)
    assert with_values(None, SEEN) is None


FOREIGN = replace(a_publication(), value=mark("X"), marks=None)  # neither key, and its tags show nothing
ANOTHERS = an_observation(a_publication(overlapping(), provider=str(an_account_id("another"))), key1="C", key2="D")


@pytest.mark.parametrize(
    ("seen", "target"),
    [
        (ANOTHERS, a_target()),
        (replace(ANOTHERS, publication=None), a_target(publishes=False)),
        (replace(ANOTHERS, publication=FOREIGN), a_target()),
        (replace(ANOTHERS, publication=replace(FOREIGN, provider=None, slot=None)), a_target()),
    ],
    ids=["published by another account", "claimed by another account", "a value with our name", "a value of somebody"],
)
def test_a_key_ends_by_its_fingerprint_where_the_secret_is_another_accounts_and_nothing_is_published(
    seen: Observation, target: Target
) -> None:
    found = plan(reported("D"), seen, target)
    assert found.steps == (Watch(KEY2), Regenerate(KEY2), Watch(KEY2))
    assert not any(isinstance(step, Publish) for step in found.steps)
    changed = replace(seen, keys={KEY1: mark("C"), KEY2: mark("E")})
    again = plan(reported("D", values=frozenset({mark("D")})), changed, target)
    assert again.reason is Reason.ALREADY_DONE
    for request in (LeakRequest(key=LIVE), LeakRequest(key=BOTH)):
        by_word = plan(request, seen, target)
        assert by_word.reason is Reason.PERSON_MUST_LOOK
        assert f"key 2 has {mark('D')}" in by_word.why
    assert plan(reported("A", LIVE), seen, target).reason is Reason.WHICH_KEY


def test_nothing_but_a_leak_is_done_where_the_secret_is_claimed_by_another_account() -> None:
    for seen in (an_observation(), SEEN):
        assert decide(seen, a_target(publishes=False), NOW).reason is Reason.PERSON_MUST_LOOK


def test_a_key_does_not_end_without_a_publication_where_the_secret_cannot_be_read_or_holds_one_of_the_keys() -> None:
    for state in (SecretState.DISABLED, SecretState.DELETED):
        unreadable = replace(SEEN, publication=replace(FOREIGN, state=state, value=None))
        assert plan(reported("A"), unreadable).reason is Reason.PERSON_MUST_LOOK
    unmarked = replace(SEEN, publication=replace(FOREIGN, value=mark("A")))
    assert plan(reported("A"), unmarked).reason is Reason.ADOPT_IN_PLACE


def test_a_key_ends_without_a_publication_if_a_dead_value_was_written_over_ours_and_the_secret_is_contested() -> None:
    def reason(value: str, *, publishes: bool) -> Reason:
        seen = replace(SEEN, foreign=ForeignVersion(mark(value), again=False))
        return plan(reported("A"), seen, a_target(publishes=publishes)).reason

    assert reason("X", publishes=False) is Reason.LEAKED
    assert reason("B", publishes=False) is Reason.PERSON_MUST_LOOK
    assert reason("X", publishes=True) is Reason.OVERWRITTEN


# Reported by resource id: nobody listed who else claims the secret.

UNLISTED = a_target(alone=False)


@pytest.mark.parametrize(
    "publication",
    [None, FOREIGN, replace(FOREIGN, state=SecretState.DELETED, value=None)],
    ids=["none", "foreign", "deleted"],
)
def test_without_a_listing_a_key_ends_and_nothing_is_published_where_the_secret_is_not_seen_to_be_its_own(
    publication: Publication | None,
) -> None:
    found = plan(reported("B"), replace(SEEN, publication=publication), UNLISTED)
    assert found.steps == (Watch(KEY2), Regenerate(KEY2), Watch(KEY2))


@pytest.mark.parametrize("own", [SEEN.publication, replace(FOREIGN, value=mark("A"), provider=None, slot=None)])
def test_without_a_listing_a_secret_that_holds_our_marks_or_a_key_of_the_account_is_published_as_ever(
    own: Publication,
) -> None:
    """Otherwise consumers of the vault would hold a dead key until the next check."""
    for request in (reported("A"), LeakRequest(key=LIVE)):
        found = plan(request, replace(SEEN, publication=own), UNLISTED)
        assert found == plan(request, replace(SEEN, publication=own))
        assert any(isinstance(step, Publish | Mark) for step in found.steps)


@pytest.mark.parametrize(("word", "slots"), [(LIVE, {KEY1}), (PREVIOUS, {KEY2}), (BOTH, {KEY1, KEY2})])
def test_before_the_adoption_a_word_means_the_key_that_it_would_mean_after_it(
    word: LeakedKey, slots: set[KeySlot]
) -> None:
    found = plan(LeakRequest(key=word), replace(SEEN, publication=None), UNLISTED)
    assert {step.slot for step in found.steps if isinstance(step, Regenerate)} == slots
    assert not any(isinstance(step, Publish) for step in found.steps)


def test_without_a_listing_nothing_is_published_where_a_key_was_put_into_anothers_secret() -> None:
    """Who holds a leaked key could write it there, and read its successor."""
    put = replace(SEEN, publication=replace(FOREIGN, value=mark("A"), provider=None, slot=None), anothers=True)
    assert plan(reported("A"), put, UNLISTED).steps == (Watch(KEY1), Regenerate(KEY1), Watch(KEY1))
    assert plan(LeakRequest(key=LIVE), put, UNLISTED).reason is Reason.PERSON_MUST_LOOK


def test_without_a_listing_a_word_ends_no_key_where_a_dead_value_was_written_over_ours() -> None:
    seen = replace(SEEN, foreign=ForeignVersion(mark("X"), again=False))
    assert plan(reported("A"), seen, UNLISTED).reason is Reason.LEAKED
    found = plan(LeakRequest(key=LIVE), seen, UNLISTED)
    assert found.reason is Reason.PERSON_MUST_LOOK
    assert "nobody looked whether another account claims it" in found.why
    assert f"key 1 has {mark('A')}" in found.why
