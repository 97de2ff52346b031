"""Readers agree with a second computation over 200 sets of assignments, and a planted mistake makes them differ."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from shared.domain.model import AccountId
from shared.readers import grants, patterns, rights, rows
from shared.readers import readers_of as whole
from shared.readers.kinds import Holding, Reader, Readers, RoleHeld
from shared.readers.readers_of import readers_of
from shared.readers.roads import ROADS
from tests.readers import oracle
from tests.readers.oracle import Found
from tests.readers.traps import TRAPS
from tests.readers.worlds import ACCOUNT, World, a_world, seen_of

SETS = 200


@cache
def world(seed: int) -> World:
    return a_world(seed)


@cache
def expected(seed: int) -> dict[tuple[str, str], Found]:
    return oracle.readers(world(seed))


def computed(seed: int) -> Readers:
    return readers_of(AccountId.parse(ACCOUNT), seen_of(world(seed)), "key")


def differences(seed: int) -> list[str]:
    """What the two computations do not agree about, in words."""
    found, readers = expected(seed), computed(seed)
    rows = {(one.principal, one.road): one for one in (*readers.readers, *readers.could)}
    wrong = [f"twice: {len(readers.readers) + len(readers.could) - len(rows)}"]
    wrong = [] if len(readers.readers) + len(readers.could) == len(rows) else wrong
    wrong += [f"only one of the two has {key}" for key in rows.keys() ^ found.keys()]
    wrong += [f"{one.road} is in the wrong list" for one in readers.readers if one.road in oracle.SELF_SERVICE]
    wrong += [f"{one.road} is in the wrong list" for one in readers.could if one.road not in oracle.SELF_SERVICE]
    for key in rows.keys() & found.keys():
        wrong += [f"{key}: {what}" for what in _differs(rows[key], found[key], world(seed))]
    return wrong


def _differs(row: Reader, found: Found, around: World) -> list[str]:
    is_active = any(active for _, active, *_ in found.ways)
    bound = all(bound for _, active, bound, *_ in found.ways if active == is_active)
    best = [way for way in found.ways if way[1] == is_active and way[2] == bound]
    chosen = [way for way in best if way[3] == row.by and (way[4] == row.scope or row.by == "access policy")]
    wrong = []
    if (row.holding is Holding.ACTIVE) != is_active:
        wrong.append("holding")
    if bool(row.condition) != bound:
        wrong.append("condition")
    if not chosen:
        wrong.append("the assignment that says most")
    if row.by != "access policy":
        denied = [names for way in chosen for names in found.denied[way[0]]]
        wrong += [] if frozenset(row.denied_by) in denied else ["deny assignments"]
        wrong += [] if len(row.also_by) == len({way[0] for way in found.ways}) - 1 else ["what else gives it"]
        wrong += [] if row.inherited == _is_above(row, around) else ["inherited"]
    return wrong


def _is_above(row: Reader, around: World) -> bool:
    through_vault = row.road in (*oracle.ON_SECRET, *oracle.ON_VAULT)
    near = around["vault"]["id"] if through_vault else around["account"]
    return oracle.norm(row.scope) in list(oracle.upwards(near, around["groups"]))[1:]


@pytest.mark.parametrize("seed", range(SETS))
def test_readers_agree_with_a_second_computation(seed: int) -> None:
    assert differences(seed) == []


@pytest.mark.parametrize("trap", TRAPS)
def test_every_trap_is_in_many_of_the_sets(trap: str) -> None:
    assert sum(TRAPS[trap](world(seed)) for seed in range(SETS)) >= 10


def test_every_road_is_gone_in_many_of_the_sets() -> None:
    gone = [road for seed in range(SETS) for _, road in expected(seed)]
    assert {road: gone.count(road) >= 10 for road in ROADS} == dict.fromkeys(ROADS, True)


def subtract_over_blocks(role, right):
    """As if `notActions` of one block took away what another block gives."""
    taken = [one for b in role.blocks for one in (b.not_data_actions if right.data else b.not_actions)]
    if patterns.matches_any(taken, right.action):
        return None
    return next((b for b in role.blocks if rights.block_allows(b, right)), None)


def only_first_block(role, right):
    return next((block for block in role.blocks[:1] if rights.block_allows(block, right)), None)


def star_within_a_segment(pattern: str, action: str) -> bool:
    parts, others = pattern.lower().split("/"), action.lower().split("/")
    return len(parts) == len(others) and all(oracle.glob(*pair) for pair in zip(parts, others, strict=True))


def worlds_apart(block, right):
    """As if actions counted for data actions, too."""
    given = (*block.actions, *block.data_actions)
    return patterns.matches_any(given, right.action) and not patterns.matches_any(block.not_actions, right.action)


def in_their_case(pattern: str, action: str) -> bool:
    return oracle.glob(pattern, action)


def begins_alike(scope: str, resource: str) -> bool:
    return resource.lower().startswith(scope.lower().rstrip("/")) or "managementgroups" in scope.lower()


def without_management_groups(scope: str, resource: str) -> bool:
    return "managementgroups" not in scope.lower() and begins_alike(scope, resource + "/")


def in_the_case_of_ids(scope: str, resource: str) -> bool:
    return "managementGroups" in scope or f"{resource}/".startswith(f"{scope.rstrip('/')}/")


def also_below(scope: str, resource: str) -> bool:
    return rights_of_scope(scope, resource) or rights_of_scope(resource, scope)


def _takes_away(held, who, right, seen) -> bool:
    role = grants.role_of(held, seen.roles)
    blocks = role.blocks if role and held.principal == who else ()
    return any(
        patterns.matches_any(block.not_data_actions if right.data else block.not_actions, right.action)
        for block in blocks
    )


def by(judged: Callable[[str, str], bool]) -> Callable[..., list[RoleHeld]]:
    """Whether an assignment acts on a resource, judged in another way."""
    return lambda held, resources: [one for one in held if any(judged(one.scope, each) for each in list(resources))]


rights_of_scope = rights.is_at_or_above
giving = rights.giving_block
allowed = grants.grants_of
denying, about = rights.names_in_deny, rights.denies
policies = grants.policies_of

MISTAKES: dict[str, tuple[object, str, Callable[..., object]]] = {
    "notActions reach over blocks": (grants, "giving_block", subtract_over_blocks),
    "only the first block counts": (grants, "giving_block", only_first_block),
    "a star ends at a slash": (patterns, "matches", star_within_a_segment),
    "case counts in actions": (patterns, "matches", in_their_case),
    "actions count as data actions": (rights, "block_allows", worlds_apart),
    "a scope is the beginning of a text": (grants, "acting_on", by(begins_alike)),
    "management groups are forgotten": (grants, "acting_on", by(without_management_groups)),
    "case counts in ids": (grants, "acting_on", by(in_the_case_of_ids)),
    "what is assigned below acts above": (grants, "acting_on", by(also_below)),
    "a role with a condition is forgotten": (
        grants,
        "giving_block",
        lambda role, right: (block := giving(role, right)) and (None if block.condition else block),
    ),
    "a deny assignment takes the right away": (
        rows,
        "grants_of",
        lambda road, resource, seen: {
            who: some
            for who, some in allowed(road, resource, seen).items()
            if not any(denying(one, who) and about(one, some[0].right, resource) for one in seen.denied)
        },
    ),
    "an exception of a deny assignment is forgotten": (
        grants,
        "names_in_deny",
        lambda deny, who: denying(replace(deny, excluded=frozenset()), who),
    ),
    "a deny assignment always acts below": (
        rows,
        "denies",
        lambda deny, *rest: about(replace(deny, for_children=True), *rest),
    ),
    "notActions of one role take away what another gives": (
        rows,
        "grants_of",
        lambda road, resource, seen: {
            who: some
            for who, some in allowed(road, resource, seen).items()
            if not any(_takes_away(one, who, some[0].right, seen) for one in seen.held)
        },
    ),
    "eligible assignments are forgotten": (
        rows,
        "grants_of",
        lambda road, resource, seen: allowed(
            road, resource, replace(seen, held=tuple(one for one in seen.held if one.holding is Holding.ACTIVE))
        ),
    ),
    "access policies count without get": (
        rows,
        "policies_of",
        lambda vault: {one.principal: one for one in vault.policies},
    ),
    "the application of an access policy is forgotten": (
        rows,
        "policies_of",
        lambda vault: {who: replace(one, application="") for who, one in policies(vault).items()},
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_found(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, name, wrong = MISTAKES[mistake]
    rights.giving_block.cache_clear()
    monkeypatch.setattr(module, name, wrong)
    try:
        assert any(differences(seed) for seed in range(SETS))
    finally:
        rights.giving_block.cache_clear()


@pytest.mark.parametrize("word", ROADS)
def test_a_road_that_is_left_out_is_missed(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "ROADS", {other: road for other, road in ROADS.items() if other != word})
    assert any(differences(seed) for seed in range(SETS))


@pytest.mark.parametrize("word", [word for word, road in ROADS.items() if road.by_roles is not None])
def test_a_vault_of_the_other_kind_is_noticed(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROADS, word, replace(ROADS[word], by_roles=None))
    assert any(differences(seed) for seed in range(SETS))
