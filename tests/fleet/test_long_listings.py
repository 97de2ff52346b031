"""A listing that is too long for one tick goes on in the next one, and every target gets its turn."""

import asyncio
from dataclasses import replace

import pytest

from lab.simulation.builders import SUBSCRIPTION
from lab.simulation.dates import days, minutes
from lab.simulation.stage import Stage, a_stage
from shared.domain.errors import TryLater
from shared.domain.publication import Publication
from shared.fleet import read_on
from shared.fleet.rotation import Rotation
from shared.fleet.ticks import Tick
from shared.ports import Account, Page, Vault
from tests.support.listings import all_of

ON = {"key-rotation": "on"}


class SlowVault:
    """A vault of which only so many pages can be read in one tick: the page after them never comes."""

    def __init__(self, vault: Vault, pages: int) -> None:
        self._vault = vault
        self._left = pages

    def __getattr__(self, name: str) -> object:
        return getattr(self._vault, name)

    async def listing(self, vault_url: str, after: str | None = None) -> Page[tuple[str, Publication]]:
        if self._left == 0:
            await asyncio.Event().wait()
        self._left -= 1
        return await self._vault.listing(vault_url, after)


@pytest.fixture(autouse=True)
def no_time_is_left_for_a_page_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_on, "ALL_SECONDS", 0.05)


def a_full_vault(targets: int, foreign: int = 0) -> Stage:
    """Return a stage with so many targets, and other people's secrets in the same vault."""
    stage = a_stage(targets)
    for number in range(foreign):
        stage.vault.set_secret(f"foreign-{number:03}", "somebody's")
    return stage


async def tick(stage: Stage, pages: int = 1) -> Tick:
    """Run the timer with time for so many pages of the vault's listing."""
    app = stage.rotation()
    app = Rotation(app.settings, replace(app.outside, vault=SlowVault(app.outside.vault, pages)))  # type: ignore[arg-type]
    since, stage.last_tick = stage.last_tick, stage.now
    return await app.tick(since, stage.now)


async def with_turns(stage: Stage, pages: int = 1) -> list[str]:
    """Make a tick, take its turns, and return the names of the targets that had one."""
    found = await tick(stage, pages)
    for one in found.turns:
        await stage.turn(target=one.target)
    return sorted(one.target.name for one in found.turns)


async def test_every_target_that_is_due_gets_its_turn_within_as_many_ticks_as_there_are_parts() -> None:
    stage = a_full_vault(60)
    await stage.tick()
    stage.pass_time(days(31))
    turns: list[str] = []
    for _ in range(3):  # of 60 secrets in pages of 25
        stage.pass_time(minutes(10))
        turns += await with_turns(stage)
    assert sorted(turns) == sorted(target.name for target in stage.targets)


async def test_a_tick_says_how_many_targets_an_earlier_one_has_seen_and_that_the_listing_goes_on() -> None:
    stage = a_full_vault(60)
    await stage.tick()
    stage.pass_time(minutes(10))
    found = await tick(stage)
    assert (len(found.listed), found.earlier, found.unseen) == (25, 35, 0)
    [problem] = found.problems
    assert problem.what.startswith("not all of its secrets could be listed")
    assert "last seen whole at" in problem.what
    assert "goes on" in problem.next_step


async def test_secrets_of_other_people_are_passed_over_and_a_new_target_is_adopted_once_all_were_seen() -> None:
    stage = a_full_vault(2, foreign=60)
    turns = [await with_turns(stage) for _ in range(3)]
    assert turns == [[], [], ["chat", "chat-2"]]


async def test_a_target_whose_vault_was_never_seen_whole_is_not_taken_for_unpublished() -> None:
    stage = a_full_vault(1, foreign=30)
    found = await tick(stage)
    assert (found.turns, found.unseen) == ([], 1)


