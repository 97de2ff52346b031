"""Proof: how long a key is asked about, when that is enough, and in which words an operator hears that it was not."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from lab.simulation.builders import a_target
from lab.simulation.dates import START, minutes
from shared.domain.errors import LeaseLost, ProofFailed, ProofImpossible
from shared.domain.model import ProofPolicy
from shared.ports import Answer, KeyAttempt
from shared.turns.proof import Proof, prove
from tests.support.oracle import CLOSED, KEY, NO, OFF, SILENCE, WHERE, YES, Account

PREFERRED = a_target(proof=ProofPolicy.PREFER)


async def proven(account: Account, target=None) -> Proof:
    return await prove(KEY, WHERE, target or a_target(), account, account, account)


async def how_often(answers: Iterable[KeyAttempt]) -> list[float]:
    """The seconds at which a key that is proven in the end was asked about."""
    account = Account(list(answers))
    assert (await proven(account)).proven
    return account.asked


# Enough.


async def test_two_acceptances_in_a_row_are_proof_without_a_pause_between_them():
    assert await how_often([YES]) == [0, 0]


async def test_the_proof_says_what_the_endpoint_said():
    assert await proven(Account([YES])) == Proof(True, "200")


async def test_a_refusal_between_two_acceptances_begins_the_count_anew():
    assert await how_often([YES, NO, YES, YES]) == [0, 0, 0.25, 0.25]


async def test_a_key_that_is_slow_to_be_valid_is_asked_about_with_growing_pauses_of_eight_seconds_at_most():
    seconds = await how_often([NO] * 9 + [YES])
    assert seconds == [0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 23.75, 31.75, 39.75, 39.75]


async def test_a_pause_that_the_endpoint_asks_for_is_kept_and_none_after_it_is_shorter_than_that_or_eight_seconds():
    busy = KeyAttempt(Answer.UNCLEAR, "429", retry_after=timedelta(seconds=20))
    assert await how_often([busy, NO, YES]) == [0, 20, 28, 28]


async def test_a_pause_asked_for_that_is_shorter_than_ours_changes_nothing():
    hasty = KeyAttempt(Answer.UNCLEAR, "429", retry_after=timedelta(seconds=0.1))
    assert await how_often([NO, hasty, YES]) == [0, 0.25, 0.75, 0.75]


# Not enough.


async def test_after_ninety_seconds_of_refusals_the_key_counts_as_refused():
    account = Account([NO])
    with pytest.raises(ProofFailed):
        await proven(account)
    assert 82 < account.asked[-1] <= 90
    assert account.now() <= START + minutes(1.5)


async def test_an_answer_in_the_very_last_moment_of_the_patience_still_counts():
    exactly = KeyAttempt(Answer.UNCLEAR, "429", retry_after=timedelta(seconds=90))
    assert await how_often([exactly, YES]) == [0, 90, 90]


async def test_a_pause_that_would_outlast_the_patience_is_not_begun():
    account = Account([KeyAttempt(Answer.UNCLEAR, "429", retry_after=timedelta(seconds=91)), YES])
    with pytest.raises(ProofFailed):
        await proven(account)
    assert account.asked == [0]


@pytest.mark.parametrize("answer", [OFF, CLOSED])
async def test_an_answer_that_no_patience_changes_ends_it_at_once(answer: KeyAttempt):
    account = Account([answer])
    with pytest.raises(ProofImpossible):
        await proven(account)
    assert account.asked == [0]


async def test_a_turn_that_loses_its_target_stops_asking():
    account = Account([NO], lost_after=3)
    with pytest.raises(LeaseLost):
        await proven(account)
    assert len(account.asked) == 3


SENTENCES = [
    (
        "refused to the end",
        [NO],
        ProofFailed,
        f"chat: {WHERE} refused the key that was about to be published (401). Next step: check that the function can"
        " reach the account's endpoint; the next tick tries again.",
    ),
    (
        "no answer to the end",
        [SILENCE],
        ProofFailed,
        f"chat: {WHERE} did not judge the key that was about to be published (no answer). Next step: check that the"
        " function can reach the account's endpoint; the next tick tries again.",
    ),
    (
        "the network is closed",
        [CLOSED],
        ProofImpossible,
        f"chat: {WHERE} did not judge the key that was about to be published (403, network). Next step: let the"
        " function's network reach the account's endpoint, or set proof to prefer for this target.",
    ),
    (
        "keys are off there",
        [OFF],
        ProofImpossible,
        f"chat: {WHERE} refused the key that was about to be published (403, keys). Next step: let the function's"
        " network reach the account's endpoint, or set proof to prefer for this target.",
    ),
    (
        "refused, then no answer: the refusal is what is known",
        [NO, SILENCE],
        ProofFailed,
        f"chat: {WHERE} refused the key that was about to be published (401). Next step: check that the function can"
        " reach the account's endpoint; the next tick tries again.",
    ),
    (
        "accepted once, then no answer: nothing is known",
        [YES, SILENCE],
        ProofFailed,
        f"chat: {WHERE} did not judge the key that was about to be published (no answer). Next step: check that the"
        " function can reach the account's endpoint; the next tick tries again.",
    ),
]


@pytest.mark.parametrize(("answers", "kind", "text"), [row[1:] for row in SENTENCES], ids=[row[0] for row in SENTENCES])
async def test_what_was_not_proven_is_said_with_the_endpoint_its_answer_and_the_next_step(
    answers: list[KeyAttempt], kind: type[ProofFailed], text: str
):
    with pytest.raises(ProofFailed) as error:
        await proven(Account(list(answers)))
    assert type(error.value) is kind
    assert str(error.value) == text


# Where proof is only preferred.


@pytest.mark.parametrize("answer", [CLOSED, SILENCE])
async def test_where_proof_is_only_preferred_a_key_that_nobody_judged_goes_on_and_says_so(answer: KeyAttempt):
    proof = await proven(Account([answer]), PREFERRED)
    assert proof == Proof(False, f"proof was impossible: {answer.detail}")


@pytest.mark.parametrize("answer", [NO, OFF])
async def test_a_key_that_was_refused_is_not_published_whatever_is_preferred(answer: KeyAttempt):
    with pytest.raises(ProofFailed):
        await proven(Account([answer]), PREFERRED)
