"""Choose the accounts of a request for many, and put them in the order in which they are served.

They are chosen from what the last tick saw, without a call for each. A leak goes where most harm can be done first:
accounts that take calls from any address, then keys that open more than Azure OpenAI, then by age. A listing only
chooses: what is done to an account is decided by its own turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.decide.plan import Plan
from shared.decide.policies import decide
from shared.domain.account_kinds import opens_more_than_openai
from shared.domain.errors import DisputedName, RotationError, UnknownTarget
from shared.domain.many import ManyTarget
from shared.domain.model import AccountId, Target
from shared.domain.requests import Request
from shared.domain.scopes import Reach
from shared.fleet.enrolment import Enrolled
from shared.fleet.found import FleetListing, Listed
from shared.fleet.rotation import Rotation
from shared.turns.many import ManyRecord

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_UNKNOWN_REQUEST = "see GET /api/rotations for the ids of the last 30 days"


@dataclass(frozen=True)
class Selection:
    """Which targets a request for many is about: those that fit everything that is given.

    owner: The owner, in any case of letters. None: any.
    subscription: The id of the subscription, in any case. None: any.
    group: The name of the resource group, in any case. None: any.
    names: Names of targets. Empty: any.
    rest_of: The id of an earlier request for many, whose accounts are meant that are neither done nor gone. None: any.
    """

    owner: str | None = None
    subscription: str | None = None
    group: str | None = None
    names: tuple[str, ...] = ()
    rest_of: str | None = None

    @property
    def only_names(self) -> bool:
        """Whether it names every target, so that its answer tells no name that its caller does not know."""
        return bool(self.names)

    def fits(self, target: Target, rest: frozenset[str]) -> bool:
        """Return whether a target that has one of the names is meant.

        rest: What is left of the earlier request, as ids in lower case.
        """
        account = target.account
        return (
            (self.owner is None or same(self.owner, target.owner or ""))
            and (self.subscription is None or same(self.subscription, account.subscription))
            and (self.group is None or same(self.group, account.group))
            and (self.rest_of is None or str(account).casefold() in rest)
        )


@dataclass(frozen=True)
class Candidate:
    """A target that can be chosen.

    enrolled: The target, with its account if a listing showed it.
    listed: What the listing of its vault showed. None if that is not known.
    """

    enrolled: Enrolled
    listed: Listed | None = None

    @property
    def target(self) -> Target:
        """The target."""
        return self.enrolled.target

    @property
    def since(self) -> datetime | None:
        """Since when its live key is published, in UTC. None if that is not known: it may be old."""
        publication = self.listed.publication if self.listed else None
        return publication.marks.since if publication and publication.marks else None

    def hold(self, request: Request, now: datetime) -> Plan | None:
        """Return the plan that holds a request back now, as far as the listing tells. None if nothing does.

        Its turn observes the target and decides again, and names an error that keeps it from being decided about.
        """
        try:
            seen = self.listed.presumed() if self.listed else None
            plan = decide(seen, self.target, now, request) if seen is not None else None
        except Exception:  # noqa: BLE001 - its turn meets the same error and names it (P10)
            return None
        return plan if plan is not None and plan.is_held else None

    @property
    def danger(self) -> tuple[int, int, datetime, str]:
        """What comes first if its key has leaked: the smaller it is, the earlier."""
        account = self.enrolled.account
        exposed = 1 if account is None else 0 if account.open else 2
        wide = 0 if account is not None and opens_more_than_openai(account.kind) else 1
        return exposed, wide, *self.age

    @property
    def age(self) -> tuple[datetime, str]:
        """What comes first in a rotation: the oldest key."""
        return self.since or _LONG_AGO, self.target.name

    @property
    def of_many(self) -> ManyTarget:
        """The account as a request for many names it."""
        return ManyTarget(self.target.name, self.target.account)


@dataclass(frozen=True)
class Choice:
    """The targets that a selection means.

    candidates: The targets, in the order in which they are served.
    seen_at: When the listing showed them, in UTC.
    problems: Why others may be missing.
    """

    candidates: Sequence[Candidate]
    seen_at: datetime
    problems: Sequence[RotationError] = ()


async def choose(app: Rotation, selection: Selection, *, leak: bool) -> Choice:
    """Return the targets that a selection means, in the order in which they are served.

    leak: Whether leaked keys are to be ended. Default order: the oldest key first.

    Raises UnknownTarget for an unknown earlier request, and as `Fleet.find_all` does for names.
    """
    listing, seen_at = await app.surveyor.listing()
    found = await _named(app, selection.names, listing) if selection.names else list(candidates(listing))
    rest = await _rest(app, selection.rest_of)
    chosen = [one for one in found if selection.fits(one.target, rest)]
    chosen.sort(key=lambda one: one.danger if leak else one.age)
    return Choice(chosen, seen_at, [] if selection.only_names else listing.problems)


def within(choice: Choice, reach: Reach) -> list[Candidate]:
    """Return the targets on which a caller may act."""
    return [one for one in choice.candidates if reach.includes(one.target.account)]


def candidates(listing: FleetListing) -> Iterable[Candidate]:
    """Yield all targets of a listing, also those whose secret it did not show."""
    for one in (*listing.listed, *listing.earlier):
        yield Candidate(one.enrolled, one)
    for target in listing.unseen:
        yield Candidate(Enrolled(target))


def by_account(listing: FleetListing) -> dict[str, Candidate]:
    """Return all targets of a listing by their account's id in lower case."""
    return {account_key(one.target.account): one for one in candidates(listing)}


def account_key(account: AccountId) -> str:
    """Return an account's id in lower case: Azure compares ids without case."""
    return str(account).casefold()


def same(one: str, other: str) -> bool:
    """Return whether both texts are the same in any case of letters."""
    return one.strip().casefold() == other.strip().casefold()


async def _named(app: Rotation, names: Sequence[str], listing: FleetListing) -> list[Candidate]:
    """Return the targets of these names: by the listing where one account alone has the name, or else as `find_all`
    does, which refuses a name that several accounts have."""
    shown: dict[str, list[Candidate]] = {}
    for one in candidates(listing):
        shown.setdefault(one.target.name.casefold(), []).append(one)
    unsure = {error.thing.casefold() for error in listing.problems if isinstance(error, DisputedName)}
    unsure |= {target.name.casefold() for target in app.settings.targets}  # these win their name, in its exact case
    unsure |= {name for name, each in shown.items() if len(each) > 1}
    asked = [name for name in dict.fromkeys(names) if name.casefold() in unsure or name.casefold() not in shown]
    found = [shown[name.casefold()][0] for name in names if name not in asked]
    if asked:  # since then enrolled, disputed, or nobody's
        known = by_account(listing)
        enrolled = await app.fleet.find_all(asked)
        found += [known.get(account_key(one.target.account), Candidate(one)) for one in enrolled]
    return list({account_key(one.target.account): one for one in found}.values())


async def _rest(app: Rotation, id_: str | None) -> frozenset[str]:
    if id_ is None:
        return frozenset()
    progress = await ManyRecord(app.outside.notes).find(id_)
    if progress is None:
        raise UnknownTarget(id_, "there is no request for many with this id.", _UNKNOWN_REQUEST)
    return frozenset(account_key(one.account) for one in progress.rest)
