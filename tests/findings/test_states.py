"""The state of a target in one word: never healthier than what is found about it."""

from dataclasses import replace

import pytest

from lab.simulation.builders import marks, nothing_published, overlapping
from lab.simulation.dates import START, days, hours
from shared.decide.plan import Plan, Reason
from shared.decide.situation import Situation
from shared.domain.errors import GrantRole, TryLater
from shared.domain.orders import Hold, Orders, Trial
from shared.domain.publication import Origin
from shared.domain.requests import AwaitedDeployment
from shared.findings.states import State
from shared.settings.environment import Mode
from shared.turns.report import Row
from tests.support.facts import NOW, SETTINGS, a_row, facts_of, quiet_target, row_of, status_in

OBSERVING = replace(SETTINGS, mode=Mode.OBSERVE)


def state_of(row: Row, now=NOW, **facts: object) -> State:
    [target] = status_in(facts_of(row, now=now, **facts)).targets
    return target.state


def test_one_working_key_and_a_known_date_are_healthy() -> None:
    assert state_of(a_row()) is State.HEALTHY


def test_while_two_keys_work_it_is_rotating() -> None:
    assert state_of(a_row(overlapping(), now=START + days(1)), now=START + days(1)) is State.ROTATING


def test_what_is_due_is_rotating_until_it_is_overdue() -> None:
    due = START + days(30)
    assert state_of(a_row(now=due), now=due) is State.ROTATING
    assert state_of(a_row(now=due + hours(2)), now=due + hours(2)) is State.ACTION


def test_a_rotation_that_waits_for_a_deployment_is_waiting() -> None:
    assert state_of(a_row(marks(awaited=AwaitedDeployment("production")))) is State.WAITING


def test_a_new_target_is_watched_until_its_key_is_published() -> None:
    assert state_of(row_of(Situation(nothing_published(), quiet_target(), NOW))) is State.ATTENTION


def test_keys_that_are_off_are_the_goal() -> None:
    ended = a_row(key_auth=False, off_by_sunset=True)
    assert state_of(ended) is State.KEYLESS
    assert state_of(ended, settings=OBSERVING) is State.KEYLESS


def test_keys_that_somebody_else_switched_off_need_attention() -> None:
    assert state_of(a_row(key_auth=False, off_since=NOW - hours(1))) is State.ATTENTION


def test_what_a_person_ordered_and_ends_by_itself_is_waiting() -> None:
    running = Trial("t-1", "ada", "", NOW - hours(1), hours(4), begun=NOW - hours(1), off=NOW - hours(1))
    freeze = Hold(NOW + days(3), "Change freeze.", "ada", NOW, "h-1")
    assert state_of(a_row(key_auth=False, orders=Orders(running))) is State.WAITING
    assert state_of(a_row(orders=Orders(hold=freeze))) is State.WAITING
    assert state_of(a_row(key_auth=False, orders=Orders(replace(running, tried=NOW, length=hours(1))))) is State.ACTION


def test_what_is_only_observed_is_never_called_healthy() -> None:
    assert state_of(a_row(), settings=OBSERVING) is State.OBSERVING
    assert state_of(a_row(now=START + days(30)), now=START + days(30), settings=OBSERVING) is State.OBSERVING


def test_what_cannot_be_read_for_a_moment_is_unknown_and_for_a_missing_role_needs_action() -> None:
    last = a_row()
    assert state_of(replace(last, error=TryLater("chat", "slow."))) is State.UNKNOWN
    assert state_of(replace(last, error=GrantRole("chat", "it may not."))) is State.ACTION


def test_turns_that_fail_for_a_moment_need_attention() -> None:
    assert state_of(replace(a_row(), error=TryLater("chat", "slow."), fails=True)) is State.ATTENTION


def test_a_sunset_within_the_notice_needs_action() -> None:
    assert state_of(a_row(target=quiet_target(sunset=NOW + hours(20)))) is State.ACTION


def test_a_repaired_key_needs_attention() -> None:
    assert state_of(a_row(marks(origin=Origin.HEALED, since=NOW - hours(1)))) is State.ATTENTION


def test_work_that_is_held_is_waiting() -> None:
    row = replace(a_row(), plan=Plan(Reason.BRAKE, "More than 10 targets failed in this check."))
    assert state_of(row) is State.WAITING


@pytest.mark.parametrize("state", State)
def test_people_read_the_word_without_a_dash(state: State) -> None:
    assert state.words.replace(" ", "-") == state.value
