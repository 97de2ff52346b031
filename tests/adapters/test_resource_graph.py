"""Who could call an account by identity, as Resource Graph shows it; and that each action of the role is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from lab.emulator.directory import MANAGEMENT_GROUPS, Identity, Role
from lab.emulator.resources import USER_ASSIGNED, DiagnosticSetting, ShownResource
from lab.emulator.serve import Azure
from lab.emulator.shipped import shipped_roles
from lab.emulator.world import World
from shared.adapters.log_settings import DiagnosticSettings
from shared.adapters.resource_graph import ResourceGraph
from shared.adapters.rights import AzureRights
from shared.domain.errors import GrantRole, UnexpectedAnswer
from shared.domain.model import AccountId
from shared.readiness.apps import CALLING_ROLES
from shared.readiness.ports import HeldIdentity, IdentitiesSeen
from tests.support.reading import ELSEWHERE, READER, id_of, may_see, reads_over
from tests.support.real_parts import Parts, parts_over

USER, SITE, SLOT = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd", "Microsoft.Web/sites", "Microsoft.Web/sites/slots"
CONTAINER_APP, JOB = "Microsoft.App/containerApps", "Microsoft.App/jobs"


@pytest.fixture
async def wired(azure: Azure) -> AsyncIterator[Parts]:
    """The app's parts, with the role that widens what is seen, and a world that knows the role to call models."""
    azure.world.directory.define(Role("OpenAI User", data_actions=("Microsoft.CognitiveServices/*",), definition=USER))
    may_see(azure.world)
    async with parts_over(azure) as parts:
        yield parts


def an_app(world: World, name: str, kind: str = SITE, **facts: object) -> ShownResource:
    """Add an app with an identity of its own, unless the facts give it others."""
    own = world.directory.add(Identity(f"the identity of {name}")) if "assigned" not in facts else None
    plain = {"subscription": world.subscription, "own": own}
    return world.resources.add(ShownResource(name, kind, **{**plain, **facts}))  # type: ignore[arg-type]


async def around(parts: Parts) -> IdentitiesSeen:
    return await ResourceGraph(reads_over(parts)).around(id_of(parts.account()))


async def test_two_queries_show_identities_and_roles(wired: Parts) -> None:
    world = wired.azure.world
    site = an_app(world, "shop")
    assert site.own is not None
    world.directory.assign(site.own.name, "OpenAI User", wired.account().id)
    seen = await around(wired)
    assert seen.held == (HeldIdentity(site.id, SITE.lower(), site.own.object_id),)
    assert [(one.object_id, one.role, one.scope) for one in seen.roles if one.role in CALLING_ROLES] == [
        (site.own.object_id, USER, wired.account().id.lower())
    ]
    assert wired.names() == ["arm.queryResourceGraph"] * 2


async def test_a_user_assigned_identity_is_shown_with_its_client_id_for_itself_and_for_each_app(wired: Parts) -> None:
    world = wired.azure.world
    identity = an_app(world, "shared-id", USER_ASSIGNED)
    apps = [an_app(world, name, SITE, assigned=(identity,)) for name in ("one", "two")]
    own = identity.own
    assert own is not None
    expected = {(one.id, own.object_id, own.client_id) for one in (identity, *apps)}
    assert {(one.resource_id, one.object_id, one.client_id) for one in (await around(wired)).held} == expected


async def test_an_app_in_another_subscription_is_seen(wired: Parts) -> None:
    there = an_app(wired.azure.world, "there", subscription=ELSEWHERE)
    assert [one.resource_id for one in (await around(wired)).held] == [there.id]


@pytest.mark.parametrize(
    ("scope", "acts"),
    [
        ("{account}", True),
        ("{group}", True),
        ("{subscription}", True),
        ("/", True),
        (f"{MANAGEMENT_GROUPS}prod", True),
        ("{group}X", False),
        ("{account}/deployments/x", False),
        (f"/subscriptions/{ELSEWHERE}", False),
    ],
)
async def test_a_role_acts_on_the_account_from_the_account_itself_and_from_above(
    wired: Parts, scope: str, acts: bool
) -> None:
    world, account = wired.azure.world, wired.account().id
    world.directory.group("prod", world.subscription)
    place = scope.format(
        account=account, group=account.partition("/providers")[0], subscription=account.partition("/resourceGroups")[0]
    )
    holder = world.directory.add(Identity("holder"), "OpenAI User", scope=place)
    assert (holder.object_id in {one.object_id for one in (await around(wired)).roles}) is acts


