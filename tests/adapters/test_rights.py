"""Who has which right around an account and its vault, asked over HTTP: everything that Azure shows, each trap of its
lists, and what is said of what it does not show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import pytest

from lab.emulator.directory import MANAGEMENT_GROUPS, Role
from lab.emulator.roles import EVERYONE, Block, Denial
from lab.emulator.serve import Azure
from lab.emulator.shipped import shipped_roles
from lab.emulator.vaults import Vault
from lab.emulator.world import World
from shared.adapters.examination import principal_of
from shared.adapters.read_table import READS, ReadOperation
from shared.adapters.rights import AzureRights
from shared.adapters.rights_table import (
    ASSIGNED_TO,
    ELIGIBLE_ABOVE,
    RIGHTS_READS,
    ROLE_ASSIGNMENTS,
    ROLE_DEFINITIONS,
    VAULTS_IN_SIGHT,
)
from shared.domain.errors import GrantRole, PersonMustLook, UnexpectedAnswer
from shared.readers.kinds import AccessPolicy, Holding, Permissions, RightsSeen, RoleHeld, VaultRules
from tests.support.reading import ELSEWHERE, id_of, reads_over
from tests.support.real_parts import Parts, Spoiled, parts_over
from tests.support.rights import (
    CONTRIBUTOR,
    LIST_KEYS,
    OWNER,
    READERS,
    TWO_BLOCKS,
    add,
    may_see_readers,
    rights_over,
)

ASSIGNMENTS, DEFINITIONS, DENIALS = "arm.listRoleAssignments", "arm.listRoleDefinitions", "arm.listDenyAssignments"
ELIGIBLE, VAULT, VAULTS, GRAPH = "arm.listEligible", "arm.getVault", "arm.listVaults", "arm.queryResourceGraph"
A_LOOK = sorted([ASSIGNMENTS, DEFINITIONS, DENIALS, ELIGIBLE, ELIGIBLE, GRAPH, VAULT])
NO_ONE = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
async def wired(azure: Azure) -> AsyncIterator[Parts]:
    """The app's parts, with the role that sees who can read keys."""
    may_see_readers(azure.world)
    async with parts_over(azure) as parts:
        yield parts


@pytest.fixture
def world(wired: Parts) -> World:
    return wired.azure.world


async def around(parts: Parts, rights: AzureRights | None = None, number: int = 1) -> RightsSeen:
    address = parts.azure.settings["ROTATION_VAULT_URL"]
    return await (rights or rights_over(parts)).around(id_of(parts.account(number)), address)


def of(seen: RightsSeen, principal: str) -> list[RoleHeld]:
    return [one for one in seen.held if one.principal == principal.lower()]


def one_vault(world: World) -> Vault:
    return next(iter(world.vaults.values()))


def places(parts: Parts) -> dict[str, str]:
    account = parts.account().id
    parts.azure.world.directory.group("prod", parts.azure.world.subscription)
    return {
        "account": account,
        "below the account": f"{account}/deployments/chat",
        "resource group": account.partition("/providers")[0],
        "subscription": account.partition("/resourceGroups")[0],
        "management group": f"{MANAGEMENT_GROUPS}prod",
        "everything": "/",
    }


# Role assignments.


async def test_assignments_at_above_and_below_the_subscription_are_seen(wired: Parts, world: World) -> None:
    holders = {name: add(world, name) for name in places(wired)}
    for name, scope in places(wired).items():
        world.directory.assign(name, "Owner", scope)
    seen = await around(wired)
    found = {name: [one.scope for one in of(seen, who.object_id)] for name, who in holders.items()}
    assert found == {name: [scope] for name, scope in places(wired).items()}


async def test_nothing_of_another_subscription_is_seen(wired: Parts, world: World) -> None:
    there = add(world, "there")
    world.directory.assign("there", "Owner", f"/subscriptions/{ELSEWHERE}")
    assert of(await around(wired), there.object_id) == []


