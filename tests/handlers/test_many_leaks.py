"""A leak of many keeps no key alive because of a tag: it is on record before anything is asked of its account."""

from typing import Any

import pytest

from lab.simulation.dates import hours, minutes
from shared.domain.keys import ApiKey, KeySlot
from shared.turns.proof import Ending, see_refused
from tests.handlers.test_many import begun, leak
from tests.support.many_site import ManySite, a_many_site

ON = {"key-rotation": "on"}


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> ManySite:
    return a_many_site(monkeypatch, 3)


async def begun_with_tags(site: ManySite, tags: dict[str, str]) -> tuple[str, str]:
    """Begin a leak of three accounts, of which one gets these tags before its turn. Return id and leaked key."""
    leaked = site.account("chat-2").keys["key1"].value
    id_ = await begun(site, leak())
    site.queue.clear()
    site.account("chat-2").tags = tags
    return id_, leaked


def accepts(site: ManySite, key: str) -> bool:
    return site.stage.world.accounts.key_accepted(site.account("chat-2"), key)


async def test_a_tag_that_is_missing_for_one_tick_keeps_no_leaked_key_alive(site: ManySite) -> None:
    id_, leaked = await begun_with_tags(site, {})
    await site.tick()
    await site.work()
    assert await site.results(id_) == {"chat": "done", "chat-2": "open", "chat-3": "done"}
    assert accepts(site, leaked)
    assert len(site.notes("leaks/")) == 1
    site.account("chat-2").tags = dict(ON)
    await site.until_done(1)
    assert (await site.status(id_))["state"] == "done"
    assert not accepts(site, leaked)
    assert site.notes("leaks/") == []


@pytest.mark.parametrize(
    "tags", [{}, ON | {"key-rotation-secret": "not-allowed"}], ids=["not enrolled any more", "an invalid tag"]
)
async def test_a_leak_that_failed_three_times_stays_on_record_and_ends_when_its_tags_are_right(
    site: ManySite, tags: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    id_, leaked = await begun_with_tags(site, tags)
    await site.until_done(5)
    said = await site.status(id_)
    assert (said["state"], said["done"], said["failed"], said["gone"]) == ("ended", 2, 1, 0)
    [row] = [row for row in said["rows"] if row["result"] == "failed"]
    assert row["why"]
    assert row["nextStep"]
    assert "1 of its 3 accounts are left: " in caplog.text
    assert len(site.notes("leaks/")) == 1
    site.account("chat-2").tags = dict(ON)
    site.stage.pass_time(hours(1))
    await site.until_done(1)
    assert not accepts(site, leaked)
    assert (await site.status(id_))["state"] == "done"
    assert site.notes("leaks/") == []


def not_there(site: ManySite, times: int) -> None:
    """Let Azure say that often that the account does not exist, although it does."""
    facts: dict[str, Any] = {"status": 404, "code": "ResourceNotFound", "times": times}
    site.stage.world.faults.add("arm.getAccount", "status", target="/accounts/chat-2", **facts)


async def test_one_answer_that_there_is_no_such_account_ends_no_leak(site: ManySite) -> None:
    id_, leaked = await begun_with_tags(site, {})
    not_there(site, 1)
    await site.tick()
    await site.work()
    assert (await site.results(id_))["chat-2"] == "open"
    site.account("chat-2").tags = dict(ON)
    await site.until_done(1)
    assert (await site.results(id_))["chat-2"] == "done"
    assert not accepts(site, leaked)


async def test_the_same_message_delivered_twice_is_one_answer(site: ManySite) -> None:
    id_, _ = await begun_with_tags(site, {})
    not_there(site, 2)
    await site.tick()
    for message in [one for *_, one, _ in site.queue if "chat-2" in one]:
        site.put(message, minutes(1))
    await site.work()
    assert (await site.results(id_))["chat-2"] == "open"


async def test_an_account_that_turns_of_two_ticks_find_deleted_is_gone_and_the_log_says_so(
    site: ManySite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    id_, _ = await begun_with_tags(site, {})
    not_there(site, 0)
    await site.until_done(4)
    said = await site.status(id_)
    assert (said["state"], said["done"], said["gone"]) == ("done", 2, 1)
    gone = site.account("chat-2").id
    assert f"rotations: {id_}: done: 2 of its 3 accounts are done. Gone are 1: {gone}." in caplog.text
    assert site.notes("leaks/") == []


async def test_a_key_that_no_turn_saw_refused_is_not_told_as_dead_since_a_moment(
    site: ManySite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def see(key: ApiKey, where: str, known: Ending, *more: Any) -> Ending:
        unseen = "chat-2" in where and known.slot is KeySlot.KEY2
        return known if unseen else await see_refused(key, where, known, *more)

    monkeypatch.setattr("shared.turns.perform.see_refused", see)
    leaked = site.account("chat-2").keys["key1"].value
    id_ = await begun(site, leak("both"))
    await site.until_done()
    said = await site.status(id_)
    assert said["state"] == "done"
    assert not accepts(site, leaked)
    told = {row["target"]: [name for name in ("deadSince", "doneAt") if name in row] for row in said["rows"]}
    assert told == {"chat": ["deadSince"], "chat-2": ["doneAt"], "chat-3": ["deadSince"]}
