"""The answer to a request that was not carried out: a leak is queued, and any other request must be sent again."""

from collections.abc import AsyncIterator

import pytest

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from tests.end_to_end.calls import Answer, Doors, marks_of
from tests.end_to_end.conftest import a_host, published, works

LEAK = {"key": "live", "reason": "seen in a log"}
AGAIN = "ask again, with the same Idempotency-Key"
PERSON = "The key works until a person has done that. The leak is on record, and the key is then ended within an hour"
QUEUED = "The key still works; the leak is on record and is tried until the key has ended"


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
    """Return the messages that were queued."""
    return azure.world.journal.count("queue.put")


async def ends(azure: Azure, host: FunctionHost, key: str) -> bool:
    """Return whether the queue ends the leaked key once nothing prevents it, and a working key is published."""
    azure.world.clock.advance(31)
    await host.idle()
    await host.activity.until(lambda: not lives(azure, key), 40)
    return works(azure, "chat")


async def test_a_leak_is_queued_until_its_target_can_be_found(doors, azure, leaked: str) -> None:
    outage = azure.world.faults.add("arm.*", "status", status=503, times=0)
    told = await doors.post("targets/chat/leak", LEAK)
    assert (told.status, told.data["nextStep"]) == (202, f"nothing. {QUEUED}")
    assert lives(azure, leaked)
    azure.world.faults.remove(outage.id)
    assert await ends(azure, doors.host, leaked)


async def test_a_leak_of_an_account_with_an_invalid_tag_is_queued_until_the_tag_is_valid(
    doors, azure, leaked: str
) -> None:
    account = azure.world.accounts.named("chat")
    right = dict(account.tags)
    azure.world.accounts.update(account.id, {"tags": {**right, "key-rotation-period": "soon"}})
    told = await doors.post("targets/chat/leak", LEAK)
    assert (told.status, told.data["title"]) == (503, "FixConfiguration")
    assert told.data["nextStep"].endswith(f"correct the account's tags. {PERSON}")
    azure.world.accounts.update(account.id, {"tags": right})
    assert await ends(azure, doors.host, leaked)


LOCKS = {
    "a lock": (lambda world: world.restrictions.locked.add(f"/subscriptions/{world.subscription}"), "lock"),
    "a disabled subscription": (lambda world: world.restrictions.disabled.add(world.subscription), "enable it again"),
    "a deny assignment": (
        lambda world: world.restrictions.denied.add((f"/subscriptions/{world.subscription}", "*regenerateKey/action")),
        "deny assignment",
    ),
    "a vault for private endpoints": (
        lambda world: setattr(next(iter(world.vaults.values())), "private_only", True),
        "private endpoint",
    ),
}


@pytest.mark.parametrize("what", LOCKS)
async def test_a_leak_that_only_a_person_can_let_through_says_so_at_once_and_ends_after_that(
    doors, azure, leaked: str, what: str
) -> None:
    world, (refuse, step) = azure.world, LOCKS[what]
    refuse(world)
    told = await doors.post("targets/chat/leak", LEAK)
    assert (told.status, told.data["title"]) == (503, "FixConfiguration")
    assert step in told.data["nextStep"]
    assert told.data["nextStep"].endswith(PERSON)
    assert "queued" not in str(told.data)
    assert lives(azure, leaked)
    assert [one for one in doors.host.logs if "cannot be carried out before a person acts" in one.message]
    world.restrictions = type(world.restrictions)()
    for vault in world.vaults.values():
        vault.private_only = False
    assert await ends(azure, doors.host, leaked)


async def test_a_leak_that_meets_an_unknown_conflict_quotes_it_and_is_tried_again(doors, azure, leaked: str) -> None:
    fault = azure.world.faults.add("arm.regenerateKey", "status", status=409, code="SomethingNew", times=0)
    told = await doors.post("targets/chat/leak", LEAK)
    assert (told.status, told.data["title"]) == (503, "TryLater")
    assert "409 SomethingNew" in told.data["detail"]
    assert "The code SomethingNew is unknown to this app" in told.data["detail"]
    azure.world.faults.remove(fault.id)
    assert await ends(azure, doors.host, leaked)


