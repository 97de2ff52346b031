"""What is found about one target."""

from dataclasses import replace

import pytest

from lab.simulation.builders import a_publication, an_observation, end_announced, marks, nothing_published, overlapping
from lab.simulation.dates import START, at, days, hours, minutes
from shared.announce.deadlines import DeadlineKind, deadlines
from shared.decide.plan import Plan, Reason
from shared.decide.situation import Situation
from shared.domain.consumers import ConsumerKind, Consumers
from shared.domain.errors import FixConfiguration, GrantRole, PersonMustLook, TryLater
from shared.domain.model import Target
from shared.domain.publication import Origin, SecretState
from shared.domain.told import Told, ToldDeadline
from shared.domain.window import Window
from shared.findings.codes import Code, Severity, Urgency
from shared.findings.facts import Checks
from shared.findings.kinds import Finding
from shared.settings.environment import Mode
from shared.turns.report import Row
from tests.support.facts import NOW, SETTINGS, a_row, codes_of, facts_of, found_in, quiet_target, row_of

DAY = days(1)


def the_finding(row: Row, now=NOW, **facts: object) -> Finding:
    [found] = found_in(facts_of(row, now=now, **facts))
    return found


def test_a_target_with_nothing_to_do_has_no_finding() -> None:
    assert codes_of(facts_of(a_row())) == []


def test_a_sunset_within_the_notice_is_to_do_and_says_when_all_keys_end() -> None:
    ends = NOW + hours(20)
    noted = marks(told=Told(origin=True, sunset=ToldDeadline(ends)))
    found = the_finding(a_row(noted, target=quiet_target(sunset=ends)))
    assert (found.code, found.urgency, found.at) == (Code.SUNSET_NEAR, Urgency.TO_DO, ends)


def test_a_sunset_within_the_longest_warning_is_watched() -> None:
    found = the_finding(a_row(target=quiet_target(sunset=NOW + days(13))))
    assert (found.code, found.urgency, found.at) == (Code.SUNSET_NEAR, Urgency.WATCH, NOW + days(13))


def test_a_sunset_beyond_the_longest_warning_is_not_found() -> None:
    assert codes_of(facts_of(a_row(target=quiet_target(sunset=NOW + days(15))))) == []


def test_a_sunset_that_waits_for_its_announcement_has_no_date_that_slides() -> None:
    found = the_finding(a_row(target=quiet_target(sunset=NOW + hours(2))))
    assert (found.code, found.urgency, found.at) == (Code.SUNSET_NEAR, Urgency.TO_DO, None)
    assert "It is not announced yet, so keys end at least 24 h after its announcement is accepted." in found.says


def test_a_sunset_that_was_announced_for_later_than_agreed_is_near_and_not_past() -> None:
    ends = NOW + hours(3)
    noted = marks(told=Told(origin=True, sunset=ToldDeadline(ends)))
    found = the_finding(a_row(noted, target=quiet_target(sunset=NOW - hours(2))))
    assert (found.code, found.urgency, found.at) == (Code.SUNSET_NEAR, Urgency.TO_DO, ends)


def test_a_past_sunset_that_was_never_announced_is_past() -> None:
    found = the_finding(a_row(target=quiet_target(sunset=NOW - DAY)))
    assert (found.code, found.urgency, found.since) == (Code.SUNSET_PAST, Urgency.TO_DO, NOW - DAY)


def test_a_sunset_that_the_next_check_carries_out_is_only_watched() -> None:
    ended = NOW - minutes(3)
    noted = marks(told=Told(origin=True, sunset=ToldDeadline(ended)))
    row = a_row(noted, target=quiet_target(sunset=ended))
    assert row.plan is not None
    assert row.plan.reason is Reason.SUNSET
    assert the_finding(row).urgency is Urgency.WATCH
    assert Urgency.TO_DO in {
        one.urgency
        for one in found_in(facts_of(replace(row, error=GrantRole("chat", "it may not."), fails=True)))
        if one.code is Code.SUNSET_PAST
    }


def test_a_near_sunset_of_a_target_that_cannot_be_seen_is_still_found() -> None:
    row = Row(quiet_target(sunset=NOW + hours(5)), error=TryLater("chat", "slow."))
    assert codes_of(facts_of(row)) == ["sunset-near", "unseen"]


def test_keys_that_are_off_have_no_sunset_to_come() -> None:
    row = a_row(target=quiet_target(sunset=NOW - DAY), key_auth=False)
    assert codes_of(facts_of(row)) == []


def owing(row: Row, since, last) -> list[str]:
    account = str(row.target.account).casefold()
    return codes_of(facts_of(row, owing={account: since}, seen_at=last, checks=Checks(last, minutes(10))))


def test_announcements_count_as_outstanding_from_the_check_after_the_one_that_found_them() -> None:
    row = a_row(marks(told=Told(origin=False)))
    assert row.outstanding
    assert owing(row, NOW - minutes(5), NOW - minutes(5)) == []
    assert owing(row, NOW - minutes(15), NOW - minutes(5)) == ["announcements-outstanding"]


