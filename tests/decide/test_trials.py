"""Trials: when one is planned, begins, is watched and ends, and what may not happen meanwhile."""

from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from lab.simulation.builders import (
    a_publication,
    a_target,
    an_observation,
    mark,
    marks,
    reports_leak,
    wants_rotation,
)
from lab.simulation.dates import START, at, days, hours
from shared.decide import schedule
from shared.decide.plan import Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.decide.steps import EndTrial, EndWhileOff, KeepOrders
from shared.domain.keys import KeySlot
from shared.domain.model import Observation, Target
from shared.domain.orders import EndedBy, Hold, Orders, Stop, Trial, TrialCheck
from shared.domain.publication import SecretState
from shared.domain.requests import (
    EndTrialRequest,
    LeakedKey,
    Request,
    TrialRequest,
)
from shared.domain.told import ToldDeadline
from shared.domain.window import Window

ASKED = TrialRequest(id="t-1", by="anna", reason="who is left?", length=hours(4), starts=at(day=5))
PLANNED = Trial("t-1", "anna", "who is left?", at(day=5), hours(4))
TOLD = replace(PLANNED, told=ToldDeadline(at(day=5)))
BEGUN = replace(TOLD, begun=at(day=5))
RUNS = replace(BEGUN, off=at(day=5, minute=1))
STOPPED = replace(RUNS, stop=Stop("ben", "it hurts", at(day=5, hour=10)))
BLOCKED = replace(RUNS, leaked=frozenset({mark("A")}))
FAILED = replace(RUNS, tried=at(day=5, hour=13, minute=30))
ENDED = replace(RUNS, ended=at(day=5, hour=13), ended_by=EndedBy.TIME)
END = EndTrialRequest(id="e-1", by="ben", reason="it hurts")
NOBODY = "The topic has no event subscription, so announcements reach nobody."
COPY = "the named value aoai-key of the gateway apim"


def on(trial: Trial | None, **facts: object) -> Observation:
    """Return an observation of a target whose keys are on, with this trial."""
    return replace(an_observation(a_publication()), orders=Orders(trial=trial), **facts)


def off(trial: Trial | None, **facts: object) -> Observation:
    """Return an observation of a target whose keys are off, with this trial."""
    return replace(on(trial, **facts), key_auth=False, keys={})


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


