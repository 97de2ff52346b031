"""Who can read keys, as JSON: of one account, and of a page of the accounts of a fleet.

HTTP answers and, with `--json`, a terminal show it. The field names are public. What is not known is left out: a count
that is there was counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict, cast

from shared.readers.answers import ReadersCounted, ReadersOfFleet, ReadersOfOne
from shared.readers.kinds import Holding, Reader
from shared.web.responses import ProblemData, problems_data


class ReaderData(TypedDict):
    """One principal that can read a key by one road, or could give itself the right.

    `by` and `scope` say what gives the right. With `commands` the roles are swapped; `advice` comes before that.
    """

    principal: str
    principalType: NotRequired[str]
    name: NotRequired[str]
    road: str
    says: str
    by: str
    scope: str
    holding: Holding
    inherited: bool
    condition: NotRequired[str]
    deniedBy: NotRequired[list[str]]
    instead: NotRequired[str]
    commands: NotRequired[list[str]]
    alsoBy: NotRequired[list[str]]
    advice: NotRequired[str]


class OneReaders(TypedDict):
    """Who can read the keys of one account, as Azure showed it at the moment `asked`.

    If `known` is false, no rights could be read, and empty lists mean nothing. `notSeen` is never empty: nobody can say
    that there is nobody else. With `principal` the answer is about that one person or program.
    """

    asked: str
    account: str
    target: NotRequired[str]
    principal: NotRequired[str]
    known: bool
    readers: list[ReaderData]
    could: list[ReaderData]
    looked: list[str]
    notSeen: list[str]
    calls: int
    problems: list[ProblemData]


class CountedReaders(TypedDict):
    """How many principals can read the keys of one account. A group counts once. Without counts nothing is known."""

    account: str
    target: NotRequired[str]
    readers: NotRequired[int]
    groups: NotRequired[int]
    eligible: NotRequired[int]
    could: NotRequired[int]


class ReaderOfManyData(TypedDict):
    """A principal that can read the keys of several of these accounts."""

    principal: str
    principalType: NotRequired[str]
    name: NotRequired[str]
    accounts: int
    roads: list[str]
    by: list[str]


class WideRoleData(TypedDict):
    """A role that reads keys, assigned on a whole subscription or above, and the object ids of who holds it."""

    role: str
    scope: str
    holders: list[str]


class FleetReaders(TypedDict):
    """Who can read the keys of one page of the accounts with keys that are in sight.

    `waiting` are the accounts of the page that were not looked at, because they lie in too many subscriptions.
    """

    asked: str
    scope: str
    accounts: list[CountedReaders]
    principals: list[ReaderOfManyData]
    morePrincipals: int
    keyRolesAtSubscription: list[WideRoleData]
    waiting: list[str]
    found: int
    page: int
    pages: int
    looked: list[str]
    notSeen: list[str]
    calls: int
    problems: list[ProblemData]


def one_readers(answer: ReadersOfOne) -> OneReaders:
    """Return who can read the keys of one account as JSON."""
    found = answer.found
    data = {
        "asked": answer.asked_at.isoformat(),
        "account": str(found.account),
        "target": answer.place.target,
        "principal": answer.principal,
    }
    lists = {
        "known": answer.known,
        "readers": [_reader(one) for one in found.readers],
        "could": [_reader(one) for one in found.could],
        "looked": list(answer.looked),
        "notSeen": list(found.not_seen),
        "calls": answer.calls,
        "problems": problems_data(list(found.problems)),
    }
    return cast("OneReaders", {**_filled(data), **lists})


def fleet_readers(answer: ReadersOfFleet) -> FleetReaders:
    """Return who can read the keys of a page of accounts as JSON."""
    return FleetReaders(
        asked=answer.asked_at.isoformat(),
        scope=answer.scope,
        accounts=[_counted(one) for one in answer.accounts],
        principals=[
            cast(
                "ReaderOfManyData",
                _filled(
                    {
                        "principal": one.principal,
                        "principalType": one.principal_type,
                        "name": one.name,
                        "accounts": one.accounts,
                        "roads": list(one.roads),
                        "by": list(one.by),
                    }
                ),
            )
            for one in answer.principals
        ],
        morePrincipals=answer.more_principals,
        keyRolesAtSubscription=[
            WideRoleData(role=one.role, scope=one.scope, holders=list(one.holders)) for one in answer.wide
        ],
        waiting=[str(one.account) for one in answer.waiting],
        found=answer.found,
        page=answer.page,
        pages=answer.pages,
        looked=list(answer.looked),
        notSeen=list(answer.not_seen),
        calls=answer.calls,
        problems=problems_data(list(answer.problems)),
    )


def _counted(one: ReadersCounted) -> CountedReaders:
    names = _filled({"account": str(one.place.account), "target": one.place.target})
    counts = {"readers": one.readers, "groups": one.groups, "eligible": one.eligible, "could": one.could}
    return cast("CountedReaders", {**names, **{name: count for name, count in counts.items() if count is not None}})


def _reader(one: Reader) -> ReaderData:
    facts = {
        "principal": one.principal,
        "principalType": one.principal_type,
        "name": one.name,
        "road": one.road,
        "says": one.says,
        "by": one.by,
        "scope": one.scope,
        "holding": one.holding,
        "condition": one.condition,
        "deniedBy": list(one.denied_by),
        "instead": one.instead,
        "commands": list(one.commands),
        "alsoBy": list(one.also_by),
        "advice": one.advice,
    }
    return cast("ReaderData", {**_filled(facts), "inherited": one.inherited})


def _filled(facts: Mapping[str, object]) -> dict[str, Any]:
    """Return the facts without empty texts and empty lists."""
    return {name: value for name, value in facts.items() if value not in ("", [])}
