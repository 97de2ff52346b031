"""The dates of a target as people are told them: a date that waits is not known, and does not slide with the clock."""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.announce.deadlines import DeadlineKind, deadlines
from shared.domain.orders import Hold, Orders, Trial
from shared.findings.dates import Date, dates_of
from shared.findings.status import TargetStatus, status_of
from shared.turns.report import Row
from tests.web.pages.fleets import NOW, a_row, a_target, facts_of, misconfigured


def status(row: Row) -> TargetStatus:
    return status_of(facts_of([row]), []).targets[0]


def of(row: Row) -> dict[DeadlineKind, Date]:
    return {one.kind: one for one in dates_of(status(row))}


def test_a_date_that_stands_is_the_one_that_everybody_is_told() -> None:
    row = a_row(a_target("chat", sunset=NOW + timedelta(days=90)), 1, until=NOW + timedelta(days=2))
    assert row.situation is not None
    told = {one.what: one.falls_at for one in deadlines(row.situation)}
    assert {kind: date.falls_at for kind, date in of(row).items()} == told
    assert [date.falls_at for date in dates_of(status(row))] == sorted(told.values())


def test_an_end_that_was_not_announced_in_time_is_not_known_and_says_when_it_was_to_be() -> None:
    until = NOW - timedelta(hours=1)
    date = of(a_row("chat", 5, until=until, announced=False))[DeadlineKind.RETIREMENT]
    assert (date.falls_at, date.was, date.announced) == (None, until, False)


def test_an_end_that_is_too_near_to_be_announced_is_not_known_either() -> None:
    until = NOW + timedelta(hours=20)
    date = of(a_row("chat", 2, until=until, announced=False))[DeadlineKind.RETIREMENT]
    assert (date.falls_at, date.was) == (None, until)


def test_an_end_that_was_announced_stands_also_when_it_is_near() -> None:
    until = NOW + timedelta(hours=20)
    date = of(a_row("chat", 2, until=until))[DeadlineKind.RETIREMENT]
    assert (date.falls_at, date.was, date.announced) == (until, None, True)


def test_a_sunset_that_waits_for_its_announcement_is_not_known() -> None:
    agreed = NOW - timedelta(hours=3)
    date = of(a_row(a_target("chat", sunset=agreed), announced=False))[DeadlineKind.SUNSET]
    assert (date.falls_at, date.was) == (None, agreed)


def test_a_rotation_that_comes_after_an_end_that_waits_is_not_known_and_one_much_later_is() -> None:
    until = NOW - timedelta(hours=1)
    due = of(a_row("chat", 31, until=until, announced=False))[DeadlineKind.ROTATION]
    later = of(a_row("chat", 5, until=until, announced=False))[DeadlineKind.ROTATION]
    assert (due.falls_at, due.was) == (None, NOW - timedelta(days=1))
    assert later.falls_at == NOW + timedelta(days=25)


def test_the_dates_of_a_target_that_is_misconfigured_are_those_known_last_and_held() -> None:
    found = dates_of(status(misconfigured("chat")))
    assert [(date.falls_at, date.was) for date in found] == [(None, NOW + timedelta(days=29))]


def test_a_new_key_after_the_end_of_all_keys_is_in_doubt() -> None:
    row = a_row(a_target("chat", sunset=NOW + timedelta(days=9)), 5)
    assert of(row)[DeadlineKind.ROTATION].says == "new key, if keys still work then"


def test_a_target_of_which_nothing_is_known_has_no_dates() -> None:
    assert dates_of(status(replace(a_row("chat"), situation=None))) == []


def test_no_date_of_the_future_is_before_now() -> None:
    dates: list[datetime | None] = [date.falls_at for date in dates_of(status(a_row("chat", 5)))]
    assert all(one is not None and one > NOW for one in dates)


def with_orders(row: Row, orders: Orders) -> Row:
    assert row.situation is not None
    return replace(row, situation=replace(row.situation, seen=replace(row.situation.seen, orders=orders)))


def test_a_date_that_a_hold_moves_is_known_and_says_that_it_comes_after_the_hold() -> None:
    hold = Hold(NOW + timedelta(days=60), "change freeze", "ada", NOW, "h-1")
    date = of(with_orders(a_row("chat", 1), Orders(hold=hold)))[DeadlineKind.ROTATION]
    assert (date.falls_at, date.was, date.held_until) == (hold.until, None, hold.until)
    assert date.says == "new key, after a hold"


def test_a_planned_trial_is_a_date_and_not_known_while_it_cannot_be_announced_in_time() -> None:
    far = Trial("t-1", "ada", "", NOW + timedelta(days=5), timedelta(hours=4))
    date = of(with_orders(a_row("chat", 1), Orders(far)))[DeadlineKind.TRIAL]
    assert (date.falls_at, date.says) == (far.starts, "a trial, 4 h without keys")
    near = replace(far, starts=NOW + timedelta(hours=1))
    date = of(with_orders(a_row("chat", 1), Orders(near)))[DeadlineKind.TRIAL]
    assert (date.falls_at, date.was) == (None, near.starts)
