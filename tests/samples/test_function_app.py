"""The sample of a function app without a key: in the local host, and its template against the compiler's types."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from lab.emulator.directory import Identity
from lab.emulator.serve import Azure, running
from lab.emulator.world import World
from lab.funchost.host import FunctionHost
from tests.docs.test_docs import ROOT
from tests.infra.bicep import read, text
from tests.infra.deployment import Deployment, Resource
from tests.infra.types import problems, recorded

SAMPLE = ROOT / "samples" / "no_key" / "function_app"
GRANT = ROOT / "samples" / "grants" / "openai_user.bicep"
USER = {
    "name": "May call models",
    "permissions": [{"dataActions": ["Microsoft.CognitiveServices/accounts/OpenAI/*"]}],
}
GIVEN = {"name": "chatapp", "location": "westeurope", "accountName": "chat", "accountResourceGroup": "ai"}


@pytest.fixture
async def azure() -> AsyncIterator[Azure]:
    """An emulated Azure in which the identity `consumer` may call models, and the account takes no keys."""
    world = World()
    account = world.accounts.add("chat", deployments={"gpt-4o": "gpt-4o"})
    world.accounts.update(account.id, {"disable_local_auth": True})
    world.directory.add(Identity("consumer"))
    world.give_roles("consumer", [USER])
    async with running(world) as served:
        yield served


def settings(azure: Azure, **more: str) -> dict[str, str]:
    """Return the settings that the template writes, and where the emulated Azure is."""
    return {
        **azure.settings,
        "REQUESTS_CA_BUNDLE": azure.settings["SSL_CERT_FILE"],
        "AZURE_CLIENT_ID": azure.world.directory.identities["consumer"].client_id,
        "AZURE_OPENAI_ENDPOINT": azure.world.endpoint(azure.world.accounts.named("chat")),
        "AZURE_OPENAI_DEPLOYMENT": "gpt-4o",
        **more,
    }


async def ask(host: FunctionHost, body: Any) -> tuple[int, str]:
    """Ask the function app, and return the status and the text of its answer."""
    headers = {"x-functions-key": host.keys.default}
    async with aiohttp.ClientSession() as http, http.post(f"{host.url}/api/ask", json=body, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_the_function_app_answers_without_a_key_also_where_one_is_left_over(azure: Azure) -> None:
    left_over = {"AZURE_OPENAI_API_KEY": "left-over", "OPENAI_API_KEY": "left-over"}
    async with FunctionHost(SAMPLE, settings=settings(azure, **left_over)) as host:
        assert await ask(host, {"question": "Who are you?"}) == (
            200,
            '{"answer": "This is the emulator. It runs no model."}',
        )
        assert (await ask(host, {"nothing": 1}))[0] == 400
        azure.world.give_roles("consumer", [])
        status, said = await ask(host, {"question": "And now?"})
        assert (status, "lacks the required data action" in said) == (502, True)
    assert azure.world.accounts.uses == []


def resources() -> list[Resource]:
    """Return what a deployment of the template would make, with the grant of the module."""
    found = {path.resolve(): read(path) for path in (SAMPLE / "main.bicep", GRANT)}
    return list(
        Deployment(found[(SAMPLE / "main.bicep").resolve()], {**GIVEN, "deployment": "gpt-4o"}, found).resources()
    )


def test_the_template_can_be_read_and_declares_all_that_it_uses() -> None:
    template = read(SAMPLE / "main.bicep")
    assert template.errors == []
    assert template.unknown() == set()
    assert {*template.parameters, *template.variables} <= template.used()
    assert all(one.description for one in template.parameters.values())


def test_each_resource_of_the_template_fits_the_type_of_the_compiler() -> None:
    own = [one for one in resources() if one.file == "main.bicep"]
    assert len(own) == 8
    assert [problem for one in own for problem in problems(one, recorded())] == []


def test_the_template_makes_the_identity_names_it_and_gives_it_the_role_on_the_account_alone() -> None:
    by_symbol = {one.symbol: one for one in resources()}
    written = by_symbol["appSettings"].body["properties"]
    assert {"AZURE_CLIENT_ID", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_DEPLOYMENT"} <= written.keys()
    assert not [name for name in written if name.upper().endswith(("KEY", "SECRET"))]
    assert by_symbol["app"].body["identity"]["type"] == "UserAssigned"
    roles = {
        one.symbol: one.body["properties"]["roleDefinitionId"].rpartition("/")[2]
        for one in resources()
        if one.type == "Microsoft.Authorization/roleAssignments"
    }
    assert roles == {
        "storageAccess": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        "caller": "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd",
    }
    assert by_symbol["storage"].body["properties"]["allowSharedKeyAccess"] is False
    template = read(SAMPLE / "main.bicep")
    assert text(template.modules["grant"].body).count("identity.properties.principalId") == 1
