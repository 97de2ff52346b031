"""A request for many survives a kill at any call, two instances, messages that come twice, and Azure's limits."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from lab.emulator.errors import AzureError
from lab.simulation.dates import minutes
from lab.simulation.interruptions import Interruptions, killed_after, killed_before
from shared.fleet.pace import USUAL
from tests.support.many_site import ManySite, a_many_site

ROTATION = {"select": {"all": True}, "confirm": "2 targets"}
LEAK = {**ROTATION, "kind": "leak", "key": "live"}
BOTH = {**ROTATION, "kind": "leak", "key": "both"}
KINDS = pytest.mark.parametrize("body", [ROTATION, LEAK, BOTH], ids=["rotation", "leak", "both"])
KILLS = pytest.mark.parametrize("kill", [killed_before, killed_after], ids=["before", "after"])
REGENERATED = {"live": 2, "both": 2, None: 1}
type Kill = Callable[[int], Interruptions]


def a_site(monkeypatch: pytest.MonkeyPatch, body: dict[str, Any], number: int = 2) -> ManySite:
    site = a_many_site(monkeypatch, number)
    if "key" in body:
        for account in site.stage.world.accounts:
            site.stage.witness.excuse_leaked(*(key.value for key in account.keys.values()))
    return site


async def id_of(site: ManySite) -> str:
    reply = await site.call("rotations")
    assert reply is not None
    [one] = json.loads(reply.body)["rotations"]
    return one["id"]


async def must_be_done_once(site: ManySite, body: dict[str, Any]) -> None:
    """Check that every account is done, with one new version and no key regenerated without need."""
    assert (await site.status(await id_of(site)))["state"] == "done"
    assert set(site.versions().values()) == {2}, site.versions()
    assert set(site.regenerated().values()) == {REGENERATED[body.get("key")]}, site.regenerated()
    assert site.notes("leaks/") == []


@KINDS
@KILLS
async def test_a_post_that_is_killed_at_any_call_and_sent_again_is_carried_out_once(
    monkeypatch: pytest.MonkeyPatch, body: dict[str, Any], kill: Kill
) -> None:
    number = 0
    while True:
        number += 1
        site = a_site(monkeypatch, body)
        if await site.post(body, interruptions=kill(number)) is not None:
            break
        await site.post(body)
        await site.until_done(3)
        await must_be_done_once(site, body)
    assert number > 5


async def test_what_a_killed_post_has_put_on_record_is_carried_out_by_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    site = a_site(monkeypatch, ROTATION)
    number = 1
    while not site.notes("rotations/"):
        site = a_site(monkeypatch, ROTATION)
        await site.post(ROTATION, interruptions=killed_after(number))
        number += 1
    assert site.queue == []
    await site.until_done(2)
    await must_be_done_once(site, ROTATION)


@KINDS
@KILLS
async def test_a_turn_that_is_killed_at_any_call_ends_with_every_account_done_once(
    monkeypatch: pytest.MonkeyPatch, body: dict[str, Any], kill: Kill
) -> None:
    number = 0
    while True:
        number += 1
        site = a_site(monkeypatch, body)
        await site.post(body)
        await site.work([kill(number)])
        assert site.runner is not None
        await site.until_done(7)
        await must_be_done_once(site, body)
        if number > 45:  # more calls than a turn makes
            return


@KINDS
@KILLS
async def test_a_tick_that_is_killed_at_any_call_ends_with_every_account_done_once(
    monkeypatch: pytest.MonkeyPatch, body: dict[str, Any], kill: Kill
) -> None:
    for number in range(1, 14):
        site = a_site(monkeypatch, body)
        await site.post(body)
        site.queue.clear()
        await site.tick(kill(number))
        await site.until_done(3)
        await must_be_done_once(site, body)


@KINDS
async def test_two_instances_that_tick_at_once_and_messages_that_come_twice_do_everything_once(
    monkeypatch: pytest.MonkeyPatch, body: dict[str, Any]
) -> None:
    site = a_site(monkeypatch, body)
    await site.post(body)
    for _ in range(2):
        await site.tick()
    assert len([one for one in site.queue if "-many" in one[2]]) == 6
    await site.until_done(2)
    await must_be_done_once(site, body)


@KINDS
async def test_a_message_that_comes_again_after_its_account_is_done_begins_nothing(
    monkeypatch: pytest.MonkeyPatch, body: dict[str, Any]
) -> None:
    site = a_site(monkeypatch, body)
    await site.post(body)
    late = list(site.queue)
    await site.until_done(2)
    site.stage.world.journal.clear()
    site.queue += late
    await site.work()
    assert not [one for one in site.stage.world.journal.entries if one.operation.startswith(("arm.", "kv."))]


async def test_what_cannot_be_noted_is_noted_by_a_later_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    site = a_site(monkeypatch, LEAK)
    site.stage.world.faults.add("blob.put", "status", target="rotation-results/", status=503, times=2)
    await site.post(LEAK)
    await site.until_done(2)
    await must_be_done_once(site, LEAK)


async def test_a_leak_whose_result_could_not_be_noted_ends_no_other_key_although_its_tags_are_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The leak stays on record with the values that it means, until its result is noted."""
    site = a_site(monkeypatch, LEAK)
    site.stage.world.faults.add("blob.put", "status", target="rotation-results/", status=503, times=2)
    await site.post(LEAK)
    await site.work()
    for secret in site.stage.vault.secrets.values():
        site.stage.vault.update_secret(secret.name, secret.versions[-1].version, tags={})
    await site.until_done(2)
    await must_be_done_once(site, LEAK)


@pytest.mark.timeout(600)  # the longest of its kind; another load on the machine must not fail it
async def test_five_hundred_leaked_keys_of_one_subscription_are_dead_by_the_time_that_was_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = a_site(monkeypatch, LEAK, 500)
    site.watched = False
    await site.tick()
    site.queue.clear()
    stage, refused = site.stage, 0
    stage.world.limits.on = True
    perform, writes = stage.world.perform, ("arm.listKeys", "arm.regenerateKey")

    def limited(operation: str, target: str, effect: Callable[[], Any], **more: Any) -> Any:
        nonlocal refused
        kind = "writes" if operation in writes else "reads"
        if operation.startswith("arm.") and stage.world.limits.arm("one", "app", kind):
            refused += 1
            raise AzureError(429, "TooManyRequests", "too many")
        return perform(operation, target, effect, **more)

    monkeypatch.setattr(stage.world, "perform", limited)
    body = {**LEAK, "confirm": "500 targets"}
    planned = await site.post({**body, "dry_run": True})
    assert planned is not None
    dead_by = datetime.fromisoformat(json.loads(planned.body)["deadBy"])
    assert dead_by - stage.now < USUAL + minutes(3)
    await site.post(body)
    await site.until_done(1)
    said = await site.status(await id_of(site))
    assert (said["state"], said["done"], refused) == ("done", 500, 0)
    assert max(datetime.fromisoformat(row["deadSince"]) for row in said["rows"]) <= dead_by


async def test_where_azure_asks_to_wait_nothing_fails_and_ticks_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    site = a_site(monkeypatch, ROTATION)
    site.stage.settings = replace(site.stage.settings, brake=0)
    site.stage.world.faults.add("arm.listKeys", "status", status=429, times=6, retry_after=900)
    await site.post(ROTATION)
    await site.until_done(6)
    await must_be_done_once(site, ROTATION)
