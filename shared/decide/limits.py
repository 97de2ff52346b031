"""What the acts of the last hours say about one more: a repetition, a second leak, or one too many.

An act is judged by those that came before it and were let in. Whether these were let in is judged in the same way, from
the first one on, and is not noted: a note that is there for a moment, or that could not be removed, gives no right and
takes none. The first leak of a target is never one too many: a leaked key must not wait.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.domain.acts import MANY, Act, Limits
from shared.domain.requests import KNOWN_IDS, RequestKind

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


@dataclass(frozen=True)
class Judgement:
    """What earlier acts say about one more. At most one of the three holds.

    repeated: Whether it repeats one of them, so that it needs nothing and does not count.
    hit: The limit that it would exceed; of two, the one that lasts longer. None if it exceeds none.
    leaked_at: When the leak was reported, in UTC, after which this one must be confirmed and is not. None otherwise.
    """

    repeated: bool = False
    hit: LimitHit | None = None
    leaked_at: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether the act is let in as one of its own."""
        return not self.repeated and self.hit is None and self.leaked_at is None


def kept_for(lag: timedelta) -> timedelta:
    """Return how long an act counts for anything. `lag`: how long the slowest consumer takes to read a new version."""
    return max(HOUR, lag)


def judged(act: Act, before: Iterable[Act], limits: Limits, lag: timedelta) -> Judgement:
    """Return what the acts before this one say about it. `lag` is that of `kept_for`."""
    let_in = _LetIn(limits, lag)
    for one in sorted(before):
        if let_in.judge(one).counts:
            let_in.add(one)
    return let_in.judge(act)


@dataclass
class _LetIn:
    """The acts that were let in so far.

    limits: How many there may be.
    lag: How long the slowest consumer takes to read a new version.
    of_target: The acts of each target, the oldest first.
    in_hour: The acts of the last hour, the oldest first.
    """

    limits: Limits
    lag: timedelta
    of_target: dict[str, list[Act]] = field(default_factory=lambda: defaultdict(list))
    in_hour: deque[Act] = field(default_factory=deque)

    def add(self, act: Act) -> None:
        """Add an act that is not older than any before."""
        self.of_target[act.about].append(act)
        self.in_hour.append(act)

    def judge(self, act: Act) -> Judgement:
        """Return what they say about an act that is not older than any of them."""
        same_target = self.of_target[act.about]
        # A target knows its last few requests only. Without this bound, a few ids in turn would have no limit.
        if any(act.repeats(one) for one in same_target[-KNOWN_IDS:]):
            return Judgement(repeated=True)
        leaks = [one.at for one in same_target if one.kind is RequestKind.LEAK] if act.kind is RequestKind.LEAK else []
        leaked_at = max(leaks, default=None)
        is_first_leak = act.kind is RequestKind.LEAK and not _is_within(kept_for(self.lag), leaked_at, act)
        hit = None if is_first_leak else self._limit_hit(act, same_target)
        if hit is not None:
            return Judgement(hit=hit)
        return Judgement(leaked_at=leaked_at if _is_within(self.lag, leaked_at, act) and not act.confirmed else None)

    def _limit_hit(self, act: Act, same_target: Sequence[Act]) -> LimitHit | None:
        while self.in_hour and not _is_within(HOUR, self.in_hour[0].at, act):
            self.in_hour.popleft()
        of_target = [one for one in same_target if _is_within(HOUR, one.at, act)] if act.about != MANY else []
        hits = [
            _hit("ROTATION_REQUESTS_PER_TARGET", of_target, self.limits.per_target),
            _hit("ROTATION_REQUESTS_IN_ALL", self.in_hour, self.limits.in_all),
        ]
        return max((hit for hit in hits if hit), key=lambda hit: hit.until, default=None)


def _hit(setting: str, acts: Sequence[Act], most: int) -> LimitHit | None:
    """Return the limit if one more exceeds it: until all but `most - 1` of the acts, which are sorted, are an hour
    old."""
    return LimitHit(setting, most, acts[-most].at + HOUR) if len(acts) >= most else None


def _is_within(span: timedelta, moment: datetime | None, act: Act) -> bool:
    return moment is not None and moment > act.at - span
