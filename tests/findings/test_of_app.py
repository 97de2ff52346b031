"""What is found about the app itself: its settings, its checks, and the leaks on record."""

from dataclasses import replace

from lab.simulation.builders import an_account_id
from lab.simulation.dates import hours, minutes
from shared.domain.requests import LeakRequest
from shared.findings.codes import Code, Urgency
from shared.findings.facts import Checks
from shared.turns.message import Message
from tests.support.facts import NOW, SETTINGS, a_row, codes_of, facts_of, found_in, status_in

EVERY = minutes(10)


def checked(before) -> Checks:
    return Checks(NOW - before, EVERY)


def test_checks_that_run_are_no_finding() -> None:
    assert codes_of(facts_of(checks=checked(minutes(20)))) == []


def test_checks_are_late_after_two_pauses_and_need_a_person_after_an_hour() -> None:
    [late] = found_in(facts_of(checks=checked(minutes(21))))
    [stopped] = found_in(facts_of(checks=checked(minutes(61))))
    assert (late.code, late.urgency) == (Code.CHECKS_LATE, Urgency.WATCH)
    assert (stopped.code, stopped.urgency) == (Code.CHECKS_LATE, Urgency.TO_DO)
    assert stopped.says == "The last check was 61 min ago; one is due every 10 min."


def test_a_rare_schedule_is_late_after_its_own_pauses() -> None:
    daily = Checks(NOW - hours(30), hours(24))
    assert codes_of(facts_of(checks=daily)) == []
    assert codes_of(facts_of(checks=replace(daily, last_at=NOW - hours(49)))) == ["checks-late"]


def test_an_app_that_never_checked_is_watched_unless_all_was_observed_just_now() -> None:
    [never] = found_in(facts_of(checks=Checks()))
    assert (never.code, never.urgency) == (Code.CHECKS_LATE, Urgency.WATCH)
    assert codes_of(facts_of(checks=Checks(), observed=True)) == []


def test_a_fleet_assessed_from_a_listing_is_a_finding_only_if_it_was_to_be_observed() -> None:
    row = replace(a_row(), presumed=True, shown_at=NOW)
    assert codes_of(facts_of(row)) == []
    assert codes_of(facts_of(row, observed=True)) == ["presumed"]


def test_a_leak_is_found_by_its_account_also_if_its_target_has_another_name() -> None:
    leak = Message("old-name", NOW - hours(2), an_account_id(), request=LeakRequest(by="ada"))
    facts = facts_of(a_row(), leaks=[leak])
    [target] = status_in(facts).targets
    assert [one.code for one in target.findings] == [Code.LEAK_NOT_ENDED]


def test_an_app_without_a_topic_tells_nobody() -> None:
    assert codes_of(facts_of(settings=replace(SETTINGS, topic=None))) == ["nobody-is-told"]
