"""What earlier acts say about one more: a repetition, a second leak, or one too many."""

from datetime import datetime, timedelta

import pytest

from lab.simulation.dates import at, days, hours, minutes
from shared.decide.limits import HOUR, is_repetition, kept_for, leaked_before, limit_hit
from shared.domain.acts import MANY, Act, Limits
from shared.domain.requests import KNOWN_IDS, RequestKind
from shared.domain.times import stamp

NOW = at(day=9)
LAG = hours(24)
NOTHING, MINUTE = timedelta(0), minutes(1)
LEAK, ROTATE = RequestKind.LEAK, RequestKind.ROTATE


def act(ago: timedelta = NOTHING, kind: RequestKind = ROTATE, about: str = "chat", id_: str = "one") -> Act:
    return act_at(NOW - ago, kind, about, id_)


def act_at(moment: datetime, kind: RequestKind = ROTATE, about: str = "chat", id_: str = "one") -> Act:
    return Act(stamp(moment), kind, about, id_)


def rotations(count: int, about: str = "chat", every: timedelta = MINUTE) -> list[Act]:
    """Return rotations with ids of their own, the last one `every` ago."""
    return [act(every * (count - number), about=about, id_=f"{about}-{number}") for number in range(count)]


def test_the_same_request_is_a_repetition_and_no_other_one() -> None:
    before = [act(minutes(5))]
    assert is_repetition(act(), before)
    assert not is_repetition(act(), [])
    for other in (act(id_="two"), act(kind=LEAK), act(about="search")):
        assert not is_repetition(other, before)


def test_a_request_is_a_repetition_only_as_long_as_the_target_knows_it() -> None:
    later = [act(minutes(4), id_=f"later-{number}") for number in range(KNOWN_IDS)]
    assert is_repetition(act(), [act(minutes(5)), *later[1:]])
    assert not is_repetition(act(), [act(minutes(5)), *later])
    elsewhere = [act(minutes(4), about="search", id_=f"{number}") for number in range(9)]
    assert is_repetition(act(), [act(minutes(5)), *elsewhere])


def test_a_few_ids_in_turn_do_not_go_on_for_ever() -> None:
    before: list[Act] = []
    for number in range(60):
        one = act(minutes(60 - number) / 2, LEAK, id_=f"{number % (KNOWN_IDS + 1)}")
        if not is_repetition(one, before):
            if limit_hit(one, before, Limits(per_target=20), LAG):
                break
            before.append(one)
    assert len(before) == 20


def test_an_earlier_leak_of_the_same_target_within_the_lag_makes_this_one_the_second() -> None:
    assert leaked_before(act(kind=LEAK), [act(hours(25), LEAK), act(hours(3), LEAK), act(hours(2), LEAK)], LAG) == (
        NOW - hours(2)
    )
    assert leaked_before(act(kind=LEAK), [act(LAG, LEAK)], LAG) is None
    assert leaked_before(act(kind=LEAK), [act(minutes(1), LEAK, about="search"), act(minutes(1))], LAG) is None


def test_one_target_has_its_own_limit() -> None:
    assert limit_hit(act(), rotations(4), Limits(per_target=5), LAG) is None
    hit = limit_hit(act(), rotations(5), Limits(per_target=5), LAG)
    assert hit is not None
    assert (hit.setting, hit.most) == ("ROTATION_REQUESTS_PER_TARGET", 5)
    assert limit_hit(act(about="search"), rotations(5), Limits(per_target=5), LAG) is None


def test_all_targets_together_have_a_limit() -> None:
    before = sorted(rotations(3) + rotations(3, "search"))
    hit = limit_hit(act(about="third"), before, Limits(in_all=6), LAG)
    assert hit is not None
    assert (hit.setting, hit.most) == ("ROTATION_REQUESTS_IN_ALL", 6)
    assert limit_hit(act(about="third"), before, Limits(in_all=7), LAG) is None


@pytest.mark.parametrize("count", [5, 6, 9])
def test_a_request_may_be_sent_again_at_the_moment_that_is_named_and_not_before(count: int) -> None:
    before = rotations(count, every=minutes(3))
    hit = limit_hit(act(), before, Limits(per_target=5), LAG)
    assert hit is not None
    assert NOW < hit.until <= NOW + HOUR
    assert limit_hit(act_at(hit.until), before, Limits(per_target=5), LAG) is None
    assert limit_hit(act_at(hit.until - timedelta(microseconds=1)), before, Limits(per_target=5), LAG) is not None


def test_the_limit_that_lasts_longer_is_named() -> None:
    before = [*rotations(1, "search", minutes(50)), *rotations(2, every=minutes(5))]
    both = limit_hit(act(), before, Limits(per_target=2, in_all=3), LAG)
    assert both is not None
    assert (both.setting, both.until) == ("ROTATION_REQUESTS_PER_TARGET", NOW + minutes(50))


def test_acts_of_an_hour_ago_do_not_count() -> None:
    assert limit_hit(act(), [act(HOUR, id_=f"{number}") for number in range(9)], Limits(per_target=1), LAG) is None


def test_a_first_leak_is_never_one_too_many_and_a_second_one_may_be() -> None:
    full = Limits(per_target=1, in_all=1)
    assert limit_hit(act(kind=LEAK), rotations(9), full, LAG) is None
    assert limit_hit(act(kind=LEAK), [*rotations(9), act(hours(23), LEAK, id_="before")], full, LAG) is not None


def test_a_short_lag_does_not_make_every_leak_the_first() -> None:
    assert kept_for(minutes(1)) == HOUR
    assert kept_for(days(3)) == days(3)
    before = [act(minutes(5), LEAK, id_="before")]
    assert leaked_before(act(kind=LEAK), before, minutes(1)) is None
    assert limit_hit(act(kind=LEAK), before, Limits(per_target=1), minutes(1)) is not None


def test_requests_for_many_count_in_all_and_for_no_target() -> None:
    many = rotations(9, MANY)
    assert limit_hit(act(about=MANY), many, Limits(per_target=1), LAG) is None
    assert limit_hit(act(about=MANY), many, Limits(in_all=9), LAG) is not None
    assert limit_hit(act(), many, Limits(per_target=1), LAG) is None
