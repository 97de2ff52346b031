"""Look into all places once, for one account or for all of them: the calls are the same.

One query of Resource Graph for each thousand resources finds the candidates. Then each is asked for its lists: one
call; two of a Foundry account and one of each of its projects; four of a search service. Container apps and jobs take
two calls for a subscription, Logic Apps one for a resource group. So the calls depend on the resources, and not on the
accounts whose keys are looked for.

A look sends at most `MOST_LISTS` of these calls, and at most `MOST_IN_SUBSCRIPTION` into one subscription. So many fit
into what Azure Resource Manager takes at once from one identity (250 reads, docs/facts.md, Keys), and leave some for
turns. What is left out is said, and a look that starts elsewhere finds it.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest

from shared.copies.kinds import LookedAt
from shared.copies.not_looked import NOT_LOOKED
from shared.copies.places import PLACES
from shared.copies.ports import Holder, KeyHolders
from shared.copies.traces import AskedAt, HolderEntry, Place, Trace
from shared.domain.errors import GrantRole, RotationError, UnexpectedAnswer
from shared.domain.relative import counted

MOST_LISTS, MOST_IN_SUBSCRIPTION = 2000, 200
ROWS_A_CALL = 1000
_AT_ONCE = 4
_MOST_PROBLEMS = 3  # of one place; the number of the others is said


@dataclass(frozen=True)
class CopiesSeen:
    """What one look found, whosever key it is.

    traces: What was found, with its place.
    places: All kinds of places, looked at or not.
    calls: How many calls were made.
    problems: Why something could not be seen.
    """

    traces: tuple[tuple[Place, Trace], ...] = ()
    places: tuple[LookedAt, ...] = ()
    calls: int = 0
    problems: tuple[RotationError, ...] = ()


@dataclass(frozen=True)
class _Job:
    place: Place
    scope: str

    @property
    def subscription(self) -> str:
        return self.scope.lower().split("/")[2]


@dataclass
class _Look:
    """What a look has done so far.

    left: How many calls it may still make.
    calls: How many it has made.
    """

    holders: KeyHolders
    left: int
    in_subscription: Counter[str] = field(default_factory=Counter)
    traces: list[tuple[Place, Trace]] = field(default_factory=list)
    calls: int = 0
    done: Counter[str] = field(default_factory=Counter)
    bounded: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    failed: defaultdict[str, list[RotationError]] = field(default_factory=lambda: defaultdict(list))

    def takes(self, job: _Job) -> bool:
        """Return whether one more call may be made, and count it."""
        if self.left <= 0 or self.in_subscription[job.subscription] >= MOST_IN_SUBSCRIPTION:
            return False
        self.left -= 1
        self.calls += 1
        self.in_subscription[job.subscription] += 1
        return True


def expected_lists(holders: Iterable[Holder]) -> dict[str, int]:
    """Return how many lists a look without bounds asks for, by place. Those of projects come to it, one for each."""
    jobs = Counter(job.place.word for job in _jobs(holders))
    return {place.word: jobs[place.word] * (1 if place.through else len(place.lists)) for place in PLACES}


async def look_for_copies(
    holders: KeyHolders, groups: Sequence[str] = (), *, near: Iterable[str] = (), start: int = 0
) -> CopiesSeen:
    """Look into all places.

    groups: The names of the management groups to look in. None: everything that the identity can read.
    near: The ids of subscriptions that are looked into first.
    start: With which of the resources to begin: another number for the next look, where there are more than it may ask.

    Raises nothing: what cannot be seen is in the places and in the problems.
    """
    look = _Look(holders, MOST_LISTS)
    try:
        found = await holders.holders(groups)
    except RotationError as error:
        why = "The resources of this kind could not be found."
        places = tuple(LookedAt(place.word, place.title, why=why) for place in PLACES)
        return CopiesSeen(places=(*places, *NOT_LOOKED), calls=1, problems=(error,))
    look.calls += max(1, -(-len(found) // ROWS_A_CALL))
    waiting = iter(_in_turn(_jobs(found), {one.lower() for one in near}, start))
    await asyncio.gather(*(_work(look, waiting) for _ in range(_AT_ONCE)))
    return _seen(look)


async def _work(look: _Look, waiting: Iterable[_Job]) -> None:
    for job in waiting:
        await _do(look, job)


def _jobs(found: Iterable[Holder]) -> list[_Job]:
    """Return what there is to ask, each once: a subscription or resource group stands for all resources in it."""
    by_type: defaultdict[str, list[str]] = defaultdict(list)
    for one in found:
        by_type[one.type].append(one.id)
    scopes = {
        place: dict.fromkeys(_scope(place, one) for kind in place.types for one in by_type[kind]) for place in PLACES
    }
    return [_Job(place, scope) for place, found_at in scopes.items() for scope in found_at]


def _scope(place: Place, resource: str) -> str:
    parts = resource.split("/")
    match place.at:
        case AskedAt.RESOURCE:
            return resource
        case AskedAt.GROUP:
            return "/".join(parts[:5]).lower()
        case AskedAt.SUBSCRIPTION:
            return "/".join(parts[:3]).lower()


def _in_turn(jobs: Sequence[_Job], near: set[str], start: int) -> Iterable[_Job]:
    """Return the jobs so that no kind of place starves another: one of each kind after the other."""
    groups: defaultdict[tuple[bool, str], list[_Job]] = defaultdict(list)
    for job in jobs:
        groups[job.subscription not in near, job.place.word].append(job)
    for far in (False, True):
        lists = [_turned(group, start) for (is_far, _), group in groups.items() if is_far is far]
        yield from (job for job in chain.from_iterable(zip_longest(*lists)) if job is not None)


def _turned(group: list[_Job], start: int) -> list[_Job]:
    first = start % len(group)
    return group[first:] + group[:first]


async def _do(look: _Look, job: _Job) -> None:
    """Ask for the lists of one resource. It counts as looked into only if all of them were seen."""
    place = job.place
    try:
        scopes = [job.scope]
        if place.through is not None:
            if not look.takes(job):
                look.bounded[place.word] += 1
                return
            listed = await look.holders.entries(place.through, job.scope)
            scopes = [_project(job.scope, one) for one in listed]
        for scope in scopes:
            for asked, read in place.lists:
                if not look.takes(job):
                    look.bounded[place.word] += 1
                    return
                entries = await look.holders.entries(asked, scope)
                look.traces += [(place, trace) for trace in read(scope, entries)]
    except GrantRole as error:
        look.refused[place.word] += 1
        look.failed[place.word].append(error)
    except RotationError as error:
        look.failed[place.word].append(error)
    else:
        look.done[place.word] += 1


def _project(account: str, entry: HolderEntry) -> str:
    name = str(entry.get("name") or "")
    if not name:
        raise UnexpectedAnswer(account, "could not look into one of its projects: its name is none.")
    return f"{account}/projects/{name}"


def _seen(look: _Look) -> CopiesSeen:
    quiet = {place.word for place in PLACES if place.refuses}
    problems = [
        one
        for word, found in look.failed.items()
        for one in [each for each in found if word not in quiet or not isinstance(each, GrantRole)][:_MOST_PROBLEMS]
    ]
    traces = tuple((place, trace) for place, trace in look.traces if trace.can_be_judged)
    unjudged = Counter(place.word for place, trace in look.traces if not trace.can_be_judged)
    places = tuple(
        LookedAt(place.word, place.title, look.done[place.word], _why(look, place), unjudged[place.word])
        for place in PLACES
    )
    return CopiesSeen(traces, (*places, *NOT_LOOKED), look.calls, tuple(problems))


def _why(look: _Look, place: Place) -> str:
    refused, failed = look.refused[place.word], len(look.failed[place.word]) - look.refused[place.word]
    refusing = place.refuses or "refused this app, so nothing is known of what they hold."
    parts = [
        f"{counted(refused, 'resource')} {refusing}" if refused else "",
        f"{counted(failed, 'resource')} did not answer as expected." if failed else "",
        f"{counted(look.bounded[place.word], 'resource')} had to wait for another look, which asks for "
        f"{MOST_IN_SUBSCRIPTION} lists in a subscription and {MOST_LISTS:,} in all."
        if look.bounded[place.word]
        else "",
        place.blind,
    ]
    return " ".join(part for part in parts if part)
