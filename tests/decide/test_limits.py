"""What earlier acts say about one more: a repetition, a second leak, or one too many."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lab.simulation.dates import at, days, hours, minutes
from shared.decide.limits import HOUR, Judgement, LimitHit, judged, kept_for
from shared.domain.acts import MANY, Act, Limits
from shared.domain.requests import KNOWN_IDS, RequestKind

NOW, LAG = at(day=9), hours(24)
LEAK, ROTATE = RequestKind.LEAK, RequestKind.ROTATE
NOTHING, MINUTE, INSTANT = timedelta(0), minutes(1), timedelta(microseconds=1)
COUNTS = Judgement()


def act(ago: timedelta = NOTHING, kind: RequestKind = ROTATE, about: str = "chat", id_: str = "now") -> Act:
    return Act(NOW - ago, kind, about, id_)


def confirmed(ago: timedelta = NOTHING, id_: str = "now", about: str = "chat") -> Act:
    return Act(NOW - ago, LEAK, about, id_, confirmed=True)


def rotations(count: int, about: str = "chat", every: timedelta = MINUTE) -> list[Act]:
    """Return rotations with ids of their own, the last one `every` ago."""
    return [act(every * (count - number), about=about, id_=f"{about}-{number}") for number in range(count)]


def judge(one: Act, before: list[Act], lag: timedelta = LAG, **limits: int) -> Judgement:
    return judged(one, before, Limits(**{"per_target": 100, "in_all": 100, **limits}), lag)


def hit(one: Act, before: list[Act], lag: timedelta = LAG, **limits: int) -> LimitHit:
    found = judge(one, before, lag, **limits).hit
    assert found is not None
    return found


def test_an_act_with_nothing_before_it_counts() -> None:
    for one in (act(), act(kind=LEAK), act(about=MANY)):
        assert judge(one, []) == COUNTS
        assert judge(one, []).counts


def test_the_same_request_is_a_repetition_and_no_other_one_is() -> None:
    before = [act(minutes(5))]
    assert judge(act(), before) == Judgement(repeated=True)
    assert not judge(act(), before).counts
    for other in (act(id_="two"), act(kind=LEAK), act(about="search")):
        assert judge(other, before) == COUNTS


def test_a_repetition_is_neither_a_second_leak_nor_one_too_many() -> None:
    assert judge(act(kind=LEAK), [act(minutes(5), LEAK)], per_target=1, in_all=1).repeated


def test_a_request_is_a_repetition_only_as_long_as_the_target_knows_it() -> None:
    later = [act(minutes(4), id_=f"later-{number}") for number in range(KNOWN_IDS)]
    assert judge(act(), [act(minutes(5)), *later[1:]]).repeated
    assert judge(act(), [act(minutes(5)), *later]) == COUNTS
    elsewhere = [act(minutes(4), about="search", id_=f"{number}") for number in range(9)]
    assert judge(act(), [act(minutes(5)), *elsewhere]).repeated


def test_a_few_ids_in_turn_have_a_limit() -> None:
    noted: list[Act] = []
    for number in range(100):
        one = confirmed(minutes(50) - number * timedelta(seconds=10), f"{number % (KNOWN_IDS + 1)}")
        noted += [one] if judge(one, noted, per_target=20).counts else []
    assert len(noted) == 20


def test_a_leak_after_another_of_the_same_target_within_the_lag_must_be_confirmed() -> None:
    before = [act(hours(3), LEAK, id_="1"), confirmed(hours(2), "2"), act(hours(1), ROTATE, id_="3")]
    assert judge(act(kind=LEAK), before) == Judgement(leaked_at=NOW - hours(2))
    assert not judge(act(kind=LEAK), before).counts
    assert judge(confirmed(), before) == COUNTS
    assert judge(act(kind=LEAK, about="search"), before) == COUNTS
    assert judge(act(), before) == COUNTS


def test_a_leak_after_the_lag_need_not_be_confirmed() -> None:
    assert judge(act(kind=LEAK), [act(LAG, LEAK, id_="before")]) == COUNTS
    assert judge(act(kind=LEAK), [act(LAG - INSTANT, LEAK, id_="before")]).leaked_at == NOW - LAG + INSTANT


def test_one_target_has_its_own_limit() -> None:
    assert judge(act(), rotations(4), per_target=5) == COUNTS
    found = hit(act(), rotations(5), per_target=5)
    assert found == LimitHit("ROTATION_REQUESTS_PER_TARGET", 5, NOW + minutes(55))
    assert not judge(act(), rotations(5), per_target=5).counts
    assert judge(act(about="search"), rotations(5), per_target=5) == COUNTS


def test_all_targets_together_have_a_limit() -> None:
    before = rotations(3) + rotations(3, "search", every=minutes(2))
    assert hit(act(about="third"), before, in_all=6) == LimitHit("ROTATION_REQUESTS_IN_ALL", 6, NOW + minutes(54))
    assert judge(act(about="third"), before, in_all=7) == COUNTS


def test_a_request_may_be_sent_again_at_the_moment_that_is_named_and_not_before() -> None:
    before = rotations(5, every=minutes(3))
    until = hit(act(), before, per_target=5).until
    assert judge(replace(act(), at=until), before, per_target=5) == COUNTS
    assert judge(replace(act(), at=until - INSTANT), before, per_target=5).hit is not None


def test_the_limit_that_lasts_longer_is_named() -> None:
    before = [*rotations(1, "search", minutes(50)), *rotations(2, every=minutes(5))]
    found = hit(act(), before, per_target=2, in_all=3)
    assert (found.setting, found.until) == ("ROTATION_REQUESTS_PER_TARGET", NOW + minutes(50))
    before = [*rotations(1, every=minutes(50)), *rotations(1, "search", minutes(5))]
    found = hit(act(), before, per_target=1, in_all=1)
    assert (found.setting, found.until) == ("ROTATION_REQUESTS_PER_TARGET", NOW + minutes(10))


def test_acts_of_an_hour_ago_do_not_count() -> None:
    assert judge(act(), [act(HOUR, id_="before")], per_target=1, in_all=1) == COUNTS
    assert hit(act(), [act(HOUR - INSTANT, id_="before")], per_target=1).until == NOW + INSTANT


def test_a_first_leak_is_never_one_too_many_and_a_second_one_may_be() -> None:
    assert judge(act(kind=LEAK), rotations(1), per_target=1, in_all=1) == COUNTS
    before = [act(hours(23), LEAK, id_="before"), *rotations(1)]
    for second in (act(kind=LEAK), confirmed()):
        assert hit(second, before, per_target=1).most == 1


def test_first_leaks_count_for_the_requests_after_them() -> None:
    leaks = [act(minutes(5), LEAK, f"target-{number}") for number in range(3)]
    assert hit(act(), leaks, in_all=3).setting == "ROTATION_REQUESTS_IN_ALL"


def test_a_short_lag_does_not_make_every_leak_the_first() -> None:
    assert kept_for(minutes(1)) == HOUR
    assert kept_for(days(3)) == days(3)
    before = [act(minutes(5), LEAK, id_="before")]
    assert judge(act(kind=LEAK), before, minutes(1)) == COUNTS
    assert hit(act(kind=LEAK), before, minutes(1), per_target=1).most == 1


def test_requests_for_many_count_in_all_and_for_no_target() -> None:
    many = rotations(5, MANY)
    assert judge(act(about=MANY), many, per_target=1) == COUNTS
    assert hit(act(about=MANY), many, in_all=5).setting == "ROTATION_REQUESTS_IN_ALL"
    assert judge(act(), many, per_target=1) == COUNTS


@pytest.mark.parametrize("refused", [act(minutes(2), LEAK, id_="now"), act(minutes(2), LEAK, id_="other")])
def test_a_leak_that_was_refused_for_want_of_a_confirmation_gives_nothing_although_its_note_is_there(
    refused: Act,
) -> None:
    before = [act(minutes(9), LEAK, id_="first"), refused]
    assert judge(act(kind=LEAK), before).leaked_at == NOW - minutes(9)
    assert judge(confirmed(), before, per_target=2) == COUNTS


def test_an_act_that_was_one_too_many_gives_and_takes_nothing_although_its_note_is_there() -> None:
    refused = act(MINUTE / 2)
    assert hit(act(), [*rotations(3), refused], per_target=3) == hit(act(), rotations(3), per_target=3)


def test_a_repetition_whose_note_is_still_there_is_not_counted_twice() -> None:
    before = [act(minutes(3), id_="one"), act(minutes(2), id_="one"), act(minutes(1), id_="one")]
    assert judge(act(), before, per_target=2) == COUNTS


def test_the_order_in_which_acts_are_listed_does_not_matter() -> None:
    before = rotations(5)
    assert hit(act(), before[::-1], per_target=5) == hit(act(), before, per_target=5)
