"""A plan in words for people: what is done step by step, how it is afterwards, and who notices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from shared.decide.plan import PREPARING, Plan, Reason
from shared.decide.situation import Situation
from shared.decide.steps import (
    BeginTrial,
    DisableKeyAuth,
    EndTrial,
    EndWhileOff,
    KeepOrders,
    Mark,
    NoteKeysOff,
    Prove,
    Publish,
    Regenerate,
    Step,
    Wait,
    Watch,
    Withdraw,
)
from shared.domain.keys import KeySlot
from shared.domain.relative import away, exact, length_in_words
from shared.web.pages.order_words import after_order, who_notices


@dataclass(frozen=True)
class PlanWords:
    """What a plan means, in sentences.

    why: Why this is what would be done.
    reason: The same as the public word.
    steps: What would be done, in order.
    afterwards: Which key is live then, and until when the other one works.
    notices: Who notices it.
    held_until: Until when nothing is done, in words. None if nothing is held, or if nobody knows.
    acts: Whether anything would be done at all.
    first_only: Whether this only comes before what was asked, and the app then decides again.
    """

    why: str
    reason: str
    steps: tuple[str, ...]
    afterwards: tuple[str, ...]
    notices: tuple[str, ...]
    held_until: str | None
    acts: bool
    first_only: bool


def in_words(plan: Plan, situation: Situation, lag: timedelta) -> PlanWords:
    """Return a plan in words.

    situation: What it was decided about.
    lag: How long the slowest app takes to read a new version (ROTATION_CONSUMER_LAG).
    """
    ends = _Ends.of(plan, situation)
    told = ("announce what was done",) if ends.publish or ends.slots else ()
    return PlanWords(
        plan.why,
        plan.reason.value,
        (*_steps(plan, situation), *told) if plan.steps else (),
        _afterwards(plan, situation, ends) if plan.steps else (),
        (who_notices(plan, situation) or _notices(situation, ends, lag)) if plan.steps else (),
        when(plan.held_until, situation.now) if plan.held_until else None,
        bool(plan.steps),
        bool(plan.steps) and plan.reason in PREPARING,
    )


def when(moment: datetime, now: datetime) -> str:
    """Return a moment with the time to it first, such as `in 3 days (Fri 27 Nov 2026, 09:43 UTC)`."""
    return f"{away(moment, now)} ({exact(moment)})"


def works_on(until: datetime, now: datetime) -> str:
    """Return how long a key works on, such as `for 3 days, until Fri 27 Nov 2026, 09:43 UTC`."""
    return f"for {length_in_words(until - now)}, until {exact(until)}"


@dataclass(frozen=True)
class _Ends:
    """What a plan publishes, and which slots' present values end.

    publish: The version that is written last. None if none is.
    regenerated: The slots that are regenerated, in order.
    slots: Those of them whose present value somebody may use.
    """

    publish: Publish | None
    regenerated: tuple[KeySlot, ...]
    slots: tuple[KeySlot, ...]

    @classmethod
    def of(cls, plan: Plan, situation: Situation) -> _Ends:
        published = [step for step in plan.steps if isinstance(step, Publish)]
        regenerated = tuple(step.slot for step in plan.steps if isinstance(step, Regenerate))
        used = tuple(slot for slot in regenerated if _is_used(slot, situation))
        return cls(published[-1] if published else None, regenerated, used)


def _is_used(slot: KeySlot, situation: Situation) -> bool:
    """Return whether somebody may use what the slot holds now."""
    if situation.seen.publication is None or situation.publication.marks is None:
        return True
    return slot is situation.seen.live or situation.spare_in_use


def _steps(plan: Plan, situation: Situation) -> Iterator[str]:
    ended: set[KeySlot] = set()
    for step in plan.steps:
        yield _step(step, situation, ended)
        ended |= {step.slot} if isinstance(step, Regenerate) else set()


def _step(step: Step, situation: Situation, ended: set[KeySlot]) -> str:
    """Return a step in words. `ended` are the slots that were regenerated before it."""
    if isinstance(step, NoteKeysOff | KeepOrders | BeginTrial | EndTrial | EndWhileOff):
        return step.words
    return _step_about_a_key(step, situation, ended)


def _step_about_a_key(
    step: Regenerate | Prove | Publish | Mark | Watch | Wait | DisableKeyAuth | Withdraw,
    situation: Situation,
    ended: set[KeySlot],
) -> str:
    secret = situation.target.secret
    match step:
        case Regenerate(slot):
            used = _is_used(slot, situation)
            return f"regenerate {slot.words}: its present value {'stops working' if used else 'is used by nobody'}"
        case Prove(slot):
            return f"prove {slot.words}: the account itself must accept it, more than once"
        case Publish(slot):
            return f"publish {slot.words} as a new version of the secret {secret}"
        case Mark():
            return f"note it on the version of the secret {secret} that is there; no key changes"
        case Watch(slot):
            asks = "until it refuses" if slot in ended else "whether it still accepts"
            return f"ask the account {asks} the leaked {slot.words}"
        case Wait(time):
            return f"wait {length_in_words(time)}"
        case DisableKeyAuth():
            return "switch keys off on the account"
        case Withdraw():
            return f"disable the version of the secret {secret}, which holds a key that nothing accepts"
        case _:
            assert_never(step)


def _afterwards(plan: Plan, situation: Situation, ends: _Ends) -> tuple[str, ...]:
    ordered = after_order(plan)
    if ordered:
        return ordered
    if plan.reason in (Reason.ARMED, Reason.DISARMED):
        return (plan.why, f"Until then {situation.live.words} stays live, and no key ends because of this.")
    publish = ends.publish
    if publish is None:
        stays = (f"{situation.live.words.capitalize()} stays live.",) if situation.seen.live else ()
        return (*stays, *(f"The value that {slot.words} has now does not work any more." for slot in ends.slots))
    other, fresh = publish.slot.other, ", with a new value" if publish.slot in ends.regenerated else ""
    ended = tuple(f"The value that {slot.words} has now does not work any more." for slot in ends.slots)
    goes_on = publish.previous is not None and other not in ends.slots
    works = (f"{other.words.capitalize()} works {_until(publish, situation)}.",) if goes_on else ()
    return (f"{publish.slot.words.capitalize()} is live{fresh}.", *ended, *works)


def _until(publish: Publish, situation: Situation) -> str:
    """Return how long the key before works on."""
    overlap = situation.now + publish.overlap
    until = max(overlap, publish.until) if publish.until and publish.overlap else publish.until or overlap
    return works_on(until, situation.now)


def _notices(situation: Situation, ends: _Ends, lag: timedelta) -> tuple[str, ...]:
    """Return who notices: the apps that read the vault, and those that hold a copy of a key."""
    live, publish = situation.seen.live, ends.publish
    if live in ends.slots:
        return (
            "Apps that read the vault again when they are refused notice nothing.",
            f"Apps that do not are refused until they read it next, which may take {length_in_words(lag)}.",
            f"Apps with a copy of {' or '.join(slot.words for slot in ends.slots)} are refused until somebody gives "
            "them the new key.",
        )
    copies: tuple[str, ...] = ()
    if publish is not None and publish.previous is not None and publish.slot.other not in ends.slots:
        until = _until(publish, situation)
        copies = (f"Apps with a copy of {publish.slot.other.words} can use it {until}. By then they need the new key.",)
    if ends.slots:
        lost = " and ".join(slot.words for slot in ends.slots)
        reads = "Apps that have read the vault since it holds the live key notice nothing."
        return reads, f"Apps that still use {lost} are refused at once.", *copies
    return ("Apps that read the vault notice nothing.", *copies) if copies else ("Nobody notices it.",)
