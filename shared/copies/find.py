"""Look into all places once, for one account or for all of them: the calls are the same.

One query of Resource Graph for each thousand resources finds the candidates. Then each is asked for its lists: one
call; two of a Foundry account and one of each of its projects; four of a search service. Container apps and jobs take
two calls for a subscription, Logic Apps one for a resource group. So the calls depend on the resources, and not on the
accounts whose keys are looked for.

A look sends at most `MOST_LISTS` of these calls, and at most `MOST_IN_SUBSCRIPTION` into one subscription. So many fit
into what Azure Resource Manager takes at once from one identity (250 reads, docs/facts.md, Keys), and leave some for
turns. What is left out is said, and the next look begins with it. Once the time of a call is over no more lists are
asked for: what is left has to wait as well.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shared.copies.jobs import MOST_IN_SUBSCRIPTION, MOST_LISTS, Job, in_turn, jobs_for
from shared.copies.kinds import LookedAt
from shared.copies.not_looked import NOT_LOOKED
from shared.copies.places import PLACES
from shared.copies.ports import KeyHolders
from shared.copies.traces import AskedAt, HolderEntry, HolderList, KeyPlace, ReadTraces, Trace
from shared.domain.errors import GrantRole, RotationError, UnexpectedAnswer
from shared.domain.relative import counted

ROWS_A_CALL = 1000
_AT_ONCE = 4
_KEPT_SECONDS = 5.0  # of the time of a call: for the answer, and for lists that are under way
_MOST_PROBLEMS = 3  # of one place; the number of the others is said


@dataclass(frozen=True)
class CopiesSeen:
    """What one look found, whosever key it is.

    traces: What was found, with its place.
    places: All kinds of places, looked at or not.
    calls: How many calls were made. A long list counts once, and takes a call for each page.
    problems: Why something could not be seen.
    is_whole: Whether no resource had to wait for another look.
    lists: How many of the calls asked a resource, or a subscription, for what it holds.
    """

    traces: tuple[tuple[KeyPlace, Trace], ...] = ()
    places: tuple[LookedAt, ...] = ()
    calls: int = 0
    problems: tuple[RotationError, ...] = ()
    is_whole: bool = True
    lists: int = 0


class _BoundReachedError(Exception):
    """No more calls may be made in this look."""


@dataclass
class _Look:
    """What a look has done so far.

    holders: What is asked.
    left: How many lists it may still ask for.
    in_subscription: How many it has asked for in each subscription.
    traces: What was found, with its place.
    calls: How many lists it has asked for, with the pages of resources.
    done: How many resources were looked into, by place.
    bounded: How many it may not look into any more, by place.
    refused: The errors of resources that refused, by place.
    failed: All other errors, by place.
    """

    holders: KeyHolders
    left: int
    in_subscription: Counter[str] = field(default_factory=Counter)
    traces: list[tuple[KeyPlace, Trace]] = field(default_factory=list)
    calls: int = 0
    done: Counter[str] = field(default_factory=Counter)
    bounded: Counter[str] = field(default_factory=Counter)
    refused: defaultdict[str, list[RotationError]] = field(default_factory=lambda: defaultdict(list))
    failed: defaultdict[str, list[RotationError]] = field(default_factory=lambda: defaultdict(list))

    async def entries(self, job: Job, listed: HolderList, scope: str) -> Sequence[HolderEntry]:
        """Return what a list shows, and count the call. Raises _BoundReachedError if no more may be made."""
        is_late = self.holders.time_left() < _KEPT_SECONDS
        if is_late or self.left <= 0 or self.in_subscription[job.subscription] >= MOST_IN_SUBSCRIPTION:
            raise _BoundReachedError
        self.left -= 1
        self.calls += 1
        self.in_subscription[job.subscription] += 1
        return await self.holders.entries(listed, scope)


async def look_for_copies(
    holders: KeyHolders, groups: Sequence[str] = (), *, near: Iterable[str] = (), start: int = 0
) -> CopiesSeen:
    """Look into all places.

    groups: The names of the management groups to look in. None: everything that the identity can read.
    near: The ids of subscriptions that are looked into first.
    start: The number of the look. The next one goes on where this one ended, if there are more than one may ask for.

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
    waiting = iter(in_turn(jobs_for(found), {one.lower() for one in near}, start))
    await asyncio.gather(*(_work(look, waiting) for _ in range(_AT_ONCE)))
    return _seen(look)


