"""Where copies of keys lie, as JSON: of one account, and of a page of the accounts of a fleet.

HTTP answers and, with `--json`, a terminal show it. The field names are public. Nothing here holds a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NotRequired, TypedDict, cast

from shared.copies.answers import CopiesOfFleet, CopiesOfOne
from shared.copies.kinds import Copied, CopyFate, LookedAt
from shared.web.responses import ProblemData, problems_data


class CopyData(TypedDict):
    """One copy of a key, or of the secret's address; what happens to it, and when; and how to move it."""

    place: str
    resource: str
    name: str
    fate: CopyFate
    says: str
    move: str
    version: NotRequired[str]
    when: NotRequired[str]
    commands: NotRequired[list[str]]


class PlaceData(TypedDict):
    """One kind of place. Without `looked` it was not looked at. `unjudged` things name no account."""

    place: str
    title: str
    looked: NotRequired[int]
    unjudged: NotRequired[int]
    why: NotRequired[str]


class AccountCopies(TypedDict):
    """The copies of the keys of one account that were found, those that break first at the front."""

    account: str
    target: NotRequired[str]
    copies: list[CopyData]


class OneCopies(AccountCopies, TypedDict):
    """Where copies of the keys of one account lie, as Azure showed it at the moment `asked`.

    `places` says what was looked at and what was not. Nobody can say that there are no other copies.
    """

    asked: str
    places: list[PlaceData]
    calls: int
    problems: list[ProblemData]


class FleetCopies(TypedDict):
    """One page of the accounts of which copies were found.

    `lookedFor` is how many accounts were asked about, and `found` of how many copies were found.
    """

    asked: str
    scope: str
    accounts: list[AccountCopies]
    lookedFor: int
    found: int
    page: int
    pages: int
    places: list[PlaceData]
    calls: int
    problems: list[ProblemData]


def one_copies(answer: CopiesOfOne) -> OneCopies:
    """Return the copies of one account's keys as JSON."""
    found = answer.found
    data = {
        **_account(answer),
        "asked": answer.asked_at.isoformat(),
        "places": _places(found.places),
        "calls": found.calls,
        "problems": problems_data(list(found.problems)),
    }
    return cast("OneCopies", data)


def fleet_copies(answer: CopiesOfFleet) -> FleetCopies:
    """Return the copies of a page of accounts as JSON."""
    return FleetCopies(
        asked=answer.asked_at.isoformat(),
        scope=answer.scope,
        accounts=[_account(one) for one in answer.accounts],
        lookedFor=answer.looked_for,
        found=answer.found,
        page=answer.page,
        pages=answer.pages,
        places=_places(answer.places),
        calls=answer.calls,
        problems=problems_data(list(answer.problems)),
    )


def _account(answer: CopiesOfOne) -> AccountCopies:
    names = _filled({"account": str(answer.found.account), "target": answer.target})
    return cast("AccountCopies", {**names, "copies": [_copy(one) for one in answer.found.copies]})


def _copy(one: Copied) -> CopyData:
    facts = {
        "place": one.place,
        "resource": one.resource,
        "name": one.name,
        "fate": one.fate,
        "says": one.says,
        "move": one.move,
        "version": one.version,
        "when": one.when.isoformat() if one.when else "",
        "commands": list(one.commands),
    }
    return cast("CopyData", _filled(facts))


def _places(places: Iterable[LookedAt]) -> list[PlaceData]:
    return [
        cast(
            "PlaceData",
            {
                "place": one.place,
                "title": one.title,
                **({} if one.looked is None else {"looked": one.looked}),
                **({"unjudged": one.unjudged} if one.unjudged else {}),
                **_filled({"why": one.why}),
            },
        )
        for one in places
    ]


def _filled(facts: Mapping[str, object]) -> dict[str, Any]:
    """Return the facts without empty texts and empty lists."""
    return {name: value for name, value in facts.items() if value not in ("", [])}
