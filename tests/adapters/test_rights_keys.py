"""A key in any value that the lists of rights can return comes no further than the adapter."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from lab.emulator.directory import MANAGEMENT_GROUPS
from lab.emulator.roles import EVERYONE, Block, Denial
from lab.emulator.serve import Azure
from shared.domain.errors import RotationError
from shared.readers.kinds import RightsSeen
from tests.support.reading import id_of
from tests.support.real_parts import Parts, Spoiled, everything_logged, parts_over
from tests.support.rights import LIST_KEYS, TWO_BLOCKS, add, may_see_readers, rights_over

KEYS = {"new": "8Zq" + "rT7wYb2K" * 10 + "J", "old": "0123456789abcdef0123456789abcdef"}
LISTS = ("arm.listRoleAssignments", "arm.listRoleDefinitions", "arm.listDenyAssignments", "arm.listEligible")
OPERATIONS = (*LISTS, "arm.getVault", "arm.listVaults", "arm.queryResourceGraph")
type Path = tuple[str | int, ...]


@pytest.fixture
async def wired(azure: Azure) -> AsyncIterator[Parts]:
    """The app's parts over a world in which each list has every member that Azure describes."""
    world = azure.world
    may_see_readers(world)
    account = world.accounts.named("account-001").id
    anna = add(world, "anna", mail="anna@example.com")
    add(world, "team", "Group", ("anna",))
    world.directory.assign("anna", "Two blocks", account, condition="@Resource[x] StringEquals 'y'")
    world.directory.assign("team", "Owner", f"{MANAGEMENT_GROUPS}prod")
    world.directory.group("prod", world.subscription)
    world.directory.make_eligible("anna", "Owner", account, condition="@Resource[x] StringEquals 'y'")
    block = Block((LIST_KEYS,), ("a/b",), ("c/d",), ("e/f",))
    world.directory.deny(Denial("no keys", account, (block,), (EVERYONE, "team"), ("anna",)))
    vault = next(iter(world.vaults.values()))
    vault.policies, vault.tags = {anna.object_id: {"get"}}, {"owner": "somebody"}
    vault.compound = {(anna.object_id, anna.client_id): {"get"}}
    async with parts_over(azure) as parts:
        yield parts


async def look(parts: Parts) -> RightsSeen:
    return await rights_over(parts).around(id_of(parts.account()), parts.azure.settings["ROTATION_VAULT_URL"])


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield where each plain value of a JSON value is."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if pairs is None:
        yield path
    for name, part in pairs or ():
        yield from leaves(part, (*path, name))


def kind_of(path: Path) -> Path:
    """Return a path without the numbers of entries: one key in each kind of value is enough."""
    return tuple(0 if isinstance(step, int) else step for step in path)


def planted(body: Any, path: Path, key: str) -> Any:
    changed = copy.deepcopy(body)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = key
    return changed


def with_extras(body: Any, key: str) -> Any:
    """Return a body with an extra member in each of its objects, that holds a key."""
    if isinstance(body, list):
        return [with_extras(one, key) for one in body]
    if not isinstance(body, dict):
        return body
    return {name: with_extras(part, key) for name, part in body.items()} | {"extra": key, "extras": {"key1": [key]}}


async def bodies(parts: Parts, spoiled: Spoiled) -> dict[str, Any]:
    """Return the first answer to each operation. One look makes none of the list of vaults, so it is made to."""
    seen: dict[str, Any] = {}

    def remember(operation: str) -> Callable[[Any], Any]:
        return lambda body: seen.setdefault(operation, body)

    for operation in OPERATIONS:
        spoiled.change(operation, remember(operation))
    await look(parts)
    for one in parts.azure.world.vaults.values():
        parts.azure.world.resources.unindexed.add(one.id.lower())
    await look(parts)
    parts.azure.world.resources.unindexed.clear()
    assert set(seen) == set(OPERATIONS)
    return seen


def everything_said(seen: RightsSeen) -> str:
    problems = [(str(one), repr(one.__cause__), repr(one.__context__)) for one in seen.problems]
    return repr((seen, problems))


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
async def test_a_key_in_any_value_is_found_nowhere(wired: Parts, spoiled: Spoiled, operation: str, key: str) -> None:
    body = (await bodies(wired, spoiled))[operation]
    by_kind = {kind_of(path): path for path in leaves(body)}
    assert by_kind
    if operation == "arm.listVaults":
        wired.azure.world.resources.unindexed.add(next(iter(wired.azure.world.vaults.values())).id.lower())
    for path in by_kind.values():
        spoiled.ways.clear()
        spoiled.change(operation, lambda _, path=path: planted(body, path, key))
        with everything_logged() as tape:
            said = everything_said(await look(wired))
        assert not spoiled.ways[operation], path
        assert key not in said, path
        assert key not in tape.text, path


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
async def test_members_that_nobody_asked_for_are_found_nowhere(
    wired: Parts, spoiled: Spoiled, operation: str, key: str
) -> None:
    body = (await bodies(wired, spoiled))[operation]
    plain = everything_said(await look(wired))
    if operation == "arm.listVaults":
        wired.azure.world.resources.unindexed.add(next(iter(wired.azure.world.vaults.values())).id.lower())
    spoiled.ways.clear()
    spoiled.change(operation, lambda _: with_extras(body, key))
    said = everything_said(await look(wired))
    assert key not in said
    assert said == plain  # and nothing else is lost


async def test_a_key_in_an_answer_about_a_principal_is_found_nowhere(wired: Parts, spoiled: Spoiled) -> None:
    account, anna = id_of(wired.account()), wired.azure.world.directory.identities["anna"].object_id
    seen: list[Any] = []
    spoiled.change(LISTS[0], lambda body: seen.append(body) or body)
    assert await rights_over(wired).of_principal(account, anna)
    for path in leaves(seen[0]):
        spoiled.change(LISTS[0], lambda _, path=path: planted(seen[0], path, KEYS["new"]))
        try:
            said = repr(await rights_over(wired).of_principal(account, anna))
        except RotationError as error:
            said = f"{error} {error.__cause__!r}"
        assert KEYS["new"] not in said, path


async def test_names_are_shown_without_what_looks_like_a_key_and_on_one_line(wired: Parts, spoiled: Spoiled) -> None:
    def rename(body: Any) -> Any:
        for one in body["value"]:
            one["properties"]["roleName"] = f"Team\n{KEYS['new']} blue"
        return body

    spoiled.change("arm.listRoleDefinitions", rename)
    assert (await look(wired)).roles[TWO_BLOCKS.id].name == "Team (left out) blue"
