"""The function host works under the shipped roles, with identity-based access to single containers and queues."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from lab.emulator.serve import Azure, running
from lab.emulator.shipped import shipped_roles
from lab.emulator.world import World
from lab.funchost.host import FunctionHost
from tests.end_to_end.conftest import a_host, works
from tests.infra.life import GRANTS, Grant, by_identity, deployed
from tests.infra.test_roles import grant


def a_world(without: Grant | None = None) -> World:
    world = World()
    world.add_vault("keys")
    world.add_topic("announcements")
    world.accounts.add("chat", tags={"key-rotation": "on"})
    deployed(world, without=without)
    return world


@dataclass
class Deployed:
    """The app in the local host, and the emulated Azure it runs in."""

    host: FunctionHost
    azure: Azure

    def refused(self) -> set[str]:
        """Return the containers, queues and the like where Azure refused the app. A vault's first 401 is no refusal."""
        entries = self.azure.world.journal.entries
        return {
            one.target.partition("?")[0].strip("/").split("/")[0]
            for one in entries
            if one.status == 403 or (one.status == 401 and one.service != "kv")
        }


@asynccontextmanager
async def started(world: World) -> AsyncIterator[Deployed]:
    async with running(world) as azure, a_host(azure, **by_identity(azure)) as host:
        yield Deployed(host, azure)


async def test_azure_refuses_nothing_to_a_tick_and_its_turns_with_all_roles() -> None:
    async with started(a_world()) as app:
        assert (await app.host.fire_timer("tick")).succeeded
        await app.host.idle()
        assert works(app.azure, "chat")
        assert await app.host.checked() == ""
        assert app.refused() == set()
        callers = {one.caller for one in app.azure.world.journal.entries if one.service in ("blob", "queue")}
    assert callers == {"app"}


async def test_the_host_reports_its_storage_as_unhealthy_without_the_role_to_list_containers() -> None:
    """The app works all the same, but people would look for a fault in the storage account."""
    async with started(a_world(without=grant("containerLister"))) as app:
        assert await app.host.checked() == "403 AuthorizationPermissionMismatch"
        await app.host.logged("Unable to access AzureWebJobsStorage: 403")
        assert (await app.host.fire_timer("tick")).succeeded
        await app.host.idle()
        assert works(app.azure, "chat")


def test_the_host_may_only_list_containers_on_the_whole_account() -> None:
    role = shipped_roles()["containerLister"]
    assert (role.actions, role.data_actions) == (
        ("Microsoft.Storage/storageAccounts/blobServices/containers/read",),
        (),
    )
    assert [one.on for one in GRANTS if one.role == "containerLister"] == ["storage"]


async def test_no_timer_starts_without_the_role_on_the_hosts_containers() -> None:
    async with started(a_world(without=grant("storageBlobDataOwner"))) as app:
        await app.host.idle()
        assert app.refused() == {"azure-webjobs-hosts"}


async def test_no_turn_is_queued_without_the_role_on_the_queues() -> None:
    async with started(a_world(without=grant("storageQueueDataContributor"))) as app:
        assert not (await app.host.fire_timer("tick")).succeeded
        assert "key-rotation-turns" in app.refused()
        assert not list(app.azure.world.journal.find("kv.setSecret"))


@pytest.mark.parametrize("role", ["storageBlobDataOwner", "storageQueueDataContributor", "storageBlobDataContributor"])
async def test_the_hosts_roles_are_assigned_on_containers_and_queues_only(role: str) -> None:
    world = a_world()
    held = [scope for name, scope in world.app.assignments if name == shipped_roles()[role].name]
    assert held
    assert all("/containers/" in scope or "/queues/" in scope for scope in held)
