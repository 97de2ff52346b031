"""The first rotation of an adopted account, as a timetable: what is promised at the adoption, and when it happens.

The account here has a first period of 28 days, 16 hours, 47 minutes and 17 seconds, of 30 days.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest

from lab.simulation.builders import (
    a_publication,
    a_target,
    an_account_id,
    an_observation,
    mark,
    marks,
    nothing_published,
    wants_rotation,
)
from lab.simulation.dates import START, at, days
from shared.announce.deadlines import DeadlineKind, deadlines
from shared.announce.outstanding import outstanding
from shared.decide.plan import Reason
from shared.decide.policies import decide
from shared.decide.schedule import schedule_of
from shared.decide.situation import Situation
from shared.decide.steps import Mark, Publish
from shared.domain.model import Adopt, Observation
from shared.domain.publication import Origin
from shared.domain.scheduled import first_period
from shared.domain.told import Told, ToldDeadline
from shared.domain.window import Window

SEARCH = a_target("search")
FIRST = START + timedelta(days=28, hours=16, minutes=47, seconds=17)
WHOLE = at(day=30)
SECOND = timedelta(seconds=1)


def seen(told: Told | None = None, **facts: Any) -> Observation:
    """Return what is seen of the account after its adoption at the start."""
    noted = marks(
        **{"origin": Origin.ADOPTED, "previous": mark("B"), "until": FIRST, "spare": None, "told": told or Told(True)}
        | facts
    )
    return an_observation(a_publication(noted, provider=str(SEARCH.account)))


def announced(moment: datetime) -> Told:
    """Return the record of what was announced for that moment: the rotation, and the end of the other key."""
    return Told(origin=True, rotation=ToldDeadline(moment, days(1)), retirement=ToldDeadline(moment, days(1)))


def fresh(told: Told | None = None) -> Observation:
    """Return what is seen if the adoption began with a fresh key, so that nobody may use the other one."""
    return seen(told, previous=None, until=None, spare=mark("B"))


def test_the_first_period_of_the_account():
    assert START + first_period(SEARCH) == FIRST


def test_an_adoption_promises_the_other_key_no_more_than_the_time_until_the_first_rotation():
    publish = decide(nothing_published(), SEARCH, START).steps[-1]
    assert isinstance(publish, Publish)
    assert START + publish.overlap == FIRST


def test_an_adoption_in_place_promises_the_same_from_the_creation_of_the_version():
    by_hand = a_publication(None, marks=None, provider=None, slot=None, created=START)
    step = decide(an_observation(by_hand), SEARCH, at(day=3)).steps[-1]
    assert isinstance(step, Mark)
    assert (step.marks.since, step.marks.until) == (START, FIRST)


class Row(NamedTuple):
    """One line of a timetable: at this moment, with this seen, that is decided."""

    what: str
    seen: Observation
    now: datetime
    reason: Reason
    window: str | None = None


TIMETABLE = [
    Row("a second before", seen(announced(FIRST)), FIRST - SECOND, Reason.NOTHING_DUE),
    Row("at the moment", seen(announced(FIRST)), FIRST, Reason.DUE),
    Row("with a fresh key, a second before", fresh(), FIRST - SECOND, Reason.NOTHING_DUE),
    Row("with a fresh key, at the moment", fresh(), FIRST, Reason.DUE),
    Row("the window is closed", seen(announced(FIRST)), FIRST, Reason.OUTSIDE_WINDOW, "Mon-Fri 09:00-16:00 UTC"),
    Row("the window opens", seen(announced(FIRST)), at(day=29), Reason.DUE, "Mon-Fri 09:00-16:00 UTC"),
    Row("the end of the other key was not announced", seen(), FIRST, Reason.NOT_ANNOUNCED),
    Row("a release before promised the whole period", seen(announced(WHOLE), until=WHOLE), FIRST, Reason.NOTHING_DUE),
    Row("the whole period is over", seen(announced(WHOLE), until=WHOLE), WHOLE, Reason.DUE),
    Row("a release before announced the whole period", fresh(announced(WHOLE)), FIRST, Reason.NOTHING_DUE),
    Row("the announced moment has come", fresh(announced(WHOLE)), WHOLE, Reason.DUE),
    Row("a moment after the whole period was announced", fresh(announced(at(day=33))), WHOLE, Reason.DUE),
]


@pytest.mark.parametrize("row", TIMETABLE, ids=lambda row: row.what)
def test_the_first_rotation_comes_at_its_moment(row: Row):
    target = a_target("search", window=Window.parse(row.window) if row.window else None)
    assert decide(row.seen, target, row.now).reason is row.reason


def test_a_window_that_opens_later_moves_it_and_never_beyond_what_the_whole_period_would_give():
    for opens in ("Mon-Mon 09:00-16:00 UTC", "Tue-Tue 10:00-11:00 UTC", "Sat-Sun 00:00-23:59 UTC"):
        window = Window.parse(opens)
        planned = schedule_of(Situation(fresh(), a_target("search", window=window), at(day=20)))
        assert planned is not None
        assert FIRST <= planned.rotation == window.next_open(FIRST) <= window.next_open(WHOLE)


def test_a_request_is_held_back_until_the_first_rotation_and_the_answer_says_so():
    plan = decide(seen(announced(FIRST)), SEARCH, at(day=10), wants_rotation())
    assert (plan.reason, plan.held_until) == (Reason.OVERLAP_RUNS, FIRST)


@pytest.mark.parametrize("moment", [seen(), fresh()], ids=["published as it is", "fresh"])
def test_plan_calendar_and_announcement_name_the_same_moment(moment: Observation):
    now = FIRST - days(7)
    situation = Situation(moment, SEARCH, now)
    listed = {one.what: one.falls_at for one in deadlines(situation)}
    events = [one for one in outstanding(situation) if one.deadline is not None]
    assert events
    assert {one.deadline for one in events} | set(listed.values()) == {FIRST}
    assert listed[DeadlineKind.ROTATION] == FIRST
    assert f"{FIRST:%Y-%m-%d %H:%M:%S}" in decide(moment, SEARCH, now).why


def test_tags_that_were_taken_away_end_the_other_key_no_sooner_than_the_expiry_date_said():
    ours = a_publication(None, marks=None, provider=None, slot=None, created=START, labelled=True, expires=WHOLE)
    step = decide(an_observation(ours), SEARCH, at(day=3)).steps[-1]
    assert isinstance(step, Mark)
    assert step.marks.until == WHOLE


def test_an_expiry_date_that_a_person_has_set_promises_nothing():
    theirs = a_publication(None, marks=None, provider=None, slot=None, created=START, expires=at(day=90))
    step = decide(an_observation(theirs), SEARCH, at(day=3)).steps[-1]
    assert isinstance(step, Mark)
    assert step.marks.until == FIRST


def test_the_end_of_all_keys_is_not_spread():
    sunset = at(day=60)
    planned = schedule_of(Situation(seen(), a_target("search", sunset=sunset), at(day=20)))
    assert planned is not None
    assert planned.sunset == sunset


def test_an_adoption_that_begins_fresh_promises_the_old_key_its_overlap_as_before():
    target = a_target("search", adopt=Adopt.ROTATE)
    publish = decide(nothing_published(), target, START).steps[-1]
    assert isinstance(publish, Publish)
    assert publish.overlap == target.cadence.overlap


def test_five_hundred_accounts_that_are_adopted_in_one_check_are_not_due_in_one_check():
    due: dict[int, int] = {}
    for number in range(500):
        target = a_target(account=an_account_id(f"account-{number:03}"))
        publish = decide(nothing_published(), target, START).steps[-1]
        assert isinstance(publish, Publish)
        noted = marks(origin=Origin.ADOPTED, previous=mark("B"), until=START + publish.overlap, spare=None)
        published = a_publication(noted, provider=str(target.account))
        planned = schedule_of(Situation(an_observation(published), target, START))
        assert planned is not None
        check = (planned.rotation - START) // timedelta(minutes=10)
        due[check] = due.get(check, 0) + 1
    assert min(due) >= 27 * 144
    assert max(due) < 30 * 144
    assert max(due.values()) <= 8, "an even spread over 432 checks"
