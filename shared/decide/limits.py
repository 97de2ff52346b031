"""What the acts of the last hours say about one more: a repetition, a second leak, or one too many.

An act is judged by those that came before it, so that of several at once the first ones are let through. The first leak
of a target is never one too many: a leaked key must not wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.acts import MANY, Act, Limits
from shared.domain.requests import KNOWN_IDS, RequestKind
from shared.domain.times import unstamp

HOUR = timedelta(hours=1)  # within which acts are counted


@dataclass(frozen=True)
class LimitHit:
    """A limit that one more act would exceed.

    setting: The setting's name.
    most: How many acts it allows in an hour.
    until: From when one more is allowed, in UTC.
    """

    setting: str
    most: int
    until: datetime


def kept_for(lag: timedelta) -> timedelta:
    """Return how long an act counts for anything. `lag`: how long the slowest consumer takes to read a new version."""
    return max(HOUR, lag)


def is_repetition(act: Act, before: Sequence[Act]) -> bool:
    """Return whether the same request was let through before, and its target still knows it.

    A target knows the last few requests only. Without that bound, somebody could go on for ever with a few ids in turn.
    """
    same = [one for one in before if (one.kind, one.about, one.id) == (act.kind, act.about, act.id)]
    return bool(same) and len([one for one in before if one.about == act.about and one > max(same)]) < KNOWN_IDS


def leaked_before(act: Act, before: Sequence[Act], lag: timedelta) -> datetime | None:
    """Return when the last leak of the same target within the lag was reported, in UTC. None if there was none."""
    leaks = [one for one in _since(act, before, lag) if one.kind is RequestKind.LEAK and one.about == act.about]
    return unstamp(max(leaks).stamp) if leaks else None


def limit_hit(act: Act, before: Sequence[Act], limits: Limits, lag: timedelta) -> LimitHit | None:
    """Return the limit that the act exceeds, the one that lasts longest. None if it may be let through."""
    if act.kind is RequestKind.LEAK and leaked_before(act, before, kept_for(lag)) is None:
        return None
    counted = _since(act, before, HOUR)
    of_target = [one for one in counted if one.about == act.about and act.about != MANY]
    hits = [
        _hit("ROTATION_REQUESTS_PER_TARGET", of_target, limits.per_target),
        _hit("ROTATION_REQUESTS_IN_ALL", counted, limits.in_all),
    ]
    return max((hit for hit in hits if hit), key=lambda hit: hit.until, default=None)


def _hit(setting: str, acts: Sequence[Act], most: int) -> LimitHit | None:
    """Return the limit if it is exceeded. It is not any more once all but `most - 1` of the acts are an hour old."""
    if len(acts) < most:
        return None
    return LimitHit(setting, most, unstamp(sorted(acts)[-most].stamp) + HOUR)


def _since(act: Act, before: Sequence[Act], span: timedelta) -> list[Act]:
    begin = unstamp(act.stamp) - span
    return [one for one in before if unstamp(one.stamp) > begin]
