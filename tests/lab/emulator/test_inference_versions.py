"""The API versions of an account's endpoint, as released `openai` clients ask for them.

Every exchange is compared with Microsoft's descriptions of chats and models (see `conftest`).
"""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import openai
import pytest

from lab.emulator import Account
from lab.emulator.serve import Azure
from lab.emulator.surfaces.inference_versions import BEFORE_CHAT, WITH_CHAT

ASKED: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
IN_SAMPLES = (
    "2023-05-15",
    "2023-12-01-preview",
    "2024-02-01",
    "2024-05-01-preview",
    "2024-10-21",
    "2025-04-01-preview",
)
COGNITIVE, AI = "https://cognitiveservices.azure.com", "https://ai.azure.com"


@pytest.fixture
def account(azure: Azure) -> Account:
    return azure.world.accounts.named("account-001")


@pytest.fixture
async def http(azure: Azure) -> AsyncIterator[openai.DefaultAsyncHttpxClient]:
    async with openai.DefaultAsyncHttpxClient(verify=azure.ssl_context) as opened:
        yield opened


@pytest.fixture
def dated(azure: Azure, account: Account, http: Any) -> Any:
    def make(version: str, **credential: Any) -> openai.AsyncAzureOpenAI:
        if not credential:
            credential = {"api_key": account.keys["key1"].value}
        where = azure.world.endpoint(account)
        return openai.AsyncAzureOpenAI(
            azure_endpoint=where, api_version=version, http_client=http, max_retries=0, **credential
        )

    return make


@pytest.fixture
def v1(azure: Azure, account: Account, http: Any) -> Any:
    def make(version: str | None = None, key: str | None = None) -> openai.AsyncOpenAI:
        base = azure.world.endpoint(account) + "openai/v1/"
        query = {"api-version": version} if version else None
        key = key or account.keys["key2"].value
        return openai.AsyncOpenAI(base_url=base, api_key=key, default_query=query, http_client=http, max_retries=0)

    return make


async def texts(client: openai.AsyncOpenAI, asked: Any = ASKED) -> tuple[str, str]:
    """Return the text of a whole answer, and that of a streamed one."""
    whole = await client.chat.completions.create(**asked)
    pieces = [
        part.choices[0].delta.content or "" async for part in await client.chat.completions.create(**asked, stream=True)
    ]
    return whole.choices[0].message.content or "", "".join(pieces).strip()


@pytest.mark.parametrize("version", WITH_CHAT)
async def test_every_published_version_answers_a_chat_and_a_stream(dated: Any, version: str) -> None:
    whole, streamed = await texts(dated(version))
    assert whole == streamed != ""


@pytest.mark.parametrize("version", IN_SAMPLES)
async def test_versions_that_samples_carry_are_among_them_and_list_models(dated: Any, version: str) -> None:
    assert version in WITH_CHAT
    assert [model.id async for model in dated(version).models.list()] == ["gpt-4o-mini"]


@pytest.mark.parametrize(
    "version", ["2023-11-01-preview", "2024-13-01", "2024-10-21-preview", "2023-12-01", "2024-07-18", "preview", "v1"]
)
async def test_a_version_that_never_existed_is_not_found(dated: Any, version: str) -> None:
    client = dated(version)
    for call in (client.chat.completions.create(**ASKED), client.models.list()):
        with pytest.raises(openai.NotFoundError) as refused:
            await call
        assert refused.value.body == {"code": "404", "message": "Resource not found"}


@pytest.mark.parametrize("version", BEFORE_CHAT)
async def test_versions_before_chat_have_none(dated: Any, version: str) -> None:
    with pytest.raises(openai.NotFoundError, match="Resource not found"):
        await dated(version).chat.completions.create(**ASKED)


async def test_a_dated_path_without_a_version_is_not_found(
    azure: Azure, account: Account, session: aiohttp.ClientSession
) -> None:
    url, headers = azure.world.endpoint(account) + "openai/models", {"api-key": account.keys["key1"].value}
    async with session.get(url, headers=headers) as answer:
        assert (answer.status, await answer.json()) == (
            404,
            {"error": {"code": "404", "message": "Resource not found"}},
        )


@pytest.mark.parametrize("version", [None, "preview", "latest", "v1"])
async def test_the_v1_path_answers_with_and_without_a_version(v1: Any, version: str | None) -> None:
    whole, streamed = await texts(v1(version))
    assert whole == streamed != ""
    assert [model.id async for model in v1(version).models.list()] == ["gpt-4o-mini"]


@pytest.mark.parametrize("version", ["2024-10-21", "2025-04-01-preview", "v2"])
async def test_the_v1_path_refuses_a_dated_version(v1: Any, version: str) -> None:
    with pytest.raises(openai.BadRequestError, match="API version not supported"):
        await v1(version).chat.completions.create(**ASKED)


