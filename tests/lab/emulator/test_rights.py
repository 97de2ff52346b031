"""Rights as the emulator decides them, and as it shows them over HTTP; its answers fit Azure's own descriptions."""

import json
from typing import Any

import aiohttp
import pytest

from lab.emulator.directory import Directory, Identity, Role
from lab.emulator.errors import AzureError, NotImitatedError
from lab.emulator.roles import EVERYONE, Block, Denial
from lab.emulator.serve import Azure
from lab.emulator.surfaces.vault_refusals import check_policy
from lab.emulator.world import World
from tests.lab.emulator.contract import Exchange, problems

READ, LIST_KEYS = "a/things/read", "a/things/listKeys/action"
SUBSCRIPTION, THING = "/subscriptions/s", "/subscriptions/s/resourceGroups/g/providers/a/things/t"
LIMITED = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[x] StringEquals 'y'))"


@pytest.fixture
def directory() -> Directory:
    found = Directory()
    found.define(
        Role("keys", (LIST_KEYS,)),
        Role("all but keys", ("a/*",), (LIST_KEYS,)),
        Role("both blocks", ("a/*",), (LIST_KEYS,), more=(Block((LIST_KEYS,)),)),
        Role("data", data_actions=("*",)),
        Role("limited", ("a/*", "Microsoft.Authorization/*"), condition=LIMITED),
    )
    found.add(Identity("anna", kind="User"))
    found.add(Identity("inner", kind="Group", members=("anna",)))
    found.add(Identity("outer", kind="Group", members=("inner",)))
    return found


def may(directory: Directory, action: str = LIST_KEYS, scope: str = THING, *, data: bool = False) -> bool:
    return directory.allows(directory.identities["anna"], action, scope, data=data)


# How the emulator decides.


@pytest.mark.parametrize(
    ("roles", "allowed"),
    [
        (["keys"], True),
        (["all but keys"], False),
        (["both blocks"], True),
        (["all but keys", "keys"], True),
        (["data"], False),
        (["limited"], True),
    ],
)
def test_exceptions_take_away_from_their_own_block_only_and_roles_add_up(
    directory: Directory, roles: list[str], allowed: bool
) -> None:
    for role in roles:
        directory.assign("anna", role, SUBSCRIPTION)
    assert may(directory) is allowed


def test_a_right_on_data_is_no_right_on_the_control_plane_and_the_other_way_round(directory: Directory) -> None:
    directory.assign("anna", "data")
    assert (may(directory), may(directory, data=True)) == (False, True)
    directory.revoke("anna")
    directory.assign("anna", "keys")
    assert (may(directory), may(directory, data=True)) == (True, False)


def test_a_group_gives_its_roles_to_the_members_of_its_groups(directory: Directory) -> None:
    directory.assign("outer", "keys", SUBSCRIPTION)
    assert may(directory)
    assert directory.has_role_in(directory.identities["anna"], SUBSCRIPTION)


def test_groups_that_contain_each_other_end(directory: Directory) -> None:
    directory.add(Identity("a", kind="Group", members=("anna", "b")))
    directory.add(Identity("b", kind="Group", members=("a",)))
    assert {one.name for one in directory.all_of(directory.identities["anna"])} == {"anna", "inner", "outer", "a", "b"}


@pytest.mark.parametrize(
    ("denial", "allowed"),
    [
        (Denial("d", SUBSCRIPTION, (Block((LIST_KEYS,)),)), False),
        (Denial("d", SUBSCRIPTION, (Block((LIST_KEYS,)),), effect="audit"), True),
        (Denial("d", SUBSCRIPTION, (Block((LIST_KEYS,)),), for_children=False), True),
        (Denial("d", THING, (Block((LIST_KEYS,)),), for_children=False), False),
        (Denial("d", f"{THING}/deployments/x", (Block((LIST_KEYS,)),)), True),
        (Denial("d", SUBSCRIPTION, (Block((READ,)),)), True),
        (Denial("d", SUBSCRIPTION, (Block(("*",), ("*/action",)),)), True),
        (Denial("d", SUBSCRIPTION, (Block(data_actions=("*",)),)), True),
        (Denial("d", SUBSCRIPTION, (Block(("*",)),), ("outer",)), False),
        (Denial("d", SUBSCRIPTION, (Block(("*",)),), ("somebody else",)), True),
        (Denial("d", SUBSCRIPTION, (Block(("*",)),), (EVERYONE,), ("outer",)), True),
    ],
)
def test_a_deny_assignment_takes_away_what_it_names_from_whom_it_names(
    directory: Directory, denial: Denial, allowed: bool
) -> None:
    directory.assign("anna", "keys", SUBSCRIPTION)
    directory.deny(denial)
    assert may(directory) is allowed


