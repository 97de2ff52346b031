"""What a look asks for, and in which order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from shared.copies.places import PLACES
from shared.copies.ports import Holder
from shared.copies.traces import AskedAt, KeyPlace


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


def in_turn(jobs: Sequence[Job], near: set[str], start: int) -> Iterable[Job]:
    """Return the jobs so that no kind of place starves another: one of each kind after the other."""
    groups: defaultdict[tuple[bool, str], list[Job]] = defaultdict(list)
    for job in jobs:
        groups[job.subscription not in near, job.place.word].append(job)
    for far in (False, True):
        lists = [_turned(group, start) for (is_far, _), group in groups.items() if is_far is far]
        yield from (job for job in chain.from_iterable(zip_longest(*lists)) if job is not None)


def _turned(group: list[Job], start: int) -> list[Job]:
    first = start % len(group)
    return group[first:] + group[:first]
