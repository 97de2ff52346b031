"""What a caller is told of a wish that was not carried out: a leak is kept, anything else must be asked for again."""

from collections.abc import AsyncIterator

import pytest

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from tests.end_to_end.calls import Answer, Doors, marks_of
from tests.end_to_end.conftest import a_host, published, works

LEAK = {"key": "live", "reason": "seen in a log"}
AGAIN = "ask again, with the same Idempotency-Key"
QUEUED = "The key still works; its end is queued and tried for a day"


@pytest.fixture
def doors(host: FunctionHost, http) -> Doors:
    return Doors(host, http)


@pytest.fixture
def leaked(azure: Azure) -> str:
    account = azure.world.accounts.named("chat")
    published(azure, account, days_ago=10)
    return account.keys["key1"].value


def lives(azure: Azure, key: str) -> bool:
    return azure.world.accounts.key_accepted(azure.world.accounts.named("chat"), key)


def kept(azure: Azure) -> int:
    """Messages that were queued."""
    return azure.world.journal.count("queue.put")


async def ends(azure: Azure, host: FunctionHost, key: str) -> bool:
    """The queue has it, and ends it as soon as nothing is in the way."""
    azure.world.clock.advance(31)
    await host.idle()
    await host.activity.until(lambda: not lives(azure, key), 40)
    return works(azure, "chat")


async def test_a_leak_of_a_target_that_nobody_can_find_is_kept_until_it_can_be_found(doors, azure, leaked: str) -> None:
    outage = azure.world.faults.add("arm.*", "status", status=503, times=0)
    told = await doors.post("targets/chat/leak", LEAK)
    assert (told.status, told.data["nextStep"]) == (202, f"nothing. {QUEUED}")
    assert lives(azure, leaked)
    azure.world.faults.remove(outage.id)
    assert await ends(azure, doors.host, leaked)


async def test_a_leak_of_an_account_with_a_wrong_tag_is_kept_until_the_tag_is_right(doors, azure, leaked: str) -> None:
    account = azure.world.accounts.named("chat")
    right = dict(account.tags)
    azure.world.accounts.update(account.id, {"tags": {**right, "key-rotation-period": "soon"}})
    told = await doors.post("targets/chat/leak", LEAK)
    assert (told.status, told.data["title"]) == (503, "FixConfiguration")
    assert told.data["nextStep"].endswith(f"correct the account's tags. {QUEUED}")
    azure.world.accounts.update(account.id, {"tags": right})
    assert await ends(azure, doors.host, leaked)


async def test_a_leak_of_a_target_that_is_not_there_is_refused_and_not_kept(doors, azure) -> None:
    told = await doors.post("targets/nobody/leak", LEAK)
    assert (told.status, told.data["title"]) == (404, "UnknownTarget")
    assert not kept(azure)


@pytest.mark.parametrize("name", ["%22", "Ab3" * 20])
async def test_what_can_be_no_target_s_name_is_neither_kept_nor_repeated(doors, azure, name: str) -> None:
    """It may be a key that was pasted into the wrong place."""
    azure.world.faults.add("arm.*", "status", status=503, times=0)
    told = await doors.post(f"targets/{name}/leak", LEAK)
    assert (told.status, told.data["nextStep"]) == (503, AGAIN)
    assert "Ab3" not in str(told.data)
    assert not kept(azure)


async def test_what_a_leak_would_do_is_not_kept(doors, azure, leaked: str) -> None:
    azure.world.faults.add("arm.*", "status", status=503, times=0)
    told = await doors.post("targets/chat/leak", LEAK | {"dry_run": True})
    assert (told.status, told.data["title"]) == (503, "TryLater")
    assert not kept(azure)


@pytest.fixture
async def observing(azure: Azure, http) -> AsyncIterator[Doors]:
    async with a_host(azure, ROTATION_MODE="observe") as started:
        yield Doors(started, http)


async def test_an_app_that_only_observes_says_so_of_a_leak_and_keeps_it(observing, azure, leaked: str) -> None:
    told = await observing.post("targets/chat/leak", LEAK)
    assert (told.status, told.data["reason"]) == (409, "observing")
    assert "ROTATION_MODE is observe, so nothing was done." in told.data["detail"]
    assert told.data["nextStep"].startswith("set ROTATION_MODE to rotate")
    assert lives(azure, leaked)
    assert kept(azure)


async def refused(doors: Doors, azure: Azure, operation: str) -> list[Answer]:
    azure.world.faults.add(operation, "status", status=503, times=0)
    return [
        await doors.post("targets/chat/rotate", {}),
        await doors.ask("PUT", "targets/chat/deployment", {"environment": "production"}),
        await doors.ask("DELETE", "targets/chat/deployment"),
    ]


async def test_whoever_asked_for_several_targets_while_none_can_be_found_is_told_to_ask_again(doors, azure) -> None:
    azure.world.faults.add("arm.*", "status", status=503, times=0)
    told = await doors.post("rotate", {"targets": ["chat"]})
    assert (told.status, told.data["nextStep"]) == (503, AGAIN)
    assert (await doors.get("targets/chat")).data["nextStep"].startswith("nothing"), "who only looks waits for a tick"


@pytest.mark.parametrize("operation", ["arm.*", "kv.getSecret"])
async def test_whoever_asked_for_anything_else_is_told_to_ask_again(doors, azure, leaked, operation: str) -> None:
    for told in await refused(doors, azure, operation):
        assert (told.status, told.data["nextStep"]) == (503, AGAIN)
    assert not kept(azure)


async def test_whoever_asked_while_a_person_must_look_is_told_both(doors, azure, leaked: str) -> None:
    azure.world.vaults["keys"].delete_secret("chat-key")
    told = await doors.post("targets/chat/rotate", {})
    assert (told.status, told.data["title"]) == (409, "PersonMustLook")
    assert told.data["nextStep"].endswith(f"; then {AGAIN}")


async def test_arming_that_could_not_be_noted_is_not_called_accepted(doors, azure, leaked: str) -> None:
    """The version is dead and its successor cannot be proven: a rotation would go on, a wish to wait does not."""
    azure.world.accounts.regenerate(azure.world.accounts.named("chat").id, "key1")
    azure.world.faults.add("aoai.models", "status", status=500, times=0)
    told = await doors.ask("PUT", "targets/chat/deployment", {"environment": "production"})
    assert (told.status, told.data["title"]) == (503, "ProofFailed")
    assert told.data["nextStep"].endswith(f"; then {AGAIN}")
    assert marks_of(azure, "chat").awaited is None