def test_an_eligible_assignment_allows_nothing(directory: Directory) -> None:
    directory.make_eligible("anna", "keys", SUBSCRIPTION)
    assert not may(directory)


def test_a_condition_leaves_actions_alone_that_it_does_not_name_and_is_not_imitated_for_those_that_it_names(
    directory: Directory,
) -> None:
    directory.assign("anna", "keys", SUBSCRIPTION, condition=LIMITED)
    directory.assign("anna", "limited", SUBSCRIPTION)
    assert may(directory)
    with pytest.raises(NotImitatedError):
        may(directory, "Microsoft.Authorization/roleAssignments/write")


def test_a_condition_without_an_action_limits_all_of_them_unless_another_role_allows_it(directory: Directory) -> None:
    directory.assign("anna", "keys", SUBSCRIPTION, condition="@Resource[x] StringEquals 'y'")
    with pytest.raises(NotImitatedError):
        may(directory)
    directory.assign("outer", "keys", SUBSCRIPTION)
    assert may(directory)


def test_a_role_is_read_from_azures_json_with_every_block() -> None:
    blocks = [
        {"actions": ["a/*"], "notActions": [LIST_KEYS], "condition": "c"},
        {"actions": [LIST_KEYS], "dataActions": ["d"], "notDataActions": ["e"]},
    ]
    facts = {"roleName": "r", "type": "CustomRole", "permissions": blocks, "assignableScopes": [SUBSCRIPTION]}
    made = Role.from_definition({"name": "e7b5ac5a-3ca1-4bd2-9b1e-1d0f6b8a6e10", "properties": facts})
    assert made.blocks == (Block(("a/*",), (LIST_KEYS,), condition="c"), Block((LIST_KEYS,), (), ("d",), ("e",)))
    assert (made.is_custom, made.assignable) == (True, (SUBSCRIPTION,))
    assert made.allows(LIST_KEYS, data=False)


# What it shows.


async def ask(
    azure: Azure, session: aiohttp.ClientSession, path: str, version: str = "2022-04-01", **asked: str
) -> Any:
    token, _ = azure.world.directory.token(azure.world.app, "https://management.azure.com")
    headers = {"Authorization": f"Bearer {token}"}
    params = {"api-version": version, **{f"${name}": value for name, value in asked.items()}}
    async with session.get(azure.urls["arm"] + path, params=params, headers=headers) as answer:
        return answer.status, await answer.json()


def kind(azure: Azure, name: str, scope: str = "") -> str:
    return f"{scope or f'/subscriptions/{azure.world.subscription}'}/providers/Microsoft.Authorization/{name}"


def with_everything(world: World) -> str:
    """Give a world one of each kind of right, and return the id of an account."""
    account = next(iter(world.accounts)).id
    world.directory.define(Role("limited", ("*",), condition=LIMITED, more=(Block(("a/*",)),)))
    world.directory.add(Identity("anna", kind="User", mail="anna@example.com"), "limited", scope=account)
    world.directory.add(Identity("team", kind="Group", members=("anna",)))
    world.directory.assign("team", "limited", f"/subscriptions/{world.subscription}", condition=LIMITED)
    world.directory.make_eligible("team", "limited", account, condition=LIMITED)
    world.directory.deny(Denial("quiet", account, (Block(("a/b",)),), (EVERYONE, "team"), ("anna",), effect="audit"))
    vault = next(iter(world.vaults.values()))
    vault.policies, vault.compound = {"x": {"get"}}, {("y", "z"): {"list"}}
    return account


