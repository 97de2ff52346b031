"""The standing orders about one target as data: its trial and its hold, as rows of a survey show them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NotRequired, TypedDict

from shared.domain.orders import Hold, Trial
from shared.domain.times import iso_duration


class TrialState(StrEnum):
    """How far a trial has come. The values are public.

    PLANNED: It has not begun.
    RUNNING: Keys are off by it, or are about to be.
    ENDED: Keys are on again, and this is not announced yet.
    CALLED_OFF: A person called it off, and this is not announced yet.
    """

    PLANNED = "planned"
    RUNNING = "running"
    ENDED = "ended"
    CALLED_OFF = "called-off"


class TrialData(TypedDict):
    """A trial: `start` and `end` are when keys are switched off and on, as far as that is known now.

    `refusedCalls` is how many calls were refused so far, where somebody counts them.
    """

    state: TrialState
    start: str
    end: str
    duration: str
    announced: bool
    by: NotRequired[str]
    reason: NotRequired[str]
    refusedCalls: NotRequired[int]
    despiteCopies: NotRequired[list[str]]


class HoldData(TypedDict):
    """A hold: rotations, ends of keys, trials and sunsets wait until `until`, or until a person lifts it."""

    since: str
    until: str
    reason: str
    by: NotRequired[str]


def trial_data(trial: Trial, starts: datetime | None, refused: int | None = None) -> TrialData:
    """Return a trial as JSON.

    starts: When a planned one starts, as the schedule says. None if that is not known.
    refused: How many calls were refused so far. None if that was not counted now.
    """
    begins = trial.begun or starts or trial.starts
    ends = trial.ended or trial.ends or begins + trial.length
    data = TrialData(
        state=_state(trial),
        start=begins.isoformat(),
        end=ends.isoformat(),
        duration=iso_duration(trial.length),
        announced=trial.told is not None,
    )
    if trial.by:
        data["by"] = trial.by
    if trial.why:
        data["reason"] = trial.why
    counted = refused if refused is not None else trial.refused
    if counted is not None:
        data["refusedCalls"] = counted
    if trial.despite:
        data["despiteCopies"] = list(trial.despite)
    return data


def _state(trial: Trial) -> TrialState:
    if trial.is_called_off:
        return TrialState.CALLED_OFF
    if trial.ended is not None:
        return TrialState.ENDED
    return TrialState.PLANNED if trial.begun is None else TrialState.RUNNING


def hold_data(hold: Hold) -> HoldData:
    """Return a hold as JSON."""
    data = HoldData(since=hold.since.isoformat(), until=hold.until.isoformat(), reason=hold.reason)
    if hold.by:
        data["by"] = hold.by
    return data
