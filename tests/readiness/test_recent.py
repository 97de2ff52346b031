"""An answer about one account is given again for five minutes, and new ones are made one after the other."""

import asyncio
from datetime import timedelta

import pytest

from lab.simulation.dates import minutes
from lab.simulation.stage import a_stage
from shared.domain.errors import TryLater
from shared.handlers.incoming import Incoming
from shared.handlers.readiness import see_readiness_of
from shared.readiness.recent import KEPT_FOR, MOST, RecentAnswers
from tests.support.surveys import NOW, FakeLogs, FakeReads, a_usage, surveying


class Maker:
    """Makes answers, and counts them."""

    made, under_way, most = 0, 0, 0

    async def __call__(self) -> int:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.made, self.under_way = self.made + 1, self.under_way - 1
        return self.made


async def test_who_asks_again_within_five_minutes_gets_the_same_answer() -> None:
    recent, make = RecentAnswers(), Maker()
    assert [await recent.of("chat", 1, NOW + minutes(number), make) for number in range(5)] == [1] * 5
    assert await recent.of("chat", 1, NOW + KEPT_FOR, make) == 2


@pytest.mark.parametrize("asked", [("other", 1, timedelta(0)), ("chat", 2, timedelta(0)), ("chat", 1, -minutes(1))])
async def test_another_account_a_changed_target_and_another_time_are_answered_anew(
    asked: tuple[str, int, timedelta],
) -> None:
    recent, make = RecentAnswers(), Maker()
    await recent.of("chat", 1, NOW, make)
    name, what, later = asked
    assert await recent.of(name, what, NOW + later, make) == 2


async def test_many_questions_are_answered_one_after_the_other() -> None:
    recent, make = RecentAnswers(), Maker()
    await asyncio.gather(*(recent.of(f"account {number % 10}", 1, NOW, make) for number in range(50)))
    assert (make.made, make.most) == (10, 1)


async def test_over_http_the_logs_are_asked_about_an_account_once_in_five_minutes() -> None:
    stage = a_stage()
    logs = FakeLogs({"chat": a_usage(until=stage.now)})
    app, reads = surveying(stage, logs), FakeReads().read_only
    for _ in range(4):
        answered = await see_readiness_of(app, reads, Incoming(name="chat"))
        assert answered.status == 200
    first = logs.queries
    stage.pass_time(KEPT_FOR)
    await see_readiness_of(app, reads, Incoming(name="chat"))
    assert logs.queries == 2 * first == 2


async def test_an_error_is_not_kept() -> None:
    recent = RecentAnswers()

    async def fail() -> int:
        raise TryLater("chat", "slow.")

    with pytest.raises(TryLater):
        await recent.of("chat", 1, NOW, fail)
    assert await recent.of("chat", 1, NOW, Maker()) == 1


async def test_what_is_kept_is_bounded() -> None:
    recent, make = RecentAnswers(), Maker()
    for number in range(MOST + 5):
        await recent.of(f"account {number}", 1, NOW, make)
    assert len(recent._kept) == MOST