async def test_a_role_is_known_by_the_end_of_its_id_and_principals_in_lower_case(
    wired: Parts, world: World, spoiled: Spoiled
) -> None:
    anna = add(world, "anna")
    world.directory.assign("anna", "Owner", wired.account().id)

    def shout(body: dict) -> dict:
        for one in body["value"]:
            facts = one["properties"]
            facts["principalId"] = facts["principalId"].upper()
            facts["roleDefinitionId"] = facts["roleDefinitionId"].upper()
        return body

    spoiled.change(ASSIGNMENTS, shout)
    [found] = of(await around(wired), anna.object_id)
    assert (found.role, found.principal, found.holding) == (OWNER.definition, anna.object_id, Holding.ACTIVE)


@pytest.mark.parametrize("kind", ["User", "Group", "ServicePrincipal", "ForeignGroup", "Device", ""])
async def test_the_type_of_a_principal_is_shown_and_can_be_missing(wired: Parts, world: World, kind: str) -> None:
    who = add(world, "who", kind)
    world.directory.assign("who", "Owner", wired.account().id)
    assert [one.principal_type for one in of(await around(wired), who.object_id)] == [kind]


async def test_a_type_that_nobody_knows_is_no_type(wired: Parts, world: World) -> None:
    who = add(world, "who", "Robot")
    world.directory.assign("who", "Owner", wired.account().id)
    assert [one.principal_type for one in of(await around(wired), who.object_id)] == [""]


async def test_the_condition_of_an_assignment_is_shown_as_its_text(wired: Parts, world: World) -> None:
    anna = add(world, "anna")
    condition = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})))"
    world.directory.assign("anna", "Owner", wired.account().id, condition=condition)
    assert [one.condition for one in of(await around(wired), anna.object_id)] == [condition]


async def test_every_page_of_a_list_is_read(wired: Parts, world: World) -> None:
    world.arm_page = 3
    people = [add(world, f"person {number}") for number in range(10)]
    for one in people:
        world.directory.assign(one.name, "Owner", wired.account().id)
    seen = await around(wired)
    assert {one.object_id for one in people} <= {one.principal for one in seen.held}
    assert len(seen.held) == len({one.id for one in seen.held})
    assert wired.names().count(ASSIGNMENTS) == (len(people) + len(world.app.assignments) + 2) // 3


# Levels above: Azure shows only what may be read there.


async def test_without_a_right_above_the_subscription_inherited_assignments_are_missing_and_that_is_said(
    wired: Parts, world: World
) -> None:
    above, root = add(world, "above"), add(world, "root")
    world.directory.assign("above", "Owner", world.directory.group("prod", world.subscription))
    world.directory.assign("root", "Owner", "/")
    subscription = f"/subscriptions/{world.subscription}"
    world.directory.revoke("app")
    may_see_readers(world, subscription)
    seen = await around(wired)
    assert of(seen, above.object_id) == of(seen, root.object_id) == []
    assert seen.problems == ()
    [said] = [one for one in seen.not_looked if one.startswith("levels above")]
    assert said.endswith("Azure shows only what the app may read there, and it shows none")


async def test_the_levels_above_that_are_seen_are_named_and_never_said_to_be_all(wired: Parts, world: World) -> None:
    add(world, "above")
    world.directory.assign("above", "Owner", world.directory.group("prod", world.subscription))
    [said] = [one for one in (await around(wired)).not_looked if one.startswith("levels above")]
    assert said.endswith("only what the app may read there, and of these it shows some of prod, the root")


async def test_rights_of_other_tenants_are_said_not_to_be_seen(wired: Parts) -> None:
    assert [one for one in (await around(wired)).not_looked if "Lighthouse" in one]


# Role definitions.


async def test_a_role_has_all_its_blocks_with_their_own_exceptions_and_conditions(wired: Parts, world: World) -> None:
    add(world, "anna")
    role = (await around(wired)).roles[TWO_BLOCKS.id]
    assert (role.name, role.is_custom) == ("Two blocks", True)
    assert role.blocks == (
        Permissions(("Microsoft.CognitiveServices/*",), (LIST_KEYS,)),
        Permissions((LIST_KEYS,), condition="@Request[x:y] StringEquals 'z'"),
    )


