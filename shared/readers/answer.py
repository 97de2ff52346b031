"""Whether one person can read the keys of an account, groups included, by the service's own answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from shared.domain.model import AccountId
from shared.readers.kinds import Holding, Reader, Readers, RightsSeen, RoleHeld, VaultRules
from shared.readers.readers_of import readers_of
from shared.readers.roads import ROADS
from shared.readers.rows import Asked
from shared.readers.unseen import not_seen_of


def answer_for(
    account: AccountId,
    principal: str,
    held: Sequence[RoleHeld],
    seen: RightsSeen,
    secret: str = "",
    identities: Mapping[str, str] | None = None,
) -> Readers:
    """Return by which roads one principal can read the keys of an account, through groups too: one row for each road.

    principal: The object id.
    held: The assignments that reach it, as the service itself answers: it knows the groups (`Rights.of_principal`).
    seen, secret, identities: As for `readers_of`.

    A group that comes to a key through the vault alone, or with an eligible role, is not in the service's answer about
    the account. If there is one, that is said. An answer without rows is never "no": read `not_seen`.
    """
    person = principal.lower()
    known = {person, *(one.principal.lower() for one in held)}
    own = {one.id.lower(): one for one in (*held, *seen.held) if one.principal.lower() in known}
    vault = seen.vault and _only_for(seen.vault, known)
    mine = replace(seen, held=tuple(own.values()), vault=vault)
    whole = readers_of(account, mine, secret, identities)
    asked = Asked(account, mine, secret, identities or {})
    everybody = readers_of(account, seen, secret)
    return replace(
        whole,
        readers=tuple(_together(whole.readers, person, asked)),
        could=tuple(_together(whole.could, person, asked)),
        not_seen=(*_unknown_groups(everybody, known), *not_seen_of(asked.near, None, account.subscription)),
    )


def _only_for(vault: VaultRules, known: set[str]) -> VaultRules:
    return replace(vault, policies=tuple(one for one in vault.policies if one.principal.lower() in known))


def _together(rows: Sequence[Reader], person: str, asked: Asked) -> Iterator[Reader]:
    """Return one row for each road: the best one of a person and its groups, as the person's own."""
    for word in dict.fromkeys(one.road for one in rows):
        best, *others = sorted(
            (one for one in rows if one.road == word),
            key=lambda one: (one.holding is not Holding.ACTIVE, bool(one.condition), one.principal != person),
        )
        also = (f"{one.by} on {one.scope}{_through(one, person)}" for one in others)
        yield replace(
            best,
            principal=person,
            principal_type=asked.kind(person),
            name=asked.name(person),
            says=best.says + _through(best, person),
            denied_by=tuple(sorted({*best.denied_by, *_denied(word, person, asked)})),
            also_by=(*best.also_by, *also),
        )


def _through(row: Reader, person: str) -> str:
    group = f"{row.name} ({row.principal})" if row.name else row.principal
    return "" if row.principal == person else f", as a member of {group}"


def _denied(word: str, person: str, asked: Asked) -> Iterator[str]:
    """Name the deny assignments that name a person for a road, although a group of the person holds the right."""
    for right in ROADS[word].rights:
        yield from asked.denied_by(ROADS[word], right, person)


def _unknown_groups(whole: Readers, known: set[str]) -> Iterator[str]:
    """Name the groups that the service's answer cannot have: it is about the account, and about what acts now."""
    others = dict[str, Reader]()
    for one in (*whole.readers, *whole.could):
        is_hidden = ROADS[one.road].needs_vault or one.holding is Holding.ELIGIBLE
        if is_hidden and _can_be_group(one) and one.principal not in known:
            others.setdefault(one.principal, one)
    for who, one in sorted(others.items()):
        way = "with an eligible role" if one.holding is Holding.ELIGIBLE else "through the vault alone"
        yield f"whether the person is a member of {one.name or who}, which comes to a key {way}"


def _can_be_group(row: Reader) -> bool:
    return not row.principal_type or row.principal_type.endswith("Group")
