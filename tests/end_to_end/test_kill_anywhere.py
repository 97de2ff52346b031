"""P5 with real processes: SIGKILL before and after each outgoing call of a rotation; the next ticks finish it.

The app runs in the local host as a process of its own. The emulated Azure kills it on a call, before or after the
call's effect; the world's clock then passes the time of the lease that the dead process left behind.
"""

import pytest

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from tests.end_to_end.conftest import kinds, published, tick, works

CALLS = [
    ("blob.lease.acquire", 0),
    ("kv.getSecret", 0),
    ("arm.listKeys", 0),
    ("arm.regenerateKey", 0),
    ("aoai.models", 0),
    ("aoai.models", 1),
    ("kv.setSecret", 0),
    ("kv.getSecret", 1),
    ("arm.listKeys", 1),
    ("eg.publish", 0),
    ("kv.updateSecret", 0),
    ("blob.lease.release", 0),
]


async def rest(host: FunctionHost, azure: Azure) -> None:
    """Run ticks until the target is at rest, each after a dead holder's lease has ended."""
    for _ in range(3):
        azure.world.clock.advance(61)
        await tick(host)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("operation", "skip"), CALLS)
async def test_a_rotation_killed_at_any_call_is_finished_by_later_ticks(
    host: FunctionHost, azure: Azure, operation: str, skip: int, when: str
) -> None:
    azure.world.accounts.update(azure.world.accounts.named("search").id, {"tags": {}})
    account = azure.world.accounts.named("chat")
    published(azure, account, days_ago=31)
    original = account.keys["key1"].value
    seen: list[bool] = []
    azure.world.faults.add("*", "hook", hook=lambda _: seen.append(works(azure, "chat")), times=0)
    target = "" if operation.startswith(("eg", "blob")) else "chat"
    trap = azure.world.faults.add(
        operation, "signal", target=target, skip=skip, when=when, pid=await host.worker_ready()
    )
    await host.fire_timer("tick")
    await host.activity.until(lambda: trap.struck == 1 and host.worker_starts == 2, 30)
    await rest(host, azure)
    versions = azure.world.vaults["keys"].list_versions("chat-key")
    assert all(seen), "P1: at some call the published key was dead"
    assert azure.world.accounts.key_accepted(account, original), "P2: the previous key ended within its overlap"
    assert azure.world.vaults["keys"].get_secret("chat-key").tags["CredentialId"] == "key2"
    assert len(versions) == 2, "P5: more versions than the one before and the one rotated"
    assert set(kinds(azure, "chat")) == {"KeyRotated", "RetirementAnnounced"}