async def test_a_leak_of_an_unknown_target_is_refused_and_not_queued(doors, azure) -> None:
    told = await doors.post("targets/nobody/leak", LEAK)
    assert (told.status, told.data["title"]) == (404, "UnknownTarget")
    assert not kept(azure)


@pytest.mark.parametrize("name", ["%22", "0123456789abcdef" * 2])
async def test_an_impossible_target_name_is_neither_queued_nor_repeated(doors, azure, name: str) -> None:
    """The name may be a key that was pasted into the wrong place."""
    azure.world.faults.add("arm.*", "status", status=503, times=0)
    told = await doors.post(f"targets/{name}/leak", LEAK)
    assert (told.status, told.data["nextStep"]) == (503, AGAIN)
    assert name not in str(told.data)
    assert not kept(azure)


@pytest.mark.parametrize("name", ["chat", "contosoproductionopenaiwesteurope"])
async def test_a_leak_is_queued_if_its_target_cannot_be_looked_up_however_it_is_named(doors, azure, name: str) -> None:
    azure.world.faults.add("arm.*", "status", status=503, times=0)
    told = await doors.post(f"targets/{name}/leak", LEAK)
    assert told.status == 202
    assert kept(azure)


async def test_a_dry_run_of_a_leak_is_not_queued(doors, azure, leaked: str) -> None:
    azure.world.faults.add("arm.*", "status", status=503, times=0)
    told = await doors.post("targets/chat/leak", LEAK | {"dry_run": True})
    assert (told.status, told.data["title"]) == (503, "TryLater")
    assert not kept(azure)


@pytest.fixture
async def observing(azure: Azure, http) -> AsyncIterator[Doors]:
    async with a_host(azure, ROTATION_MODE="observe") as started:
        yield Doors(started, http)


async def test_observe_mode_answers_a_leak_with_observing_and_queues_it(observing, azure, leaked: str) -> None:
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


async def test_a_bulk_rotation_that_finds_no_target_is_answered_with_ask_again(doors, azure) -> None:
    azure.world.faults.add("arm.*", "status", status=503, times=0)
    told = await doors.post("rotate", {"targets": ["chat"]})
    assert (told.status, told.data["nextStep"]) == (503, AGAIN)
    assert (await doors.get("targets/chat")).data["nextStep"].startswith("nothing"), "who only looks waits for a tick"


@pytest.mark.parametrize("operation", ["arm.*", "kv.getSecret"])
async def test_any_other_request_that_failed_is_answered_with_ask_again(doors, azure, leaked, operation: str) -> None:
    for told in await refused(doors, azure, operation):
        assert (told.status, told.data["nextStep"]) == (503, AGAIN)
    assert not kept(azure)


async def test_a_request_on_a_target_that_a_person_must_judge_is_answered_with_both_steps(
    doors, azure, leaked: str
) -> None:
    azure.world.vaults["keys"].delete_secret("chat-key")
    told = await doors.post("targets/chat/rotate", {})
    assert (told.status, told.data["title"]) == (409, "PersonMustLook")
    assert told.data["nextStep"].endswith(f"; then {AGAIN}")


async def test_an_arm_request_that_could_not_be_noted_is_not_accepted(doors, azure, leaked: str) -> None:
    """The published key is dead and no other can be proven: a rotation would go on later, an arm request does not."""
    azure.world.accounts.regenerate(azure.world.accounts.named("chat").id, "key1")
    azure.world.faults.add("aoai.models", "status", status=401)
    azure.world.faults.add("aoai.models", "status", status=429, retry_after=100, skip=1, times=0)  # past its patience
    told = await doors.ask("PUT", "targets/chat/deployment", {"environment": "production"})
    assert (told.status, told.data["title"]) == (503, "ProofFailed")
    assert told.data["nextStep"].endswith(f"; then {AGAIN}")
    assert marks_of(azure, "chat").awaited is None