async def test_answers_have_the_members_that_may_be_null(
    azure: Azure, account: Account, session: aiohttp.ClientSession
) -> None:
    url = azure.world.endpoint(account) + "openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21"
    async with session.post(url, json=ASKED, headers={"api-key": account.keys["key1"].value}) as answer:
        [choice] = (await answer.json())["choices"]
    assert (choice["logprobs"], choice["message"]["refusal"]) == (None, None)


async def test_a_deployment_that_is_not_there_is_not_found_on_both_paths(dated: Any, v1: Any) -> None:
    for client in (dated("2024-05-01-preview"), v1()):
        with pytest.raises(
            openai.NotFoundError, match="The API deployment for this resource does not exist"
        ) as refused:
            await client.chat.completions.create(**{**ASKED, "model": "nobody-deployed-this"})
        assert refused.value.code == "DeploymentNotFound"


async def test_a_deployment_answers_with_its_model(account: Account, dated: Any, v1: Any) -> None:
    account.deployments = {"mine": "gpt-4o"}
    answers = [
        await client.chat.completions.create(**{**ASKED, "model": name})
        for client, name in ((dated("2024-02-01"), "mine"), (v1(), "Mine"))
    ]
    assert [answer.model for answer in answers] == ["gpt-4o", "gpt-4o"]


async def test_a_wrong_key_is_refused_before_the_deployment_is_looked_for(dated: Any, v1: Any) -> None:
    asked = {**ASKED, "model": "nobody-deployed-this"}
    for client in (dated("2023-12-01-preview", api_key="wrong"), v1(key="wrong")):
        with pytest.raises(openai.AuthenticationError, match="invalid subscription key"):
            await client.chat.completions.create(**asked)


async def test_the_v1_path_needs_a_model(azure: Azure, account: Account, session: aiohttp.ClientSession) -> None:
    url, key = azure.world.endpoint(account) + "openai/v1/chat/completions", account.keys["key1"].value
    async with session.post(url, json={"messages": ASKED["messages"]}, headers={"api-key": key}) as answer:
        assert answer.status == 400


@pytest.mark.parametrize("audience", [COGNITIVE, COGNITIVE + "/", AI])
async def test_both_audiences_open_both_paths(azure: Azure, dated: Any, v1: Any, audience: str) -> None:
    token, _ = azure.world.directory.token(azure.world.app, audience)
    for client in (dated("2023-12-01-preview", azure_ad_token=token), v1(key=token)):
        assert (await client.chat.completions.create(**ASKED)).choices


@pytest.mark.parametrize("audience", ["https://ml.azure.com", "https://management.azure.com"])
async def test_another_audience_is_refused_with_the_names_of_both(azure: Azure, dated: Any, audience: str) -> None:
    token, _ = azure.world.directory.token(azure.world.app, audience)
    with pytest.raises(
        openai.AuthenticationError, match=r"audience is incorrect \(https://cognitiveservices.*ai\.azure"
    ):
        await dated("2024-10-21", azure_ad_token=token).chat.completions.create(**ASKED)


async def test_a_key_as_bearer_opens_v1_alone(account: Account, dated: Any, v1: Any) -> None:
    key = account.keys["key1"].value
    assert (await v1(key=key).chat.completions.create(**ASKED)).choices
    with pytest.raises(openai.AuthenticationError, match="Access token is missing, invalid"):
        await dated("2024-10-21", azure_ad_token=key).chat.completions.create(**ASKED)


async def test_a_token_needs_a_custom_subdomain_on_both_paths(azure: Azure, http: Any) -> None:
    regional = azure.world.accounts.add("regional", subdomain=None, location="westus3")
    token, _ = azure.world.directory.token(azure.world.app, AI)
    where = azure.world.endpoint(regional)
    clients: list[Any] = [
        openai.AsyncAzureOpenAI(
            azure_endpoint=where,
            api_version="2024-05-01-preview",
            azure_ad_token=token,
            http_client=http,
            max_retries=0,
        ),
        openai.AsyncOpenAI(base_url=where + "openai/v1/", api_key=token, http_client=http, max_retries=0),
    ]
    for client in clients:
        with pytest.raises(openai.BadRequestError, match="provide a custom subdomain for token authentication"):
            await client.chat.completions.create(**ASKED)


async def test_the_log_names_the_version_that_was_called(azure: Azure, account: Account, dated: Any, v1: Any) -> None:
    await dated("2023-12-01-preview").chat.completions.create(**ASKED)
    await v1().chat.completions.create(**ASKED)
    said = [dict(row.properties)["apiName"] for row in azure.world.log_of(account.id).calls if row.operation]
    assert said == ["Azure OpenAI API version 2023-12-01-preview", "Azure OpenAI API version v1"]
