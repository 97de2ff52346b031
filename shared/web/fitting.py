"""Whether a request fits the time at which it comes, and the settings. No type can say that.

HTTP, the pages and the command line ask here before anything is looked at or done.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.model import Target
from shared.domain.orders import FURTHEST_START, LONGEST_HOLD
from shared.domain.requests import ArmRequest, Follow, HoldRequest, Request, TrialRequest
from shared.domain.times import iso_duration
from shared.web.bodies import BadRequest


def check_fits(request: Request, now: datetime, lag: timedelta) -> None:
    """Raises BadRequest, which names the field, if the request cannot be meant or would hurt readers of the vault.

    lag: How long the slowest consumer takes to read a new version of the secret (`time_of_readers`).
    """
    match request:
        case HoldRequest():
            _check_ahead("until", request.until, now, LONGEST_HOLD)
            if request.until <= now:
                raise _bad("until", f"{request.until:%Y-%m-%d %H:%M:%S} UTC is not in the future.")
        case TrialRequest(starts=starts) if starts is not None:
            _check_ahead("start", starts, now, FURTHEST_START)
        case ArmRequest(deployment=awaited) if awaited.then is Follow.END and awaited.soak < lag:
            raise _bad("soak", _too_short(awaited.soak, lag))
        case _:
            return


def time_of_readers(target: Target, lag: timedelta) -> timedelta:
    """Return how long readers of a target's secret may need to move to a new key: ROTATION_CONSUMER_LAG, which is
    `lag`, or what the kinds of its listed consumers need if that is longer."""
    return max(lag, target.consumers.least_overlap) if target.consumers else lag


def _check_ahead(field: str, moment: datetime, now: datetime, most: timedelta) -> None:
    if moment > now + most:
        raise _bad(field, f"{moment:%Y-%m-%d %H:%M:%S} UTC is more than {most.days} days ahead.")


def _too_short(soak: timedelta, lag: timedelta) -> str:
    """Return why both old values may not end so soon, with the arithmetic."""
    given, needed, missing = iso_duration(soak), iso_duration(lag), iso_duration(lag - soak)
    return (
        f"both old values would end {given} after the deployment, and an app may need {needed} to read the new key "
        f"from the vault (ROTATION_CONSUMER_LAG, or the target's consumers): {needed} - {given} = {missing} too early. "
        f"Give a soak time of {needed} or more."
    )


def _bad(field: str, says: str) -> BadRequest:
    return BadRequest(422, "BadField", f"{says[0].upper()}{says[1:]} - at `$.{field}`. Nothing was done.")
