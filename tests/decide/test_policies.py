"""What, and why: every row of the decision table, as seen, asked and decided."""

from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from lab.simulation.builders import (
    KEY1,
    KEY2,
    a_publication,
    a_target,
    an_account_id,
    an_observation,
    end_announced,
    mark,
    marks,
    nothing_published,
    overlapping,
    reports_leak,
    wants_rotation,
)
from lab.simulation.dates import SENDING, START, at, days, hours, minutes
from shared.announce.outstanding import acknowledged, outstanding
from shared.decide.plan import Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.decide.steps import Mark, Publish
from shared.domain.model import Adopt, Observation, Target
from shared.domain.publication import Origin, SecretState
from shared.domain.requests import LeakedKey, Request
from shared.domain.told import CarriedOver, Happened, Told, ToldDeadline
from shared.domain.window import Window

QUIET = an_observation(a_publication())
OVERLAP = an_observation(a_publication(overlapping()))
UNTIL = START + days(3)
ANNOUNCED = an_observation(a_publication(overlapping(told=end_announced(UNTIL))))
MOVED = an_observation(a_publication(overlapping(told=end_announced(UNTIL + days(2)))))
LEAKED = an_observation(a_publication(overlapping(leaked=True, until=START)))
DRIFTED = an_observation(a_publication(), key1="X")
RESUMABLE = an_observation(a_publication(), key2="N")
OFF = an_observation(a_publication(), key_auth=False, keys={})
BARE = replace(a_publication(), marks=None, provider=None, slot=None, endpoint=None)
TUTORIAL = replace(a_publication(), marks=None, endpoint=None, created=START)
OFFICE = a_target(window=Window.parse("Mon-Fri 09:00-16:00 Europe/Berlin"))
ENDING = a_target(sunset=at(day=20))
TOLD_SUNSET = Told(origin=True, sunset=ToldDeadline(at(day=20)))
SETTING = an_observation(a_publication(marks(told=TOLD_SUNSET)))
SATURDAY = at(day=33, hour=12)

FRESH_2 = ["prove key2", "publish key2 (rotated)"]
ROTATE_TO_2 = ["regenerate key2", *FRESH_2]
GONE_1, GONE_2 = (
    [f"watch the leaked {key}", f"regenerate {key}", f"watch the leaked {key}"] for key in ("key1", "key2")
)


@dataclass(frozen=True)
class Row:
    """A name in words, what is seen and when; what follows."""

    name: str
    seen: Observation
    now: datetime
    reason: Reason
    steps: list[str] = field(default_factory=list)
    target: Target = field(default_factory=a_target)
    request: Request | None = None
    held_until: datetime | None = None


