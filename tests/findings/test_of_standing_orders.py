"""What is found about trials and holds that a person ordered, and about keys that somebody else switched off."""

from dataclasses import replace

from lab.simulation.builders import mark, marks, overlapping
from lab.simulation.dates import days, hours, minutes
from shared.domain.errors import PersonMustLook, TryLater
from shared.domain.orders import Hold, Orders, Stop, Trial
from shared.domain.told import Told, ToldDeadline
from shared.findings.codes import Code, Urgency
from shared.findings.facts import Facts
from shared.findings.kinds import Finding
from shared.turns.report import Row
from tests.support.facts import FAR, NOW, a_row, codes_of, facts_of, found_in, quiet_target
from tests.support.surveys import a_survey, a_usage, an_entry

BEGUN = NOW - hours(1)
RUNS = Trial("t-1", "ada", "who needs keys?", BEGUN, hours(4), begun=BEGUN, off=BEGUN)
OVER = replace(RUNS, length=minutes(50))
FREEZE = Hold(NOW + days(20), "change freeze", "ada", NOW - hours(2), "h-1")


def off(trial: Trial, **facts: object) -> Row:
    return a_row(key_auth=False, orders=Orders(trial), **facts)


def only(facts: Facts) -> Finding:
    [found] = found_in(facts)
    return found


def test_a_planned_trial_is_a_date_and_no_finding() -> None:
    planned = Trial("t-1", "ada", "", NOW + days(3), hours(4), told=ToldDeadline(NOW + days(3)))
    assert codes_of(facts_of(a_row(orders=Orders(planned)))) == []


def test_a_trial_that_runs_is_watched_and_says_when_it_ends_and_who_wants_it() -> None:
    found = only(facts_of(off(RUNS)))
    assert (found.code, found.urgency, found.since) == (Code.TRIAL_RUNS, Urgency.WATCH, BEGUN)
    assert found.says == f"Keys are off until {NOW + hours(3):%Y-%m-%d %H:%M} UTC for a trial by ada (who needs keys?)."


def test_a_trial_that_is_over_and_ends_with_the_next_turn_is_only_watched() -> None:
    assert only(facts_of(off(OVER))).code is Code.TRIAL_RUNS


def test_a_trial_whose_end_was_tried_in_vain_is_to_do_at_once() -> None:
    found = only(facts_of(off(replace(OVER, tried=NOW))))
    assert (found.code, found.urgency, found.since) == (Code.TRIAL_CANNOT_END, Urgency.TO_DO, BEGUN + minutes(50))
    assert "Last tried at" in found.says


def test_a_trial_that_nobody_could_end_for_an_hour_is_to_do() -> None:
    assert only(facts_of(off(replace(OVER, length=minutes(15)), now=NOW + hours(1)), now=NOW + hours(1))).code is (
        Code.TRIAL_CANNOT_END
    )


def test_a_trial_that_a_person_ended_in_vain_is_to_do_since_then() -> None:
    stopped = replace(RUNS, stop=Stop("ada", "enough", NOW - minutes(9)), tried=NOW - minutes(8))
    found = only(facts_of(off(stopped)))
    assert (found.code, found.since) == (Code.TRIAL_CANNOT_END, NOW - minutes(9))


def test_why_a_trial_cannot_end_is_said_once_with_its_step() -> None:
    """The turn that failed is no second finding."""
    error = PersonMustLook("chat", "a policy of Azure switches them.", "exempt the account")
    row = replace(off(replace(OVER, tried=NOW)), error=error, fails=True)
    found = only(facts_of(row))
    assert found.code is Code.TRIAL_CANNOT_END
    assert found.says.endswith("a policy of Azure switches them.")
    assert found.next_step == "exempt the account"


def test_another_error_of_a_turn_is_found_beside_a_trial_that_runs() -> None:
    row = replace(off(RUNS), error=TryLater("chat", "slow."), fails=True)
    assert sorted(codes_of(facts_of(row))) == ["trial-runs", "turns-fail"]


def test_a_leak_that_could_not_be_ended_waits_for_a_person() -> None:
    found = only(facts_of(off(replace(OVER, leaked=frozenset({mark("A")})))))
    assert (found.code, found.urgency) == (Code.TRIAL_WAITS_FOR_YOU, Urgency.TO_DO)


def test_a_hold_is_watched_until_it_ends() -> None:
    found = only(facts_of(a_row(orders=Orders(hold=FREEZE))))
    assert (found.code, found.urgency, found.since) == (Code.ON_HOLD, Urgency.WATCH, FREEZE.since)
    assert found.says.startswith("It is on hold until ")
    assert "by ada (change freeze)" in found.says
    assert codes_of(facts_of(a_row(orders=Orders(hold=replace(FREEZE, until=NOW - minutes(1)))))) == []


def test_a_hold_beyond_the_agreed_end_of_all_keys_is_to_do() -> None:
    agreed = NOW + days(19)
    noted = marks(told=Told(origin=True, sunset=ToldDeadline(agreed)))
    row = a_row(noted, target=quiet_target(sunset=agreed), orders=Orders(hold=FREEZE))
    found = only(facts_of(row))
    assert (found.code, found.urgency) == (Code.ON_HOLD, Urgency.TO_DO)
    assert f"agreed to end on {agreed:%Y-%m-%d}" in found.says


def test_a_hold_while_a_leaked_key_works_is_to_do() -> None:
    noted = overlapping(leaked=True, told=Told(origin=True, sunset=ToldDeadline(FAR)))
    found = {one.code: one.urgency for one in found_in(facts_of(a_row(noted, orders=Orders(hold=FREEZE))))}
    assert found[Code.ON_HOLD] is Urgency.TO_DO
    assert found[Code.LEAKED_KEY_WORKS] is Urgency.TO_DO


def test_keys_that_somebody_else_switched_off_are_found_until_the_version_is_withdrawn() -> None:
    found = only(facts_of(a_row(key_auth=False, off_since=NOW - hours(1))))
    assert (found.code, found.urgency, found.since) == (Code.KEYS_OFF_BY_OTHERS, Urgency.WATCH, NOW - hours(1))
    told = marks(told=Told(origin=True, key_auth_off=True))
    assert codes_of(facts_of(a_row(told, key_auth=False, off_since=NOW - days(4)))) == []
    assert codes_of(facts_of(a_row(key_auth=False, off_by_sunset=True))) == []


def test_keys_that_are_used_and_switched_off_by_somebody_else_are_to_do() -> None:
    row = a_row(key_auth=False, off_since=NOW - hours(1))
    survey = a_survey(an_entry("chat", a_usage(3, until=NOW), target="chat"), at=NOW)
    found = only(facts_of(row, survey=survey))
    assert (found.code, found.urgency) == (Code.KEYS_OFF_BY_OTHERS, Urgency.TO_DO)
