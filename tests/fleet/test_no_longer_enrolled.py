"""An account whose enrolling tag is taken away does not vanish in silence: announced ends are taken back, once."""

import json
from dataclasses import replace

import pytest

from lab.simulation.dates import at, days, hours
from lab.simulation.stage import Stage, a_stage
from shared.fleet import ticks
from shared.fleet.owners import NAME
from shared.settings.environment import Mode

ON = {"key-rotation": "on"}


async def enrolled_until(day: int) -> Stage:
    """Return a stage on that day, with an account that its tag enrolled on day 0."""
    stage = a_stage(tagged=True)
    stage.account.tags = dict(ON)
    await stage.tick()
    await stage.until(at(day=day))
    return stage


def take_away(stage: Stage, **tags: str) -> None:
    """Set the account's tags as a template does that does not know ours."""
    stage.account.tags = dict(tags)


async def test_announced_ends_are_taken_back_once_and_nothing_ends() -> None:
    stage = await enrolled_until(31)
    previous = stage.value("key1" if stage.live == "key2" else "key2")
    announced = stage.events("RetirementAnnounced")[-1]["data"]
    take_away(stage, env="prod")
    await stage.until(stage.now + hours(24))
    [withdrawn] = [one for one in stage.events("DeadlineWithdrawn") if one["data"].get("fingerprint")]
    assert withdrawn["data"]["deadline"] == announced["deadline"]
    assert withdrawn["data"]["fingerprint"] == announced["fingerprint"]
    await stage.until(at(day=70))
    assert stage.works(previous)
    assert len(stage.events("DeadlineWithdrawn")) == 1


async def test_each_tick_names_the_account_until_it_is_enrolled_again() -> None:
    stage = await enrolled_until(31)
    take_away(stage)
    for _ in range(2):
        found = await stage.run_timer()
        assert [error.thing for error in found.problems] == [str(stage.target.account)]
        assert "not enrolled any more" in found.problems[0].what
    take_away(stage, **ON)
    assert not (await stage.run_timer()).problems


async def test_the_owner_that_the_account_last_had_is_named_although_its_tag_went_too() -> None:
    stage = a_stage(tagged=True)
    stage.account.tags = {**ON, "key-rotation-owner": "first-team"}
    await stage.tick()
    stage.account.tags = {**ON, "key-rotation-owner": "chat-team"}
    await stage.until(at(day=31))
    take_away(stage, env="prod")
    for _ in range(2):
        found = await stage.run_timer()
        assert found.problems[0].what.endswith("Its owner was chat-team.")
    [withdrawn] = [one for one in stage.events("DeadlineWithdrawn") if one["data"].get("fingerprint")]
    assert withdrawn["data"]["owner"] == "chat-team"


async def test_the_owner_of_an_account_whose_subscription_cannot_be_listed_is_kept() -> None:
    stage = a_stage(tagged=True)
    stage.account.tags = {**ON, "key-rotation-owner": "chat-team"}
    await stage.tick()
    rule = stage.world.faults.add("arm.listAccounts", "status", status=503, times=0)
    await stage.run_timer()
    stage.world.faults.remove(rule.id)
    take_away(stage)
    assert "Its owner was chat-team." in (await stage.run_timer()).problems[0].what


async def test_two_processes_that_take_turns_lose_no_owner() -> None:
    stage = a_stage(2, tagged=True)
    first, second = stage.world.accounts
    first.tags = {**ON, "key-rotation-owner": "chat-team"}
    one, other = stage.rotation(), stage.rotation()
    await one.tick(stage.now, stage.now)
    second.tags = {**ON, "key-rotation-owner": "search-team"}
    await other.tick(stage.now, stage.now)
    await one.tick(stage.now, stage.now)
    known = json.loads(await one.outside.notes.read(NAME) or "{}")
    assert known == {first.id.casefold(): "chat-team", second.id.casefold(): "search-team"}
    second.tags = {**second.tags, "key-rotation-period": "soon"}  # it is refused until somebody corrects that
    await other.tick(stage.now, stage.now)
    assert second.id.casefold() in json.loads(await one.outside.notes.read(NAME) or "{}")


async def test_accounts_that_cannot_be_read_do_not_keep_others_from_being_taken_back(monkeypatch) -> None:
    stage = a_stage(2, tagged=True)
    first, second = stage.world.accounts
    second.tags = dict(ON)  # its secret is the first one
    await stage.tick()
    first.tags = dict(ON)
    await stage.until(at(day=31))
    first.tags, second.tags = {}, {}
    refused = {"status": 403, "code": "AuthorizationFailed", "times": 0}
    stage.world.faults.add("arm.getAccount", "status", target=second.id, **refused)
    monkeypatch.setattr(ticks, "MOST_TAKEN_BACK", 1)
    for _ in range(40):
        await stage.run_timer()
    assert {one["data"]["target"] for one in stage.events("DeadlineWithdrawn")} == {"chat"}


