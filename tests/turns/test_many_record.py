"""The record of requests for many: what is written can be read, and what cannot be read counts as absent."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.simulation.builders import an_account_id
from lab.simulation.dates import START, days
from lab.simulation.stage import a_stage
from shared.domain.many import (
    Fate,
    ManyProgress,
    ManyRequest,
    ManyResult,
    ManyState,
    ManyTarget,
    ManyWord,
    failing_accounts,
    request_of_many,
)
from shared.domain.requests import LeakedKey, LeakRequest, RotateRequest
from shared.turns.many import ManyRecord, many_id, read_request, request_text
from shared.turns.message import Message, read_message

A, B, C = (ManyTarget(name, an_account_id(name)) for name in ("a1", "b1", "c1"))
ID = many_id("ada", "key")


def a_request(leak: bool = False, targets: tuple[ManyTarget, ...] = (A, B, C)) -> ManyRequest:
    kind = LeakRequest(key=LeakedKey.BOTH, by="ada") if leak else RotateRequest(by="ada", reason="why")
    return ManyRequest(ID, type(kind)(**{**vars(kind), "requested_at": START}), START, "mark", targets)


def result(word: ManyWord, target: ManyTarget, minute: int = 0, *, own: bool = False) -> ManyResult:
    return ManyResult(word, target.hash, START + timedelta(minutes=minute), own)


def tried(target: ManyTarget, *minutes: int, own: bool = False) -> tuple[ManyResult, ...]:
    return tuple(result(ManyWord.TRIED, target, minute, own=own) for minute in minutes)


@pytest.mark.parametrize("leak", [False, True])
def test_a_request_reads_back_as_it_was_written(leak: bool) -> None:
    assert read_request(ID, request_text(a_request(leak))) == a_request(leak)


@given(st.text() | st.sampled_from(["{}", "[]", "null", '{"message": 1}', '{"message": "{}", "targets": []}']))
def test_what_is_no_request_reads_as_none(text: str) -> None:
    assert read_request(ID, text) is None


@given(
    st.builds(
        ManyResult,
        st.sampled_from(ManyWord),
        st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
        st.datetimes(min_value=START.replace(tzinfo=None), timezones=st.just(START.tzinfo)).filter(
            lambda moment: moment.year < 2190
        ),
        st.booleans(),
    )
    | st.builds(
        ManyResult, st.just(ManyWord.DONE), st.just("0" * 64), st.just(START), st.just(False), refused=st.booleans()
    )
)
def test_a_result_reads_back_from_its_name(one: ManyResult) -> None:
    assert ManyResult.read(one.text()) == one


def test_the_id_of_a_request_for_one_account_leads_back_and_no_other_one_does() -> None:
    many = a_request()
    assert request_of_many(many.for_one()) == ID
    assert request_of_many(RotateRequest(id=ID)) is None
    assert request_of_many(None) is None


def test_a_message_keeps_the_moment_of_the_request_and_not_that_of_its_queueing() -> None:
    message = Message("a1", START + days(1), A.account, request=a_request(leak=True).for_one())
    read = read_message(message.text().encode())
    assert read == message
    assert read.request is not None
    assert read.request.requested_at == START
    assert not read.is_to_be_kept(START + days(1)), "ticks queue it again"


def test_three_failures_of_three_ticks_are_a_failed_account_and_a_repeated_delivery_counts_once() -> None:
    assert ManyProgress(a_request(), tried(A, 1, 2)).fate(A) is Fate.OPEN
    assert ManyProgress(a_request(), (*tried(A, 1, 2), *tried(A, 2))).fate(A) is Fate.OPEN
    assert ManyProgress(a_request(), tried(A, 1, 2, 3)).fate(A) is Fate.FAILED
    done = (*tried(A, 1, 2, 3), result(ManyWord.DONE, A, 2))
    assert ManyProgress(a_request(), done).fate(A) is Fate.DONE


def test_only_failures_that_others_may_share_and_of_accounts_that_are_not_done_count_for_the_pause() -> None:
    results = (*tried(A, 1), *tried(B, 1, own=True), *tried(C, 1), result(ManyWord.DONE, C, 2))
    assert failing_accounts(results) == 1


@pytest.mark.parametrize(
    ("results", "more", "state"),
    [
        ((), {}, ManyState.RUNNING),
        (tried(A, 1), {}, ManyState.PAUSED),
        (tried(A, 1, own=True), {}, ManyState.RUNNING),
        (tried(A, 1), {"stopped_at": START}, ManyState.STOPPED),
        ((), {"ended_at": START}, ManyState.ENDED),
        ((*tried(A, 1, 2, 3), *tried(B, 1, 2, 3), *tried(C, 1, 2, 3)), {}, ManyState.ENDED),
        (tuple(result(ManyWord.DONE, one) for one in (A, B, C)), {"stopped_at": START}, ManyState.DONE),
    ],
)
def test_the_state_follows_from_what_was_noted(results: tuple[ManyResult, ...], more: dict, state: ManyState) -> None:
    assert ManyProgress(a_request(), results, **more).state(START + timedelta(hours=1), brake=0) is state


def test_a_leak_does_not_pause_and_ends_after_seven_days() -> None:
    progress = ManyProgress(a_request(leak=True), (*tried(A, 1), *tried(B, 1)))
    assert progress.state(START + days(6.9), brake=0) is ManyState.RUNNING
    assert progress.state(START + days(7), brake=0) is ManyState.ENDED


async def test_the_first_of_two_requests_with_one_id_stays() -> None:
    notes = a_stage().rotation().outside.notes
    record = ManyRecord(notes)
    assert await record.add(a_request())
    assert not await record.add(a_request(leak=True))
    found = await record.find(ID)
    assert found is not None
    assert not found.request.is_leak


async def test_old_requests_go_a_few_notes_at_a_time_and_their_end_goes_last() -> None:
    notes = a_stage().rotation().outside.notes
    record, later = ManyRecord(notes), START + days(40)
    await record.add(a_request())
    for target in (A, B, C):
        await record.put(ID, target, result(ManyWord.DONE, target), {})
    await record.stop(ID, "ada", START)
    await record.end(ID, START)
    left: list[int] = []
    for _ in range(4):
        assert not [one for one in await record.heads() if one.there and one.ended_at is None], "it does not begin anew"
        await record.remove_old(await record.heads(), later, most=2)
        left.append(len(await notes.names("rotation")))
    assert left == [4, 0, 0, 0]


async def test_notes_that_nobody_can_read_count_as_absent() -> None:
    notes = a_stage().rotation().outside.notes
    for name in (ID, f"{ID}/stopped/never", "y/odd"):
        await notes.add(f"rotations/{name}", "nonsense")
    await notes.add(f"rotation-results/{ID}/odd/name", "nonsense")
    record = ManyRecord(notes)
    assert await record.find(ID) is None
    assert await record.results(ID) == []
    assert {head.id: head.there for head in await record.heads()} == {ID: True, "y": False}