async def test_a_built_in_role_is_no_custom_role(wired: Parts, world: World) -> None:
    add(world, "anna")
    roles = (await around(wired)).roles
    assert not roles[OWNER.definition].is_custom
    assert roles[CONTRIBUTOR.definition].blocks == (Permissions(("*",), ("Microsoft.Authorization/*/Write",)),)


async def test_a_custom_role_that_can_be_assigned_only_in_a_resource_group_is_seen(wired: Parts, world: World) -> None:
    group = wired.account().id.partition("/providers")[0]
    local = Role("Local", (LIST_KEYS,), assignable=(group,))
    world.directory.define(local, Role("Of others", assignable=(f"/subscriptions/{ELSEWHERE}",)))
    found = {one.name for one in (await around(wired)).roles.values()}
    assert "Local" in found
    assert "Of others" not in found


async def test_a_role_in_use_whose_definition_azure_does_not_list_is_named(wired: Parts, world: World) -> None:
    add(world, "anna")
    hidden = Role("Hidden", (LIST_KEYS,), assignable=(f"/subscriptions/{ELSEWHERE}",))
    world.directory.define(hidden)
    world.directory.assign("anna", "Hidden", wired.account().id)
    assert [one for one in (await around(wired)).not_looked if hidden.id in one and one.startswith("1 role in use")]


async def test_where_azure_refuses_the_preview_roles_are_seen_without_conditions_and_that_is_said(
    wired: Parts, world: World, spoiled: Spoiled
) -> None:
    add(world, "anna")
    refused = {"error": {"code": "InvalidApiVersionParameter", "message": "The api-version is invalid."}}
    spoiled.body(DEFINITIONS, refused, status=400)
    seen = await around(wired)
    assert [one.condition for one in seen.roles[TWO_BLOCKS.id].blocks] == ["", ""]
    assert [one for one in seen.not_looked if one.startswith("conditions in the role definitions of subscription")]
    assert seen.problems == ()


# Deny assignments.


async def test_deny_assignments_at_and_above_account_and_vault_are_seen_and_no_others(
    wired: Parts, world: World
) -> None:
    vault = one_vault(world)
    scopes = {**places(wired), "vault": vault.id, "other account": wired.account(2).id}
    for name, scope in scopes.items():
        world.directory.deny(Denial(name, scope, (Block((LIST_KEYS,)),), ("nobody",)))
    found = {one.name for one in (await around(wired)).denied}
    assert found == set(scopes) - {"below the account", "other account"}


async def test_a_deny_assignment_shows_whom_it_names_and_whom_it_leaves_out(wired: Parts, world: World) -> None:
    anna, team = add(world, "anna"), add(world, "team", "Group", ("anna",))
    block = Block(("*/action",), ("Microsoft.Web/*",), ("*",))
    group = wired.account().id.partition("/providers")[0]
    world.directory.deny(Denial("no keys", group, (block,), (EVERYONE,), ("anna",), for_children=False, by_azure=True))
    world.directory.deny(Denial("not the team", group, (block,), ("team",)))
    everyone, named = sorted((await around(wired)).denied, key=lambda one: one.name)
    assert (everyone.everyone, everyone.principals, everyone.excluded) == (True, frozenset(), {anna.object_id})
    assert (everyone.for_children, everyone.scope) == (False, group)
    assert everyone.blocks == (Permissions(("*/action",), ("Microsoft.Web/*",), ("*",)),)
    assert (named.everyone, named.principals, named.for_children) == (False, {team.object_id}, True)


async def test_an_enforced_deny_assignment_and_one_that_only_audits_look_alike_and_take_no_assignment_away(
    wired: Parts, world: World
) -> None:
    anna = add(world, "anna")
    world.directory.assign("anna", "Owner", wired.account().id)
    plain = Denial("a", wired.account().id, (Block((LIST_KEYS,)),), ("anna",))
    world.directory.deny(plain)
    world.directory.deny(replace(plain, name="b", effect="audit"))
    seen = await around(wired)
    first, second = seen.denied
    assert replace(first, id=second.id, name=second.name) == second
    assert len(of(seen, anna.object_id)) == 1


