"""Calls with a key are counted in a workspace, and an unclear answer is never a count of zero."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession

from lab.emulator.serve import Azure
from shared.adapters.log_analytics import LogAnalytics
from shared.domain.errors import FixConfiguration, GrantRole, RotationError, TryLater, UnexpectedAnswer
from shared.wiring import build
from tests.support import key_search
from tests.support.real_parts import Parts, Spoiled, close_credentials, everything_logged, parts_over

QUERY = "logs.query"
COLUMNS = [{"name": "logged", "type": "long"}, {"name": "keyCalls", "type": "long"}]


@pytest.fixture
async def counting(azure: Azure) -> AsyncIterator[Parts]:
    """The app's parts with a workspace, in which one call without a key is logged for account-001."""
    async with parts_over(azure, ROTATION_LOG_WORKSPACE_ID=azure.world.workspace.id) as wired:
        note(wired, caller="an Entra object id")
        yield wired


def note(parts: Parts, **facts: Any) -> None:
    parts.azure.world.workspace.note(parts.account().id, **facts)


async def counted(parts: Parts) -> int:
    logs: Any = parts.rotation.outside.logs
    found: int = await logs.key_calls(parts.target().account)
    return found


def answer(*rows: object, columns: object = COLUMNS, **more: object) -> dict[str, Any]:
    return {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": list(rows)}], **more}


async def test_only_the_account_s_calls_with_a_key_are_counted_in_one_query(counting: Parts) -> None:
    for _ in range(3):
        note(counting)
    counting.azure.world.workspace.note(counting.account(2).id)
    assert await counted(counting) == 3
    assert counting.names() == [QUERY]


async def test_calls_before_the_look_back_are_not_counted(counting: Parts) -> None:
    note(counting)
    counting.azure.world.clock.advance(timedelta(days=7, seconds=1).total_seconds())
    note(counting, caller="an Entra object id")
    assert await counted(counting) == 0


async def test_the_look_back_can_be_set(azure: Azure) -> None:
    settings = {"ROTATION_LOG_WORKSPACE_ID": azure.world.workspace.id, "ROTATION_LOG_LOOK_BACK": "P1DT12H"}
    async with parts_over(azure, **settings) as parts:
        note(parts)
        azure.world.clock.advance(timedelta(hours=37).total_seconds())
        note(parts, caller="an Entra object id")
        assert await counted(parts) == 0
        note(parts)
        azure.world.clock.advance(timedelta(hours=35).total_seconds())
        assert await counted(parts) == 1


async def test_an_account_s_id_is_compared_without_case(counting: Parts) -> None:
    counting.azure.world.workspace.note(counting.account().id.upper())
    assert await counted(counting) == 1


async def test_a_consumer_s_call_counts_and_the_app_s_own_proofs_do_not(counting: Parts) -> None:
    await counting.rotation.turn(counting.target())
    assert "aoai.models" in counting.names()
    assert await counted(counting) == 0
    account = counting.account()
    url = f"{counting.azure.world.endpoint(account)}openai/v1/chat/completions"
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "?"}]}
    async with ClientSession() as consumer:
        headers = {"api-key": account.keys["key1"].value}
        async with consumer.post(url, json=body, headers=headers, ssl=counting.azure.ssl_context) as answered:
            assert answered.status == 200
    assert await counted(counting) == 1


@pytest.mark.parametrize("spelling", ["callerObjectId", "objectId", "objectid"])
async def test_a_call_without_a_key_is_not_counted_however_the_log_spells_its_caller(counting: Parts, spelling: str):
    """Each call has two rows, and only one of them names the caller (docs/facts.md, Logs)."""
    for _ in range(3):
        note(counting, caller="an Entra object id", spelling=spelling)
    assert await counted(counting) == 0


async def test_a_row_without_a_correlation_id_is_a_call_of_its_own(counting: Parts) -> None:
    note(counting, correlated=False)
    note(counting, correlated=False)
    note(counting, caller="an Entra object id", correlated=False)
    assert await counted(counting) == 2


async def test_a_workspace_without_data_answers_204_and_that_is_not_a_count_of_zero(
    counting: Parts, spoiled: Spoiled
) -> None:
    spoiled.body(QUERY, b"", status=204)
    with pytest.raises(UnexpectedAnswer, match="204"):
        await counted(counting)


async def test_an_account_without_any_logged_call_raises_fix_configuration(counting: Parts) -> None:
    counting.azure.world.workspace.calls.clear()
    with pytest.raises(FixConfiguration, match="no call of any kind was logged") as caught:
        await counted(counting)
    assert caught.value.thing == counting.account().id
    assert "RequestResponse" in caught.value.next_step


async def test_a_missing_role_raises_grant_role(counting: Parts) -> None:
    counting.azure.world.directory.revoke("app")
    with pytest.raises(GrantRole, match="could not count calls with a key: 403 InsufficientAccessError"):
        await counted(counting)


async def test_an_unknown_workspace_raises_fix_configuration(azure: Azure) -> None:
    async with parts_over(azure, ROTATION_LOG_WORKSPACE_ID="00000000-0000-0000-0000-000000000001") as parts:
        with pytest.raises(FixConfiguration, match="404 PathNotFoundError"):
            await counted(parts)


