"""Proofs: how long a key is tried, when it counts as proven, and which error says that it was not."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from lab.simulation.builders import a_target
from lab.simulation.dates import START, minutes
from shared.domain.errors import LeaseLost, ProofFailed, ProofImpossible, Throttled
from shared.domain.model import ProofPolicy
from shared.ports import Answer, KeyAttempt
from shared.turns.proof import Proof, prove
from tests.support.oracle import CLOSED, KEY, NO, OFF, SILENCE, WHERE, YES, Account

PREFERRED = a_target(proof=ProofPolicy.PREFER)


async def proven(account: Account, target=None) -> Proof:
    return await prove(KEY, WHERE, target or a_target(), account, account, account)


async def times_of_trials(answers: Iterable[KeyAttempt]) -> list[float]:
    """Return the seconds at which a key was tried that is proven in the end."""
    account = Account(list(answers))
    assert (await proven(account)).proven
    return account.asked


# Proven.


async def test_two_acceptances_in_a_row_without_a_pause_are_a_proof():
    assert await times_of_trials([YES]) == [0, 0]


async def test_the_proof_holds_the_answer_of_the_endpoint():
    assert await proven(Account([YES])) == Proof(True, "200")


async def test_a_refusal_between_two_acceptances_restarts_the_count():
    assert await times_of_trials([YES, NO, YES, YES]) == [0, 0, 0.25, 0.25]


async def test_a_key_that_is_not_valid_yet_is_tried_with_growing_pauses_of_at_most_eight_seconds():
    seconds = await times_of_trials([NO] * 9 + [YES])
    assert seconds == [0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 23.75, 31.75, 39.75, 39.75]


async def test_a_pause_that_the_endpoint_asks_for_is_kept_and_the_next_ones_are_eight_seconds():
    busy = KeyAttempt(Answer.UNCLEAR, "429", retry_after=timedelta(seconds=20))
    assert await times_of_trials([busy, NO, YES]) == [0, 20, 28, 28]


async def test_a_pause_that_the_endpoint_asks_for_changes_nothing_if_ours_is_longer():
    hasty = KeyAttempt(Answer.UNCLEAR, "429", retry_after=timedelta(seconds=0.1))
    assert await times_of_trials([NO, hasty, YES]) == [0, 0.25, 0.75, 0.75]


# Not proven.


async def test_after_ninety_seconds_of_refusals_the_key_counts_as_refused():
    account = Account([NO])
    with pytest.raises(ProofFailed):
        await proven(account)
    assert 82 < account.asked[-1] <= 90
    assert account.now() <= START + minutes(1.5)


async def test_an_answer_at_the_end_of_the_patience_still_counts():
    exactly = KeyAttempt(Answer.UNCLEAR, "429", retry_after=timedelta(seconds=90))
    assert await times_of_trials([exactly, YES]) == [0, 90, 90]


async def test_a_pause_that_is_longer_than_the_patience_is_not_begun():
    account = Account([KeyAttempt(Answer.UNCLEAR, "429", retry_after=timedelta(seconds=91)), YES])
    with pytest.raises(Throttled) as error:
        await proven(account)
    assert account.asked == [0]
    assert error.value.until == START + timedelta(seconds=91)
    assert error.value.where == str(a_target().account).casefold()


@pytest.mark.parametrize("answer", [OFF, CLOSED])
async def test_the_proof_fails_immediately_if_no_later_answer_can_differ(answer: KeyAttempt):
    account = Account([answer])
    with pytest.raises(ProofImpossible):
        await proven(account)
    assert account.asked == [0]


async def test_a_turn_that_loses_its_lease_stops_trying():
    account = Account([NO], lost_after=3)
    with pytest.raises(LeaseLost):
        await proven(account)
    assert len(account.asked) == 3


SENTENCES = [
    (
        "always refused",
        [NO],
        ProofFailed,
        f"chat: {WHERE} refused the key that was about to be published (401). Next step: check that the function can"
        " reach the account's endpoint; the next tick tries again.",
    ),
    (
        "never an answer",
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
        "refused, then no answer: the refusal counts",
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
async def test_the_error_names_the_endpoint_its_answer_and_the_next_step(
    answers: list[KeyAttempt], kind: type[ProofFailed], text: str
):
    with pytest.raises(ProofFailed) as error:
        await proven(Account(list(answers)))
    assert type(error.value) is kind
    assert str(error.value) == text


# With the policy `prefer`.


@pytest.mark.parametrize("answer", [CLOSED, SILENCE])
async def test_with_prefer_a_key_that_was_not_judged_passes_as_unproven(answer: KeyAttempt):
    proof = await proven(Account([answer]), PREFERRED)
    assert proof == Proof(False, f"proof was impossible: {answer.detail}")


@pytest.mark.parametrize("answer", [NO, OFF])
async def test_with_prefer_a_refused_key_still_fails(answer: KeyAttempt):
    with pytest.raises(ProofFailed):
        await proven(Account([answer]), PREFERRED)