DUE = marks(since=START - days(40))
TABLE = [
    # Asked for.
    Row("a trial is asked for", on(None), at(day=1), Reason.TRIAL_PLANNED, ["note the trial"], request=ASKED),
    Row(
        "the same request again",
        replace(on(PLANNED), orders=Orders(PLANNED, known=("t-1",))),
        at(day=1),
        Reason.ALREADY_DONE,
        request=ASKED,
    ),
    Row("a second trial", on(replace(PLANNED, id="t-0")), at(day=1), Reason.TRIAL_REFUSED, request=ASKED),
    Row(
        "no identity could call",
        on(None, takes_identity=False),
        at(day=1),
        Reason.CANNOT_TAKE_AN_IDENTITY,
        request=ASKED,
    ),
    Row(
        "a policy keeps keys off",
        on(None, trial_check=TrialCheck(blockers=("A policy keeps keys off.",))),
        at(day=1),
        Reason.TRIAL_REFUSED,
        request=ASKED,
    ),
    Row(
        "a copy is used",
        on(None, trial_check=TrialCheck(copies=(COPY,))),
        at(day=1),
        Reason.TRIAL_REFUSED,
        request=ASKED,
    ),
    Row(
        "a copy is used, and may be hurt",
        on(None, trial_check=TrialCheck(copies=(COPY,))),
        at(day=1),
        Reason.TRIAL_PLANNED,
        ["note the trial"],
        request=replace(ASKED, despite_copies=True),
    ),
    Row(
        "all keys end before its end",
        on(None),
        at(day=1),
        Reason.TRIAL_REFUSED,
        target=a_target(sunset=at(day=5, hour=11)),
        request=ASKED,
    ),
    Row(
        "all keys end after its end",
        on(None),
        at(day=1),
        Reason.TRIAL_PLANNED,
        ["note the trial"],
        a_target(sunset=at(day=9)),
        ASKED,
    ),
    # Called off.
    Row(
        "called off before anybody was told",
        on(PLANNED),
        at(day=1),
        Reason.TRIAL_CALLED_OFF,
        ["note that the trial is called off"],
        request=END,
    ),
    Row(
        "called off when somebody was told",
        on(TOLD),
        at(day=4),
        Reason.TRIAL_CALLED_OFF,
        ["note that the trial is called off"],
        request=END,
    ),
    Row("called off, and there is none", on(None), at(day=4), Reason.ALREADY_DONE, request=END),
    # Begins.
    Row("its time has not come", on(TOLD), at(day=4), Reason.NOTHING_DUE),
    Row("it was not announced", on(PLANNED), at(day=6), Reason.NOTHING_DUE),
    Row("it begins", on(TOLD), at(day=5), Reason.TRIAL_BEGINS, ["begin the trial"]),
    Row("nobody hears of it", on(TOLD, unheard=NOBODY), at(day=5), Reason.NOBODY_LISTENS),
    Row(
        "outside the window",
        on(TOLD),
        at(day=5, hour=20),
        Reason.NOTHING_DUE,
        target=a_target(window=Window.parse("Mon-Fri 09:00-16:00 Europe/Berlin")),
    ),
    Row(
        "a policy came meanwhile",
        on(TOLD, trial_check=TrialCheck(blockers=("A policy keeps keys off.",))),
        at(day=5),
        Reason.TRIAL_REFUSED,
    ),
    Row(
        "a rotation is due as well",
        replace(an_observation(a_publication(DUE)), orders=Orders(TOLD)),
        at(day=5),
        Reason.TRIAL_BEGINS,
        ["begin the trial"],
    ),
    Row(
        "an interrupted rotation is finished first",
        replace(an_observation(a_publication(DUE), key2="N"), orders=Orders(TOLD)),
        at(day=5),
        Reason.RESUMED,
        ["prove key2", "publish key2 (rotated)"],
    ),
    Row(
        "on hold",
        replace(on(TOLD), orders=Orders(TOLD, Hold(at(day=9), "freeze", "anna", START, "h-1"))),
        at(day=5),
        Reason.ON_HOLD,
    ),
    Row("interrupted before keys were off", on(BEGUN), at(day=5, minute=9), Reason.TRIAL_BEGINS, ["begin the trial"]),
    Row("interrupted for too long", on(BEGUN), at(day=5, minute=11), Reason.TRIAL_OVER, ["end the trial"]),
    Row(
        "interrupted when keys were off",
        off(BEGUN),
        at(day=5, minute=11),
        Reason.TRIAL_RUNS,
        ["note that keys are off for the trial"],
    ),
    # Runs.
    Row("it runs", off(RUNS), at(day=5, hour=11), Reason.TRIAL_RUNS),
    Row("a read is late", on(RUNS), at(day=5, minute=2), Reason.TRIAL_RUNS),
    Row("somebody switched keys on", on(RUNS), at(day=5, hour=11), Reason.TRIAL_OVER, ["end the trial"]),
    Row("a rotation is asked for", off(RUNS), at(day=5, hour=11), Reason.TRIAL_RUNS, request=wants_rotation()),
    Row("the sunset has come", off(RUNS), at(day=5, hour=11), Reason.TRIAL_RUNS, target=a_target(sunset=at(day=5))),
    # Ends.
    Row("its time is over", off(RUNS), at(day=5, hour=13), Reason.TRIAL_OVER, ["end the trial"]),
    Row(
        "its time is over, on a hold and outside the window",
        replace(off(RUNS), orders=Orders(RUNS, Hold(at(day=9), "freeze", "anna", START, "h-1"))),
        at(day=5, hour=23),
        Reason.TRIAL_OVER,
        ["end the trial"],
        a_target(window=Window.parse("Mon-Fri 09:00-16:00 Europe/Berlin")),
    ),
    Row(
        "its time is over, and the secret was taken away",
        off(RUNS, publication=a_publication(state=SecretState.DELETED, value=None)),
        at(day=5, hour=13),
        Reason.TRIAL_OVER,
        ["end the trial"],
    ),
    Row(
        "its time is over, and nothing is published",
        off(RUNS, publication=None),
        at(day=5, hour=13),
        Reason.TRIAL_OVER,
        ["end the trial"],
    ),
    Row("a person ended it", off(STOPPED), at(day=5, hour=11), Reason.TRIAL_OVER, ["end the trial"]),
    Row(
        "a person ends it",
        off(RUNS),
        at(day=5, hour=11),
        Reason.TRIAL_STOPPED,
        ["note that the trial ends now", "end the trial"],
        request=END,
    ),
    Row("switching on failed a while ago", off(FAILED), at(day=5, hour=14), Reason.TRIAL_RUNS),
    Row(
        "switching on failed an hour ago",
        off(FAILED),
        at(day=5, hour=14, minute=30),
        Reason.TRIAL_OVER,
        ["end the trial"],
    ),
    Row(
        "switching on failed, and a person ends it",
        off(FAILED),
        at(day=5, hour=14),
        Reason.TRIAL_STOPPED,
        ["note that the trial ends now", "end the trial"],
        request=END,
    ),
    Row(
        "it is over, and the key is proven",
        on(ENDED),
        at(day=5, hour=13),
        Reason.KEYS_WORK_AGAIN,
        ["prove key1", "note that keys work"],
    ),
    Row(
        "it is over, and the key is proven already",
        on(replace(ENDED, proven=True)),
        at(day=5, hour=13),
        Reason.NOTHING_DUE,
    ),
    Row(
        "it is over, and the published key was regenerated meanwhile",
        replace(an_observation(a_publication(), key1="X"), orders=Orders(ENDED)),
        at(day=5, hour=13),
        Reason.DRIFT,
        ["prove key1", "publish key1 (healed)"],
    ),
    # Leaks.
    Row(
        "a leak while keys are off",
        off(RUNS),
        at(day=5, hour=11),
        Reason.LEAKED,
        ["regenerate key1 while keys are off"],
        request=reports_leak(),
    ),
    Row(
        "a leak of the previous key while keys are off",
        off(RUNS),
        at(day=5, hour=11),
        Reason.LEAKED,
        ["regenerate key2 while keys are off"],
        request=reports_leak(LeakedKey.PREVIOUS),
    ),
    Row(
        "a leak of both while keys are off",
        off(RUNS),
        at(day=5, hour=11),
        Reason.LEAKED,
        ["regenerate key1 and key2 while keys are off"],
        request=reports_leak(LeakedKey.BOTH),
    ),
    Row(
        "a leak that names a fingerprint nobody knows",
        off(RUNS),
        at(day=5, hour=11),
        Reason.LEAKED,
        ["regenerate key2 while keys are off"],
        request=reports_leak(None, fingerprint=mark("Z")),
    ),
    Row(
        "a leak while keys are off, and the secret cannot be read",
        off(RUNS, publication=a_publication(state=SecretState.DISABLED, value=None)),
        at(day=5, hour=11),
        Reason.LEAKED,
        ["regenerate key1 and key2 while keys are off"],
        request=reports_leak(),
    ),
    Row(
        "a leaked key could not be ended, and the time is over",
        off(BLOCKED),
        at(day=5, hour=13),
        Reason.LEAKED_IN_TRIAL,
    ),
    Row(
        "a leaked key could not be ended, and it is tried again",
        off(BLOCKED),
        at(day=5, hour=11),
        Reason.LEAKED,
        ["regenerate key1 while keys are off"],
        request=reports_leak(request_id="l-2"),
    ),
    Row(
        "a leak is on record, and a person ends the trial",
        off(RUNS, leak_pending=True),
        at(day=5, hour=11),
        Reason.LEAKED_IN_TRIAL,
        request=END,
    ),
    Row(
        "it could not begin for more than eight days",
        on(TOLD, unheard=NOBODY),
        at(day=14),
        Reason.TRIAL_CALLED_OFF,
        ["note that the trial is called off"],
    ),
    Row(
        "it could not begin because of a hold",
        replace(on(TOLD), orders=Orders(TOLD, Hold(at(day=14), "freeze", "anna", START, "h-1"))),
        at(day=15),
        Reason.TRIAL_BEGINS,
        ["begin the trial"],
    ),
    Row(
        "a leaked key could not be ended, somebody switched keys on, and the time is over",
        on(BLOCKED),
        at(day=5, hour=13),
        Reason.TRIAL_OVER,
        ["end the trial"],
    ),
    Row(
        "a leaked key could not be ended, and the account may show too late that keys are off",
        on(replace(BLOCKED, off=at(day=5, hour=12, minute=59))),
        at(day=5, hour=13),
        Reason.LEAKED_IN_TRIAL,
    ),
    Row(
        "a leak comes again after a person has ended the trial all the same",
        off(replace(STOPPED, stop=Stop("ben", "it hurts", at(day=5, hour=10), despite_leak=True))),
        at(day=5, hour=11),
        Reason.LEAKED_IN_TRIAL,
        request=reports_leak(),
    ),
    Row(
        "a trial was about to begin, its turn was killed, and a person asked for a hold",
        replace(on(BEGUN), orders=Orders(BEGUN, Hold(at(day=9), "a launch", "ben", at(day=5), "h-1"))),
        at(day=5, minute=2),
        Reason.TRIAL_OVER,
        ["end the trial"],
    ),
    Row(
        "a leaked key could not be ended, and a person ends the trial",
        off(BLOCKED),
        at(day=5, hour=11),
        Reason.LEAKED_IN_TRIAL,
        request=END,
    ),
    Row(
        "a leaked key could not be ended, and a person ends the trial all the same",
        off(BLOCKED),
        at(day=5, hour=11),
        Reason.TRIAL_STOPPED,
        ["note that the trial ends now", "end the trial"],
        request=replace(END, despite_leak=True),
    ),
    Row(
        "a leak is on record, and the time is over",
        off(RUNS, leak_pending=True),
        at(day=5, hour=13),
        Reason.LEAKED_IN_TRIAL,
    ),
    Row(
        "a leak while a trial is planned",
        on(TOLD),
        at(day=5),
        Reason.LEAKED,
        [
            "regenerate key2",
            "prove key2",
            "publish key2 (rotated)",
            "watch the leaked key1",
            "regenerate key1",
            "watch the leaked key1",
        ],
        request=reports_leak(),
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_decide_returns_the_plan_of_the_row(row: Row):
    plan = decide(row.seen, row.target, row.now, row.request)
    steps = [str(step) for step in plan.steps]
    assert plan.reason is row.reason, plan
    assert steps == row.steps, plan


@pytest.mark.parametrize("trial", [RUNS, STOPPED, BLOCKED, FAILED, BEGUN], ids=lambda one: str(one.stop or one.off))
@pytest.mark.parametrize("now", [at(day=5, hour=11), at(day=5, hour=13), at(day=60)])
def test_while_a_trial_is_open_nothing_regenerates_publishes_or_withdraws(trial: Trial, now: datetime):
    target = a_target(sunset=at(day=5, hour=10))
    for request in (None, wants_rotation(), replace(END), ASKED):
        for seen in (off(trial), on(trial)):
            steps = decide(seen, target, now, request).steps
            assert all(isinstance(one, KeepOrders | EndTrial) or str(one) == "begin the trial" for one in steps)


@pytest.mark.parametrize("tag", ["trial", "then=trial", "production soak=0 then=trial for=60 deployed=1"])
def test_keys_off_without_a_note_are_somebody_elses_whatever_a_tag_says(tag: str):
    seen = off(None, publication=a_publication(marks(), others={"key-rotation-trial": tag}))
    plan = decide(seen, a_target(), at(day=60))
    assert plan.reason is Reason.OFF_BY_OTHERS
    assert not any(isinstance(step, EndTrial) for step in plan.steps)


def test_the_note_of_a_plan_names_who_why_when_and_how_long():
    [step] = decide(on(None), a_target(), at(day=1), ASKED).steps
    assert isinstance(step, KeepOrders)
    assert step.orders == Orders(trial=PLANNED, known=("t-1",))


def test_a_trial_starts_no_sooner_than_the_notice_after_its_announcement():
    soon = replace(PLANNED, starts=at(day=1))
    starts = schedule.trial(Situation(on(soon), a_target(), at(day=1)))
    assert starts is not None
    assert starts >= at(day=1) + days(1)


def test_a_leak_that_names_the_key_of_the_vault_regenerates_its_slot_and_expects_the_other_to_stay():
    [step] = decide(off(RUNS), a_target(), at(day=5, hour=11), reports_leak(None, fingerprint=mark("A"))).steps
    assert step == EndWhileOff((KeySlot.KEY1,), frozenset({mark("A")}), None, "l-1")
    [step] = decide(off(RUNS), a_target(), at(day=5, hour=11), reports_leak(LeakedKey.PREVIOUS)).steps
    assert step == EndWhileOff((KeySlot.KEY2,), frozenset(), mark("A"), "l-1")