async def test_every_kind_of_right_is_shown_as_azure_describes_it(azure: Azure, session: aiohttp.ClientSession) -> None:
    account = with_everything(azure.world)
    for name, version in (
        ("roleAssignments", "2022-04-01"),
        ("roleDefinitions", "2022-04-01"),
        ("roleDefinitions", "2022-05-01-preview"),
        ("denyAssignments", "2022-04-01"),
        ("roleEligibilityScheduleInstances", "2020-10-01"),
    ):
        for scope in ("", account):
            status, body = await ask(azure, session, kind(azure, name, scope), version)
            assert (status, bool(body["value"])) == (200, True), name
    vault = next(iter(azure.world.vaults.values()))
    vaults = vault.id.rpartition("/")[0].replace(f"/resourceGroups/{vault.resource_group}", "")
    _, listed = await ask(azure, session, vaults, "2026-02-01")
    assert await ask(azure, session, vault.id, "2026-02-01") == (200, listed["value"][0])
    assert (await ask(azure, session, f"{vault.id}x", "2026-02-01"))[0] == 404


async def test_only_the_newer_version_shows_the_condition_of_a_block(
    azure: Azure, session: aiohttp.ClientSession
) -> None:
    with_everything(azure.world)
    for version, shown in (("2022-04-01", [None, None]), ("2022-05-01-preview", [LIMITED, None])):
        _, body = await ask(azure, session, kind(azure, "roleDefinitions"), version)
        [role] = [one for one in body["value"] if one["properties"]["roleName"] == "limited"]
        assert [one.get("condition") for one in role["properties"]["permissions"]] == shown


@pytest.mark.parametrize(
    ("name", "version", "asked"),
    [
        ("roleAssignments", "2022-04-01", "principalId eq 'x'"),
        ("roleDefinitions", "2022-04-01", "atScope()"),
        ("denyAssignments", "2022-04-01", "assignedTo('x')"),
        ("roleEligibilityScheduleInstances", "2020-10-01", "asTarget()"),
    ],
)
async def test_a_filter_that_is_not_imitated_is_refused(
    azure: Azure, session: aiohttp.ClientSession, name: str, version: str, asked: str
) -> None:
    assert (await ask(azure, session, kind(azure, name), version, filter=asked))[0] == 501


async def test_a_version_that_the_list_does_not_have_is_refused(azure: Azure, session: aiohttp.ClientSession) -> None:
    for name in ("roleAssignments", "denyAssignments", "roleEligibilityScheduleInstances"):
        assert (await ask(azure, session, kind(azure, name), "2022-05-01-preview"))[0] == 400


async def test_at_scope_leaves_out_what_lies_below(azure: Azure, session: aiohttp.ClientSession) -> None:
    with_everything(azure.world)
    found = {}
    for asked in ("", "atScope()"):
        _, body = await ask(azure, session, kind(azure, "roleAssignments"), **({"filter": asked} if asked else {}))
        found[asked] = {one["properties"]["scope"] for one in body["value"]}
    subscription = f"/subscriptions/{azure.world.subscription}"
    assert found["atScope()"] == {"/", subscription}
    assert found[""] - found["atScope()"] == {next(iter(azure.world.accounts)).id}


async def test_a_deviation_of_these_answers_from_the_descriptions_is_found() -> None:
    url = f"https://arm{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01"
    body = {"value": [{"properties": {"principalId": "x", "role": "y"}}]}
    seen = Exchange("arm", "GET", url, b"", 200, json.dumps(body).encode())
    assert problems(seen) == [
        "response $.value[0].properties: required",
        "response: no definition has $.value[].properties.role",
    ]


async def test_access_policies_of_groups_and_of_all_permissions_count(azure: Azure) -> None:
    world = azure.world
    vault, app = next(iter(world.vaults.values())), world.app
    team = world.directory.add(Identity("team", kind="Group", members=(app.name,)))
    vault.policies = {team.object_id: {"All"}}
    check_policy(vault, app, world.directory, "getSecret/action")
    vault.policies = {team.object_id: {"List"}}
    check_policy(vault, app, world.directory, "readMetadata/action")
    with pytest.raises(AzureError, match="does not have secrets get permission"):
        check_policy(vault, app, world.directory, "getSecret/action")