# Eligible assignments.


async def test_eligible_assignments_are_seen_with_names_at_above_and_below_and_each_once(
    wired: Parts, world: World
) -> None:
    anna = add(world, "anna", mail="anna@example.com")
    for scope in places(wired).values():
        world.directory.make_eligible("anna", "Contributor", scope, condition="a condition")
    found = of(await around(wired), anna.object_id)
    assert sorted(one.scope for one in found) == sorted(places(wired).values())
    assert {(one.holding, one.role, one.name, one.mail, one.condition) for one in found} == {
        (Holding.ELIGIBLE, CONTRIBUTOR.definition, "anna", "anna@example.com", "a condition")
    }


@pytest.mark.parametrize("above_only", [False, True])
async def test_eligible_assignments_above_are_seen_whether_or_not_a_list_without_a_filter_has_them(
    wired: Parts, world: World, spoiled: Spoiled, above_only: bool
) -> None:
    anna = add(world, "anna")
    world.directory.make_eligible("anna", "Owner", world.directory.group("prod", world.subscription))
    if above_only:
        spoiled.change(ELIGIBLE, lambda body: body | {"value": []})
    assert len(of(await around(wired), anna.object_id)) == 1


async def test_a_tenant_without_the_licence_for_eligible_assignments_is_no_problem_and_it_is_said(
    wired: Parts, world: World
) -> None:
    world.directory.has_pim = False
    seen = await around(wired)
    [said] = [one for one in seen.not_looked if one.startswith("eligible assignments")]
    assert "could not list the eligible assignments: 400" in said
    assert seen.problems == ()


@pytest.mark.parametrize(
    ("status", "code", "is_problem"),
    [
        (403, "AuthorizationFailed", True),
        (403, "Strange", False),
        (404, "Strange", False),
        (409, "Strange", True),
        (503, "Strange", True),
    ],
)
async def test_eligible_assignments_that_azure_does_not_show_are_said_not_to_be_seen(
    wired: Parts, spoiled: Spoiled, status: int, code: str, is_problem: bool
) -> None:
    for _ in range(3):
        spoiled.body(ELIGIBLE, {"error": {"code": code, "message": "No."}}, status=status)
    seen = await around(wired)
    [said] = [one for one in seen.not_looked if one.startswith("eligible assignments")]
    assert str(status) in said
    assert bool(seen.problems) is is_problem


async def test_eligible_assignments_that_were_seen_stay_seen_if_the_list_of_those_above_fails(
    wired: Parts, world: World
) -> None:
    anna = add(world, "anna")
    world.directory.make_eligible("anna", "Owner", wired.account().id)
    reads = reads_over(wired)
    listed = reads.entries

    async def refuse_above(operation: ReadOperation, scope: str, **asked: str) -> list[object]:
        if operation is ELIGIBLE_ABOVE:
            raise UnexpectedAnswer(scope, "could not list the eligible assignments: 503.")
        return await listed(operation, scope, **asked)

    reads.entries = refuse_above  # type: ignore[method-assign]
    seen = await around(wired, AzureRights(reads))
    assert len(of(seen, anna.object_id)) == 1
    assert [one for one in seen.not_looked if one.startswith("eligible assignments") and "503" in one]


async def test_the_identity_that_asks_is_known_by_its_token_or_not_at_all(wired: Parts, world: World) -> None:
    async def refused() -> str:
        raise GrantRole("management", "could not get a token.")

    manager = wired.azure.settings["AZURE_RESOURCE_MANAGER_ENDPOINT"]
    own = partial(principal_of, wired.accounts._credential, manager)
    app = world.directory.identities["app"]
    assert await AzureRights(reads_over(wired), own=own).own_principal() == app.object_id
    assert await AzureRights(reads_over(wired), own=refused).own_principal() == ""
    assert await rights_over(wired).own_principal() == ""


