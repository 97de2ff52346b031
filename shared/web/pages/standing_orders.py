"""What a person ordered for a target, as its page shows it: a trial that is planned or runs, and a hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from shared.decide import schedule
from shared.domain.orders import Hold, Orders, Trial
from shared.domain.relative import counted, length_in_words
from shared.domain.requests import RequestKind
from shared.turns.report import Row
from shared.web.pages.links import Links
from shared.web.pages.plan_words import when


@dataclass(frozen=True)
class OrderShown:
    """One standing order.

    title: What it is, in a few words.
    says: How it stands, in sentences.
    act: The words of the link that ends it. Empty if nothing can end it, or this caller may not.
    link: The address of the page on which it is ended. Empty without one.
    """

    title: str
    says: tuple[str, ...]
    act: str = ""
    link: str = ""


def orders_of(row: Row) -> Orders:
    """Return the standing orders of a row, as they were seen last."""
    return row.situation.seen.orders if row.situation is not None else row.orders


def orders_shown(row: Row, now: datetime, links: Links | None) -> tuple[OrderShown, ...]:
    """Return what a person ordered, the trial first.

    links: The addresses of the pages. None if this caller may do nothing.
    """
    return tuple(_shown(row, now, links))


def _shown(row: Row, now: datetime, links: Links | None) -> Iterator[OrderShown]:
    orders, target = orders_of(row), row.target
    trial, hold = orders.trial, orders.hold_at(now)
    if trial is not None and not trial.is_called_off:
        ends = links.act(target, RequestKind.END_TRIAL) if links and trial.ended is None else ""
        words = ("End the trial now" if trial.is_open else "Call the trial off") if ends else ""
        yield OrderShown(_title(trial), _of_trial(trial, row, now), words, ends)
    if hold is not None:
        lifts = links.act(target, RequestKind.LIFT_HOLD) if links else ""
        yield OrderShown("On hold", _of_hold(hold, now), "Lift the hold" if lifts else "", lifts)


def _title(trial: Trial) -> str:
    if trial.ended is not None:
        return "A trial has ended"
    return "A trial runs: keys are off" if trial.is_open else "A trial is planned"


def _of_trial(trial: Trial, row: Row, now: datetime) -> tuple[str, ...]:
    wanted = _wanted(trial.by, trial.why)
    if trial.ended is not None:
        refused = f" {counted(trial.refused, 'call was', 'calls were')} refused." if trial.refused is not None else ""
        return (f"Keys are on again since {when(trial.ended, now)}.{refused}", wanted)
    if trial.is_open:
        return (_until(trial, now), *_so_far(row), wanted)
    starts = (schedule.trial(row.situation) if row.situation is not None else None) or trial.starts
    told = "It is announced." if trial.told is not None else "It is not announced yet, and may move."
    return (f"Keys are switched off {when(starts, now)}, for {length_in_words(trial.length)}. {told}", wanted)


def _until(trial: Trial, now: datetime) -> str:
    if trial.leaked:
        return "A key leaked meanwhile and could not be ended. Keys stay off until a person chooses."
    if trial.is_over(now):
        tried = f" That was tried last {when(trial.tried, now)}." if trial.tried is not None else ""
        return f"It is over, and keys are to be switched on.{tried}"
    return f"Keys are switched on again {when(trial.ends, now)}." if trial.ends is not None else "Keys are off."


def _so_far(row: Row) -> tuple[str, ...]:
    refused = row.refused
    return (f"{counted(refused, 'call was', 'calls were')} refused so far.",) if refused is not None else ()


def _of_hold(hold: Hold, now: datetime) -> tuple[str, ...]:
    says = f"No key is replaced or ended on schedule. It ends {when(hold.until, now)}. A leak does not wait."
    return says, _wanted(hold.by, hold.reason)


def _wanted(by: str, why: str) -> str:
    said = f"Asked for by {by}" if by else "Asked for"
    return f"{said}: {why}" if why else f"{said}."
