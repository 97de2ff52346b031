"""What a reported deployment leads to, target by target: what follows, when, and what holds it.

It is presumed from a listing, with the deployment recorded as a turn would record it, and decided by the same function.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shared.decide import schedule
from shared.decide.plan import Plan, Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.decide.steps import KeepOrders, Mark
from shared.domain.errors import RotationError
from shared.domain.model import AccountId
from shared.domain.orders import Orders
from shared.domain.requests import DeploymentRequest, Follow
from shared.fleet.found import FleetListing
from shared.fleet.survey import undecided
from shared.ports import Outside
from shared.turns.listening import with_listeners


@dataclass(frozen=True)
class Following:
    """What follows a deployment at one target.

    target: The target's name.
    then: What was agreed to follow.
    says: What happens, when, and what holds it, as sentences.
    at: When it happens, as far as that is known now, in UTC. For `end`: when both old values have ended. None if nobody
        knows.
    held_by: The reason that holds it now. None if nothing does.
    held_until: Until when that holds it, in UTC. None if nothing holds it, or if nobody knows.
    """

    target: str
    then: Follow
    says: str
    at: datetime | None = None
    held_by: Reason | None = None
    held_until: datetime | None = None


async def what_follows(
    outside: Outside,
    listing: FleetListing,
    waiting: Collection[AccountId],
    request: DeploymentRequest,
    orders: Mapping[str, Orders],
    now: datetime,
) -> list[Following]:
    """Return what follows a deployment at each of the targets that wait for it.

    listing: What a listing of the fleet found.
    waiting: The accounts that wait for it.
    request: The report of the deployment.
    orders: The standing orders, by the account's id in lower case.
    now: The time, in UTC.
    """
    found: list[Following] = []
    for situation in listing.situations(now):
        target = situation.target
        if target.account not in waiting or situation.awaited is None:
            continue
        try:
            known = replace(situation.seen, orders=orders.get(str(target.account).casefold(), Orders()))
            seen = await with_listeners(outside, target, known)
            found.append(following(replace(situation, seen=seen), request))
        except RotationError as error:
            found.append(Following(target.name, situation.awaited.then, str(error)))
        except Exception as error:  # noqa: BLE001 - any error is named, and hides no other target (P10)
            found.append(Following(target.name, situation.awaited.then, str(undecided(target, error))))
    return found


def following(situation: Situation, request: DeploymentRequest) -> Following:
    """Return what follows a deployment at one target. Its situation shows what it waits for.

    Raises LookupError if it waits for nothing.
    """
    name, awaited = situation.target.name, situation.awaited
    if awaited is None:
        raise LookupError(f"{name}: it waits for no deployment")
    reported = decide(situation.seen, situation.target, situation.now, request)
    after = _after(situation, reported)
    if after is None:
        return Following(name, awaited.then, reported.why, None, *_held(reported))
    plan = decide(after.seen, after.target, after.now)
    held = _held(plan)
    says = f"{reported.why} {plan.why}" if plan.is_held and plan.why not in reported.why else reported.why
    return Following(name, awaited.then, says, _at(after, awaited.then, plan), *held)


def _after(situation: Situation, reported: Plan) -> Situation | None:
    """Return the situation after the deployment is recorded. None if it is not: it was already, or something else comes
    first."""
    marks = next((step.marks for step in reported.steps if isinstance(step, Mark)), None)
    if reported.reason is not Reason.DEPLOYED or marks is None:
        return None
    publication = replace(situation.publication, marks=marks)
    return replace(situation, seen=replace(situation.seen, publication=publication))


def _held(plan: Plan) -> tuple[Reason | None, datetime | None]:
    return (plan.reason, plan.held_until) if plan.is_held else (None, None)


def _at(after: Situation, then: Follow, plan: Plan) -> datetime | None:
    """Return when it happens.

    after: The situation with the deployment recorded.
    plan: What a turn would do then: for a trial, it plans it.
    """
    match then:
        case Follow.ROTATE:
            return schedule.rotation(after)
        case Follow.END:
            return schedule.both_ended(after)
        case Follow.TRIAL:
            orders = next((step.orders for step in plan.steps if isinstance(step, KeepOrders)), after.seen.orders)
            return schedule.trial(replace(after, seen=replace(after.seen, orders=orders)))
        case Follow.SUNSET:
            return schedule.sunset(after)
