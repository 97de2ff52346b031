"""A wait that Azure asked for: how long it counts, whom it concerns, and when a person should know."""

from datetime import UTC, datetime, timedelta

import pytest

from lab.simulation.builders import a_target
from shared.domain.throttle import Throttle

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WAIT = Throttle("/subscriptions/s", NOON, NOON + timedelta(minutes=10))


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_it_is_on_until_its_end_and_lapses_half_an_hour_later() -> None:
    assert WAIT.is_on(at(9.9))
    assert not WAIT.is_on(at(10))
    assert not WAIT.has_lapsed(at(40))
    assert WAIT.has_lapsed(at(40.1))


def test_waits_in_a_row_count_from_the_first_one_and_a_later_one_anew() -> None:
    assert WAIT.again(at(20), at(30)) == Throttle(WAIT.where, NOON, at(30))
    assert WAIT.again(at(41), at(50)) == Throttle(WAIT.where, at(41), at(50))


def test_an_answer_that_arrives_late_shortens_no_wait() -> None:
    assert WAIT.again(at(1), at(5)).until == at(10)


def test_after_an_hour_a_person_should_know_until_it_has_lapsed() -> None:
    wait = Throttle(WAIT.where, NOON, at(65))
    assert not wait.is_long(at(59))
    assert wait.is_long(at(60))
    assert wait.is_long(at(95))
    assert not wait.is_long(at(96))


@pytest.mark.parametrize(
    ("where", "covered"),
    [("subscription", True), ("account", True), ("vault", True), ("prefix", False), ("other", False)],
)
def test_it_concerns_the_targets_of_the_subscription_the_account_or_the_vault(where: str, covered: bool) -> None:
    target = a_target()
    account = str(target.account).casefold()
    things = {
        "subscription": f"/subscriptions/{target.account.subscription}".casefold(),
        "account": account,
        "vault": target.vault_url.casefold(),
        "prefix": account[:-1],
        "other": "https://topic.example/api/events",
    }
    assert Throttle(things[where], NOON, at(1)).covers(target) is covered
