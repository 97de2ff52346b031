"""A leak during another leak, with slow new keys, and with a message that went to the poison queue or is old."""

from dataclasses import replace

import pytest

from lab.simulation.builders import reports_leak
from lab.simulation.dates import days, hours, minutes
from lab.simulation.interruptions import meanwhile_after
from lab.simulation.stage import Stage, a_stage
from shared.domain.errors import FixConfiguration, UnknownTarget
from shared.domain.requests import LeakedKey, RotateRequest
from shared.fleet.rotation import Rotation
from shared.handlers import timer_and_queue
from shared.turns.message import Message, read_message
from shared.turns.report import Outcome, Result


async def quiet(**facts: object) -> Stage:
    """Return a stage after one rotation and the retirement of its previous key."""
    stage = a_stage(**facts)
    await stage.tick()
    await stage.until(stage.now + days(40))
    return stage


async def test_a_second_report_does_not_take_the_target_over_from_the_first():
    for number in range(3, 12):
        stage = await quiet()
        leaked, second = stage.value(stage.live), []

        async def report_again(stage: Stage = stage, second: list[Outcome | None] = second) -> None:
            second.append(await stage.turn(reports_leak(request_id="another")))

        first = await stage.turn(reports_leak(), meanwhile_after(number, report_again))
        assert first is not None
        assert (first.result, first.reason) == (Result.DONE, "leaked")
        assert [one.result for one in second if one] == [Result.BUSY]
        assert not stage.world.accounts.key_accepted(stage.account, leaked)


@pytest.mark.parametrize("key", [LeakedKey.LIVE, LeakedKey.BOTH])
async def test_a_leak_is_handled_although_new_keys_take_minutes_to_become_valid(key: LeakedKey):
    stage = await quiet()
    stage.account.lag.new_after = 150
    leaked = stage.value(stage.live)
    for _ in range(3):
        outcome = await stage.turn(reports_leak(key))
        assert outcome is not None
        if outcome.result is Result.DONE:
            break
        stage.pass_time(minutes(0.5))
    assert outcome.result is Result.DONE
    assert not stage.world.accounts.key_accepted(stage.account, leaked)


async def test_a_leak_message_is_kept_while_the_settings_are_invalid(monkeypatch: pytest.MonkeyPatch):
    stage = await quiet()

    async def broken() -> Rotation:
        raise FixConfiguration("settings", "ROTATION_PERIOD: is wrong.")

    monkeypatch.setattr(timer_and_queue, "rotation", broken)
    kept = Message("chat", stage.now, request=reports_leak()).text()
    monkeypatch.setattr(Message, "is_to_be_kept", lambda self, _: self.request is not None)
    assert await timer_and_queue.turn_poison(kept.encode()) == kept
    assert await timer_and_queue.turn_poison(Message("chat", stage.now).text().encode()) is None
    assert await timer_and_queue.turn_poison(b"{") is None


async def test_a_message_older_than_an_hour_does_not_supply_the_tags():
    stage = a_stage(tagged=True)
    stage.settings = replace(stage.settings, secrets=("{account}-anew",))
    request = RotateRequest()
    said = Message("chat", stage.now, stage.target.account, {"key-rotation": "on"}, request)
    assert (await timer_and_queue._target(stage.rotation(), said)).name == "chat"
    stage.pass_time(hours(2))
    stage.account.tags = {"key-rotation": "on", "key-rotation-secret": "chat-anew"}
    assert (await timer_and_queue._target(stage.rotation(), said)).secret == "chat-anew"
    stage.account.tags = {"key-rotation": "off"}
    with pytest.raises(UnknownTarget, match="not enrolled any more"):
        await timer_and_queue._target(stage.rotation(), said)


def test_a_request_from_the_queue_carries_the_time_when_it_was_queued():
    said = Message("chat", a_stage().now, request=reports_leak())
    assert said.request is not None
    assert read_message(said.text().encode()).request == replace(said.request, requested_at=said.queued_at)
