"""A plan in words for people: what is done step by step, how it is afterwards, and who notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from shared.decide.plan import PREPARING, Plan, Reason
from shared.decide.situation import Situation
from shared.decide.steps import DisableKeyAuth, Mark, Prove, Publish, Regenerate, Step, Wait, Watch, Withdraw
from shared.domain.keys import KeySlot


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
        (*(_step(step, situation) for step in plan.steps), *told) if plan.steps else (),
        _afterwards(plan, situation, ends) if plan.steps else (),
        _notices(situation, ends, lag) if plan.steps else (),
        when(plan.held_until, situation.now) if plan.held_until else None,
        bool(plan.steps),
        bool(plan.steps) and plan.reason in PREPARING,
    )


def when(moment: datetime, now: datetime) -> str:
    """Return a moment with the time to it first and the exact time after it, such as `in 3 days (Fri 27 Nov 2026,
    09:43 UTC)`."""
    away, exact = length(abs(moment - now)), f"{moment:%a} {moment.day} {moment:%b %Y, %H:%M} UTC"
    return f"{away} ago ({exact})" if moment < now else f"in {away} ({exact})"


def length(time: timedelta) -> str:
    """Return a length of time in words: minutes below 90 minutes, hours below 36 hours, then days, rounded."""
    seconds = time.total_seconds()
    if seconds < 90:
        return _counted(round(seconds), "second")
    if seconds < 90 * 60:
        return _counted(round(seconds / 60), "minute")
    return _counted(round(seconds / 3600), "hour") if seconds < 36 * 3600 else _counted(round(seconds / 86400), "day")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


@dataclass(frozen=True)
class _Ends:
    """What a plan publishes, and which slots' present values end.

    publish: The version that is written last. None if none is.
    slots: The slots that are regenerated and whose present value somebody may use, in order.
    """

    publish: Publish | None
    slots: tuple[KeySlot, ...]

    @classmethod
    def of(cls, plan: Plan, situation: Situation) -> _Ends:
        published = [step for step in plan.steps if isinstance(step, Publish)]
        slots = [step.slot for step in plan.steps if isinstance(step, Regenerate)]
        return cls(published[-1] if published else None, tuple(slot for slot in slots if _is_used(slot, situation)))


def _is_used(slot: KeySlot, situation: Situation) -> bool:
    """Return whether somebody may use what the slot holds now."""
    if situation.seen.publication is None or situation.publication.marks is None:
        return True
    return slot is situation.seen.live or situation.spare_in_use


def _step(step: Step, situation: Situation) -> str:
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
            return f"ask the account whether it still accepts the leaked {slot.words}"
        case Wait(time):
            return f"wait {length(time)}"
        case DisableKeyAuth():
            return "switch keys off on the account"
        case Withdraw():
            return f"disable the version of the secret {secret}, which holds a key that nothing accepts"
        case _:
            assert_never(step)


def _afterwards(plan: Plan, situation: Situation, ends: _Ends) -> tuple[str, ...]:
    if plan.reason in (Reason.ARMED, Reason.DISARMED):
        return (plan.why, f"Until then {situation.live.words} stays live, and no key ends because of this.")
    publish = ends.publish
    if publish is None:
        stays = (f"{situation.live.words.capitalize()} stays live.",) if situation.seen.live else ()
        return (*stays, *(f"The value that {slot.words} has now does not work any more." for slot in ends.slots))
    other, live = publish.slot.other, f"{publish.slot.words.capitalize()} is live."
    if other in ends.slots:
        return live, f"The value that {other.words} has now does not work any more."
    if publish.previous is None:
        return (live,)
    return live, f"{other.words.capitalize()} works until {when(_until(publish, situation), situation.now)}."


def _until(publish: Publish, situation: Situation) -> datetime:
    overlap = situation.now + publish.overlap
    return max(overlap, publish.until) if publish.until and publish.overlap else publish.until or overlap


def _notices(situation: Situation, ends: _Ends, lag: timedelta) -> tuple[str, ...]:
    """Return who notices: the apps that read the vault, and those that hold a copy of a key."""
    live, publish = situation.live, ends.publish
    if live in ends.slots and situation.seen.live is not None:
        return (
            "Apps that read the vault again when they are refused notice nothing.",
            f"Apps that do not are refused until they read it next, which may take {length(lag)}.",
            f"Apps with a copy of {' or '.join(slot.words for slot in ends.slots)} are refused until somebody gives "
            "them the new key.",
        )
    if ends.slots:
        lost = " and ".join(slot.words for slot in ends.slots)
        return (
            "Apps that have read the vault since it holds the live key notice nothing.",
            f"Apps that still use {lost} are refused at once.",
        )
    if publish is None or publish.previous is None:
        return ("Nobody notices it.",)
    until = when(_until(publish, situation), situation.now)
    return (
        "Apps that read the vault notice nothing.",
        f"Apps with a copy of {publish.slot.other.words} can use it until {until}; by then they need the new key.",
    )