async def test_a_listing_that_does_not_answer_at_all_is_a_problem_and_its_targets_are_unseen() -> None:
    stage = a_full_vault(2)
    await stage.tick()
    found = await tick(stage, pages=0)
    assert (found.turns, found.unseen, len(found.problems)) == ([], 2, 1)


async def test_a_place_that_is_not_valid_any_more_makes_the_listing_begin_anew() -> None:
    stage = a_full_vault(60)
    await stage.tick()
    assert len((await tick(stage)).listed) == 25
    stage.world.faults.add("kv.listSecrets", "status", status=400, code="BadParameter", times=1)
    found = await tick(stage, pages=4)
    assert not found.problems
    assert len(found.listed) == 60


async def test_without_a_view_a_tick_begins_anew_and_loses_no_target() -> None:
    stage = a_full_vault(60)
    await stage.tick()
    await tick(stage)
    stage.world.blobs.delete("key-rotation-leases", "views/fleet")
    found = await tick(stage, pages=3)
    assert len(found.listed) == 60


async def test_a_view_of_another_form_counts_as_absent() -> None:
    stage = a_full_vault(60)
    await stage.tick()
    await tick(stage)
    stage.world.blobs.put("key-rotation-leases", "views/fleet", b"something else")
    found = await tick(stage, pages=3)
    assert len(found.listed) == 60


async def test_an_account_that_an_earlier_part_of_the_subscription_showed_still_has_its_secret() -> None:
    stage = a_stage(tagged=True)
    rivals = [stage.world.accounts.add(f"a{number:03}", tags=ON) for number in range(120)]
    listed = await all_of(lambda after: stage.rotation().outside.accounts.tagged(SUBSCRIPTION, after))
    assert len(listed) == len(rivals)
    view_of: list[list[Account]] = []
    app = stage.rotation()
    for _ in range(2):
        found = await app.tick(stage.last_tick, stage.now)
        view_of.append(list(found.view.accounts()))
    assert [len(one) for one in view_of] == [120, 120]


async def test_a_listing_that_comes_back_to_a_page_ends() -> None:
    stage = a_full_vault(1)

    class InCircles(SlowVault):
        async def listing(self, vault_url: str, after: str | None = None) -> Page[tuple[str, Publication]]:
            found = await self._vault.listing(vault_url)
            return Page(found.entries, "here")

    app = stage.rotation()
    circling = InCircles(app.outside.vault, 0)
    found = await Rotation(app.settings, replace(app.outside, vault=circling)).tick(stage.last_tick, stage.now)  # type: ignore[arg-type]
    assert [problem.code for problem in found.problems] == ["UnexpectedAnswer"]


async def test_every_target_is_observed_although_its_part_of_the_listing_comes_at_other_minutes() -> None:
    stage = a_full_vault(60)
    await stage.tick()
    observed: list[str] = []
    for _ in range(12):  # two hours; a round takes three checks, so the parts come at the same minutes of each hour
        stage.pass_time(minutes(10))
        observed += [one.target.name for one in (await tick(stage)).turns]
    assert set(observed) == {target.name for target in stage.targets}


class FailingVault(SlowVault):
    """A vault whose third page always fails."""

    async def listing(self, vault_url: str, after: str | None = None) -> Page[tuple[str, Publication]]:
        if after == "50":
            raise TryLater(vault_url, "could not list its secrets: 503.")
        return await self._vault.listing(vault_url, after)


async def test_what_a_listing_showed_before_it_failed_counts_in_every_check() -> None:
    stage = a_full_vault(60)
    await stage.tick()
    stage.pass_time(days(31))
    for _ in range(4):
        stage.pass_time(minutes(10))
        app = stage.rotation()
        vault = FailingVault(app.outside.vault, 0)
        since, stage.last_tick = stage.last_tick, stage.now
        found = await Rotation(app.settings, replace(app.outside, vault=vault)).tick(since, stage.now)  # type: ignore[arg-type]
        assert (len(found.listed), found.unseen) == (50, 10)
        assert [problem.code for problem in found.problems] == ["TryLater"]
