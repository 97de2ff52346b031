"""An event's message that was given up, because other turns always held its target: a healthy target has not failed."""

from datetime import UTC, datetime

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from shared.turns.message import Message
from tests.end_to_end.conftest import kinds, published, tick


async def give_up(host: FunctionHost, message: Message) -> None:
    await host.invoke("turn_poison", message.text())
    await host.idle()


async def test_a_healthy_target_is_not_announced_as_failed(host: FunctionHost, azure: Azure) -> None:
    await tick(host)
    before = kinds(azure, "chat")
    await give_up(host, Message("chat", datetime.now(UTC), insists=True))
    assert kinds(azure, "chat") == before


async def test_a_broken_target_is_announced_as_failed(host: FunctionHost, azure: Azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=31)
    await give_up(host, Message("chat", datetime.now(UTC), insists=True))
    assert kinds(azure, "chat") == ["RotationFailed"]