TABLE = [
    # Key authentication is off.
    Row("keys off, something published", OFF, at(day=1), Reason.KEY_AUTH_IS_OFF, ["withdraw the publication"]),
    Row("keys off, nothing published", nothing_published(key_auth=False, keys={}), at(day=1), Reason.FINISHED),
    Row(
        "keys off, publication withdrawn already",
        replace(OFF, publication=a_publication(state=SecretState.DISABLED, value=None)),
        at(day=1),
        Reason.FINISHED,
    ),
    Row(
        "keys off, the secret is somebody else's",
        replace(OFF, publication=a_publication(provider=str(an_account_id("other")))),
        at(day=1),
        Reason.FINISHED,
    ),
    Row("keys off, a leak is reported: it is dead already", OFF, at(day=1), Reason.KEY_AUTH_IS_OFF,
        ["withdraw the publication"], request=reports_leak()),
    # Nothing is published.
    Row("adopt key 1 as it is", nothing_published(), START, Reason.ADOPT, ["prove key1", "publish key1 (adopted)"]),
    Row("adopt strictly, with a fresh key 2", nothing_published(), START, Reason.ADOPT,
        ["regenerate key2", "prove key2", "publish key2 (adopted)"], a_target(adopt=Adopt.ROTATE)),
    Row("adopt comes before a request", nothing_published(), START, Reason.ADOPT,
        ["prove key1", "publish key1 (adopted)"], request=wants_rotation()),
    Row("adopting waits for no window", nothing_published(), SATURDAY, Reason.ADOPT,
        ["prove key1", "publish key1 (adopted)"], OFFICE),
    # Something is published that is not marked.
    Row("a secret made by hand holds key 1", an_observation(BARE), START, Reason.ADOPT_IN_PLACE,
        ["mark the current version as key1"]),
    Row("a secret made by hand holds key 2", an_observation(replace(BARE, value=mark("B"))), START,
        Reason.ADOPT_IN_PLACE, ["mark the current version as key2"]),
    Row("the tutorial's tags, value is key 1", an_observation(TUTORIAL), START, Reason.ADOPT_IN_PLACE,
        ["mark the current version as key1"]),
    Row("the tutorial's tags name the wrong slot: the value decides",
        an_observation(replace(TUTORIAL, value=mark("B"))), START, Reason.ADOPT_IN_PLACE,
        ["mark the current version as key2"]),
    Row("the tutorial's tags, value is neither key", an_observation(replace(TUTORIAL, value=mark("X"))), START,
        Reason.DRIFT, ["prove key1", "publish key1 (healed)"]),
    Row("marks that fit another value are done anew", an_observation(a_publication(value=mark("B"))), START,
        Reason.ADOPT_IN_PLACE, ["mark the current version as key2"]),
    Row("marks without either spare or previous are done anew", an_observation(a_publication(marks(spare=None))),
        START, Reason.ADOPT_IN_PLACE, ["mark the current version as key1"]),
    # Only a person can judge.
    Row("soft-deleted", an_observation(a_publication(state=SecretState.DELETED, value=None)), START, Reason.PERSON_MUST_LOOK),
    Row("disabled", an_observation(a_publication(state=SecretState.DISABLED, value=None)), START, Reason.PERSON_MUST_LOOK),
    Row("another account's", an_observation(a_publication(provider=str(an_account_id("other")))), START,
        Reason.PERSON_MUST_LOOK),
    Row("a secret of something else entirely", an_observation(replace(BARE, value=mark("X"))), START,
        Reason.PERSON_MUST_LOOK),
    Row("no room for our tags", an_observation(replace(BARE, others={str(n): "" for n in range(5)})), START,
        Reason.PERSON_MUST_LOOK),
    Row("just enough room for our tags", an_observation(replace(BARE, others={str(n): "" for n in range(4)})), START,
        Reason.ADOPT_IN_PLACE, ["mark the current version as key1"]),
    Row("a leak of a deleted secret", an_observation(a_publication(state=SecretState.DELETED, value=None)), START,
        Reason.PERSON_MUST_LOOK, request=reports_leak()),
    # Drift.
    Row("the live key was regenerated by hand", DRIFTED, at(day=9), Reason.DRIFT,
        ["prove key1", "publish key1 (healed)"]),
    Row("both keys were regenerated by hand", an_observation(a_publication(overlapping()), "X", "Y"), at(day=1),
        Reason.DRIFT, ["prove key1", "publish key1 (healed)"]),
    Row("drift outside the window is healed at once", DRIFTED, SATURDAY, Reason.DRIFT,
        ["prove key1", "publish key1 (healed)"], OFFICE),
    Row("drift is healed before a leak is dealt with", DRIFTED, at(day=9), Reason.DRIFT,
        ["prove key1", "publish key1 (healed)"], request=reports_leak()),
    Row("drift is healed even when rotation is due", DRIFTED, at(day=31), Reason.DRIFT,
        ["prove key1", "publish key1 (healed)"]),
    # Rotation.
    Row("a second before it is due", QUIET, at(day=29, hour=8, minute=59, second=59) + days(1), Reason.NOTHING_DUE),
    Row("when it is due", QUIET, at(day=30), Reason.DUE, ROTATE_TO_2),
    Row("long overdue", QUIET, at(day=90), Reason.DUE, ROTATE_TO_2),
    Row("due, outside the window", QUIET, SATURDAY, Reason.OUTSIDE_WINDOW, target=OFFICE,
        held_until=at(day=35, hour=7)),
    Row("due, inside the window", QUIET, at(day=35, hour=7), Reason.DUE, ROTATE_TO_2, OFFICE),
    Row("asked for", QUIET, at(day=9), Reason.REQUESTED, ROTATE_TO_2, request=wants_rotation()),
    Row("asked for without an id", QUIET, at(day=9), Reason.REQUESTED, ROTATE_TO_2, request=wants_rotation(None)),
    Row("asked for outside the window", QUIET, SATURDAY, Reason.REQUESTED, ROTATE_TO_2, OFFICE, wants_rotation()),
    Row("asked for again with the same id", an_observation(a_publication(marks(request="r-1"))), at(day=9),
        Reason.ALREADY_DONE, request=wants_rotation()),
    Row("asked for again while the overlap of its own rotation runs",
        an_observation(a_publication(overlapping(request="r-1"))), at(day=1), Reason.ALREADY_DONE,
        request=wants_rotation()),
    Row("asked for with another id", an_observation(a_publication(marks(request="r-1"))), at(day=9), Reason.REQUESTED,
        ROTATE_TO_2, request=wants_rotation("r-2")),
    Row("due, and the spare was regenerated by an interrupted turn", RESUMABLE, at(day=30), Reason.RESUMED, FRESH_2),
    Row("asked for, and the spare was regenerated by an interrupted turn", RESUMABLE, at(day=9), Reason.RESUMED,
        FRESH_2, request=wants_rotation()),
    Row("not due, and the spare was regenerated by hand", RESUMABLE, at(day=9), Reason.NOTHING_DUE),
    Row("resuming waits for the window too", RESUMABLE, SATURDAY, Reason.OUTSIDE_WINDOW, target=OFFICE,
        held_until=at(day=35, hour=7)),
    # Overlap.
    Row("asked for while the overlap runs", OVERLAP, at(day=1), Reason.OVERLAP_RUNS, request=wants_rotation(),
        held_until=UNTIL),
    Row("due while the overlap runs",
        an_observation(a_publication(overlapping(until=at(day=31)))), at(day=30), Reason.OVERLAP_RUNS,
        held_until=at(day=31)),
    Row("asked for after the overlap, its end not announced", OVERLAP, at(day=4), Reason.NOT_ANNOUNCED,
        request=wants_rotation(), held_until=at(day=5) + SENDING),
    Row("asked for after the overlap, its end announced", ANNOUNCED, at(day=4), Reason.REQUESTED, ROTATE_TO_2,
        request=wants_rotation()),
    Row("nothing while the overlap runs", ANNOUNCED, at(day=1), Reason.NOTHING_DUE),
    # Retirement.
    Row("a second before the end", ANNOUNCED, UNTIL - minutes(1 / 60), Reason.NOTHING_DUE),
    Row("at the end, announced", ANNOUNCED, UNTIL, Reason.OVERLAP_OVER, ["regenerate key2"]),
    Row("at the end, not announced", OVERLAP, UNTIL, Reason.NOT_ANNOUNCED, held_until=UNTIL + days(1) + SENDING),
    Row("weeks after the end, not announced", OVERLAP, UNTIL + days(20), Reason.NOT_ANNOUNCED,
        held_until=UNTIL + days(21) + SENDING),
    Row("past the promise, before the announced end", MOVED, UNTIL + days(1), Reason.NOT_ANNOUNCED,
        held_until=UNTIL + days(2)),
    Row("at the announced end", MOVED, UNTIL + days(2), Reason.OVERLAP_OVER, ["regenerate key2"]),
    Row("over, announced, outside the window", ANNOUNCED, at(day=5, hour=12), Reason.OUTSIDE_WINDOW, target=OFFICE,
        held_until=at(day=7, hour=8)),
    Row("over, and retired already", an_observation(a_publication(overlapping()), key2="N"), UNTIL,
        Reason.NOTHING_DUE),
    Row("due and over at once: one rotation ends the previous key",
        an_observation(a_publication(overlapping(until=at(day=30), told=end_announced(at(day=30))))), at(day=30),
        Reason.DUE, ROTATE_TO_2),
    Row("due and over at once, not announced", an_observation(a_publication(overlapping(until=at(day=30)))),
        at(day=30), Reason.NOT_ANNOUNCED, held_until=at(day=31) + SENDING),
    # Leaks.
    Row("the live key leaked", QUIET, at(day=9), Reason.LEAKED, [*ROTATE_TO_2, *GONE_1],
        request=reports_leak()),
    Row("both leaked", QUIET, at(day=9), Reason.LEAKED, [*ROTATE_TO_2, *GONE_1, "watch the leaked key2"],
        request=reports_leak(LeakedKey.BOTH)),
    Row("the live key leaked, with a wait", QUIET, at(day=9), Reason.LEAKED,
        [*ROTATE_TO_2, "wait 300 s", *GONE_1], request=reports_leak(wait=minutes(5))),
    Row("the live key leaked while the overlap runs", OVERLAP, at(day=1), Reason.LEAKED,
        [*ROTATE_TO_2, *GONE_1], request=reports_leak()),
    Row("the live key leaked, outside the window", QUIET, SATURDAY, Reason.LEAKED,
        [*ROTATE_TO_2, *GONE_1], OFFICE, reports_leak()),
    Row("the live key leaked, and a spare lies ready", RESUMABLE, at(day=9), Reason.LEAKED,
        [*FRESH_2, *GONE_1], request=reports_leak()),
    Row("the previous key leaked while its overlap runs", OVERLAP, at(day=1), Reason.LEAKED, GONE_2,
        request=reports_leak(LeakedKey.PREVIOUS)),
    Row("the previous key leaked and is gone already", QUIET, at(day=9), Reason.ALREADY_DONE,
        request=reports_leak(LeakedKey.PREVIOUS)),
    Row("the leak was dealt with by this very request",
        an_observation(a_publication(marks(request="l-1"))), at(day=9), Reason.ALREADY_DONE, request=reports_leak()),
    Row("a turn that was cut off before the leaked key ended is finished", LEAKED, at(day=1), Reason.LEAKED, GONE_2),
    Row("also outside the window", LEAKED, at(day=5, hour=12), Reason.LEAKED, GONE_2, OFFICE),
    Row("a leaked key's stated wait is kept", an_observation(a_publication(overlapping(leaked=True))), at(day=1),
        Reason.NOTHING_DUE),
    Row("a leak on the day of the sunset comes first", SETTING, at(day=20), Reason.LEAKED,
        [*ROTATE_TO_2, *GONE_1], ENDING, reports_leak()),
    # Sunset.
    Row("a second before the sunset", SETTING, at(day=20) - minutes(1 / 60), Reason.NOTHING_DUE, target=ENDING),
    Row("at the sunset, announced, nobody counts", SETTING, at(day=20), Reason.SUNSET,
        ["disable key authentication", "withdraw the publication"], ENDING),
    Row("at the sunset, announced, no calls seen", replace(SETTING, key_calls=0), at(day=20), Reason.SUNSET,
        ["disable key authentication", "withdraw the publication"], ENDING),
    Row("at the sunset, calls with a key seen", replace(SETTING, key_calls=7), at(day=20), Reason.STILL_USED,
        target=ENDING),
    Row("at the sunset, not announced", QUIET, at(day=20), Reason.NOTHING_DUE, target=ENDING),
    Row("at the sunset, outside the window", an_observation(a_publication(marks(told=TOLD_SUNSET))),
        at(day=20, hour=20), Reason.NOTHING_DUE, target=replace(OFFICE, sunset=at(day=20))),
    Row("past the sunset, still used, and due: rotation goes on", replace(SETTING, key_calls=7), at(day=30),
        Reason.DUE, ROTATE_TO_2, ENDING),
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_what_is_seen_decides(row: Row):
    plan = decide(row.seen, row.target, row.now, row.request)
    assert (plan.reason, [str(step) for step in plan.steps], plan.held_until) == (row.reason, row.steps, row.held_until)


@pytest.mark.parametrize("row", [row for row in TABLE if row.held_until], ids=lambda row: row.name)
def test_what_is_held_back_says_until_when_and_is_not_held_by_that_then(row: Row):
    plan = decide(row.seen, row.target, row.now, row.request)
    assert plan.is_held
    assert row.held_until > row.now
    then = decide(row.seen, row.target, row.held_until, row.request)
    assert then.reason is not plan.reason or plan.reason is Reason.NOT_ANNOUNCED


def the(kind: type, plan_of: Row):
    plan = decide(plan_of.seen, plan_of.target, plan_of.now, plan_of.request)
    return next(step for step in plan.steps if isinstance(step, kind))


def row(name: str) -> Row:
    return next(one for one in TABLE if one.name == name)


def test_an_adoption_promises_the_other_key_one_period():
    publish = the(Publish, row("adopt key 1 as it is"))
    assert (publish.previous, publish.overlap) == (mark("B"), days(30))


def test_a_strict_adoption_promises_key_1_one_overlap():
    publish = the(Publish, row("adopt strictly, with a fresh key 2"))
    assert (publish.previous, publish.overlap) == (mark("A"), days(3))


def test_an_adoption_in_place_counts_the_period_from_the_version_that_is_there():
    noted = the(Mark, row("a secret made by hand holds key 2")).marks
    assert (noted.live, noted.origin, noted.since) == (mark("B"), Origin.ADOPTED, START)
    assert (noted.previous, noted.until) == (mark("A"), START + days(30))


def test_a_rotation_promises_the_key_before_it_one_overlap_and_remembers_the_request():
    publish = the(Publish, row("asked for"))
    assert (publish.previous, publish.overlap, publish.leaked) == (mark("A"), days(3), False)
    assert publish.request == "r-1"


def test_a_leak_promises_the_leaked_key_nothing_but_the_wait():
    publish = the(Publish, row("the live key leaked, with a wait"))
    assert (publish.previous, publish.overlap, publish.leaked) == (mark("A"), minutes(5), True)


def test_healing_keeps_what_was_promised_about_the_previous_key():
    seen = an_observation(a_publication(overlapping(told=end_announced(UNTIL))), key1="X")
    publish = the(Publish, Row("", seen, at(day=1), Reason.DRIFT))
    assert (publish.previous, publish.until, publish.told.retirement) == (mark("B"), UNTIL, ToldDeadline(UNTIL))


def test_healing_after_the_retirement_keeps_the_note_about_the_spare():
    assert the(Publish, row("the live key was regenerated by hand")).spare == mark("B")


def test_healing_without_marks_takes_the_other_key_for_one_in_unknown_hands():
    publish = the(Publish, row("the tutorial's tags, value is neither key"))
    assert (publish.previous, publish.overlap) == (mark("B"), days(30))


def test_healing_keeps_the_request_that_was_answered_so_that_it_never_rotates_twice():
    seen = an_observation(a_publication(marks(request="r-1")), key1="X")
    assert the(Publish, Row("", seen, at(day=9), Reason.DRIFT)).request == "r-1"


def test_an_untold_version_is_carried_on_as_a_debt_by_the_next():
    seen = an_observation(a_publication(marks(told=Told())))
    publish = the(Publish, Row("", seen, at(day=30), Reason.DUE))
    assert publish.told.carried_over == (CarriedOver(Happened.ROTATED, KEY1, mark("A"), START),)


def test_a_previous_key_that_ends_with_a_rotation_is_carried_on_as_a_debt():
    publish = the(Publish, row("due and over at once: one rotation ends the previous key"))
    assert publish.told.carried_over == (CarriedOver(Happened.ENDED, KEY2, mark("B"), at(day=30)),)


def test_a_request_is_answered_by_any_plan_but_one_that_prepares_the_ground():
    answered = {one.name: decide(one.seen, one.target, one.now, one.request).answers_a_request for one in TABLE}
    assert not answered["adopt comes before a request"]
    assert not answered["drift is healed before a leak is dealt with"]
    assert answered["asked for while the overlap runs"]
    assert answered["the live key leaked"]


@pytest.mark.parametrize("one", TABLE, ids=lambda row: row.name)
def test_every_plan_can_be_printed(one: Row):
    plan = decide(one.seen, one.target, one.now, one.request)
    assert str(plan).startswith(f"{one.reason}: ")
    assert ("no steps" in str(plan)) is not bool(one.steps)


def test_after_an_interrupted_first_rotation_the_next_turn_goes_on_from_proving():
    """Also where the end of the other key was announced between the two turns."""
    before = overlapping(until=at(day=30), told=end_announced(at(day=30)))
    seen = an_observation(a_publication(before), key2="N")
    after = Situation(seen, a_target(), at(day=30))
    noted = acknowledged(after, outstanding(after))
    plan = decide(an_observation(a_publication(noted), key2="N"), a_target(), at(day=30) + hours(1))
    assert plan.reason is Reason.RESUMED
