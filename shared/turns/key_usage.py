"""Before all keys end: how many calls with a key were logged.

The logs are queried only if their answer decides something, that is if the plan would end all keys now. No other turn
pays for them. Without an answer keys do not end, and everything else goes on as if somebody still used them: a rotation
that is due does not wait for logs.
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
    """Return the observation with the counted calls, and the decision about it.

    logs: Where calls are counted. None if no log workspace is configured: then nothing is counted.
    strict: If the logs do not answer and nothing else can be done, raise the error. Otherwise the end of keys is held.

    Raises a RotationError from the logs if `strict`.
    """
    plan = decide(seen, target, now, request)
    if logs is None or plan.reason is not Reason.SUNSET:
        return seen, plan
    try:
        counted = replace(seen, key_calls=await logs.key_calls(target.account))
    except RotationError as error:
        without = decide(replace(seen, key_calls=1), target, now, request)  # not counted: somebody may be calling
        if strict and without.is_held:
            raise
        return seen, _uncounted(without, error)
    return counted, decide(counted, target, now, request)


def _uncounted(plan: Plan, error: RotationError) -> Plan:
    """Return the plan with a sentence that names no count, since there was none."""
    if plan.reason is not Reason.STILL_USED:
        return plan
    return replace(plan, why=f"All keys should have ended, but calls with a key could not be counted: {error.what}")
