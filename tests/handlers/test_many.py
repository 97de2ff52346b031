"""Requests for many targets: chosen, confirmed, carried out once for each, followed, stopped and paused."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from lab.simulation.builders import GROUP
from lab.simulation.dates import days, hours, minutes
from tests.support.many_site import ManySite, a_many_site

ALL = {"select": {"all": True}}
THREE = {**ALL, "confirm": "3 targets", "reason": "a person has left"}


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> ManySite:
    return a_many_site(monkeypatch, 3)


def leak(key: str = "live", **more: Any) -> dict[str, Any]:
    return {**ALL, "kind": "leak", "key": key, "confirm": "3 targets", **more}


async def begun(site: ManySite, body: object = THREE, key: str = "k") -> str:
    """Send a request and return its id."""
    if isinstance(body, dict) and body.get("kind") == "leak":
        excuse(site)
    reply = await site.post(body, key)
    assert reply is not None
    assert reply.status == 202, reply.body
    said = json.loads(reply.body)
    assert reply.headers["Location"] == f"/api/rotations/{said['id']}"
    return said["id"]


def excuse(site: ManySite) -> None:
    """Excuse that leaked keys end at once."""
    for account in site.stage.world.accounts:
        site.stage.witness.excuse_leaked(*(key.value for key in account.keys.values()))


async def test_a_dry_run_names_the_targets_and_says_how_long_it_takes_and_what_confirms_it(site: ManySite) -> None:
    reply = await site.post({**ALL, "dry_run": True})
    assert reply is not None
    assert reply.status == 200
    said = json.loads(reply.body)
    assert said["targets"] == ["chat", "chat-2", "chat-3"]
    assert (said["count"], said["confirm"], said["takes"]) == (3, "3 targets", "PT1M")
    assert [row["target"] for row in said["rows"]] == said["targets"]
    assert datetime.fromisoformat(said["doneBy"]) == site.stage.now + minutes(1)
    assert (site.notes(), site.queue) == ([], [])


async def test_a_selection_of_several_targets_is_refused_until_its_number_is_confirmed(site: ManySite) -> None:
    for confirm in (None, "2 targets"):
        reply = await site.post({**ALL, **({"confirm": confirm} if confirm else {})})
        assert reply is not None
        facts = json.loads(reply.body)
        assert (reply.status, facts["title"]) == (409, "ConfirmFirst")
        assert '"confirm": "3 targets"' in facts["nextStep"]
    assert (site.notes(), site.queue) == ([], [])
    one = await site.post({"select": {"names": ["chat-2"]}})
    assert one is not None
    assert one.status == 202, "one target needs no confirmation"


async def test_every_target_is_rotated_once_and_the_request_is_done(site: ManySite) -> None:
    id_ = await begun(site)
    await site.until_done()
    said = await site.status(id_)
    assert (said["state"], said["done"], said["open"]) == ("done", 3, 0)
    assert {row["result"] for row in said["rows"]} == {"done"}
    assert all("doneAt" in row for row in said["rows"])
    assert site.versions() == {"chat": 2, "chat-2": 2, "chat-3": 2}
    assert set(site.regenerated().values()) == {1}
    assert said["requestReason"] == "a person has left"


@pytest.mark.parametrize("key", ["live", "both", "previous"])
async def test_every_leaked_key_ends_and_the_request_says_since_when(site: ManySite, key: str) -> None:
    leaked = [site.account(name).keys["key1" if key != "previous" else "key2"].value for name in ("chat", "chat-2")]
    id_ = await begun(site, leak(key))
    await site.until_done()
    said = await site.status(id_)
    assert (said["state"], said["kind"], said["key"]) == ("done", "leak", key)
    assert all(("deadSince" in row) == (key != "previous") for row in said["rows"]), "no turn saw that one end"
    if key != "previous":
        assert not any(site.stage.world.accounts.key_accepted(site.account("chat"), one) for one in leaked)
    assert site.notes("leaks/") == []


async def test_the_same_key_answers_what_became_of_it_and_another_body_is_refused(site: ManySite) -> None:
    id_ = await begun(site)
    queued = len(site.queue)
    assert await begun(site) == id_
    assert len(site.queue) == queued
    other = await site.post({**THREE, "reason": "another"})
    assert other is not None
    assert (other.status, json.loads(other.body)["title"]) == (422, "IdempotencyKeyReused")
    assert await begun(site, {**THREE, "reason": "another"}, key="another") != id_


async def test_a_stopped_request_begins_nothing_further(site: ManySite) -> None:
    id_ = await begun(site)
    first = site.queue[:1]
    site.queue, rest = first, site.queue[1:]
    await site.work()
    reply = await site.call("rotation", "DELETE", id_)
    assert reply is not None
    assert (reply.status, json.loads(reply.body)["state"]) == (200, "stopped")
    site.queue = rest
    await site.until_done()
    said = await site.status(id_)
    assert (said["state"], said["done"], said["open"]) == ("stopped", 1, 2)
    assert sum(site.versions().values()) == 4
    assert f'"rest_of": "{id_}"' in said["nextStep"]


async def test_what_is_left_of_a_request_is_a_selection_of_its_own(site: ManySite) -> None:
    id_ = await begun(site)
    site.queue = site.queue[:1]
    await site.work()
    await site.call("rotation", "DELETE", id_)
    rest = {"select": {"rest_of": id_}, "confirm": "2 targets"}
    other = await begun(site, rest, key="rest")
    await site.until_done()
    assert (await site.status(other))["state"] == "done"
    assert set(site.versions().values()) == {2}


async def test_the_list_names_all_requests_the_latest_first(site: ManySite) -> None:
    first = await begun(site)
    site.stage.pass_time(minutes(1))
    second = await begun(site, key="second")
    reply = await site.call("rotations")
    assert reply is not None
    assert [one["id"] for one in json.loads(reply.body)["rotations"]] == [second, first]
    assert all("rows" not in one for one in json.loads(reply.body)["rotations"])


async def test_a_target_that_cannot_be_rotated_does_not_stop_the_others(site: ManySite) -> None:
    site.stage.world.faults.add("arm.regenerateKey", "status", target="/accounts/chat-2", status=403, times=0)
    id_ = await begun(site)
    await site.until_done()
    said = await site.status(id_)
    assert (said["state"], said["done"], said["failed"]) == ("ended", 2, 1)
    [row] = [row for row in said["rows"] if row["result"] == "failed"]
    assert (row["target"], row["attempts"]) == ("chat-2", 3)
    assert row["why"]
    assert row["nextStep"]


async def test_a_rotation_pauses_above_the_brake_and_a_leak_never_does(site: ManySite) -> None:
    site.stage.settings = replace(site.stage.settings, brake=1)
    site.stage.world.faults.add("arm.regenerateKey", "status", status=403, times=0)
    id_ = await begun(site)
    await site.until_done()
    said = await site.status(id_)
    assert said["state"] == "paused"
    assert sum(row.get("attempts", 0) for row in said["rows"]) == 2, "the third one was not begun"
    assert "DELETE" in said["nextStep"]
    leaked = await begun(site, leak(), key="leak")
    await site.until_done(4)
    assert [row["attempts"] for row in (await site.status(leaked))["rows"]] == [3, 3, 3]
    site.stage.world.faults.clear()
    await site.until_done(8)
    assert (await site.status(leaked))["state"] == "done"


def forge(site: ManySite, id_: str) -> None:
    """Write into the tags of a secret that this request was carried out already."""
    version = site.stage.vault.get_secret("chat-key")
    forged = {**version.tags, "key-rotation-request": f"{id_}-many tester"}
    site.stage.vault.update_secret("chat-key", version.version, tags=forged)


async def test_tags_that_somebody_writes_do_not_make_a_rotation_done(site: ManySite) -> None:
    """Marks that do not count are made anew, and then the other key has a period to end in."""
    id_ = await begun(site)
    forge(site, id_)
    await site.until_done()
    assert await site.results(id_) == {"chat": "open", "chat-2": "done", "chat-3": "done"}
    assert site.regenerated()["chat"] == 0
    site.stage.pass_time(days(7))
    await site.tick()
    assert (await site.status(id_))["state"] == "ended"


async def test_tags_that_somebody_writes_keep_no_leaked_key_alive(site: ManySite) -> None:
    leaked = site.account("chat").keys["key1"].value
    id_ = await begun(site, leak())
    forge(site, id_)
    await site.until_done()
    assert (await site.status(id_))["state"] == "done"
    assert not site.stage.world.accounts.key_accepted(site.account("chat"), leaked)


async def test_after_seven_days_a_request_ends_and_names_what_is_left(
    site: ManySite, caplog: pytest.LogCaptureFixture
) -> None:
    site.stage.world.faults.add("arm.listKeys", "status", target="/accounts/chat-3", status=429, times=0)
    id_ = await begun(site)
    await site.until_done()
    assert (await site.status(id_))["state"] == "running"
    site.stage.pass_time(days(7))
    caplog.clear()
    await site.tick()
    said = await site.status(id_)
    assert (said["state"], said["done"], said["open"]) == ("ended", 2, 1)
    assert f"rotations: {id_}: ended: 1 of its 3 accounts are left: " in caplog.text
    assert "/accounts/chat-3" in caplog.text


async def test_thirty_days_after_its_end_nothing_is_left_of_a_request(site: ManySite) -> None:
    id_ = await begun(site)
    await site.until_done()
    site.stage.pass_time(days(29))
    await site.tick()
    assert site.notes()
    site.stage.pass_time(days(2))
    await site.tick()
    assert site.notes() == []
    gone = await site.call("rotation", name=id_)
    assert gone is not None
    assert gone.status == 404


async def test_an_account_that_is_no_longer_enrolled_is_gone(site: ManySite) -> None:
    id_ = await begun(site)
    site.queue.clear()
    site.account("chat-2").tags = {}
    await site.until_done()
    said = await site.status(id_)
    assert (said["state"], said["done"], said["gone"]) == ("done", 2, 1)
    assert await site.results(id_) == {"chat": "done", "chat-2": "gone", "chat-3": "done"}


async def test_a_rotation_waits_for_the_overlap_of_a_previous_key_and_asks_nothing_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = a_many_site(monkeypatch, 2)
    first = await begun(site, {"select": {"names": ["chat"]}}, key="first")
    await site.until_done()
    second = await begun(site, {**ALL, "confirm": "2 targets"}, key="second")
    await site.work()
    await site.tick()
    assert [message for *_, message, _ in site.queue if "-many" in message] == []
    assert await site.results(second) == {"chat": "open", "chat-2": "done"}
    for _ in range(20):
        site.stage.pass_time(hours(6))
        await site.until_done(1)
    assert (await site.status(second))["state"] == "done"
    assert (await site.status(first))["state"] == "done"


async def test_leaks_go_first_to_accounts_that_are_open_then_to_keys_that_open_more_then_by_age(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from lab.simulation.published import publish_as_rotated

    site = a_many_site(monkeypatch, 4)
    publish_as_rotated(site.stage.world, site.account("chat"), site.stage.now - days(2))
    site.account("chat-2").public_network_access = "Disabled"
    site.account("chat-2").kind = "AIServices"
    site.account("chat-4").kind = "AIServices"
    reply = await site.post(leak(dry_run=True))
    assert reply is not None
    assert json.loads(reply.body)["targets"] == ["chat-4", "chat-3", "chat", "chat-2"]
    await site.tick()
    reply = await site.post(leak(dry_run=True))
    assert reply is not None
    assert json.loads(reply.body)["targets"] == ["chat-4", "chat-3", "chat", "chat-2"], "the view knows it as well"


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ({"owner": "TEAM-A"}, ["chat-2"]),
        ({"group": GROUP.upper(), "names": ["chat-3", "chat"]}, ["chat", "chat-3"]),
        ({"subscription": "00000000-0000-4000-8000-000000000001", "owner": "team-a"}, ["chat-2"]),
    ],
    ids=str,
)
async def test_a_selection_means_what_fits_all_that_is_given(
    site: ManySite, select: dict[str, Any], expected: list[str]
) -> None:
    site.account("chat-2").tags = {"key-rotation": "on", "key-rotation-owner": "team-a"}
    reply = await site.post({"select": select, "dry_run": True})
    assert reply is not None
    assert json.loads(reply.body)["targets"] == expected


async def test_a_selection_that_fits_nothing_is_not_found(site: ManySite) -> None:
    for select in ({"owner": "nobody"}, {"names": ["nobody"]}, {"rest_of": "0" * 32}):
        reply = await site.post({"select": select})
        assert reply is not None
        assert reply.status == 404
