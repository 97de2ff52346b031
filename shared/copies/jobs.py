"""What a look asks for, in which order, and with what the next look begins.

A look may ask for so many lists in all, and for so many in one subscription. Every kind of place in a subscription has
the same share of that, and a kind that needs less leaves the rest to the others. Looks have numbers, one after the
other, and each begins a little before the place where the share of the one before ended.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import gcd

from shared.copies.places import PLACES
from shared.copies.ports import Holder
from shared.copies.traces import AskedAt, KeyPlace

MOST_LISTS, MOST_IN_SUBSCRIPTION = 2000, 200  # of one look (docs/decisions/0034-copies.md)


@dataclass(frozen=True)
class Job:
    """One resource, resource group or subscription that is asked for the lists of a place.

    place: The place.
    scope: The id that is asked for.
    """

    place: KeyPlace
    scope: str

    @property
    def subscription(self) -> str:
        """The id of the subscription, in lower case."""
        return self.scope.lower().split("/")[2]

    @property
    def lists(self) -> int:
        """How many lists it takes: of what holds others, one for itself and, as a guess, one for what it holds."""
        return 1 + len(self.place.lists) if self.place.through else len(self.place.lists)


def expected_lists(holders: Iterable[Holder]) -> dict[str, int]:
    """Return how many lists a look without bounds asks for, by place. Those of projects come to it, one for each."""
    jobs = Counter(job.place.word for job in jobs_for(holders))
    return {place.word: jobs[place.word] * (1 if place.through else len(place.lists)) for place in PLACES}


def jobs_for(found: Iterable[Holder]) -> list[Job]:
    """Return what there is to ask, each once: a subscription or resource group stands for all resources in it."""
    by_type: defaultdict[str, list[str]] = defaultdict(list)
    for one in found:
        by_type[one.type].append(one.id)
    scopes = {
        place: dict.fromkeys(_scope(place, one) for kind in place.types for one in by_type[kind]) for place in PLACES
    }
    return [Job(place, scope) for place, found_at in scopes.items() for scope in found_at]


def _scope(place: KeyPlace, resource: str) -> str:
    parts = resource.split("/")
    match place.at:
        case AskedAt.RESOURCE:
            return resource
        case AskedAt.GROUP:
            return "/".join(parts[:5]).lower()
        case AskedAt.SUBSCRIPTION:
            return "/".join(parts[:3]).lower()


def in_turn(jobs: Sequence[Job], near: set[str], start: int) -> list[Job]:
    """Return the jobs in the order of their turns, so that no subscription and no kind of place starves another.

    near: The ids of the subscriptions that come first, in lower case.
    start: The number of the look.
    """
    groups: defaultdict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        groups[job.subscription].append(job)
    most = _level([min(_lists(group), MOST_IN_SUBSCRIPTION) for group in groups.values()], MOST_LISTS)
    names = sorted(groups)
    first = start * MOST_LISTS % max(1, len(names))  # matters only where there are more subscriptions than lists
    lines = [_of_subscription(groups[one], most, start) for one in (*names[first:], *names[:first])]
    merged = sorted(((at, job) for line in lines for at, job in line), key=lambda one: one[0])
    return [job for far in (False, True) for _, job in merged if (job.subscription not in near) is far]


def _of_subscription(jobs: Sequence[Job], most: int, start: int) -> list[tuple[int, Job]]:
    """Return the jobs of one subscription in turn, each with how many lists come before it."""
    kinds: defaultdict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        kinds[job.place.word].append(job)
    share = _level([_lists(kind) for kind in kinds.values()], most)
    lines = [_counted(_turned(kind, share, start)) for kind in kinds.values()]
    return _counted([job for _, job in sorted((one for line in lines for one in line), key=lambda one: one[0])])


def _turned(jobs: Sequence[Job], share: int, start: int) -> list[Job]:
    """Return jobs of one kind, from where the look before has come to.

    Each look goes on by a step, which is a little less than its share, because its last jobs may be unfinished.
    The circle is made so long that it and the step have no common divisor. So a look that gets less far, because its
    time is over, leaves out other jobs each time round, and none for ever.
    """
    length, step = _lists(jobs), max(1, share * 9 // 10)
    if share >= length:
        return list(jobs)
    while gcd(length, step) > 1:
        length += 1
    first = start * step % length
    begin = next((number for number, (at, job) in enumerate(_counted(jobs)) if at + job.lists > first), 0)
    return [*jobs[begin:], *jobs[:begin]]


def _counted(jobs: Sequence[Job]) -> list[tuple[int, Job]]:
    """Return the jobs, each with how many lists those before it take."""
    ends = list(accumulate((job.lists for job in jobs), initial=0))
    return list(zip(ends, jobs, strict=False))


def _lists(jobs: Iterable[Job]) -> int:
    return sum(job.lists for job in jobs)


def _level(wanted: Sequence[int], limit: int) -> int:
    """Return the share at which all together take at most the limit, where who wants less takes less. At least 1."""
    waiting = sorted(wanted, reverse=True)
    while waiting and waiting[-1] < limit // len(waiting):
        limit -= waiting.pop()
    return max(1, limit // len(waiting) if waiting else max(wanted, default=1))
