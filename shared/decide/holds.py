"""A hold: rotations, ends of keys, trials and sunsets wait until its end. A leak and the end of a trial do not wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from shared.decide.plan import Plan, Reason
from shared.decide.situation import Situation
from shared.decide.steps import KeepOrders
from shared.domain.orders import Hold
from shared.domain.requests import HoldRequest, LiftHoldRequest, RequestKind


def hold_requested(situation: Situation) -> Plan | None:
    """A person asks for a hold, for another end of it, or to lift it. None otherwise."""
    request, orders, now = situation.request, situation.seen.orders, situation.now
    if isinstance(request, HoldRequest):
        hold = Hold(request.until, request.reason, request.by, now, request.id or "")
        why = f"{hold.means}. A leak and the end of a trial do not wait."
        if orders.knows(request.id):
            now_on = f"Now {situation.hold.says}." if situation.hold else "No hold is on now."
            return Plan(Reason.ALREADY_DONE, f"This request was carried out already. {now_on}")
        if situation.hold and situation.hold.until == request.until:
            return Plan(Reason.ALREADY_DONE, why)
        noted = replace(orders, hold=hold).after(request.id)
        return Plan(Reason.HOLD_SET, why, (KeepOrders(noted, f"the hold until {request.until:%Y-%m-%d %H:%M} UTC"),))
    if isinstance(request, LiftHoldRequest):
        if orders.knows(request.id) or situation.hold is None:
            return Plan(Reason.ALREADY_DONE, "No hold is on.")
        ended = replace(situation.hold, until=now)  # it stays on record: what it withdrew is announced as something new
        lifted = KeepOrders(replace(orders, hold=ended).after(request.id), "that the hold is lifted")
        return Plan(Reason.HOLD_LIFTED, "The hold is lifted. What was due meanwhile comes next.", (lifted,))
    return None


def on_hold(situation: Situation, *held: Callable[[Situation], Plan | None]) -> Plan | None:
    """Return the plan of a target on hold for which one of the policies would do something now. None otherwise.

    A leaked key ends all the same, and so does a rotation that its end needs.
    """
    hold = situation.hold
    if hold is None:
        return None
    marks = situation.publication.marks
    if marks is not None and marks.leaked and situation.spare_in_use and not situation.is_requested(RequestKind.ROTATE):
        return None
    orders = replace(situation.seen.orders, hold=None)
    free = replace(situation, seen=replace(situation.seen, orders=orders))
    plan = next((plan for policy in held if (plan := policy(free)) is not None), None)
    if plan is None or not plan.steps:
        return None
    return Plan(Reason.ON_HOLD, f"Something is due, and {hold.says}. Then: {plan.why}", held_until=hold.until)
