"""The decision table: what was observed, and the plan that follows."""

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
from shared.announce.acknowledged import acknowledged
from shared.announce.outstanding import outstanding
from shared.decide.plan import Plan, Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.decide.steps import Mark, Publish, Regenerate
from shared.domain.keys import KeySlot
from shared.domain.model import Adopt, Observation, Target
from shared.domain.publication import Origin, SecretState
from shared.domain.readiness import Readiness, Stage, Verdict, unknown
from shared.domain.requests import LeakedKey, Request
from shared.domain.scheduled import first_period
from shared.domain.seals import carefully
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
TOLD_OFF = replace(OFF, publication=a_publication(marks(told=Told(origin=True, key_auth_off=True))))
BARE = replace(a_publication(), marks=None, provider=None, slot=None, endpoint=None)
TUTORIAL = replace(a_publication(), marks=None, endpoint=None, created=START)
OFFICE = a_target(window=Window.parse("Mon-Fri 09:00-16:00 Europe/Berlin"))
ENDING = a_target(sunset=at(day=20))
TOLD_SUNSET = Told(origin=True, sunset=ToldDeadline(at(day=20)))
SUNSET_ANNOUNCED = an_observation(a_publication(marks(told=TOLD_SUNSET)))
SATURDAY = at(day=33, hour=12)
USED = Readiness(Verdict.USED, Stage.MOVING, "used by 2 callers", detail="the last call was made on Sunday")
READY = Readiness(Verdict.READY, Stage.READY, "ready")
UNTOLD = unknown("nothing was logged", "see the log")
KEYS_BACK = an_observation(
    replace(a_publication(marks(told=replace(TOLD_SUNSET, key_auth_off=True)), value=None), state=SecretState.DISABLED),
    withdrawn=1,
)
NOBODY = "The topic has no event subscription, so announcements reach nobody."

FRESH_2 = ["prove key2", "publish key2 (rotated)"]
ROTATE_TO_2 = ["regenerate key2", *FRESH_2]
END_KEY_1, END_KEY_2 = (
    [f"watch the leaked {key}", f"regenerate {key}", f"watch the leaked {key}"] for key in ("key1", "key2")
)


