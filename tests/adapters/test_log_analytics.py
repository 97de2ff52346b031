"""Calls are told from the log of a workspace, and an unclear answer is never a count of zero."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession

from lab.emulator.call_log import Workspace
from lab.emulator.serve import Azure
from shared.adapters import connections
from shared.adapters.log_analytics import PARTS, LogAnalytics
from shared.domain.errors import FixConfiguration, GrantRole, RotationError, TryLater, UnexpectedAnswer
from shared.domain.usage import DayOfCalls
from shared.wiring import build
from tests.support import key_search
from tests.support.call_logs import DAY, HOUR, QUERY, answer, counted, known, note, usage, usages
from tests.support.real_parts import Parts, Spoiled, close_credentials, everything_logged, parts_over


async def test_one_query_tells_how_an_account_was_called(counting: Parts) -> None:
    for hours in (30, 30, 2):
        note(counting, ago=hours * HOUR, address="203.0.113.9")
    note(counting, ago=3 * HOUR, address="198.51.100.7", client="OpenAI/Python 2.1.0")
    note(counting, 2)
    found = await known(counting)
    now = counting.azure.world.clock.utcnow()
    assert (found.with_key, found.by_identity, found.unclear) == (4, 1, 0)
    assert [(one.address, one.client, one.calls) for one in found.callers] == [
        ("203.0.113.***", "", 3),
        ("198.51.100.***", "OpenAI/Python 2.1.0", 1),
    ]
    assert [(one.object_id, one.calls) for one in found.identities] == [("an Entra object id", 1)]
    assert found.last_key_call is not None
    assert abs(found.last_key_call - (now - timedelta(hours=2))) < timedelta(minutes=1)
    assert abs(found.until - (now - timedelta(minutes=15))) < timedelta(minutes=1)
    assert found.until - found.since == timedelta(days=35)
    assert counting.names() == [QUERY]


async def test_one_query_tells_it_of_every_account_with_any_logged_call(counting: Parts) -> None:
    note(counting, 2)
    counting.azure.world.workspace.note("/subscriptions/elsewhere/Models", "Models_List", ago=HOUR)
    found = await usages(counting)
    assert {name: one.with_key for name, one in found.items()} == {
        counting.account().id.lower(): 0,
        counting.account(2).id.lower(): 1,
        "/subscriptions/elsewhere/models": 0,
    }
    assert counting.names() == [QUERY]


async def test_days_have_the_calls_of_each_kind_and_a_day_without_any_call_is_missing(counting: Parts) -> None:
    now: datetime = counting.azure.world.clock.utcnow()
    today = (now - timedelta(hours=1)).date()
    note(counting, ago=2 * DAY + HOUR)
    note(counting, ago=5 * DAY + HOUR, operation="Models_List")
    assert (await known(counting)).days == (
        DayOfCalls(today - timedelta(days=5), 0, 0),
        DayOfCalls(today - timedelta(days=2), 1, 0),
        DayOfCalls(today, 0, 1),
    )


async def test_more_callers_than_are_named_are_counted(counting: Parts) -> None:
    for number in range(25):
        note(counting, address=f"10.0.{number}.1")
        note(counting, caller=f"identity {number:02}")
    note(counting, address="10.0.24.9")
    found = await known(counting)
    assert (len(found.callers), found.more_callers, found.different_callers) == (20, 5, 25)
    assert (found.callers[0].address, found.callers[0].calls) == ("10.0.24.***", 2)
    assert len(found.identities) == 20
    assert found.with_key == 26


async def test_callers_have_the_names_of_the_setting(azure: Azure) -> None:
    named = json.dumps({"batch": ["203.0.113.0/24"], "vpn": ["198.51.100.7"]})
    async with parts_over(azure, ROTATION_LOG_WORKSPACE_ID=azure.world.workspace.id, ROTATION_CALLERS=named) as parts:
        note(parts, address="203.0.113.9")
        note(parts, address="198.51.100.200")
        note(parts)
        found = await known(parts)
    assert {one.address: one.name for one in found.callers} == {
        "203.0.113.***": "batch",
        "198.51.100.***": "perhaps vpn",
        "": "",
    }


async def test_an_account_of_which_nothing_is_logged_is_not_in_the_answer(counting: Parts) -> None:
    assert await usage(counting, 2) is None
    assert counting.account(2).id.lower() not in await usages(counting)


async def test_a_call_whose_second_row_comes_late_is_not_judged_before_it_has_come(counting: Parts) -> None:
    """The nearly empty row alone looks like a call with a key; the row with the caller comes ten minutes later."""
    clock = counting.azure.world.clock
    note(counting, ago=0, caller="an Entra object id", late=600)
    clock.advance(400)
    assert (await known(counting)).by_identity == 1
    clock.advance(600)
    found = await known(counting)
    assert (found.with_key, found.unclear, found.by_identity) == (0, 0, 2)


async def test_calls_at_both_ends_of_the_span_are_judged_by_both_of_their_rows(azure: Azure) -> None:
    settings = {"ROTATION_LOG_WORKSPACE_ID": azure.world.workspace.id, "ROTATION_LOG_LOOK_BACK": "P7D"}
    async with parts_over(azure, **settings) as parts:
        workspace = azure.world.workspace
        azure.world.clock.freeze()
        for seconds in range(840, 960, 4):
            note(parts, ago=seconds, caller="an Entra object id")
            note(parts, ago=seconds + 7 * DAY, caller="an Entra object id")
        later = [index for index, row in enumerate(workspace.calls) if not row.caller]
        for index in later:  # the nearly empty row is written a minute after the other
            workspace.calls[index] = moved(workspace, index, 60)
        found = await known(parts)
    assert (found.with_key, found.unclear) == (0, 0)
    assert found.by_identity == 30


def moved(workspace: Workspace, index: int, seconds: float) -> Any:
    row = workspace.calls[index]
    return replace(row, time=row.time + seconds)


async def test_calls_whose_rows_lost_their_properties_are_unclear_and_no_count(counting: Parts) -> None:
    """As happens to properties that arrive as an object (docs/facts.md, Logs)."""
    note(counting, lost=True)
    note(counting, lost=True, correlated=False)
    found = await known(counting)
    assert (found.with_key, found.by_identity, found.unclear) == (0, 1, 2)
    assert await counted(counting) == 2


async def test_a_column_that_the_table_lacks_does_not_fail_the_query(counting: Parts) -> None:
    counting.azure.world.workspace.lacks = {"properties_s", "CallerIPAddress", "userAgent_s"}
    assert (await known(counting)).by_identity == 1


async def test_a_gap_in_the_log_is_seen(counting: Parts) -> None:
    workspace, account = counting.azure.world.workspace, counting.account()
    workspace.silent.add(account.id.lower())
    for days in range(10, 4, -1):
        note(counting, ago=days * DAY)
    workspace.silent.clear()
    for days in (*range(34, 10, -1), *range(4, 0, -1)):
        note(counting, ago=days * DAY, caller="an Entra object id")
    gap = (await known(counting)).silence()
    today = counting.azure.world.clock.utcnow().date()
    assert gap == (today - timedelta(days=10), today - timedelta(days=5))


def two_workspaces(azure: Azure) -> tuple[Workspace, dict[str, str]]:
    second = azure.world.add_workspace("west")
    return second, {"ROTATION_LOG_WORKSPACE_ID": f"{azure.world.workspace.id},{second.id}"}


async def test_several_workspaces_are_asked_in_one_query(azure: Azure) -> None:
    second, settings = two_workspaces(azure)
    async with parts_over(azure, **settings) as parts:
        note(parts)
        second.note(parts.account(2).id, ago=HOUR)
        second.note(parts.account().id, ago=HOUR)
        assert sorted(one.with_key for one in (await usages(parts)).values()) == [1, 2]
        assert parts.names() == [QUERY]


async def test_a_call_that_two_workspaces_got_counts_once(azure: Azure) -> None:
    second, settings = two_workspaces(azure)
    async with parts_over(azure, **settings) as parts:
        note(parts, caller="an Entra object id")
        second.calls.extend(azure.world.workspace.calls)
        assert (await known(parts)).by_identity == 1


async def test_a_workspace_that_gave_no_row_is_named_and_nothing_is_counted(azure: Azure) -> None:
    second, settings = two_workspaces(azure)
    async with parts_over(azure, **settings) as parts:
        note(parts)
        for asked in (usages(parts), usage(parts)):
            with pytest.raises(FixConfiguration, match="no call of any account was seen in it within P35D") as caught:
                await asked
            assert caught.value.thing == f"workspace {second.id}"


async def test_a_role_that_is_missing_on_one_of_two_workspaces_raises_grant_role(azure: Azure) -> None:
    second, settings = two_workspaces(azure)
    world = azure.world
    async with parts_over(azure, **settings) as parts:
        note(parts)
        second.note(parts.account().id, ago=HOUR)
        reader = {"name": "reader", "roleName": "reader", "permissions": [{"actions": ["*"]}]}
        world.give_roles("app", [reader], world.workspace.resource_id)
        with pytest.raises(GrantRole, match="403 InsufficientAccessError") as caught:
            await usages(parts)
    assert second.id in caught.value.thing


async def test_calls_before_the_look_back_are_not_counted(counting: Parts) -> None:
    note(counting)
    counting.azure.world.clock.advance(timedelta(days=35).total_seconds())
    note(counting, caller="an Entra object id")
    assert await counted(counting) == 0


async def test_the_look_back_can_be_set(azure: Azure) -> None:
    settings = {"ROTATION_LOG_WORKSPACE_ID": azure.world.workspace.id, "ROTATION_LOG_LOOK_BACK": "P7DT12H"}
    async with parts_over(azure, **settings) as parts:
        note(parts)
        azure.world.clock.advance(timedelta(days=7, hours=13).total_seconds())
        note(parts, caller="an Entra object id")
        assert await counted(parts) == 0
        note(parts)
        azure.world.clock.advance(timedelta(days=7, hours=11).total_seconds())
        assert await counted(parts) == 1


async def test_calls_that_share_an_id_are_unclear_and_never_by_identity(counting: Parts) -> None:
    """A client may send one id with several calls. One of their rows names a caller, and the others used a key."""
    for ago in (HOUR, HOUR + 60):
        note(counting, ago=ago, correlation="of a client", caller="an Entra object id" if ago == HOUR else "")
    found = await known(counting)
    assert (found.with_key, found.by_identity, found.unclear) == (0, 1, 1)


async def test_rows_of_one_id_that_are_minutes_apart_are_unclear(counting: Parts) -> None:
    for ago, caller in ((HOUR, "an Entra object id"), (HOUR + 301, "")):
        note(counting, ago=ago, correlation="of a client", caller=caller)
        counting.azure.world.workspace.calls.pop()  # the other row of each call was lost
    found = await known(counting)
    assert (found.by_identity, found.unclear) == (1, 1)


async def test_an_id_that_is_older_than_the_span_does_not_hide_later_calls(counting: Parts) -> None:
    since = 35 * DAY + 900
    note(counting, ago=since + 600, correlation="of a client", caller="an Entra object id")
    note(counting, ago=DAY, correlation="of a client")
    assert (await known(counting)).unclear == 1
    note(counting, ago=since + 600, correlation="another")
    assert (await known(counting)).unclear == 1


async def test_a_call_that_only_has_models_in_its_name_is_a_call(counting: Parts) -> None:
    for operation in ("Models_ChatCompletions", "Embeddings_models", "models/responses", "Models_CreateImage"):
        note(counting, operation=operation)
    note(counting, operation="ListModels")
    assert (await known(counting)).with_key == 4


async def test_a_query_that_takes_too_long_is_divided_by_account(counting: Parts) -> None:
    names = {f"/subscriptions/s/accounts/{number}" for number in range(40)}
    for name in names:
        counting.azure.world.workspace.note(name, ago=HOUR)
    counting.azure.world.faults.add(QUERY, "status", status=504)
    found = await usages(counting)
    assert set(found) == names | {counting.account().id.lower()}
    assert counting.names() == [QUERY] * (1 + PARTS)


async def test_nothing_is_counted_if_a_part_of_the_accounts_takes_too_long_as_well(counting: Parts) -> None:
    counting.azure.world.faults.add(QUERY, "status", status=504, times=0)
    with pytest.raises(TryLater, match="504"):
        await usages(counting)
    assert counting.names() == [QUERY] * 2


async def test_two_queries_are_under_way_at_most(counting: Parts) -> None:
    under_way, most = 0, 0
    logs: Any = counting.rotation.outside.logs
    ask = logs._query

    async def counted_query(*arguments: Any) -> Any:
        nonlocal under_way, most
        under_way, most = under_way + 1, max(most, under_way + 1)
        try:
            return await ask(*arguments)
        finally:
            under_way -= 1

    logs._query = counted_query
    await asyncio.gather(*(usage(counting) for _ in range(5)))
    assert most == 2


async def test_an_account_s_id_is_compared_without_case(counting: Parts) -> None:
    counting.azure.world.workspace.note(counting.account().id.upper(), ago=HOUR)
    assert await counted(counting) == 1


async def test_a_consumer_s_call_counts_and_the_app_s_own_proofs_do_not(counting: Parts) -> None:
    await counting.rotation.turn(counting.target())
    assert "aoai.models" in counting.names()
    counting.azure.world.clock.advance(20 * 60)
    assert await counted(counting) == 0
    account = counting.account()
    url = f"{counting.azure.world.endpoint(account)}openai/v1/chat/completions"
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "?"}]}
    async with ClientSession() as consumer:
        headers = {"api-key": account.keys["key1"].value}
        async with consumer.post(url, json=body, headers=headers, ssl=counting.azure.ssl_context) as answered:
            assert answered.status == 200
    counting.azure.world.clock.advance(20 * 60)
    assert await counted(counting) == 1
    assert [one.address for one in (await known(counting)).callers] == ["127.0.0.***"]


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


async def test_a_workspace_without_data_answers_204_and_that_is_not_a_count_of_zero(counting: Parts) -> None:
    counting.azure.world.workspace.calls.clear()
    counting.azure.world.workspace.no_data = True
    with pytest.raises(FixConfiguration, match=r"it holds no data at all \(204\)") as caught:
        await usages(counting)
    assert caught.value.thing == f"workspace {counting.azure.world.workspace.id}"
    assert "RequestResponse" in caught.value.next_step


async def test_an_empty_200_is_not_a_count_of_zero(counting: Parts) -> None:
    counting.azure.world.workspace.answers = "empty"
    with pytest.raises(UnexpectedAnswer, match="the answer was empty"):
        await counted(counting)


async def test_an_account_without_any_logged_call_is_not_one_without_key_calls(counting: Parts) -> None:
    counting.azure.world.workspace.calls.clear()
    assert await usage(counting) is None


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


async def test_the_query_for_all_accounts_is_not_repeated_since_it_may_take_minutes(counting: Parts) -> None:
    counting.azure.world.faults.add(QUERY, "status", status=503, times=0)
    with pytest.raises(TryLater, match="503"):
        await usages(counting)
    assert counting.names() == [QUERY]


async def test_a_query_may_take_longer_than_other_calls(counting: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    await known(counting)
    monkeypatch.setattr(connections, "CALL_SECONDS", 0.01)
    counting.azure.world.faults.add(QUERY, "delay", seconds=0.1)
    assert (await known(counting)).by_identity == 1


async def test_a_query_whose_answer_is_lost_is_repeated_once(counting: Parts) -> None:
    note(counting)
    counting.azure.world.faults.add(QUERY, "drop_after")
    assert await counted(counting) == 1


async def test_a_missing_answer_is_not_a_count_of_zero(counting: Parts) -> None:
    counting.azure.world.faults.add(QUERY, "drop_before", times=0)
    with pytest.raises(TryLater, match="no answer came"):
        await counted(counting)


async def test_a_partial_answer_raises_try_later(counting: Parts) -> None:
    counting.azure.world.workspace.answers = "partial"
    for asked in (usages(counting), usage(counting)):
        with pytest.raises(TryLater, match="only a part"):
            await asked


async def test_a_refusal_whose_body_is_no_json_is_still_a_refusal(counting: Parts, spoiled: Spoiled) -> None:
    for _ in range(2):
        spoiled.body(QUERY, b"<html>503</html>", status=503)
    with pytest.raises(TryLater, match="503"):
        await counted(counting)


async def test_a_missing_column_that_azure_refuses_is_quoted(counting: Parts) -> None:
    counting.azure.world.workspace.lacks = {"CorrelationId"}
    with pytest.raises(FixConfiguration, match="400 BadArgumentError"):
        await counted(counting)


async def test_azure_s_refusal_of_a_query_is_quoted(counting: Parts, spoiled: Spoiled) -> None:
    refusal = {"code": "BadArgumentError", "message": "The request had some invalid properties"}
    spoiled.body(QUERY, {"error": refusal}, status=400)
    with pytest.raises(FixConfiguration, match="400 BadArgumentError: The request had some invalid properties"):
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
    assert (logs._log.endpoint, logs._log.workspaces) == (azure.urls["logs"], (azure.world.workspace.id,))
    await Parts(azure, rotation).connections.close()
    await close_credentials(rotation)


@pytest.fixture
async def weekly(azure: Azure) -> AsyncIterator[Parts]:
    """The app's parts with a workspace, in which calls are counted over seven days."""
    settings = {"ROTATION_LOG_WORKSPACE_ID": azure.world.workspace.id, "ROTATION_LOG_LOOK_BACK": "P7D"}
    async with parts_over(azure, **settings) as wired:
        yield wired


async def test_switching_keys_off_at_the_sunset_never_shows_a_key(weekly: Parts, spoiled: Spoiled) -> None:
    """P7, through announcing, waiting, an answer that quotes a key, and switching keys off."""
    counting = weekly
    world, clock = counting.azure.world, counting.rotation.outside.clock
    keys = {key.value for key in counting.account().keys.values()}
    target = counting.target(sunset=clock.now() + timedelta(days=9))
    said: list[str] = []
    shown: list[str] = []
    with everything_logged() as tape:
        for day in range(14):
            note(counting, caller="" if day < 6 else "an Entra object id")
            if day == 10:
                spoiled.body(QUERY, answer({}, columns=[{"name": one, "type": "string"} for one in sorted(keys)]))
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