def test_announcements_that_were_accepted_since_are_not_found() -> None:
    assert owing(a_row(), NOW - minutes(15), NOW - minutes(5)) == []


def test_while_the_app_only_observes_it_owes_no_announcement() -> None:
    row, settings = a_row(marks(told=Told(origin=False))), replace(SETTINGS, mode=Mode.OBSERVE)
    account = str(row.target.account).casefold()
    facts = facts_of(row, settings=settings, owing={account: NOW - DAY}, seen_at=NOW)
    assert codes_of(facts) == ["nothing-is-done"]


def test_outstanding_announcements_are_found_beside_turns_that_fail() -> None:
    row = replace(a_row(marks(told=Told())), error=GrantRole("chat", "it may not regenerate."), fails=True)
    assert owing(row, NOW - minutes(15), NOW - minutes(5)) == ["turns-fail", "announcements-outstanding"]


def test_a_repaired_key_is_shown_for_a_day() -> None:
    healed = marks(origin=Origin.HEALED, since=NOW - hours(23))
    assert codes_of(facts_of(a_row(healed))) == ["drift-healed"]
    assert codes_of(facts_of(a_row(replace(healed, since=NOW - hours(25))))) == []


def test_keys_that_came_back_are_shown_for_a_day_and_then_count_as_old_ones() -> None:
    back = marks(origin=Origin.ADOPTED, since=NOW - hours(23), told=Told(origin=True, ends=1))
    assert codes_of(facts_of(a_row(back))) == ["keys-back-on"]
    assert codes_of(facts_of(a_row(replace(back, since=NOW - hours(25))))) == ["never-rotated"]


def test_a_target_that_can_be_seen_and_whose_turns_fail_is_not_called_unreadable() -> None:
    row = replace(a_row(), error=GrantRole("chat", "it may not regenerate keys."), fails=True)
    found = the_finding(row)
    assert (found.code, found.urgency) == (Code.TURNS_FAIL, Urgency.TO_DO)
    assert found.says == "it may not regenerate keys."


def test_turns_that_fail_for_a_passing_reason_are_watched() -> None:
    row = replace(a_row(), error=TryLater("chat", "Azure was slow."), fails=True)
    assert the_finding(row).urgency is Urgency.WATCH


def test_a_misconfigured_target_keeps_its_name_and_its_account() -> None:
    target = quiet_target()
    error = FixConfiguration(str(target.account), "key-rotation-period: 'soon' is not a duration.")
    found = the_finding(replace(a_row(target=target), plan=None, error=error), problems=[error])
    assert (found.code, found.target, found.account) == (Code.NOT_ENROLLABLE, "chat", str(target.account))


def test_what_cannot_be_read_for_an_hour_is_to_do_also_if_the_error_could_pass() -> None:
    row = Row(quiet_target(), error=TryLater("chat", "slow."), shown_at=NOW - minutes(50))
    assert the_finding(row).urgency is Urgency.WATCH
    assert the_finding(replace(row, shown_at=NOW - minutes(70))).urgency is Urgency.TO_DO


def test_a_target_that_no_listing_has_shown_for_an_hour_is_unseen() -> None:
    row = replace(a_row(), presumed=True, shown_at=NOW - hours(2))
    found = the_finding(row)
    assert (found.code, found.urgency, found.since) == (Code.UNSEEN, Urgency.WATCH, NOW - hours(2))


def test_a_secret_that_another_account_claims_needs_a_person_although_nothing_is_published() -> None:
    target = quiet_target(publishes=False)
    found = the_finding(row_of(Situation(nothing_published(), target, NOW)))
    assert (found.code, found.urgency) == (Code.SECRET_FOREIGN, Urgency.TO_DO)
    assert "is claimed by another account too" in found.says


@pytest.mark.parametrize(
    ("state", "code"),
    [(SecretState.DELETED, Code.SECRET_DELETED), (SecretState.DISABLED, Code.SECRET_DISABLED)],
)
def test_a_secret_that_nobody_can_read_is_to_do(state: SecretState, code: Code) -> None:
    publication = a_publication(state=state, value=None)
    found = the_finding(row_of(Situation(an_observation(publication), quiet_target(), NOW)))
    assert (found.code, found.urgency) == (code, Urgency.TO_DO)


def test_a_new_target_that_only_a_listing_has_shown_is_not_published_yet_and_not_unseen() -> None:
    row = Row(quiet_target(), Plan(Reason.ADOPT, "Nothing is published yet."), presumed=True)
    assert the_finding(row).code is Code.NOT_PUBLISHED


def test_an_end_that_waits_for_its_announcement_is_watched() -> None:
    row = a_row(overlapping(), now=START + days(5))
    assert row.plan is not None
    assert row.plan.reason is Reason.NOT_ANNOUNCED
    found = the_finding(row, now=START + days(5))
    assert (found.code, found.urgency) == (Code.PREVIOUS_KEY_WORKS, Urgency.WATCH)


