"""The rows of one road to a key: one for each principal, with the assignment or access policy that opens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.domain.model import AccountId
from shared.readers.doings import Substitutes
from shared.readers.grants import Grant, acting_near, denied_by, grants_of, policies_of, resource_of
from shared.readers.kinds import AccessPolicy, DenyAssignment, Holding, Reader, RightsSeen, RoleHeld, VaultRules
from shared.readers.rights import Right, denies, is_at_or_above, plain
from shared.readers.roads import BY_POLICY, Road
from shared.readers.swaps import BY_POLICY_ADVICE, swap_of

ACCESS_POLICY = "access policy"


@dataclass(frozen=True)
class Asked:
    """What is asked, with the arguments of `readers_of`, and what the assignments tell of each principal.

    near: What was seen, with only those assignments that act on the account or on the secret.
    people: One assignment of each principal that is found, with what all of them tell of it: type, name, address.
    others: The roles to use instead.
    denying: The deny assignments that are about a right on a resource, as far as they were looked for.
    """

    account: AccountId
    seen: RightsSeen
    secret: str
    identities: Mapping[str, str]
    near: RightsSeen = field(init=False)
    people: Mapping[str, RoleHeld] = field(init=False)
    others: Substitutes = field(init=False)
    denying: dict[tuple[Right, str], tuple[DenyAssignment, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        near = acting_near(self.account, self.seen, self.secret)
        found = {one.principal.lower() for one in near} | set(policies_of(self.seen.vault) if self.seen.vault else ())
        people = dict[str, RoleHeld]()
        for one in (one for one in self.seen.held if one.principal.lower() in found):
            before = people.setdefault(one.principal.lower(), one)
            people[one.principal.lower()] = _with_facts_of(one, before)
        object.__setattr__(self, "near", replace(self.seen, held=near))
        object.__setattr__(self, "people", people)
        object.__setattr__(self, "others", Substitutes(self.seen.roles.values()))

    def resource(self, road: Road) -> str:
        """Return the resource id of what a right must act on to open a road."""
        return resource_of(road.acts_on, self.account, self.seen.vault, self.secret)

    def denied_by(self, road: Road, right: Right, who: str) -> tuple[str, ...]:
        """Return the names of the deny assignments that name a principal, in lower case, for a right on a road."""
        key = right, self.resource(road)
        if key not in self.denying:
            self.denying[key] = tuple(one for one in self.seen.denied if denies(one, *key))
        return denied_by(self.denying[key], who)

    def name(self, who: str) -> str:
        """Return what people call a principal. Empty if nothing shows it."""
        known = self.people.get(who)
        shown = (known.name or known.mail) if known else ""
        return shown or self.identities.get(who, "").rpartition("/")[2]

    def kind(self, who: str) -> str:
        """Return what a principal is, in Azure's word. Empty if nothing shows it."""
        known = self.people.get(who)
        return (known.principal_type if known else "") or ("ServicePrincipal" if who in self.identities else "")

    def says(self, road: Road, who: str) -> str:
        """Return what a principal does on a road. A managed identity is everybody who can run code as it."""
        app = self.identities.get(who)
        return f"{road.says}; so does whoever can run code on {app}" if app else road.says


def _with_facts_of(one: RoleHeld, before: RoleHeld) -> RoleHeld:
    """Return an assignment with what another one of the same principal tells of it, where the first says nothing."""
    kind, name, mail = before.principal_type, before.name, before.mail
    more = kind or one.principal_type, name or one.name, mail or one.mail
    if more == (kind, name, mail):
        return before
    return replace(before, principal_type=more[0], name=more[1], mail=more[2])


def rows_of(road: Road, asked: Asked) -> list[Reader]:
    """Return one row for each principal on a road that is open: what acts now first, then by name."""
    if road.word == BY_POLICY:
        vault = asked.seen.vault
        rows = [_of_policy(road, asked, vault, one) for one in policies_of(vault).values()] if vault else []
    else:
        found = grants_of(road, asked.resource(road), asked.near)
        rows = [_of_grants(road, asked, who, grants) for who, grants in found.items()]
    return sorted(rows, key=lambda one: (one.holding is not Holding.ACTIVE, one.name.casefold(), one.principal))


def _of_grants(road: Road, asked: Asked, who: str, grants: Sequence[Grant]) -> Reader:
    best, *others = grants
    swap = swap_of(replace(best, held=replace(best.held, principal_type=asked.kind(who))), road, asked.others)
    return Reader(
        who,
        asked.kind(who),
        asked.name(who),
        road.word,
        asked.says(road, who),
        best.role.name,
        best.held.scope,
        best.held.holding,
        _is_inherited(road, best.held.scope, asked),
        best.condition,
        asked.denied_by(road, best.right, who),
        swap.instead,
        swap.commands,
        tuple(one.says for one in others),
        swap.advice,
    )


def _of_policy(road: Road, asked: Asked, vault: VaultRules, policy: AccessPolicy) -> Reader:
    who = policy.principal.lower()
    condition = f"only through the application {policy.application}" if policy.application else ""
    return Reader(
        who,
        asked.kind(who),
        asked.name(who),
        road.word,
        asked.says(road, who),
        ACCESS_POLICY,
        vault.id,
        Holding.ACTIVE,
        inherited=False,
        condition=condition,
        advice=BY_POLICY_ADVICE,
    )


def _is_inherited(road: Road, scope: str, asked: Asked) -> bool:
    """Return whether an assignment lies above the account or the vault. One on the secret itself does not."""
    vault = asked.seen.vault
    near = vault.id if vault and road.needs_vault else str(asked.account)
    return plain(scope) != plain(near) and is_at_or_above(scope, near)
