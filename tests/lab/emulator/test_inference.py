"""The Azure OpenAI data plane: which keys it accepts, when, and what it records about them."""

from collections.abc import Callable
from typing import Any

import aiohttp
import openai
import pytest

from lab.emulator import Account, Lag, fingerprint
from lab.emulator.seed import sample_world
from lab.emulator.serve import Azure, running_in_thread

MODELS = "openai/models?api-version=2024-10-21"


@pytest.fixture
def account(azure: Azure) -> Account:
    return azure.world.accounts.named("account-001")


@pytest.fixture
def probe(azure: Azure, session: aiohttp.ClientSession, account: Account) -> Callable[..., Any]:
    async def ask(key: str, path: str = MODELS, header: str = "api-key") -> int:
        value = key if header == "api-key" else f"Bearer {key}"
        async with session.get(azure.world.endpoint(account) + path, headers={header: value}) as answer:
            return answer.status

    return ask


@pytest.mark.parametrize("slot", ["key1", "key2"])
@pytest.mark.parametrize(
    ("path", "header"), [(MODELS, "api-key"), ("openai/v1/models", "api-key"), ("openai/v1/models", "Authorization")]
)
async def test_both_keys_can_list_models(account: Account, probe: Any, slot: Any, path: str, header: str) -> None:
    assert await probe(account.keys[slot].value, path, header) == 200


async def test_only_the_v1_path_accepts_a_key_as_bearer_token(account: Account, probe: Any) -> None:
    assert await probe(account.keys["key1"].value, MODELS, "Authorization") == 401


async def test_a_regenerated_key_stops_working_immediately_and_the_new_one_works(
    azure: Azure, account: Account, probe: Any
) -> None:
    old = account.keys["key2"].value
    new = azure.world.accounts.regenerate(account.id, "key2")["key2"]
    assert [await probe(old), await probe(new), await probe(account.keys["key1"].value)] == [401, 200, 200]


async def test_a_key_of_another_account_is_refused(azure: Azure, probe: Any) -> None:
    other = azure.world.accounts.named("account-002")
    assert await probe(other.keys["key1"].value) == 401


async def test_a_lag_delays_the_new_key_and_keeps_the_old_one_working(
    azure: Azure, account: Account, probe: Any
) -> None:
    azure.world.clock.freeze()
    account.lag = Lag(new_after=60, old_for=90)
    old = account.keys["key1"].value
    new = azure.world.accounts.regenerate(account.id, "key1")["key1"]
    seen = []
    for wait in (0, 59, 1, 29, 1):
        azure.world.clock.advance(wait)
        seen.append((await probe(new), await probe(old)))
    assert seen == [(401, 200), (401, 200), (200, 200), (200, 200), (200, 401)]


async def test_a_flapping_key_is_accepted_in_its_share_of_the_answers(
    azure: Azure, account: Account, probe: Any
) -> None:
    azure.world.clock.freeze()
    account.lag = Lag(new_after=60, flapping=0.25)
    new = azure.world.accounts.regenerate(account.id, "key1")["key1"]
    assert [await probe(new) for _ in range(8)] == [401, 401, 401, 200] * 2


async def test_disabling_keys_reaches_the_data_plane_after_the_lag(azure: Azure, account: Account, probe: Any) -> None:
    azure.world.clock.freeze()
    account.lag = Lag(local_auth_after=120)
    key = account.keys["key1"].value
    azure.world.accounts.update(account.id, {"disable_local_auth": True})
    before_lag = await probe(key)
    azure.world.clock.advance(120)
    assert [before_lag, await probe(key)] == [200, 403]


async def test_each_use_of_a_key_is_recorded_by_fingerprint_with_its_result(
    azure: Azure, account: Account, probe: Any
) -> None:
    key = account.keys["key1"].value
    await probe(key)
    azure.world.accounts.regenerate(account.id, "key1")
    await probe(key)
    mark = fingerprint(key)
    accepted, refused = (azure.world.accounts.last_use(mark, accepted=how) for how in (True, False))
    assert accepted is not None
    assert refused is not None
    assert (accepted.status, refused.status, accepted.account) == (200, 401, account.id)
    assert key not in repr(azure.world.accounts.uses) + repr(azure.world.journal.entries)


