"""Diagnostic settings are asked for a bounded number of accounts a day, in an order that reaches all of them."""

from datetime import timedelta

from lab.simulation.dates import days, hours
from shared.domain.model import AccountId
from shared.readiness.kept import AskedSettings
from shared.readiness.log_settings import MOST_ASKED, ask_settings, next_to_ask, silent_because
from tests.support.surveys import NOW, FakeReads, an_id

MANY = [an_id(f"account-{number:03}") for number in range(3 * MOST_ASKED)]


def asked(*accounts: AccountId, ago: timedelta) -> dict[str, AskedSettings]:
    return {str(one).casefold(): AskedSettings(NOW - ago, ()) for one in accounts}


async def test_no_more_than_the_bound_is_asked_in_a_day_and_all_are_within_some_days() -> None:
    reads, known = FakeReads(), dict[str, AskedSettings]()
    for day in range(3):
        moment = NOW + days(day)
        known, _ = await ask_settings(reads, MANY, known, moment)
        assert len(reads.asked) == MOST_ASKED * (day + 1)
        again, _ = await ask_settings(reads, MANY, known, moment + hours(5))
        assert (again, len(reads.asked)) == (known, MOST_ASKED * (day + 1))
    assert set(reads.asked) == {one.name for one in MANY}


def test_those_that_were_never_asked_come_first_and_then_the_oldest() -> None:
    known = asked(MANY[0], ago=days(3)) | asked(MANY[1], ago=days(5)) | asked(MANY[2], ago=hours(2))
    assert next_to_ask(MANY[:4], known, NOW) == [MANY[3], MANY[1], MANY[0]]


def test_those_that_were_asked_within_the_day_count_for_the_bound() -> None:
    known = asked(*MANY[: MOST_ASKED - 1], ago=hours(3))
    assert next_to_ask(MANY[MOST_ASKED:], known, NOW) == [MANY[MOST_ASKED]]


async def test_an_account_with_calls_is_forgotten_and_nobody_is_asked_without_a_port() -> None:
    known = asked(MANY[0], MANY[1], ago=days(2))
    found, problems = await ask_settings(None, MANY[:1], known, NOW)
    assert (set(found), problems) == ({str(MANY[0]).casefold()}, [])


def test_an_account_that_was_not_asked_yet_is_unknown() -> None:
    assert silent_because(MANY[0], None).says == "unknown because no call of any kind was logged"
