"""Ask who can read keys: of one account, or of the accounts of a fleet, a page at a time.

The rights of a subscription are read once for all accounts in it, and each vault once: so calls follow subscriptions
and vaults, and not accounts. A page has at most `ROWS` accounts, of at most `MOST_SUBSCRIPTIONS` subscriptions.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from shared.domain.errors import RotationError
from shared.readers.answer import answer_for
from shared.readers.answers import ReaderOfMany, ReadersCounted, ReadersOfFleet, ReadersOfOne
from shared.readers.asked_accounts import AskedAccount
from shared.readers.kinds import Holding, Reader, Readers, RightsSeen
from shared.readers.ports import Rights
from shared.readers.readers_of import readers_of
from shared.readers.unseen import NO_VAULT
from shared.readers.wide import WideRole, key_roles_at_subscription

# Accounts of a page. Where a subscription has 4,000 assignments, each takes about 7 ms of computing if 100 of these act
# on the account or its vault, and 60 ms if 1,000 do; 20 deny assignments hardly change that (measured).
ROWS = 100
MOST_SUBSCRIPTIONS = 20  # of a page
MOST_PRINCIPALS = 50  # of a page
MOST_NOT_SEEN = 100  # sentences of a page; groups are named one by one
NOT_PUBLISHED = "who reads a secret: nobody enrolled the account, so this app publishes its key nowhere"
NO_IDENTITIES = "which resources have the managed identities that are listed here: Resource Graph did not answer"
NOT_BY_GROUP = (
    "roles that the person could make active as a member of a group (Privileged Identity Management): Azure's answer "
    "about a person has only roles that act now"
)


OF_THIS_APP = "This is this app, which rotates the keys: leave it its right."


async def readers_of_one(rights: Rights, place: AskedAccount, now: datetime, principal: str = "") -> ReadersOfOne:
    """Return who can read the keys of one account as Azure shows it now.

    principal: The object id of the only person or program that is asked about. Empty for everybody.

    Raises a RotationError if Azure does not answer about the principal. Everything else that cannot be seen is in the
    answer.
    """
    seen = await rights.around(place.account, place.vault_url)
    identities, problems = await _identities(rights)
    names = identities or {}
    if principal:
        held = await rights.of_principal(place.account, principal)
        found = answer_for(place.account, principal, held, seen, place.secret, names)
    else:
        found = readers_of(place.account, seen, place.secret, names)
    found = await _with_this_app(found, rights)
    words = _not_seen(place, found.not_seen, identities is not None)
    words = (NOT_BY_GROUP, *words) if principal else words
    found = replace(found, not_seen=words, problems=_each_once((*found.problems, *problems)))
    # What a principal holds, Azure has just said. Which roles allow what must have been read all the same.
    known = is_known(seen, place.account.subscription, with_assignments=not principal)
    return ReadersOfOne(now, place, found, seen.looked, rights.calls, known, principal.lower())


async def _with_this_app(found: Readers, rights: Rights) -> Readers:
    """Return the readers, with this app told apart: nobody is to take its own right away."""
    own = await rights.own_principal()
    if not own:
        return found
    return replace(found, readers=tuple(_left_alone(one) if one.principal == own else one for one in found.readers))


def _left_alone(one: Reader) -> Reader:
    return replace(one, advice=OF_THIS_APP, instead="", commands=())


async def readers_of_fleet(
    rights: Rights, places: Sequence[AskedAccount], now: datetime, scope: str, page: int = 1
) -> ReadersOfFleet:
    """Return who can read the keys of one page of the accounts of a fleet, as Azure shows it now.

    places: All accounts, those of one subscription together (`key_places`).
    scope: Where they were looked for, in words.
    page: The page, from 1.

    Raises nothing: what cannot be seen is in the answer.
    """
    pages = max(1, -(-len(places) // ROWS))
    shown = places[(page - 1) * ROWS : page * ROWS]
    near = list(dict.fromkeys(one.subscription for one in shown))[:MOST_SUBSCRIPTIONS]
    asked = [one for one in shown if one.subscription in near]
    identities, problems = await _identities(rights) if asked else ({}, ())
    seen, found = list[RightsSeen](), list[Readers]()
    for one in asked:
        around = await rights.around(one.account, one.vault_url)
        seen.append(around)
        found.append(readers_of(one.account, around, one.secret, identities or {}))
        await asyncio.sleep(0)  # others have their turn between two accounts, because each takes a while to compute
    principals = _principals(found)
    words = (_not_seen(place, one.not_seen, identities is not None) for place, one in zip(asked, found, strict=True))
    return ReadersOfFleet(
        now,
        scope,
        tuple(map(_counted, asked, seen, found)),
        tuple(principals[:MOST_PRINCIPALS]),
        len(principals[MOST_PRINCIPALS:]),
        _wide(asked, seen),
        tuple(one for one in shown if one.subscription not in near),
        len(places),
        page,
        pages,
        tuple(dict.fromkeys(word for one in seen for word in one.looked)),
        _bounded(dict.fromkeys(word for each in words for word in each)),
        rights.calls,
        _each_once((*(each for one in seen for each in one.problems), *problems)),
    )


def is_known(seen: RightsSeen, subscription: str, *, with_assignments: bool = True) -> bool:
    """Return whether the role assignments and definitions of a subscription could be read. What was seen of another
    one, such as the vault's, says nothing about the accounts in this one.

    subscription: Its id.
    with_assignments: Whether its role assignments must have been read as well.
    """
    here = subscription.lower()
    return here in seen.defined_in and (here in seen.assigned_in or not with_assignments)


async def _identities(rights: Rights) -> tuple[Mapping[str, str] | None, tuple[RotationError, ...]]:
    """Return the managed identities in sight. None if Resource Graph did not answer, and why."""
    try:
        return await rights.identities(), ()
    except RotationError as error:
        return None, (error,)


def _not_seen(place: AskedAccount, words: Iterable[str], identities: bool) -> tuple[str, ...]:
    """Return what was not seen of one account. An account that nobody enrolled has no vault to look at."""
    said = (NOT_PUBLISHED if word == NO_VAULT and not place.vault_url else word for word in words)
    return (*said, *([] if identities else [NO_IDENTITIES]))


def _wide(places: Sequence[AskedAccount], seen: Sequence[RightsSeen]) -> tuple[WideRole, ...]:
    once = {place.subscription: one for place, one in zip(places, seen, strict=True)}
    return tuple(dict.fromkeys(each for near, one in once.items() for each in key_roles_at_subscription(one, near)))


def _counted(place: AskedAccount, seen: RightsSeen, found: Readers) -> ReadersCounted:
    if not is_known(seen, place.subscription):
        return ReadersCounted(place)
    reading = {one.principal: one for one in found.readers}
    active = {one.principal for one in found.readers if one.holding is Holding.ACTIVE}
    return ReadersCounted(
        place,
        len(reading),
        sum(one.principal_type.endswith("Group") for one in reading.values()),
        len(reading.keys() - active),
        len({one.principal for one in found.could} - reading.keys()),
    )


def _principals(accounts: Iterable[Readers]) -> list[ReaderOfMany]:
    """Return everybody who reads keys, who reads those of most accounts first.

    accounts: The readers of each account. A principal has one row for each road, and other roads on other accounts.
    """
    found, reads = dict[str, list[Reader]](), Counter[str]()
    for account in accounts:
        reads.update({one.principal for one in account.readers})
        for one in account.readers:
            found.setdefault(one.principal, []).append(one)
    made = [_of_rows(who, each, reads[who]) for who, each in found.items()]
    return sorted(made, key=lambda one: (-one.accounts, one.name.casefold(), one.principal))


def _of_rows(who: str, rows: Sequence[Reader], accounts: int) -> ReaderOfMany:
    return ReaderOfMany(
        who,
        next((one.principal_type for one in rows if one.principal_type), ""),
        next((one.name for one in rows if one.name), ""),
        accounts,
        tuple(dict.fromkeys(one.road for one in rows)),
        tuple(dict.fromkeys(one.by for one in rows)),
    )


def _bounded(words: Iterable[str]) -> tuple[str, ...]:
    all_words = tuple(words)
    rest = len(all_words) - MOST_NOT_SEEN
    return (*all_words[:MOST_NOT_SEEN], *([f"{rest} more: ask for one account"] if rest > 0 else []))


def _each_once(problems: Iterable[RotationError]) -> tuple[RotationError, ...]:
    return tuple({(one.code, one.thing.casefold(), one.what): one for one in problems}.values())