@dataclass(frozen=True)
class Row:
    """One row: a name in words, what was observed and when, and the plan that follows."""

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
    Row("keys off by our sunset, something published", replace(OFF, off_since=at(day=1), off_by_sunset=True),
        at(day=1), Reason.KEY_AUTH_IS_OFF, ["withdraw the publication"]),
    Row("keys off after the agreed date, whoever did that", OFF, at(day=21), Reason.KEY_AUTH_IS_OFF,
        ["withdraw the publication"], ENDING),
    Row("keys off by somebody else, seen for the first time", OFF, at(day=1), Reason.OFF_BY_OTHERS,
        ["note that keys are off"]),
    Row("keys off by somebody else for less than an overlap", replace(TOLD_OFF, off_since=at(day=1)), at(day=3),
        Reason.OFF_BY_OTHERS),
    Row("keys off by somebody else for an overlap", replace(TOLD_OFF, off_since=at(day=1)), at(day=4),
        Reason.KEY_AUTH_IS_OFF, ["withdraw the publication"]),
    Row("keys off by somebody else for an overlap, and nobody was told", replace(OFF, off_since=at(day=1)), at(day=4),
        Reason.OFF_BY_OTHERS, ["note that keys are off"]),
    Row("keys back before anything was withdrawn",
        an_observation(a_publication(marks(told=Told(origin=True, key_auth_off=True)))), at(day=2),
        Reason.KEYS_ARE_BACK, ["mark the current version as key1"]),
    Row("keys off, nothing published", nothing_published(key_auth=False, keys={}), at(day=1), Reason.FINISHED),
    Row(
        "keys off, publication withdrawn already",
        replace(OFF, publication=a_publication(state=SecretState.DISABLED, value=None)),
        at(day=1),
        Reason.FINISHED,
    ),
    Row(
        "keys off, the secret belongs to another account",
        replace(OFF, publication=a_publication(provider=str(an_account_id("other")))),
        at(day=1),
        Reason.FINISHED,
    ),
    Row("keys off, a leak is reported", replace(QUIET, key_auth=False, keys={}), at(day=9), Reason.KEYS_ARE_OFF,
        request=reports_leak()),
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
    Row("the tutorial's tags, value is neither key: tags are no right", an_observation(replace(TUTORIAL,
        value=mark("X"))), START, Reason.PERSON_MUST_LOOK),
    Row("marks that only the other key vouches for",
        an_observation(a_publication(carefully(overlapping(), [mark("B")])), key1="X"), at(day=4),
        Reason.DRIFT, ["prove key1", "publish key1 (healed)"]),
    Row("marks that fit another value are written again", an_observation(a_publication(value=mark("B"))), START,
        Reason.ADOPT_IN_PLACE, ["mark the current version as key2"]),
    Row("marks with neither spare nor previous are written again", an_observation(a_publication(marks(spare=None))),
        START, Reason.ADOPT_IN_PLACE, ["mark the current version as key1"]),
    # Only a person can judge.
    Row("soft-deleted", an_observation(a_publication(state=SecretState.DELETED, value=None)), START,
        Reason.PERSON_MUST_LOOK),
    Row("disabled", an_observation(a_publication(state=SecretState.DISABLED, value=None)), START,
        Reason.PERSON_MUST_LOOK),
    Row("another account's", an_observation(a_publication(provider=str(an_account_id("other")))), START,
        Reason.PERSON_MUST_LOOK),
    Row("a secret with another content", an_observation(replace(BARE, value=mark("X"))), START,
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
    Row("drift outside the window is healed immediately", DRIFTED, SATURDAY, Reason.DRIFT,
        ["prove key1", "publish key1 (healed)"], OFFICE),
    Row("drift is healed before a leak is carried out", DRIFTED, at(day=9), Reason.DRIFT,
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
    Row("requested", QUIET, at(day=9), Reason.REQUESTED, ROTATE_TO_2, request=wants_rotation()),
    Row("requested without an id", QUIET, at(day=9), Reason.REQUESTED, ROTATE_TO_2, request=wants_rotation(None)),
    Row("requested outside the window", QUIET, SATURDAY, Reason.REQUESTED, ROTATE_TO_2, OFFICE, wants_rotation()),
    Row("requested again with the same id", an_observation(a_publication(marks(request="r-1"))), at(day=9),
        Reason.ALREADY_DONE, request=wants_rotation()),
    Row("requested again while the overlap of its own rotation runs",
        an_observation(a_publication(overlapping(request="r-1"))), at(day=1), Reason.ALREADY_DONE,
        request=wants_rotation()),
    Row("requested with another id", an_observation(a_publication(marks(request="r-1"))), at(day=9), Reason.REQUESTED,
        ROTATE_TO_2, request=wants_rotation("r-2")),
    Row("due, and the spare was regenerated by an interrupted turn", RESUMABLE, at(day=30), Reason.RESUMED, FRESH_2),
    Row("requested, and the spare was regenerated by an interrupted turn", RESUMABLE, at(day=9), Reason.RESUMED,
        FRESH_2, request=wants_rotation()),
    Row("not due, and the spare was regenerated by hand", RESUMABLE, at(day=9), Reason.NOTHING_DUE),
    Row("resuming waits for the window too", RESUMABLE, SATURDAY, Reason.OUTSIDE_WINDOW, target=OFFICE,
        held_until=at(day=35, hour=7)),
    # Overlap.
    Row("requested while the overlap runs", OVERLAP, at(day=1), Reason.OVERLAP_RUNS, request=wants_rotation(),
        held_until=UNTIL),
    Row("due while the overlap runs",
        an_observation(a_publication(overlapping(until=at(day=31)))), at(day=30), Reason.OVERLAP_RUNS,
        held_until=at(day=31)),
    Row("requested after the overlap, its end not announced", OVERLAP, at(day=4), Reason.NOT_ANNOUNCED,
        request=wants_rotation(), held_until=at(day=5) + SENDING),
    Row("requested after the overlap, its end announced", ANNOUNCED, at(day=4), Reason.REQUESTED, ROTATE_TO_2,
        request=wants_rotation()),
    Row("nothing to do while the overlap runs", ANNOUNCED, at(day=1), Reason.NOTHING_DUE),
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
    Row("due when the overlap ends: one rotation ends the previous key",
        an_observation(a_publication(overlapping(until=at(day=30), told=end_announced(at(day=30))))), at(day=30),
        Reason.DUE, ROTATE_TO_2),
    Row("due when the overlap ends, not announced", an_observation(a_publication(overlapping(until=at(day=30)))),
        at(day=30), Reason.NOT_ANNOUNCED, held_until=at(day=31) + SENDING),
    # Ends that need a listener.
    Row("nobody listens, the overlap runs", replace(ANNOUNCED, unheard=NOBODY), at(day=1), Reason.NOTHING_DUE),
    Row("nobody listens, at the announced end", replace(ANNOUNCED, unheard=NOBODY), UNTIL, Reason.NOBODY_LISTENS),
    Row("nobody listens, at the end, not announced", replace(OVERLAP, unheard=NOBODY), UNTIL, Reason.NOBODY_LISTENS),
    Row("nobody listens, requested after the end", replace(ANNOUNCED, unheard=NOBODY), at(day=4),
        Reason.NOBODY_LISTENS, request=wants_rotation()),
    Row("nobody listens, due, and the previous key has not ended", replace(ANNOUNCED, unheard=NOBODY), at(day=30),
        Reason.NOBODY_LISTENS),
    Row("nobody listens, due, and no key ends with it", replace(QUIET, unheard=NOBODY), at(day=30), Reason.DUE,
        ROTATE_TO_2),
    Row("nobody listens, the previous key leaked", replace(LEAKED, unheard=NOBODY), at(day=1), Reason.LEAKED,
        END_KEY_2),
    Row("nobody listens, the live key leaked", replace(OVERLAP, unheard=NOBODY), at(day=1), Reason.LEAKED,
        [*ROTATE_TO_2, *END_KEY_1], request=reports_leak()),
    Row("nobody listens, at the announced sunset", replace(SUNSET_ANNOUNCED, unheard=NOBODY), at(day=20),
        Reason.NOBODY_LISTENS, target=ENDING),
    Row("nobody listens, and keys are used at the sunset", replace(SUNSET_ANNOUNCED, unheard=NOBODY, readiness=USED),
        at(day=20), Reason.NOBODY_LISTENS, target=ENDING),
    Row("nobody listens, past the sunset, and due: it is rotated", replace(SUNSET_ANNOUNCED, unheard=NOBODY),
        at(day=30), Reason.DUE, ROTATE_TO_2, ENDING),
    # Leaks.
    Row("the live key leaked", QUIET, at(day=9), Reason.LEAKED, [*ROTATE_TO_2, *END_KEY_1],
        request=reports_leak()),
    Row("both leaked", QUIET, at(day=9), Reason.LEAKED, [*ROTATE_TO_2, *END_KEY_1, "watch the leaked key2"],
        request=reports_leak(LeakedKey.BOTH)),
    Row("the live key leaked, with a wait", QUIET, at(day=9), Reason.LEAKED,
        [*ROTATE_TO_2, "wait 300 s", *END_KEY_1], request=reports_leak(wait=minutes(5))),
    Row("the live key leaked while the overlap runs", OVERLAP, at(day=1), Reason.LEAKED,
        [*ROTATE_TO_2, *END_KEY_1], request=reports_leak()),
    Row("the live key leaked, outside the window", QUIET, SATURDAY, Reason.LEAKED,
        [*ROTATE_TO_2, *END_KEY_1], OFFICE, reports_leak()),
    Row("the live key leaked, and the spare is fresh", RESUMABLE, at(day=9), Reason.LEAKED,
        [*FRESH_2, *END_KEY_1], request=reports_leak()),
    Row("the previous key leaked while its overlap runs", OVERLAP, at(day=1), Reason.LEAKED, END_KEY_2,
        request=reports_leak(LeakedKey.PREVIOUS)),
    Row("the previous key leaked and has already ended", QUIET, at(day=9), Reason.ALREADY_DONE,
        request=reports_leak(LeakedKey.PREVIOUS)),
    Row("the leak was already carried out by this request",
        an_observation(a_publication(marks(request="l-1"))), at(day=9), Reason.ALREADY_DONE, request=reports_leak()),
    Row("an interrupted leak is finished", LEAKED, at(day=1), Reason.LEAKED, END_KEY_2),
    Row("an interrupted leak is finished outside the window", LEAKED, at(day=5, hour=12), Reason.LEAKED, END_KEY_2,
        OFFICE),
    Row("the wait of a leaked key is kept", an_observation(a_publication(overlapping(leaked=True))), at(day=1),
        Reason.NOTHING_DUE),
    Row("a leak on the day of the sunset comes first", SUNSET_ANNOUNCED, at(day=20), Reason.LEAKED,
        [*ROTATE_TO_2, *END_KEY_1], ENDING, reports_leak()),
    # Sunset.
    Row("a second before the sunset", SUNSET_ANNOUNCED, at(day=20) - minutes(1 / 60), Reason.NOTHING_DUE,
        target=ENDING),
    Row("at the sunset, announced, calls are not counted", SUNSET_ANNOUNCED, at(day=20), Reason.SUNSET,
        ["disable key authentication", "withdraw the publication"], ENDING),
    Row("at the sunset, announced, no calls seen", replace(SUNSET_ANNOUNCED, readiness=READY), at(day=20),
        Reason.SUNSET, ["disable key authentication", "withdraw the publication"], ENDING),
    Row("at the sunset, calls with a key seen", replace(SUNSET_ANNOUNCED, readiness=USED), at(day=20),
        Reason.STILL_USED, target=ENDING),
    Row("at the sunset, the logs cannot tell", replace(SUNSET_ANNOUNCED, readiness=UNTOLD), at(day=20),
        Reason.USE_UNKNOWN, target=ENDING),
    Row("at the sunset, the account takes no identity", replace(SUNSET_ANNOUNCED, takes_identity=False), at(day=20),
        Reason.CANNOT_TAKE_AN_IDENTITY, target=ENDING),
    Row("at the sunset, it takes no identity, and nobody uses keys",
        replace(SUNSET_ANNOUNCED, takes_identity=False, readiness=READY), at(day=20), Reason.CANNOT_TAKE_AN_IDENTITY,
        target=ENDING),
    Row("past the sunset, it takes no identity, and due: it is rotated",
        replace(SUNSET_ANNOUNCED, takes_identity=False), at(day=30), Reason.DUE, ROTATE_TO_2, ENDING),
    # Keys that somebody switched on again.
    Row("keys are back, and this app had withdrawn the key", KEYS_BACK, at(day=21), Reason.KEYS_ARE_BACK,
        ["prove key1", "publish key1 (adopted)"], ENDING),
    Row("keys are on, and a person disabled the version", replace(KEYS_BACK, withdrawn=0), at(day=21),
        Reason.PERSON_MUST_LOOK, target=ENDING),
    Row("keys are back, and another account claims the secret", KEYS_BACK, at(day=21), Reason.PERSON_MUST_LOOK,
        target=replace(ENDING, publishes=False)),
    Row("at the sunset, not announced", QUIET, at(day=20), Reason.NOTHING_DUE, target=ENDING),
    Row("at the sunset, outside the window", an_observation(a_publication(marks(told=TOLD_SUNSET))),
        at(day=20, hour=20), Reason.NOTHING_DUE, target=replace(OFFICE, sunset=at(day=20))),
    Row("past the sunset, still used, and due: it is rotated", replace(SUNSET_ANNOUNCED, readiness=USED), at(day=30),
        Reason.DUE, ROTATE_TO_2, ENDING),
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_decide_returns_the_plan_of_the_row(row: Row):
    plan = decide(row.seen, row.target, row.now, row.request)
    assert (plan.reason, [str(step) for step in plan.steps], plan.held_until) == (row.reason, row.steps, row.held_until)


@pytest.mark.parametrize("row", [row for row in TABLE if row.held_until], ids=lambda row: row.name)
def test_a_held_plan_names_the_time_at_which_that_reason_is_over(row: Row):
    plan = decide(row.seen, row.target, row.now, row.request)
    assert plan.is_held
    assert row.held_until > row.now
    then = decide(row.seen, row.target, row.held_until, row.request)
    assert then.reason is not plan.reason or plan.reason is Reason.NOT_ANNOUNCED


def step_of(kind: type, row: Row):
    plan = decide(row.seen, row.target, row.now, row.request)
    return next(step for step in plan.steps if isinstance(step, kind))


def row(name: str) -> Row:
    return next(one for one in TABLE if one.name == name)


def test_an_adoption_promises_the_other_key_one_period():
    publish = step_of(Publish, row("adopt key 1 as it is"))
    assert (publish.previous, publish.overlap) == (mark("B"), days(30))


def test_a_strict_adoption_promises_key_1_one_overlap():
    publish = step_of(Publish, row("adopt strictly, with a fresh key 2"))
    assert (publish.previous, publish.overlap) == (mark("A"), days(3))


def test_an_adoption_in_place_counts_the_period_from_the_creation_of_the_version():
    recorded = step_of(Mark, row("a secret made by hand holds key 2")).marks
    assert (recorded.live, recorded.origin, recorded.since) == (mark("B"), Origin.ADOPTED, START)
    assert (recorded.previous, recorded.until) == (mark("A"), START + days(30))


def test_a_rotation_promises_the_previous_key_one_overlap_and_records_the_request():
    publish = step_of(Publish, row("requested"))
    assert (publish.previous, publish.overlap, publish.leaked) == (mark("A"), days(3), False)
    assert publish.request == "r-1"


def test_a_leak_lets_the_leaked_key_work_only_for_the_wait():
    publish = step_of(Publish, row("the live key leaked, with a wait"))
    assert (publish.previous, publish.overlap, publish.leaked) == (mark("A"), minutes(5), True)


def test_healing_keeps_the_promise_about_the_previous_key():
    seen = an_observation(a_publication(overlapping(told=end_announced(UNTIL))), key1="X")
    publish = step_of(Publish, Row("", seen, at(day=1), Reason.DRIFT))
    assert (publish.previous, publish.until, publish.told.retirement) == (mark("B"), UNTIL, ToldDeadline(UNTIL))


def test_healing_after_the_retirement_keeps_the_mark_of_the_spare():
    assert step_of(Publish, row("the live key was regenerated by hand")).spare == mark("B")


def test_healing_promises_the_other_key_a_period_if_it_alone_vouches_for_the_marks():
    publish = step_of(Publish, row("marks that only the other key vouches for"))
    assert (publish.previous, publish.overlap, publish.until) == (mark("B"), days(30), None)


def test_healing_keeps_the_id_of_the_answered_request():
    seen = an_observation(a_publication(marks(request="r-1")), key1="X")
    assert step_of(Publish, Row("", seen, at(day=9), Reason.DRIFT)).request == "r-1"


def test_a_version_that_was_not_announced_is_carried_over_by_the_next():
    seen = an_observation(a_publication(marks(told=Told())))
    publish = step_of(Publish, Row("", seen, at(day=30), Reason.DUE))
    assert publish.told.carried_over == (CarriedOver(Happened.ROTATED, KEY1, mark("A"), START),)


def test_the_end_of_a_previous_key_by_a_rotation_is_carried_over():
    publish = step_of(Publish, row("due when the overlap ends: one rotation ends the previous key"))
    assert publish.told.carried_over == (CarriedOver(Happened.ENDED, KEY2, mark("B"), at(day=30)),)


def test_adopting_and_healing_do_not_answer_a_request():
    answered = {one.name: decide(one.seen, one.target, one.now, one.request).answers_a_request for one in TABLE}
    assert not answered["adopt comes before a request"]
    assert not answered["drift is healed before a leak is carried out"]
    assert answered["requested while the overlap runs"]
    assert answered["the live key leaked"]


@pytest.mark.parametrize("one", TABLE, ids=lambda row: row.name)
def test_every_plan_can_be_printed(one: Row):
    plan = decide(one.seen, one.target, one.now, one.request)
    assert str(plan).startswith(f"{one.reason}: ")
    assert ("no steps" in str(plan)) is not bool(one.steps)


def test_the_turn_after_an_interrupted_first_rotation_continues_with_proving():
    """Even if the end of the other key was announced between the two turns."""
    before = overlapping(until=at(day=30), told=end_announced(at(day=30)))
    seen = an_observation(a_publication(before), key2="N")
    after = Situation(seen, a_target(), at(day=30))
    recorded = acknowledged(after, outstanding(after))
    plan = decide(an_observation(a_publication(recorded), key2="N"), a_target(), at(day=30) + hours(1))
    assert plan.reason is Reason.RESUMED


def test_a_rotation_regenerates_the_slot_that_is_not_live():
    plan: Plan = decide(an_observation(a_publication()), a_target(), at(day=30))
    assert plan.steps[0] == Regenerate(KeySlot.KEY2)


def returned(seen: Observation, target: Target = ENDING) -> Publish:
    """Return the version that is published once keys are back."""
    plan = decide(seen, target, at(day=21))
    assert plan.reason is Reason.KEYS_ARE_BACK
    publish = plan.steps[-1]
    assert isinstance(publish, Publish)
    return publish


def withdrawn_with(**facts: object) -> Observation:
    marked = marks(**facts)
    return an_observation(replace(a_publication(marked, value=None), state=SecretState.DISABLED), withdrawn=1)


def test_once_keys_are_back_the_other_key_is_promised_a_whole_period_also_where_a_first_rotation_comes_earlier():
    """What was promised before keys ended may have been as long."""
    account = an_account_id("chat", "prod")
    earlier = a_target(account=account, sunset=at(day=20))
    seen = replace(KEYS_BACK, publication=replace(KEYS_BACK.publication, provider=str(account)))
    assert first_period(earlier) < earlier.cadence.period
    assert returned(seen, earlier).overlap == earlier.cadence.period


def test_once_keys_are_back_a_previous_key_that_leaked_still_has_to_end():
    publish = returned(withdrawn_with(previous=mark("B"), until=at(day=19), leaked=True, spare=None))
    assert publish.leaked
    assert publish.previous == mark("B")
    assert publish.until == at(day=19)
    assert not publish.overlap


def test_once_keys_are_back_the_request_that_made_the_key_is_still_known():
    assert returned(withdrawn_with(request="ticket-7")).request == "ticket-7"


def test_a_return_that_was_never_announced_is_overtaken_by_the_next_one():
    earlier = CarriedOver(Happened.KEYS_BACK, KEY1, mark("A"), START)
    told = returned(withdrawn_with(told=Told(origin=True, carried_over=(earlier,)))).told
    assert [(one.happened, one.happened_at) for one in told.carried_over] == [(Happened.KEYS_BACK, at(day=21))]


def test_an_end_of_a_key_that_was_never_announced_is_still_to_be_announced_once_keys_are_back():
    told = returned(withdrawn_with(previous=mark("gone"), until=at(day=19), spare=None)).told
    assert [(one.happened, one.value) for one in told.carried_over] == [
        (Happened.ENDED, mark("gone")),
        (Happened.KEYS_BACK, mark("A")),
    ]
