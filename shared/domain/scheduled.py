"""When the schedule rotates a version, from its marks and its target. The only place that computes it.

One period after a version was made its rotation is due. Accounts that are enrolled together are adopted together, and
would all be due together a period later. So the first rotation of an adopted account is due a little earlier, by a part
of the period that follows from the account's id: at most a tenth, never later, and the same every time somebody asks.
Later rotations follow from the first one, so they stay apart (0024).

    >>> from datetime import UTC
    >>> from shared.domain.model import AccountId
    >>> account = AccountId("00000000-0000-4000-8000-000000000001", "prod", "chat")
    >>> target = Target("chat", account, "https://keys.vault.azure.net", "chat-key")
    >>> first_period(target)
    datetime.timedelta(days=28, seconds=85)
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.model import Target
from shared.domain.publication import Marks
from shared.domain.requests import Follow
from shared.domain.times import share_of

MOST_OF_THE_PERIOD = 10  # a first rotation comes earlier by less than the period divided by this


def first_period(target: Target) -> timedelta:
    """Return how long the key of an account that is adopted now stays live: a period, or up to a tenth less.

    It is never shorter than an overlap and the notice together. Two accounts hardly ever get the same.
    """
    cadence = target.cadence
    room = max(cadence.period - cadence.overlap - cadence.notice, timedelta(0))
    earlier = min(cadence.period / MOST_OF_THE_PERIOD, room) * share_of(str(target.account).casefold())
    return cadence.period - timedelta(seconds=int(earlier.total_seconds()))


def scheduled_at(marks: Marks, target: Target, named: datetime | None = None) -> datetime:
    """Return when the schedule rotates the version with these marks, in UTC.

    named: What this app has written on that version as its expiry date (`Publication.named_due`). None for a new one.

    One period after the version was made. If the account's keys have never changed places since it was adopted, a part
    of the period earlier, but not before a moment that was named already: the end of the previous key, an announced
    rotation, or the expiry date. Releases before this rule have named the whole period. An awaited deployment, the
    window and the previous key change when the rotation really happens: see `decide.cadence` and `decide.schedule`.
    """
    latest = marks.since + target.cadence.period
    if marks.last_rotation is not None:
        return latest
    end_of_previous, announced = marks.until if marks.previous else None, marks.told.rotation
    said = [end_of_previous, announced.deadline if announced else None, named]
    moments = [moment for moment in said if moment is not None]
    return min(latest, max([marks.since + first_period(target), *moments]))


def agreed_sunset(target: Target, marks: Marks | None) -> datetime | None:
    """Return the agreed end of all keys, in UTC: of the target's settings, or that of a deployment which it follows.

    marks: The marks of the published version. None without any. None is returned if no date is agreed.
    """
    awaited = marks.awaited if marks else None
    follows = awaited.due if awaited and awaited.then is Follow.SUNSET else None
    return min((moment for moment in (target.sunset, follows) if moment), default=None)
