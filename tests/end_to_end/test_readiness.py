"""Readiness in the real worker: a check makes the survey of the day, and people read it over HTTP."""

from collections.abc import AsyncIterator

import pytest

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from tests.end_to_end.calls import Doors
from tests.end_to_end.conftest import a_host, published, tick
from tests.support.reading import may_see

DAY = 24 * 3600


@pytest.fixture
async def counting(azure: Azure) -> AsyncIterator[FunctionHost]:
    """Chat is called with a key, search by identity alone, and nobody calls the account that is not enrolled."""
    may_see(azure.world)
    for name in ("chat", "search"):
        published(azure, azure.world.accounts.named(name), days_ago=10)
    for day in range(36):
        for name, caller in (("chat", ""), ("search", "an object id")):
            account = azure.world.accounts.named(name).id
            azure.world.workspace.note(account, caller=caller, address="203.0.113.7", ago=day * DAY + 3600)
    async with a_host(azure, ROTATION_LOG_WORKSPACE_ID=azure.world.workspace.id) as started:
        yield started


def surveys(azure: Azure) -> int:
    """How often all accounts were asked for in one query."""
    return azure.world.journal.count("logs.query")


async def test_a_check_makes_one_survey_a_day_and_everybody_reads_the_same(counting, azure, http) -> None:
    doors = Doors(counting, http)
    before = await doors.get("readiness")
    assert {one["says"] for one in before.data["accounts"]} == {"unknown because no survey was made yet"}
    await tick(counting)
    await tick(counting)
    assert surveys(azure) == 1
    seen = await doors.get("readiness")
    assert {one["account"].rpartition("/")[2]: one["verdict"] for one in seen.data["accounts"]} == {
        "chat": "used",
        "search": "ready",
        "legacy": "unknown",
    }
    assert seen.data["counts"]["ready"] == 1
    assert len(seen.data["weeks"]) == 1
    assert seen.data["callers"][0]["accounts"] == ["chat"]
    [search] = (await doors.get("readiness?stage=ready")).data["accounts"]
    assert "key-rotation-sunset" in search["nextStep"]
    assert (await doors.get("readiness?stage=done")).status == 422
    assert surveys(azure) == 1


async def test_one_target_is_asked_anew_by_its_name_or_by_its_account(counting, azure, http) -> None:
    doors = Doors(counting, http)
    await tick(counting)
    seen = await doors.get("targets/chat/readiness")
    assert (seen.status, seen.data["verdict"], seen.data["stage"]) == (200, "used", "not-started")
    assert "Its keys are used by 1 caller." in seen.data["heldBack"]
    assert surveys(azure) == 2
    account = azure.world.accounts.named("legacy").id
    legacy = await doors.get(f"targets/-/readiness?account={account}")
    assert (legacy.status, legacy.data["verdict"]) == (200, "unknown")
    assert "az monitor diagnostic-settings create" in legacy.data["nextStep"]
    assert (await doors.get("targets/nobody/readiness")).status == 404


async def test_the_list_of_targets_says_what_the_survey_found(counting, azure, http) -> None:
    doors = Doors(counting, http)
    await tick(counting)
    listed = (await doors.get("targets")).data
    assert {one["target"]: one["readiness"]["verdict"] for one in listed["targets"]} == {
        "chat": "used",
        "search": "ready",
    }
    found = {one["code"]: one["target"] for one in listed["findings"]}
    assert found["keys-unused"] == "search"
    assert found["no-call-log"].endswith("/legacy")


async def test_logs_that_are_down_fail_no_check(counting, azure, http) -> None:
    azure.world.down.add("logs")
    await tick(counting)
    seen = await Doors(counting, http).get("readiness")
    assert {one["verdict"] for one in seen.data["accounts"]} == {"unknown"}
    assert [one["thing"].partition(" ")[0] for one in seen.data["problems"]] == ["workspace"]


async def test_the_view_for_people_says_the_same_and_asks_no_logs(counting, azure, http) -> None:
    doors = Doors(counting, http)
    before = await doors.get("status/way-out")
    assert (before.status, "Nobody has looked at the logs yet." in before.data) == (200, True)
    await tick(counting)
    asked = surveys(azure)
    view = await doors.get("status/way-out?stage=ready")
    assert (view.status, "style-src 'sha256-" in view.headers["Content-Security-Policy"]) == (200, True)
    assert "The account still accepts keys." in view.data
    assert "/api/status/targets/search" in view.data
    panel = await doors.get("status/targets/chat")
    assert "Used by 1 caller." in panel.data
    assert surveys(azure) == asked
