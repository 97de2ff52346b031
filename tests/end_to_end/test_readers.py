"""Readers and copies in the real worker: auditors ask, and nobody else; nothing of the answers is kept."""

from collections.abc import AsyncIterator

import pytest

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from shared.web.callers import Role
from tests.end_to_end.calls import Doors
from tests.end_to_end.conftest import a_host, published, tick
from tests.end_to_end.test_app_roles import Signed, principal
from tests.support.rights import OWNER, add, may_see_readers

PATHS = ("readers", "targets/chat/readers", "copies", "targets/chat/copies")


@pytest.fixture
async def audited(azure: Azure) -> AsyncIterator[FunctionHost]:
    """The app with App Service authentication on, where Ada owns the subscription."""
    add(azure.world, "ada", mail="ada@contoso.com")
    azure.world.directory.assign("ada", OWNER.name, f"/subscriptions/{azure.world.subscription}")
    may_see_readers(azure.world)
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    async with a_host(azure, WEBSITE_AUTH_ENABLED="True") as started:
        yield started


async def test_an_auditor_sees_readers_and_copies_and_all_that_a_reader_sees(audited, azure, http) -> None:
    signed = Signed(Doors(audited, http))
    await tick(audited)
    for path in (*PATHS, "targets", "targets/chat", "readiness"):
        told = await signed.ask("GET", path, by=principal(Role.AUDITOR))
        assert (told.status, told.headers["Cache-Control"]) == (200, "no-store"), path
    one = (await signed.ask("GET", "targets/chat/readers", by=principal(Role.AUDITOR))).data
    ada = azure.world.directory.identities["ada"].object_id
    assert next(each["by"] for each in one["readers"] if each["principal"] == ada) == "Owner"
    assert one["calls"] > 0
    assert one["notSeen"]
    fleet = (await signed.ask("GET", "readers", by=principal(Role.AUDITOR))).data
    assert {each["target"] for each in fleet["accounts"] if "target" in each} >= {"chat"}
    copies = (await signed.ask("GET", "copies?page=1", by=principal(Role.AUDITOR))).data
    assert (copies["found"], copies["lookedFor"] > 0, copies["calls"] > 0) == (0, True, True)
    about = (await signed.ask("GET", f"targets/chat/readers?principal={ada}", by=principal(Role.AUDITOR))).data
    assert {each["principal"] for each in about["readers"]} == {ada}
    assert not list(azure.world.journal.find("arm.regenerateKey"))


async def test_whoever_is_no_auditor_is_refused_and_azure_is_not_asked(audited, azure, http) -> None:
    signed = Signed(Doors(audited, http))
    others = [role for role in Role if role is not Role.AUDITOR]
    for path in PATHS:
        for roles in ((), (Role.READER,), (Role.OPERATOR,), others):
            told = await signed.ask("GET", path, by=principal(*roles))
            assert (told.status, told.data["title"]) == (403, "RoleMissing"), (path, roles)
        assert (await signed.ask("GET", path)).status == 401
    assert not list(azure.world.journal.find("arm.listRoleAssignments"))


async def test_a_principal_that_is_no_object_id_or_of_the_whole_fleet_is_refused(audited, azure, http) -> None:
    signed, by = Signed(Doors(audited, http)), principal(Role.AUDITOR)
    for path in ("targets/chat/readers?principal=ada@contoso.com", "readers?principal=x"):
        told = await signed.ask("GET", path, by=by)
        assert (told.status, told.data["title"]) == (422, "BadField")
    assert (await signed.ask("GET", "targets/nobody/readers", by=by)).status == 404


async def test_a_function_key_makes_nobody_an_auditor(azure: Azure, http) -> None:
    async with a_host(azure) as host:
        for path in PATHS:
            told = await Doors(host, http).get(path)
            assert (told.status, told.data["title"]) == (403, "RoleMissing")
            assert "let callers sign in" in told.data["detail"]
    assert not list(azure.world.journal.find("arm.listRoleAssignments"))
