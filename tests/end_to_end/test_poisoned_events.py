"""An event's message that never had its target to itself: no failure is announced where there is none."""

from datetime import UTC, datetime

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from shared.turns.message import Message
from tests.end_to_end.conftest import kinds, published, tick


async def give_up(host: FunctionHost, message: Message) -> None:
    await host.invoke("turn_poison", message.text())
    await host.idle()


async def test_a_target_that_is_well_is_not_said_to_have_failed(host: FunctionHost, azure: Azure) -> None:
    await tick(host)
    before = kinds(azure, "chat")
    await give_up(host, Message("chat", datetime.now(UTC), insists=True))
    assert kinds(azure, "chat") == before


async def test_a_target_that_is_not_well_is(host: FunctionHost, azure: Azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=31)
    await give_up(host, Message("chat", datetime.now(UTC), insists=True))
    assert kinds(azure, "chat") == ["RotationFailed"]