# The vault.


async def test_a_vault_that_goes_by_roles_says_so(wired: Parts, world: World) -> None:
    vault = one_vault(world)
    vault.for_deployments = True
    seen = await around(wired)
    assert seen.vault == VaultRules(vault.id, vault.name, by_roles=True, for_deployments=True)
    assert f"vault {vault.name}, which decides by roles" in seen.looked


async def test_a_vault_that_does_not_say_how_it_decides_goes_by_access_policies(wired: Parts, world: World) -> None:
    anna, team = add(world, "anna"), add(world, "team", "Group")
    vault, application = one_vault(world), add(world, "app of anna", "ServicePrincipal")
    vault.policies = {anna.object_id: {"Get", "List"}, team.object_id: {"All"}}
    vault.compound = {(anna.object_id, application.client_id): {"get"}}
    rules = (await around(wired)).vault
    assert rules is not None
    assert not rules.by_roles
    assert set(rules.policies) == {
        AccessPolicy(anna.object_id, "", frozenset({"get", "list"})),
        AccessPolicy(team.object_id, "", frozenset({"all"})),
        AccessPolicy(anna.object_id, application.client_id, frozenset({"get"})),
    }


async def test_access_policies_of_a_vault_that_goes_by_roles_are_shown_as_dead_text(
    wired: Parts, world: World, spoiled: Spoiled
) -> None:
    one_vault(world).policies = {NO_ONE: {"get"}}
    spoiled.change(VAULT, lambda body: body | {"properties": body["properties"] | {"enableRbacAuthorization": True}})
    rules = (await around(wired)).vault
    assert rules is not None
    assert (rules.by_roles, len(rules.policies)) == (True, 1)


async def test_the_rights_in_the_subscription_of_the_vault_are_seen_too(wired: Parts, world: World) -> None:
    anna, vault = add(world, "anna"), one_vault(world)
    vault.subscription = ELSEWHERE
    local = Role("Secrets", data_actions=("Microsoft.KeyVault/*",), assignable=(f"/subscriptions/{ELSEWHERE}",))
    world.directory.define(local)
    world.directory.assign("anna", "Secrets", vault.id)
    seen = await around(wired)
    assert [one.scope for one in of(seen, anna.object_id)] == [vault.id]
    assert local.id in seen.roles
    assert f"role assignments of subscription {ELSEWHERE}, in it and below it" in seen.looked


async def test_a_new_vault_that_resource_graph_does_not_show_yet_is_found_in_the_subscription(
    wired: Parts, world: World
) -> None:
    vault = one_vault(world)
    world.resources.unindexed.add(vault.id.lower())
    assert (await around(wired)).vault == VaultRules(vault.id, vault.name, by_roles=True)
    assert wired.names().count(VAULTS) == 1


async def test_a_vault_is_found_although_resource_graph_does_not_answer(
    wired: Parts, world: World, spoiled: Spoiled
) -> None:
    spoiled.body(GRAPH, b"{")
    seen = await around(wired)
    assert seen.vault is not None
    assert seen.problems == ()


async def test_a_vault_that_azure_does_not_show_is_named_with_what_lets_the_app_see_it(
    wired: Parts, world: World
) -> None:
    seen = await rights_over(wired).around(id_of(wired.account()), "https://elsewhere.vault.azure.net/")
    assert seen.vault is None
    assert [one for one in seen.not_looked if one.startswith("vault https://elsewhere.vault.azure.net/: Azure shows")]
    [problem] = seen.problems
    assert isinstance(problem, PersonMustLook)
    assert READERS in problem.next_step
    assert len(seen.held) > 0


