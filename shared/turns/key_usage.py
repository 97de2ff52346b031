"""Before keys end: how many calls with a key there still are, as the logs know it.

The logs are asked only where their answer decides something: where the plan would be to end keys now. So no ordinary
turn pays for them, and the decision stays where all decisions are made. Without an answer keys do not end, and
everything else goes on as if somebody still used them: a rotation that is due does not wait for logs.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from shared.decide.plan import Plan, Reason
from shared.decide.policies import decide
from shared.domain.errors import RotationError
from shared.domain.model import Observation, Target
from shared.domain.requests import Request
from shared.ports import Logs


async def decide_counting(
    logs: Logs | None,
    seen: Observation,
    target: Target,
    now: datetime,
    request: Request | None = None,
    *,
    strict: bool = True,
) -> tuple[Observation, Plan]:
    """The decision, and the observation with what was counted for it. Where the logs do not answer and nothing else
    can be done, `strict` raises why; without it the end of keys is only held."""
    plan = decide(seen, target, now, request)
    if logs is None or plan.reason is not Reason.SUNSET:
        return seen, plan
    try:
        counted = replace(seen, key_calls=await logs.key_calls(target.account))
    except RotationError as error:
        without = decide(replace(seen, key_calls=1), target, now, request)  # nobody counted: somebody may be calling
        if strict and without.is_held:
            raise
        return seen, _uncounted(without, error)
    return counted, decide(counted, target, now, request)


def _uncounted(plan: Plan, error: RotationError) -> Plan:
    """The plan, without a number that nobody counted."""
    if plan.reason is not Reason.STILL_USED:
        return plan
    return replace(plan, why=f"Keys should have ended, and nobody could count who still uses them: {error.what}")
