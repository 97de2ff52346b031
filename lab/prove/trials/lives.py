"""The lives that are explored: how each begins, what is requested, and what others may do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lab.prove.histories import values
from lab.prove.trials import actors, moments
from lab.prove.trials.actors import Act
from lab.prove.trials.state import START, Memory, State
from lab.prove.trials.walk import Walk
from lab.prove.trials.world import World
from shared.domain.keys import KeySlot
from shared.domain.model import Cadence, Target
from shared.domain.publication import Marks, Origin
from shared.domain.requests import (
    ArmRequest,
    AwaitedDeployment,
    DeploymentRequest,
    DisarmRequest,
    EndTrialRequest,
    Follow,
    HoldRequest,
    LeakedKey,
    LeakRequest,
    LiftHoldRequest,
    Request,
    RotateRequest,
    TrialRequest,
)
from shared.domain.seals import Place, sealed
from shared.domain.told import Told
from shared.turns.secret_notes import SECRETS, SecretNote

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
CADENCE = Cadence(period=30 * DAY, overlap=DAY, warnings=(DAY,), notice=DAY)
TARGET = Target("chat", values.ACCOUNT, "https://keys.vault.azure.net", "chat-key", CADENCE)
_SECRET_NOTE = SECRETS + hashlib.sha256(TARGET.secret_url.casefold().encode()).hexdigest()
DUE = START + CADENCE.period
TRIAL = TrialRequest(length=4 * HOUR, starts=DUE - 2 * HOUR, reason="who still calls", by="ana", id="t-1")
LEAK = LeakRequest(reason="found in a repository", by="ben", id="l-1")


@dataclass(frozen=True)
class Life:
    """What is explored together.

    name: What tells it apart.
    target: The target.
    begins: How it begins.
    until: Until when time passes, in UTC.
    requests: What is requested, each once, at any time between two turns.
    acts: What others do, between two turns and at each call of a turn.
    leak: The report of a leak that may take the lease over at each call. None: none comes.
    free: Whether what others do between two turns counts as no fault.
    refuses: Whether Azure refuses to regenerate a key while keys are off.
    delay: How long the data plane goes on as before after keys were switched.
    """

    name: str
    target: Target
    begins: State
    until: datetime
    requests: Mapping[str, Request] = field(default_factory=dict)
    acts: Mapping[str, Act] = field(default_factory=dict)
    leak: LeakRequest | None = None
    free: bool = False
    refuses: bool = False
    delay: timedelta = timedelta(0)

    def world(self, state: State) -> World:
        """Return a world in this state."""
        return World(state, self.target, refuses=self.refuses, delay=self.delay)


def lives() -> tuple[Life, ...]:
    """Return all lives."""
    planned, running, early = _planned(), _running(), _adopted(START + DAY)
    in_overlap = _adopted(START + DAY, previous=True)
    over = DUE + 12 * HOUR
    switching = actors.only(actors.person_on, actors.person_off, actors.policy_begins, actors.policy_ends)
    others = actors.only(actors.note_lost, actors.older_release, actors.trial_forged, actors.minutes_pass)
    down = actors.only(actors.days_pass)
    end = {"a person ends the trial": EndTrialRequest(by="ana", id="e-1")}
    despite = {"a person ends the trial despite the leak": EndTrialRequest(by="ana", id="e-2", despite_leak=True)}
    leaks: dict[str, Request] = {"the live key leaked": LEAK}
    return (
        Life("a trial", TARGET, planned, over, end, {**switching, **others}, LEAK),
        Life("a trial, and the data plane is slow", TARGET, running, over, end, switching, delay=3 * MINUTE),
        Life("a leak in a trial", TARGET, running, over, {**leaks, **end}, switching),
        Life(
            "a leak in a trial, and Azure refuses", TARGET, running, over, {**leaks, **despite}, switching, refuses=True
        ),
        Life("both keys leak in a trial", TARGET, _running(previous=True), over, _both(), switching),
        Life("a hold", TARGET, planned, DUE + 4 * DAY, _holds(), actors.only(actors.minutes_pass), LEAK),
        Life("an agreed date within a trial", replace(TARGET, sunset=DUE), running, over, end, {**switching, **others}),
        Life("others switch keys off", TARGET, early, START + 2 * DAY + 12 * HOUR, acts=_for_a_while(), free=True),
        Life("an end after a deployment", TARGET, early, START + 8 * DAY, _after_deployment(Follow.END), _tags()),
        Life(
            "a rotation after a deployment", TARGET, early, START + 8 * DAY, _after_deployment(Follow.ROTATE), _tags()
        ),
        Life(
            "a rotation after a deployment, in an overlap",
            TARGET,
            in_overlap,
            START + 8 * DAY,
            _after_deployment(Follow.ROTATE),
            _tags(),
        ),
        Life("a trial after a deployment", TARGET, early, START + 8 * DAY, _after_deployment(Follow.TRIAL), _tags()),
        Life("a sunset after a deployment", TARGET, early, START + 8 * DAY, _after_deployment(Follow.SUNSET), _tags()),
        Life(
            "the end of the other key", TARGET, _adopted(DUE - 2 * DAY, previous=True), DUE + DAY, _rotations(), _tags()
        ),
        Life(
            "a trial is asked for",
            TARGET,
            _adopted(DUE - 3 * HOUR),
            DUE + 2 * DAY,
            {"a trial": TRIAL},
            {**others, **down},
        ),
    )


def _both() -> dict[str, Request]:
    other = replace(LEAK, key=LeakedKey.PREVIOUS, id="l-2")
    return {
        "the live key leaked": LEAK,
        "the other key leaked": other,
        "both keys leaked": replace(LEAK, key=LeakedKey.BOTH, id="l-3"),
    }


def _holds() -> dict[str, Request]:
    hold = HoldRequest(until=DUE + DAY, reason="a launch", by="ana", id="h-1")
    return {"a hold is asked for": hold, "the hold is lifted": LiftHoldRequest(by="ana", id="h-2")}


def _for_a_while() -> Mapping[str, Act]:
    return actors.only(actors.person_on, actors.person_off)


def _tags() -> Mapping[str, Act]:
    return actors.only(actors.marks_put_back, actors.trial_forged, actors.minutes_pass)


def _after_deployment(then: Follow) -> dict[str, Request]:
    length = 4 * HOUR if then is Follow.TRIAL else None
    wanted = AwaitedDeployment("production", soak=2 * DAY, then=then, length=length)
    live = AwaitedDeployment("production")
    return {
        f"what follows the next deployment is chosen: {then}": ArmRequest(deployment=wanted, by="ana", id="a-1"),
        "nothing waits for a deployment any more": DisarmRequest(by="ana", id="a-2"),
        "a deployment went live": DeploymentRequest(deployment=live, by="ci", id="d-1"),
    }


def _rotations() -> dict[str, Request]:
    return {
        "a rotation is asked for": RotateRequest(by="ana", id="r-1"),
        "a rotation is asked for that ends the other key": RotateRequest(by="ana", id="r-2", end_other=True),
    }


def _adopted(now: datetime, *, previous: bool = False) -> State:
    """Return the state of a target at that time, whose first key was published by a rotation at the start.

    previous: Whether the key before it is promised to work until the rotation is due.
    """
    known, promised = frozenset({0, 1}), frozenset({(1, DUE)})
    memory = Memory(known=known, promised=promised) if previous else Memory(known=frozenset({0}))
    world = World(State(memory=memory), TARGET, by_others=True)
    keys = {KeySlot.KEY1: values.key(0), KeySlot.KEY2: values.key(1)}
    marks = Marks(values.mark(0), Origin.ROTATED, START, spare=values.mark(1), told=Told(origin=True))
    if previous:
        marks = replace(marks, spare=None, previous=values.mark(1), until=DUE)
    place = Place(str(TARGET.account), KeySlot.KEY1, TARGET.secret_url)
    marks = sealed(marks, place, values.ENDPOINT, keys)
    world.publish(keys[KeySlot.KEY1], KeySlot.KEY1, marks, {}, 2, by_leak=False)
    claimed = SecretNote(TARGET.secret_url, account=str(TARGET.account)).text(TARGET)
    return world.state.with_note(_SECRET_NOTE, claimed)._replace(now=now)


def _planned(*, previous: bool = False) -> State:
    """Return the state in which a trial was asked for and announced."""
    return _after(_adopted(DUE - 2 * DAY, previous=previous), TRIAL)


def _running(*, previous: bool = False) -> State:
    """Return the state in which the trial runs."""
    state = _after(_planned(previous=previous), None)
    while state.open_trial is None:
        moment = moments.following(state, TARGET)
        if moment is None:
            raise LookupError("the trial does not begin")
        state = _after(state._replace(now=moment), None)
    return _after(state, None)


def _after(state: State, request: Request | None) -> State:
    world = World(state, TARGET)
    Walk(world, request).finish()
    return world.state