def test_an_end_that_nothing_holds_back_and_that_is_late_is_to_do() -> None:
    row = a_row(overlapping(told=end_announced(START + days(3))), now=START + days(5))
    assert row.plan is not None
    assert row.plan.reason is Reason.OVERLAP_OVER
    assert the_finding(row, now=START + days(5)).urgency is Urgency.TO_DO


def test_an_end_that_waits_for_the_window_is_watched() -> None:
    target = quiet_target(window=Window.parse("Mon-Fri 09:00-16:00 Europe/Berlin"))
    sunday = at(day=6)
    while sunday.weekday() != 6:
        sunday += DAY
    row = a_row(overlapping(until=sunday - days(2), told=end_announced(sunday - days(2))), sunday, target)
    assert row.plan is not None
    assert row.plan.reason is Reason.OUTSIDE_WINDOW
    assert the_finding(row, now=sunday).urgency is Urgency.WATCH


def test_a_late_rotation_is_to_do() -> None:
    now = START + days(31)
    found = the_finding(a_row(now=now), now=now)
    assert (found.code, found.urgency) == (Code.ROTATION_OVERDUE, Urgency.TO_DO)


def test_what_the_app_leaves_undone_because_it_only_observes_is_not_to_do() -> None:
    observing, now = replace(SETTINGS, mode=Mode.OBSERVE), START + days(31)
    facts = facts_of(a_row(now=now), now=now, settings=observing)
    [found] = [one for one in found_in(facts) if one.code is Code.ROTATION_OVERDUE]
    assert found.urgency is Urgency.IMPROVE
    assert found.next_step == "set ROTATION_MODE to rotate to let the app act"


def test_keys_are_called_as_people_call_them() -> None:
    found = the_finding(a_row(marks(unproven=True)))
    assert found.says == "Key 1 was published without proof that it works."


def test_an_error_that_a_person_must_judge_is_unseen_until_the_person_has() -> None:
    error = PersonMustLook("chat", "nothing could be decided about it (KeyError), so nothing was done.")
    assert the_finding(Row(quiet_target(), error=error)).urgency is Urgency.TO_DO


def test_a_turn_that_fails_because_a_person_must_look_is_one_finding() -> None:
    publication = a_publication(state=SecretState.DISABLED, value=None)
    row = row_of(Situation(an_observation(publication), quiet_target(), NOW))
    failing = replace(row, error=PersonMustLook("chat", "the secret is disabled."), fails=True)
    assert codes_of(facts_of(failing)) == ["secret-disabled"]


def test_announcements_that_are_not_accepted_for_an_hour_are_for_a_person_with_a_step_of_their_own() -> None:
    row = a_row(marks(told=Told(origin=False)))
    account = str(row.target.account).casefold()
    for since, urgency in ((minutes(20), Urgency.WATCH), (hours(2), Urgency.TO_DO)):
        facts = facts_of(row, owing={account: NOW - since}, seen_at=NOW - minutes(1))
        [found] = [one for one in found_in(facts) if one.code is Code.ANNOUNCEMENTS_OUTSTANDING]
        assert (found.urgency, "doctor" in found.next_step) == (urgency, urgency is Urgency.TO_DO)


def consumed(*kinds: ConsumerKind) -> Target:
    return replace(quiet_target(), consumers=Consumers(kinds, days(1)))


def test_consumers_that_notice_by_themselves_are_no_finding() -> None:
    assert codes_of(facts_of(a_row(target=consumed(ConsumerKind.SDK, ConsumerKind.APP_SERVICE)))) == []


def test_a_consumer_that_never_notices_can_be_improved_while_no_key_is_about_to_end() -> None:
    found = the_finding(a_row(target=consumed(ConsumerKind.SDK, ConsumerKind.TYPED_IN)))
    assert (found.code, found.urgency, found.severity, found.at) == (
        Code.NEVER_NOTICES,
        Urgency.IMPROVE,
        Severity.MEDIUM,
        None,
    )
    assert found.says == "Its consumer typed-in never notices a new key without a person."
    assert found.next_step == "after every rotation, typed-in: a person must enter the new key"


def test_it_is_for_a_person_to_move_before_the_previous_key_ends() -> None:
    target = consumed(ConsumerKind.PINNED_VERSION, ConsumerKind.READ_AT_START)
    row = a_row(overlapping(), target=target)
    assert row.situation is not None
    [retirement] = [one for one in deadlines(row.situation) if one.what is DeadlineKind.RETIREMENT]
    [found] = [one for one in found_in(facts_of(row)) if one.code is Code.NEVER_NOTICES]
    assert (found.urgency, found.severity, found.at) == (Urgency.TO_DO, Severity.HIGH, retirement.falls_at)
    assert "pinned-version and read-at-start never notice a new key without a person. The key before" in found.says
    assert found.next_step.startswith("before that, pinned-version: take the version out of the reference")


def test_nothing_is_said_of_consumers_once_keys_are_off() -> None:
    row = a_row(target=consumed(ConsumerKind.TYPED_IN), key_auth=False)
    assert Code.NEVER_NOTICES not in codes_of(facts_of(row))