async def test_the_31st_call_in_a_second_gets_429_and_its_key_counts_as_accepted(
    azure: Azure, account: Account, probe: Any
) -> None:
    azure.world.clock.freeze()
    azure.world.limits.on = True
    key = account.keys["key1"].value
    assert [await probe(key) for _ in range(31)] == [200] * 30 + [429]
    use = azure.world.accounts.last_use(fingerprint(key))
    assert use is not None
    assert use.status == 429


@pytest.mark.parametrize("path", ["openai/models?api-version=2022-12-01", "openai/files", "other"])
async def test_a_path_or_version_that_is_not_imitated_is_refused(account: Account, probe: Any, path: str) -> None:
    assert await probe(account.keys["key1"].value, path) == 501


async def test_an_entra_token_works_when_keys_are_disabled(azure: Azure, account: Account, probe: Any) -> None:
    directory = azure.world.directory
    token, _ = directory.token(azure.world.app, "https://cognitiveservices.azure.com")
    wrong, _ = directory.token(azure.world.app, "https://vault.azure.net")
    azure.world.accounts.update(account.id, {"disable_local_auth": True})
    assert [await probe(token, MODELS, "Authorization"), await probe(wrong, MODELS, "Authorization")] == [200, 401]


def test_the_openai_client_completes_and_streams_a_chat_with_a_key() -> None:
    with running_in_thread(sample_world(1)) as azure:
        account = azure.world.accounts.named("account-001")
        with (
            openai.DefaultHttpxClient(verify=azure.ssl_context) as http,
            openai.OpenAI(
                base_url=azure.world.endpoint(account) + "openai/v1/",
                api_key=account.keys["key1"].value,
                http_client=http,
                max_retries=0,
            ) as client,
        ):
            request: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
            answer = client.chat.completions.create(**request)
            pieces = [
                part.choices[0].delta.content or "" for part in client.chat.completions.create(**request, stream=True)
            ]
            assert answer.choices[0].message.content == "".join(pieces).strip()
            assert [model.id for model in client.models.list()] == ["gpt-4o-mini"]
            azure.world.accounts.regenerate(account.id, "key1")
            with pytest.raises(openai.AuthenticationError):
                client.chat.completions.create(**request)


@pytest.fixture
def tokens(azure: Azure, session: aiohttp.ClientSession, account: Account) -> Callable[..., Any]:
    """Return a function that asks a model with a token for an audience, and returns the status and the message."""

    async def ask(audience: str, path: str = "", seconds: float | None = None) -> str:
        token, _ = azure.world.directory.token(azure.world.app, audience, seconds)
        url = f"{azure.world.endpoint(account)}{path}openai/v1/chat/completions"
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "There?"}]}
        async with session.post(url, json=body, headers={"Authorization": f"Bearer {token}"}) as answer:
            said = await answer.json()
            return f"{answer.status} {said.get('error', {}).get('message', '')}".strip()

    return ask


ACCOUNTS, PROJECTS, OTHER = "https://cognitiveservices.azure.com", "https://ai.azure.com", "https://ml.azure.com"


async def test_accounts_and_projects_take_tokens_for_their_audiences_only(tokens: Any) -> None:
    project = "api/projects/one/"
    assert [await tokens(ACCOUNTS), await tokens(PROJECTS), await tokens(PROJECTS, project)] == ["200"] * 3
    for refused in (await tokens(OTHER), await tokens(ACCOUNTS, project), await tokens(ACCOUNTS, seconds=-1)):
        assert refused.startswith("401 Unauthorized. Access token is missing, invalid, audience is incorrect (https://")


async def test_a_token_of_another_tenant_is_refused(azure: Azure, tokens: Any) -> None:
    azure.world.app.tenant = "00000000-0000-4000-8000-00000000e002"
    assert (await tokens(ACCOUNTS)).endswith("0e002 does not match resource tenant.")