@pytest.mark.parametrize("group", ["..", "."])
async def test_a_vault_with_an_id_that_cannot_be_asked_for_is_not_seen_and_the_rest_is(
    wired: Parts, world: World, spoiled: Spoiled, group: str
) -> None:
    elsewhere = f"/subscriptions/{ELSEWHERE}/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/odd"
    spoiled.body(GRAPH, {"data": [{"id": elsewhere, "uri": "https://odd.vault.azure.net/"}], "count": 1})
    seen = await rights_over(wired).around(id_of(wired.account()), "https://odd.vault.azure.net")
    assert seen.vault is None
    assert [type(one) for one in seen.problems] == [UnexpectedAnswer]
    assert len(seen.held) > 0


async def test_a_row_of_a_vault_that_is_gone_is_no_vault(wired: Parts, world: World, spoiled: Spoiled) -> None:
    gone = {"error": {"code": "ResourceNotFound", "message": "The Resource was not found."}}
    spoiled.body(VAULT, gone, status=404)
    seen = await around(wired)
    assert seen.vault is not None  # the subscription lists it all the same


# One principal.


async def test_the_service_itself_says_what_reaches_a_principal_through_groups_of_groups(
    wired: Parts, world: World
) -> None:
    anna = add(world, "anna")
    inner, outer = add(world, "inner", "Group", ("anna",)), add(world, "outer", "Group", ("inner",))
    other, direct = add(world, "other"), wired.account().id
    for name, scope in (("outer", places(wired)["management group"]), ("anna", direct), ("other", direct)):
        world.directory.assign(name, "Owner", scope)
    world.directory.assign("inner", "Owner", places(wired)["below the account"])
    found = await rights_over(wired).of_principal(id_of(wired.account()), anna.object_id)
    assert {one.principal for one in found} == {outer.object_id, anna.object_id}
    assert not {inner.object_id, other.object_id} & {one.principal for one in found}
    assert wired.names() == [ASSIGNMENTS]


async def test_nothing_reaches_a_principal_that_nobody_knows(wired: Parts) -> None:
    assert await rights_over(wired).of_principal(id_of(wired.account()), NO_ONE) == []


@pytest.mark.parametrize("principal", ["", "anna", f"{NO_ONE}') or atScope(", f" {NO_ONE}", f"{NO_ONE}\n", "'"])
async def test_only_an_object_id_is_asked_about(wired: Parts, principal: str) -> None:
    with pytest.raises(ValueError, match="not the object id"):
        await rights_over(wired).of_principal(id_of(wired.account()), principal)
    with pytest.raises(ValueError, match="not the object id"):
        await reads_over(wired).entries(ROLE_ASSIGNMENTS, wired.account().id, principal=NO_ONE)
    assert wired.names() == []


@pytest.mark.parametrize("asked", ["principalId eq '{scope}'", "{principal", "name eq '{}'", "assignedTo('{x}')"])
def test_a_filter_has_no_other_hole_than_the_principal(asked: str) -> None:
    with pytest.raises(ValueError, match="another hole"):
        replace(ASSIGNED_TO, filter=asked)


async def test_without_the_right_the_question_about_a_principal_names_it(wired: Parts, world: World) -> None:
    world.directory.revoke("app")  # other roles that the app has may list role assignments, too
    with pytest.raises(GrantRole, match="could not list the role assignments of a principal: 403") as caught:
        await rights_over(wired).of_principal(id_of(wired.account()), NO_ONE)
    assert f"Microsoft.Authorization/roleAssignments/read, such as {READERS} of" in caught.value.next_step


# What it costs.


async def test_many_accounts_of_a_subscription_cost_the_calls_of_one(wired: Parts, world: World) -> None:
    for number in range(3, 40):
        world.accounts.add(f"account-{number:03}", key1=f"a{number}", key2=f"b{number}")
    rights = rights_over(wired)
    found = await asyncio.gather(*(around(wired, rights, number) for number in range(1, 40)))
    assert sorted(wired.names()) == A_LOOK
    assert {one.held for one in found} == {found[0].held}
    assert all(not one.problems for one in found)