async def test_a_part_of_a_group_s_name_is_not_that_group(wired: Parts) -> None:
    world, account = wired.azure.world, wired.account().id
    holder = world.directory.add(Identity("holder"), "OpenAI User", scope=account.partition("/providers")[0][:-1])
    assert holder.object_id not in {one.object_id for one in (await around(wired)).roles}


async def test_without_a_right_above_inherited_roles_are_missing_without_a_word(wired: Parts) -> None:
    world = wired.azure.world
    above = world.directory.group("prod", world.subscription)
    holder = world.directory.add(Identity("holder"), "OpenAI User", scope=above)
    world.directory.revoke("app")
    may_see(world, f"/subscriptions/{world.subscription}")
    assert holder.object_id not in {one.object_id for one in (await around(wired)).roles}


# The role: without one of its actions, exactly one thing is not seen.


async def _accounts(parts: Parts) -> bool:
    return bool(await ResourceGraph(reads_over(parts)).accounts(()))


async def _settings(parts: Parts) -> bool:
    try:
        return bool(await DiagnosticSettings(reads_over(parts)).of(id_of(parts.account())))
    except GrantRole:
        return False


async def _roles(parts: Parts) -> bool:
    return bool((await around(parts)).roles)


async def what_is_seen(parts: Parts) -> set[str]:
    """Return what is seen: the resource types, and words for the others."""
    looks = {"accounts": _accounts, "settings": _settings, "roles": _roles}
    return {word for word, look in looks.items() if await look(parts)} | {
        one.kind for one in (await around(parts)).held
    }


NEEDED = {
    "Microsoft.CognitiveServices/accounts/read": "accounts",
    "Microsoft.Insights/diagnosticSettings/read": "settings",
    "Microsoft.Authorization/roleAssignments/read": "roles",
    "Microsoft.ManagedIdentity/userAssignedIdentities/read": USER_ASSIGNED.lower(),
    "Microsoft.Web/sites/read": SITE.lower(),
    "Microsoft.Web/sites/slots/read": SLOT.lower(),
}


def test_the_role_has_exactly_the_actions_that_are_needed() -> None:
    assert set(shipped_roles()[READER].actions) == set(NEEDED)


@pytest.mark.parametrize("missing", ["", *NEEDED])
async def test_each_action_of_the_role_shows_one_thing(wired: Parts, missing: str) -> None:
    world = wired.azure.world
    for name, kind in {"a": SITE, "a/b": SLOT, "c": CONTAINER_APP, "j": JOB, "id": USER_ASSIGNED}.items():
        an_app(world, name, kind)
    world.resources.send_logs(wired.account().id, DiagnosticSetting("logs"))
    world.directory.revoke("app")
    actions = tuple(one for one in shipped_roles()[READER].actions if one != missing)
    world.directory.define(Role("lacking", actions))
    world.directory.assign("app", "lacking")
    assert await what_is_seen(wired) == set(NEEDED.values()) - {NEEDED.get(missing)}


class Odd:
    """Reads that answer with rows of another form than Azure describes."""

    def __init__(self, row: object) -> None:
        self.row, self.calls = row, 0

    async def rows(self, *_: object, **__: object) -> list[object]:
        return [self.row]

    async def entries(self, *_: object, **__: object) -> list[object]:
        return [self.row]


NO_OBJECT = {"id": "/x", "name": "x", "identity": ["no object"], "properties": ["no object"]}


@pytest.mark.parametrize("row", [{}, NO_OBJECT], ids=["without an id", "with a list"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda reads, account: ResourceGraph(reads).around(account),
        lambda reads, account: DiagnosticSettings(reads).of(account),
        lambda reads, _: AzureRights(reads).identities(),
    ],
    ids=["identities around an account", "diagnostic settings", "identities"],
)
async def test_a_row_of_another_form_is_an_error_of_ours_that_quotes_nothing(ask: Any, row: object) -> None:
    """P10: whoever asks catches errors of this app, and goes on with the others."""
    account = AccountId("00000000-0000-4000-8000-000000000001", "models", "chat")
    with pytest.raises(UnexpectedAnswer) as error:
        await ask(Odd(row), account)
    assert "no object" not in str(error.value)
