"""A turn that fails leaves a note, so that its target is not shown as healthy, and the next good one removes it."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from lab.emulator.seed import sample_world
from lab.emulator.serve import running
from shared.domain.errors import GrantRole
from shared.domain.times import FIRST
from shared.fleet.rotation import Rotation
from shared.handlers import timer_and_queue
from shared.handlers.invocation import TurnFailed
from shared.turns.message import Message, read_message
from shared.turns.trouble import TROUBLES, Troubles, note_trouble, troubles
from tests.support.real_parts import Parts, parts_over

NAME = "account-001"


@pytest.fixture
async def parts(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Parts]:
    world = sample_world(1)
    targets = json.dumps([{"account": world.accounts.named(NAME).id}])
    async with running(world) as azure:
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, azure.settings[name])
        async with parts_over(azure, ROTATION_TARGETS=targets) as made:

            async def rotation() -> Rotation:
                return made.rotation

            monkeypatch.setattr(timer_and_queue, "rotation", rotation)
            yield made


async def take(parts: Parts, tries: int = timer_and_queue.MOST_TRIES, *, troubled: bool = False) -> None:
    message = Message(NAME, parts.rotation.outside.clock.now(), troubled=troubled)
    await timer_and_queue.turn(message.text().encode(), tries)


async def noted(parts: Parts) -> Troubles:
    return await troubles(parts.rotation.outside.notes)


def break_keys(parts: Parts, status: int, code: str) -> None:
    parts.azure.world.faults.add("arm.listKeys", "status", status=status, code=code, times=0)


async def test_a_failure_that_nothing_but_a_person_ends_is_noted_with_its_next_step(parts: Parts) -> None:
    await take(parts)
    break_keys(parts, 403, "AuthorizationFailed")
    with pytest.raises(TurnFailed):
        await take(parts, tries=1)
    error = (await noted(parts)).of(parts.target().account)
    assert error is not None
    assert error.code == "GrantRole"
    assert "AuthorizationFailed" in error.what
    assert "role" in error.next_step


async def test_one_that_the_next_try_may_end_is_noted_after_the_last_try(parts: Parts) -> None:
    await take(parts)
    break_keys(parts, 500, "InternalServerError")
    with pytest.raises(TurnFailed):
        await take(parts, tries=1)
    assert not (await noted(parts)).known
    with pytest.raises(TurnFailed):
        await take(parts)
    assert (await noted(parts)).of(parts.target().account) is not None


async def test_a_target_that_waits_for_a_role_is_noted_although_its_turn_is_not_tried_again(parts: Parts) -> None:
    parts.azure.world.faults.add("arm.getAccount", "status", status=403, code="AuthorizationFailed", times=0)
    await take(parts, tries=1)
    assert (await noted(parts)).of(parts.target().account) is not None


async def test_the_next_check_asks_the_turn_to_remove_it_and_a_good_turn_does(parts: Parts) -> None:
    await take(parts)
    break_keys(parts, 403, "AuthorizationFailed")
    with pytest.raises(TurnFailed):
        await take(parts)
    parts.azure.world.faults.clear()
    now = parts.rotation.outside.clock.now()
    found = await parts.rotation.tick(now, now)
    assert [found.has_trouble(one.enrolled) for one in found.listed] == [True]
    await take(parts)  # a turn that was queued before it failed
    assert (await noted(parts)).known
    await take(parts, troubled=True)
    assert not (await noted(parts)).known


async def test_a_wait_that_azure_asks_for_is_no_trouble(parts: Parts) -> None:
    await take(parts)
    parts.azure.world.faults.add("arm.listKeys", "status", status=429, code="TooManyRequests", times=0)
    await take(parts)
    assert not (await noted(parts)).known


def test_the_message_says_it_to_the_turn() -> None:
    message = Message(NAME, FIRST, troubled=True)
    assert read_message(message.text().encode()) == message


async def test_a_note_keeps_since_when_turns_fail(parts: Parts) -> None:
    notes, clock = parts.rotation.outside.notes, parts.rotation.outside.clock
    target = (await parts.rotation.fleet.find_one(NAME)).target
    began = clock.now()
    await note_trouble(notes, target, GrantRole(NAME, "it may not list keys."), began)
    await note_trouble(notes, target, GrantRole(NAME, "it still may not."), began + timedelta(hours=3))
    error = (await troubles(notes)).of(target.account)
    assert error is not None
    assert (error.since, error.what) == (began, "it still may not.")


@pytest.mark.parametrize("text", ["", "{}", "[]", '"a text"', "7", '["GrantRole", "x", "y", "z", null, false, 9]'])
async def test_a_note_that_cannot_be_read_still_says_that_turns_fail(parts: Parts, text: str) -> None:
    notes = parts.rotation.outside.notes
    target = (await parts.rotation.fleet.find_one(NAME)).target
    await note_trouble(notes, target, GrantRole(NAME, "it may not list keys."), FIRST)
    [name] = await notes.names(TROUBLES)
    await notes.write(name, text)
    error = (await troubles(notes)).of(target.account)
    assert error is not None
    assert "its turns fail" in error.what