async def test_what_was_read_is_used_again_for_a_minute_and_no_longer(wired: Parts, world: World) -> None:
    moment = [0.0]
    rights = AzureRights(reads_over(wired), lambda: moment[0])
    await around(wired, rights)
    moment[0] = 59.0
    await around(wired, rights)
    assert sorted(wired.names()) == A_LOOK
    moment[0] = 61.0
    await around(wired, rights)
    assert sorted(wired.names()) == sorted(A_LOOK * 2)
    assert len(rights._kept) == 4


async def test_what_may_not_be_read_is_asked_for_once_for_many_accounts(wired: Parts, world: World) -> None:
    world.directory.revoke("app")
    rights = rights_over(wired)
    for _ in range(3):
        assert (await around(wired, rights)).problems
    assert wired.names().count(ASSIGNMENTS) == wired.names().count(VAULTS) == 1


# The role: without one of its actions, exactly one thing is not seen, and it is named with the role to assign.

NEEDED = {
    "Microsoft.Authorization/roleAssignments/read": "role assignments",
    "Microsoft.Authorization/roleDefinitions/read": "role definitions",
    "Microsoft.Authorization/denyAssignments/read": "deny assignments",
    "Microsoft.Authorization/roleEligibilityScheduleInstances/read": "eligible assignments",
    "Microsoft.KeyVault/vaults/read": "vault",
}
ACCOUNTS = "Microsoft.CognitiveServices/accounts/read"  # for the list of accounts, which other roles can show as well


def test_the_role_has_exactly_the_actions_that_are_needed() -> None:
    assert (
        set(shipped_roles()[READERS].actions) == {*NEEDED, ACCOUNTS} == {one.right for one in RIGHTS_READS} | {ACCOUNTS}
    )


@pytest.mark.parametrize("missing", ["", *NEEDED])
async def test_each_action_of_the_role_shows_one_thing(wired: Parts, world: World, missing: str) -> None:
    world.directory.revoke("app")
    world.directory.define(Role("lacking", tuple(one for one in shipped_roles()[READERS].actions if one != missing)))
    world.directory.assign("app", "lacking")
    seen = await around(wired)
    unseen = {one for one in NEEDED.values() if not any(what.startswith(one) for what in seen.looked)}
    assert unseen == {NEEDED[missing]} if missing else unseen == set()
    said = {one for one in NEEDED.values() if any(what.startswith(f"{one} ") for what in seen.not_looked)}
    assert said == unseen
    assert all(isinstance(one, GrantRole) and missing in one.next_step for one in seen.problems[:1])
    assert len(seen.problems) == bool(missing)


# Answers of another form.


@pytest.mark.parametrize("operation", [ASSIGNMENTS, DEFINITIONS, DENIALS, ELIGIBLE])
@pytest.mark.parametrize("body", [b"{", {"value": [{"id": "/x"}]}, {"value": [{"properties": 3}]}, {"value": "x"}])
async def test_a_list_of_another_form_is_not_seen_and_that_is_a_problem(
    wired: Parts, world: World, spoiled: Spoiled, operation: str, body: object
) -> None:
    add(world, "anna")
    world.directory.deny(Denial("d", "/", (Block(),), ("nobody",)))
    for _ in range(2):
        spoiled.body(operation, body)
    seen = await around(wired)
    assert [type(one) for one in seen.problems] == [UnexpectedAnswer]
    assert "could not be read" in seen.problems[0].what


def test_every_operation_only_reads_and_none_of_the_two_parts_of_the_table_is_in_the_other() -> None:
    assert {one.method for one in RIGHTS_READS} == {"GET", "POST"}
    assert [one for one in RIGHTS_READS if one.method == "POST"] == [VAULTS_IN_SIGHT]
    assert not [one for one in RIGHTS_READS if any(one is other for other in READS)]
    assert ROLE_DEFINITIONS.version == "2022-05-01-preview"


async def test_a_wrong_setting_of_the_vault_raises_nothing(wired: Parts) -> None:
    seen = await rights_over(wired).around(id_of(wired.account()), "no address")
    assert [type(one) for one in seen.problems] == [PersonMustLook]
