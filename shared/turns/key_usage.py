"""Before all keys end: whether the logs say that the account can do without keys.

The logs are queried only if their answer decides something, that is if the plan would end all keys now, and if the last
survey of readiness does not say already that the account is not ready. So an account whose sunset is held costs no
query of its own: the survey asks once a day for all. Without an answer keys do not end, and everything else goes on as
if somebody still used them: a rotation that is due does not wait for logs.

An account that nobody calls has no rows, and nobody could tell that from a log that was switched off. So where calls
are counted, a turn with nothing to do shows the live key to the account, which its log has as a call that lists models.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from shared.decide.plan import Plan, Reason
from shared.decide.policies import decide, sunset
from shared.decide.situation import Situation
from shared.domain.errors import RotationError
from shared.domain.model import Observation, Target
from shared.domain.names import LOGGER
from shared.domain.readiness import SEND_LOG, Readiness, readiness_of, unknown
from shared.domain.requests import Request
from shared.domain.scheduled import agreed_sunset
from shared.ports import Answer, CallLogs, KeptReadiness, Outside
from shared.turns.observe import ObservedKeys

log = logging.getLogger(LOGGER)
NOTHING_LOGGED = unknown("no call of any kind was logged", SEND_LOG)
NOT_ASKED = unknown("its log was not asked yet", "nothing; a check asks it")


async def decide_counting(
    outside: Outside,
    seen: Observation,
    target: Target,
    now: datetime,
    request: Request | None = None,
    *,
    strict: bool = True,
) -> tuple[Observation, Plan]:
    """Return the observation with what the logs say, and the decision about it.

    outside: Its logs of calls, and what the last survey said. Without logs nothing is asked.
    strict: If the logs do not answer and nothing else can be done, raise the error. Otherwise the end of keys is held.

    Raises a RotationError from the logs if `strict`.
    """
    seen, plan = await decide_as_surveyed(outside, seen, target, now, request)
    if outside.logs is None or not _ends_all_keys(plan, seen, target, now):
        return seen, plan
    try:
        readiness = await _readiness(outside.logs, seen, target)
    except RotationError as error:
        because = f"the logs could not be asked: {error.what.removesuffix('.')}"
        unasked = replace(seen, readiness=unknown(because, error.next_step or ""))
        held = decide(unasked, target, now, request)
        if strict and held.is_held:
            raise
        return seen, held
    if outside.readiness is not None and not readiness.is_ready:
        outside.readiness.learn(target.account, readiness, now)
    asked = replace(seen, readiness=readiness)
    return asked, decide(asked, target, now, request)


def decide_again(seen: Observation, target: Target, now: datetime, request: Request | None) -> Plan:
    """Decide once more, after the standing orders were read. They only let something wait, so the logs are not asked
    again."""
    return decide(seen, target, now, request)


async def decide_as_surveyed(
    outside: Outside, seen: Observation, target: Target, now: datetime, request: Request | None = None
) -> tuple[Observation, Plan]:
    """Return the observation with what the last survey of readiness said, once the date of the end of all keys has
    come, and the decision about it. The logs are not asked."""
    agreed = agreed_sunset(target, seen.publication.marks if seen.publication else None)
    if outside.logs is not None and seen.key_auth and agreed is not None and now >= agreed:
        seen = replace(seen, readiness=await _surveyed(outside.readiness, target, now))
    return seen, decide(seen, target, now, request)


async def decide_presumed(
    outside: Outside, seen: Observation, target: Target, now: datetime
) -> tuple[Observation, Plan]:
    """Return the decision about a target that was only listed, for people: no logs are asked, and nothing that they
    decide is taken for granted."""
    seen, plan = await decide_as_surveyed(outside, seen, target, now)
    if outside.logs is None or seen.readiness is not None or not _ends_all_keys(plan, seen, target, now):
        return seen, plan
    seen = replace(seen, readiness=NOT_ASKED)
    return seen, decide(seen, target, now)


def _ends_all_keys(plan: Plan, seen: Observation, target: Target, now: datetime) -> bool:
    """Return whether the plan ends all keys, or publishes over somebody else's version only because they are to end."""
    return plan.reason in (Reason.SUNSET, Reason.OVERWRITTEN) and sunset(Situation(seen, target, now)) is not None


async def _surveyed(kept: KeptReadiness | None, target: Target, now: datetime) -> Readiness | None:
    return (await kept.known(now)).get(str(target.account).casefold()) if kept else None


async def _readiness(logs: CallLogs, seen: Observation, target: Target) -> Readiness:
    usage = await logs.usage(target.account)
    return readiness_of(key_auth=seen.key_auth, takes_identity=seen.takes_identity, usage=usage, without=NOTHING_LOGGED)


async def show_live_key(target: Target, observed: ObservedKeys, outside: Outside) -> None:
    """Make one call with the live key, if calls are counted, so that a day without other calls has a row in the log.

    Nothing follows from the answer but a line in the app's log if the account refuses the key.
    """
    live, endpoint = observed.seen.live, observed.seen.endpoint
    if outside.logs is None or live is None or not endpoint:
        return
    attempt = await outside.endpoint.try_key(endpoint, observed.keys[live])
    if attempt.answer is Answer.REFUSED:
        log.warning("%s: the account refuses %s, which is published: %s", target.name, live.words, attempt.detail)