@pytest.mark.parametrize("status", [408, 429, 500, 503, 504])
async def test_a_busy_workspace_raises_try_later(counting: Parts, status: int) -> None:
    counting.azure.world.faults.add(QUERY, "status", status=status, times=0)
    with pytest.raises(TryLater):
        await counted(counting)
    assert 1 <= counting.names().count(QUERY) <= 2


async def test_a_query_whose_answer_is_lost_is_repeated_once(counting: Parts) -> None:
    note(counting)
    counting.azure.world.faults.add(QUERY, "drop_after")
    assert await counted(counting) == 1


async def test_a_missing_answer_is_not_a_count_of_zero(counting: Parts) -> None:
    counting.azure.world.faults.add(QUERY, "drop_before", times=0)
    with pytest.raises(TryLater, match="no answer came"):
        await counted(counting)


async def test_a_partial_answer_raises_try_later(counting: Parts, spoiled: Spoiled) -> None:
    partial = {"code": "PartialError", "message": "There were some errors when processing your query."}
    spoiled.body(QUERY, answer([4, 0], error=partial))
    with pytest.raises(TryLater, match="only a part"):
        await counted(counting)


async def test_azure_s_refusal_of_a_query_is_quoted(counting: Parts, spoiled: Spoiled) -> None:
    refusal = {"code": "BadArgumentError", "message": "The request had some invalid properties"}
    spoiled.body(QUERY, {"error": refusal}, status=400)
    with pytest.raises(FixConfiguration, match="400 BadArgumentError: The request had some invalid properties"):
        await counted(counting)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"not JSON", b"null", b"[]", b"7", {}, {"tables": []}, {"tables": {}}, {"tables": [7]},
        answer(), answer([1, 0], [1, 0]), answer([1]), answer([1, 0, 0]), answer(7), answer([1, 0], columns=[]),
        answer([1, 0], columns=[{"name": "logged"}, {"name": "calls"}]), answer([1, 0], columns=7),
        answer([None, None]), answer(["1", "0"]), answer([1.0, 0.0]), answer([True, False]), answer([1, -1]),
        answer([1, 2]), {"tables": [answer([1, 0])["tables"][0]] * 2},
    ],
    ids=str,
)  # fmt: skip
async def test_an_answer_of_another_form_raises_unexpected_answer(
    counting: Parts, spoiled: Spoiled, body: object
) -> None:
    spoiled.body(QUERY, body)
    with pytest.raises(UnexpectedAnswer):
        await counted(counting)


async def test_a_redirect_is_not_followed(counting: Parts, spoiled: Spoiled) -> None:
    def elsewhere(response: Any) -> Any:
        response.set_status(307)
        response.headers["Location"] = "https://127.0.0.1:1/v1/workspaces/elsewhere/query"
        return response

    spoiled.next(QUERY, elsewhere)
    with pytest.raises(RotationError):
        await counted(counting)
    assert counting.names() == [QUERY]


async def test_calls_are_not_counted_without_a_workspace(parts: Parts) -> None:
    assert parts.rotation.outside.logs is None


async def test_the_settings_choose_the_workspace_and_the_endpoint(azure: Azure) -> None:
    rotation = build(azure.settings | {"ROTATION_LOG_WORKSPACE_ID": azure.world.workspace.id.upper()})
    logs = rotation.outside.logs
    assert isinstance(logs, LogAnalytics)
    assert logs._address == f"{azure.urls['logs']}/v1/workspaces/{azure.world.workspace.id}/query"
    await Parts(azure, rotation).connections.close()
    await close_credentials(rotation)


async def test_switching_keys_off_at_the_sunset_never_shows_a_key(counting: Parts, spoiled: Spoiled) -> None:
    """P7, through announcing, waiting, an answer that quotes a key, and switching keys off."""
    world, clock = counting.azure.world, counting.rotation.outside.clock
    keys = {key.value for key in counting.account().keys.values()}
    target = counting.target(sunset=clock.now() + timedelta(days=9))
    said: list[str] = []
    shown: list[str] = []
    with everything_logged() as tape:
        for day in range(14):
            note(counting, caller="" if day < 6 else "an Entra object id")
            if day == 10:
                spoiled.body(QUERY, answer([1, 0], columns=[{"name": one} for one in sorted(keys)]))
            outcome = await counting.rotation.turn(target)
            said.append(outcome.reason)
            shown.append(f"{outcome!r} {json.dumps(outcome.data())} {await counting.rotation.plan_turn(target)}")
            world.clock.advance(timedelta(days=1).total_seconds())
    assert counting.account().disable_local_auth is True
    assert {reason: said.count(reason) for reason in ("still-used", "UnexpectedAnswer", "sunset")} == {
        "still-used": 2,
        "UnexpectedAnswer": 1,
        "sunset": 1,
    }
    events = json.dumps([topic.events for topic in world.topics.values()])
    assert not key_search.found(keys, "\n".join([tape.text, *shown, events, str(world.journal.entries)]))