async def _work(look: _Look, waiting: Iterable[Job]) -> None:
    for job in waiting:
        await _do(look, job)


async def _do(look: _Look, job: Job) -> None:
    """Ask for the lists of one resource. It counts as looked into only if all of them were seen."""
    word = job.place.word
    try:
        number = await _ask(look, job)
    except _BoundReachedError:
        look.bounded[word] += 1
    except GrantRole as error:
        look.refused[word].append(error)
    except RotationError as error:
        look.failed[word].append(error)
    else:
        look.done[word] += 1 if job.place.at is AskedAt.RESOURCE else number


async def _ask(look: _Look, job: Job) -> int:
    """Ask, keep the traces, and return how many entries there were."""
    number = 0
    for scope in await _scopes(look, job):
        for asked, read in job.place.lists:
            entries = await look.entries(job, asked, scope)
            _keep(look, job, scope, entries, read)
            number += len(entries)
    return number


def _keep(look: _Look, job: Job, scope: str, entries: Sequence[HolderEntry], read: ReadTraces) -> None:
    """Keep the traces of a list. An entry of another form than Azure describes stops its own resource only (P10).

    A list of a whole subscription or group has a resource in each entry. Raises UnexpectedAnswer for the first that
    cannot be read, when all others are kept.
    """
    wrong: UnexpectedAnswer | None = None
    for part in [entries] if job.place.at is AskedAt.RESOURCE else [[one] for one in entries]:
        try:
            look.traces += [(job.place, trace) for trace in list(read(scope, part))]
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            what = f"could not look into it: Azure's answer has another form than expected ({type(error).__name__})."
            wrong = wrong or UnexpectedAnswer(scope, what)
    if wrong is not None:
        raise wrong


async def _scopes(look: _Look, job: Job) -> list[str]:
    if job.place.through is None:
        return [job.scope]
    return [_project(job.scope, one) for one in await look.entries(job, job.place.through, job.scope)]


def _project(account: str, entry: HolderEntry) -> str:
    name = str(entry.get("name") or "")
    if not name:
        raise UnexpectedAnswer(account, "could not look into one of its projects: its name is none.")
    return f"{account}/projects/{name}"


def _seen(look: _Look) -> CopiesSeen:
    problems: list[RotationError] = []
    for place in PLACES:
        refused = [] if place.refuses else look.refused[place.word]
        problems += [*refused[:_MOST_PROBLEMS], *look.failed[place.word][:_MOST_PROBLEMS]]
    traces = tuple((place, trace) for place, trace in look.traces if trace.can_be_judged)
    unjudged = Counter(place.word for place, trace in look.traces if not trace.can_be_judged)
    places = tuple(
        LookedAt(place.word, place.title, look.done[place.word], _why(look, place), unjudged[place.word])
        for place in PLACES
    )
    whole = not look.bounded.total()
    return CopiesSeen(traces, (*places, *NOT_LOOKED), look.calls, tuple(problems), whole, MOST_LISTS - look.left)


def _why(look: _Look, place: KeyPlace) -> str:
    refusing = place.refuses or "refused this app, so nothing is known of what they hold."
    waiting = (
        f"had to wait for another look: a look asks for at most {MOST_IN_SUBSCRIPTION} lists in a subscription, and "
        f"for {MOST_LISTS:,} in all, as far as its time allows. Each look goes on where the one before ended."
    )
    numbers = (
        (len(look.refused[place.word]), refusing),
        (len(look.failed[place.word]), "did not answer as expected."),
        (look.bounded[place.word], waiting),
    )
    parts = [f"{counted(number, 'resource')} {what}" for number, what in numbers if number]
    return " ".join([*parts, place.blind] if place.blind else parts)