async def test_without_the_note_of_owners_the_account_is_named_without_an_owner() -> None:
    stage = a_stage(tagged=True)
    stage.account.tags = {**ON, "key-rotation-owner": "chat-team"}
    await stage.tick()
    stage.world.blobs.put("key-rotation-leases", NAME, b"no JSON")
    take_away(stage)
    assert "owner" not in (await stage.run_timer()).problems[0].what


async def test_an_account_that_is_tagged_off_is_not_named_but_its_ends_are_taken_back() -> None:
    stage = await enrolled_until(31)
    take_away(stage, **{"key-rotation": "off"})
    found = await stage.run_timer()
    assert not found.problems
    assert stage.events("DeadlineWithdrawn")


async def test_what_should_have_ended_is_announced_anew_when_the_tag_is_back() -> None:
    stage = await enrolled_until(31)
    previous = stage.value("key1" if stage.live == "key2" else "key2")
    take_away(stage)
    await stage.until(at(day=40))
    take_away(stage, **ON)
    await stage.tick()
    announced = stage.events("RetirementAnnounced")[-1]["data"]
    assert announced["deadline"] > at(day=59).isoformat()
    assert stage.works(previous)
    await stage.until(at(day=59))
    assert stage.works(previous), "nobody sealed what was taken back, so the key is promised a period"
    await stage.until(at(day=63))
    assert not stage.works(previous)


async def test_an_outage_of_event_grid_delays_what_is_taken_back() -> None:
    stage = await enrolled_until(31)
    take_away(stage)
    stage.event_grid_is("down")
    await stage.tick()
    stage.event_grid_is("up")
    assert not stage.events("DeadlineWithdrawn")
    await stage.tick()
    assert stage.events("DeadlineWithdrawn")


async def test_a_subscription_that_cannot_be_listed_takes_nothing_back() -> None:
    stage = await enrolled_until(31)
    stage.world.down = {"arm"}
    await stage.tick()
    assert not stage.events("DeadlineWithdrawn")


async def test_an_account_with_an_invalid_tag_is_not_taken_for_one_that_left() -> None:
    stage = await enrolled_until(31)
    take_away(stage, **ON, **{"key-rotation-period": "soon"})
    await stage.tick()
    assert not stage.events("DeadlineWithdrawn")


async def test_an_account_that_is_gone_is_named() -> None:
    stage = await enrolled_until(31)
    stage.witness.forget("chat")
    stage.world.accounts.remove(stage.account.id)
    found = await stage.run_timer()
    assert "not enrolled any more" in found.problems[0].what
    assert stage.events("DeadlineWithdrawn")


async def test_nothing_is_taken_back_from_an_account_that_azure_refuses_to_show() -> None:
    stage = await enrolled_until(31)
    take_away(stage)
    for code in ("RequestDisallowedByAzure", "AuthorizationFailed"):
        rule = stage.world.faults.add("arm.getAccount", "status", status=403, code=code, times=0)
        found = await stage.run_timer()
        assert code in str(found.problems[-1])
        stage.world.faults.remove(rule.id)
    assert not stage.events("DeadlineWithdrawn")
    await stage.run_timer()
    assert stage.events("DeadlineWithdrawn")


async def test_nothing_is_taken_back_while_the_app_only_observes() -> None:
    stage = await enrolled_until(31)
    take_away(stage)
    stage.settings = replace(stage.settings, mode=Mode.OBSERVE)
    await stage.tick()
    assert not stage.events("DeadlineWithdrawn")


async def test_a_listing_that_is_late_takes_nothing_back_from_an_account_that_is_enrolled() -> None:
    stage = await enrolled_until(31)
    listed = stage.world.accounts.in_subscription
    stage.world.accounts.in_subscription = lambda *_: []  # type: ignore[method-assign]
    await stage.run_timer()
    stage.world.accounts.in_subscription = listed  # type: ignore[method-assign]
    assert not stage.events("DeadlineWithdrawn")
    await stage.until(stage.now + days(3))
    assert stage.events("KeyRetired")


def copy_of_the_secret(stage: Stage, **tags: str) -> None:
    """Copy the latest version with its tags to another name, as a person does who wants to keep it."""
    latest = stage.versions[-1]
    stage.vault.set_secret("a-copy", latest.value, tags={**latest.tags, **tags})


@pytest.mark.parametrize("tagged", [True, False])
async def test_a_copy_of_an_enrolled_account_s_secret_is_no_account_that_left(tagged: bool) -> None:
    stage = a_stage(tagged=tagged)
    stage.account.tags = dict(ON) if tagged else {}
    await stage.tick()
    await stage.until(at(day=31))
    copy_of_the_secret(stage)
    found = await stage.run_timer()
    assert not found.problems
    assert not stage.events("DeadlineWithdrawn")


async def test_a_secret_of_another_app_in_the_same_vault_is_left_alone() -> None:
    stage = await enrolled_until(31)
    another = stage.world.accounts.add("another", tags={})
    copy_of_the_secret(stage, ProviderAddress=another.id)
    found = await stage.run_timer()
    assert not found.problems
    assert not stage.events("DeadlineWithdrawn")
