"""The overview shows all targets as the last tick saw them, makes no call for a target, and shows none as healthy that
is not."""

from dataclasses import replace

import pytest

from lab.simulation.builders import SUBSCRIPTION
from lab.simulation.dates import days, hours, minutes
from lab.simulation.stage import Stage, a_stage
from shared.decide.plan import Reason
from shared.domain.errors import GrantRole
from shared.fleet.survey import Overview
from shared.turns.report import Row
from shared.turns.trouble import TROUBLES, forget_trouble, note_trouble

ON = {"key-rotation": "on"}


async def an_adopted_fleet(many: int = 3) -> Stage:
    """Return a stage with so many enrolled accounts, published and seen by a later tick."""
    stage = a_stage(many, tagged=True)
    for target in stage.targets:
        stage.world.accounts[str(target.account)].tags = dict(ON)
    await stage.tick()
    stage.pass_time(minutes(10))
    await stage.tick()
    stage.world.journal.clear()
    return stage


async def overview(stage: Stage) -> Overview:
    return await stage.rotation().overview()


def row_of(seen: Overview, name: str) -> Row:
    return next(row for row in seen.rows if row.target.name == name)


async def test_no_call_is_made_to_azure_for_it() -> None:
    stage = await an_adopted_fleet()
    seen = await overview(stage)
    assert len(seen.rows) == 3
    assert {entry.operation for entry in stage.world.journal.entries} == {"blob.get", "blob.list"}
    assert seen.seen_at == seen.whole_at == stage.now


async def test_what_falls_due_after_the_tick_is_shown_as_due() -> None:
    stage = await an_adopted_fleet()
    await stage.until(stage.now + days(29))
    assert row_of(await overview(stage), "chat").plan.reason is Reason.NOTHING_DUE  # type: ignore[union-attr]
    stage.pass_time(days(3))
    await stage.run_timer()
    stage.pass_time(minutes(5))
    seen = await overview(stage)
    assert row_of(seen, "chat").plan.reason is not Reason.NOTHING_DUE  # type: ignore[union-attr]


async def test_without_a_view_of_the_last_hour_everything_is_listed_and_no_target_is_observed() -> None:
    stage = await an_adopted_fleet()
    stage.pass_time(hours(2))
    seen = await overview(stage)
    assert (seen.seen_at, len(seen.rows)) == (None, 3)
    assert {entry.operation for entry in stage.world.journal.entries} == {
        "blob.get",
        "blob.list",
        "arm.listAccounts",
        "kv.listSecrets",
    }


async def test_storage_that_does_not_answer_does_not_hide_the_fleet() -> None:
    stage = await an_adopted_fleet()
    stage.world.faults.add("blob.get", "status", status=503, code="ServerBusy", times=0)
    assert len((await overview(stage)).rows) == 3


async def test_a_new_target_is_shown_as_not_published() -> None:
    stage = await an_adopted_fleet(1)
    stage.world.accounts.add("new", tags=ON)
    await stage.run_timer()
    row = row_of(await overview(stage), "new")
    assert (row.error, row.plan and row.plan.reason) == (None, Reason.ADOPT)


async def test_an_account_whose_tags_became_wrong_is_shown_as_it_was_known_last_with_what_is_wrong() -> None:
    stage = await an_adopted_fleet()
    stage.account.tags = {**ON, "key-rotation-period": "soon", "key-rotation-owner": "chat-team"}
    await stage.run_timer()
    seen = await overview(stage)
    row = row_of(seen, "chat")
    assert row.error is not None
    assert "'soon' is not an ISO 8601 duration" in row.error.what
    assert (row.data()["live"], row.target.owner) == ("key1", "chat-team")
    assert len(seen.rows) == 3
    assert [one.what for one in seen.problems] == [row.error.what]


@pytest.mark.parametrize("operation", ["arm.listAccounts", "kv.listSecrets"])
async def test_targets_that_cannot_be_listed_any_more_are_shown_as_known_last_with_their_age(operation: str) -> None:
    stage = await an_adopted_fleet()
    before = stage.now
    stage.pass_time(minutes(10))
    stage.world.faults.add(operation, "status", status=403, code="AuthorizationFailed", times=0)
    await stage.run_timer()
    seen = await overview(stage)
    assert len(seen.rows) == 3
    assert {row.shown_at for row in seen.rows} == {before if operation == "kv.listSecrets" else stage.now}
    assert seen.whole_at == before
    assert len(seen.problems) == 1


async def test_a_target_whose_turns_fail_is_not_shown_as_healthy_until_one_ends_well() -> None:
    stage = await an_adopted_fleet()
    notes = stage.rotation().outside.notes
    await note_trouble(notes, stage.target, GrantRole("chat", "it may not list keys."), stage.now)
    found = await stage.run_timer()
    row = row_of(await overview(stage), "chat")
    assert (row.error and row.error.code, row.error and row.error.what) == ("GrantRole", "it may not list keys.")
    assert row.data()["live"] == "key1"
    assert [found.has_trouble(one.enrolled) for one in found.listed] == [True, False, False]
    await forget_trouble(notes, stage.target)
    assert row_of(await overview(stage), "chat").error is None


async def test_failures_show_also_where_no_view_is_young_enough() -> None:
    stage = await an_adopted_fleet()
    await note_trouble(
        stage.rotation().outside.notes, stage.target, GrantRole("chat", "it may not list keys."), stage.now
    )
    stage.pass_time(hours(2))
    seen = await overview(stage)
    assert seen.seen_at is None
    assert [row.error and row.error.code for row in seen.rows].count("GrantRole") == 1


async def test_a_tagged_account_that_shares_its_name_with_an_explicit_target_is_shown_as_what_it_is() -> None:
    stage = a_stage(1)
    other = stage.world.accounts.add("chat", resource_group="other", tags={**ON, "key-rotation-secret": "other-key"})
    stage.settings = replace(stage.settings, subscriptions=(SUBSCRIPTION,), secrets=("other-key",))
    await stage.tick()
    await stage.run_timer()
    seen = await overview(stage)
    assert [str(row.target.account).casefold() for row in seen.rows if row.error is None] == [
        str(stage.target.account).casefold(),
        other.id.casefold(),
    ]
    assert [problem.code for problem in seen.problems] == ["DisputedName"]


async def test_the_note_of_an_account_that_left_is_removed() -> None:
    stage = await an_adopted_fleet()
    notes = stage.rotation().outside.notes
    for target in stage.targets:
        await note_trouble(notes, target, GrantRole(target.name, "it may not list keys."), stage.now)
    stage.account.tags = {}
    await stage.run_timer()
    assert len(await notes.names(TROUBLES)) == 2


async def test_a_target_that_no_check_could_list_is_shown_with_what_is_in_the_way() -> None:
    stage = a_stage(1)
    stage.world.down.add("kv")
    await stage.run_timer()
    [row] = (await overview(stage)).rows
    assert row.error is not None
    assert row.error.what.startswith(f"the vault {stage.vault.url} or the account's subscription could not be listed")


async def test_the_dates_of_an_account_whose_tags_became_wrong_stay_in_the_list_on_hold() -> None:
    stage = await an_adopted_fleet()
    before, _ = await stage.rotation().deadlines()
    stage.account.tags = {**ON, "key-rotation-period": "soon"}
    after, _ = await stage.rotation().deadlines()
    moments = {(one.target.name, one.what): one.falls_at for one in before}
    assert {(one.target.name, one.what): one.falls_at for one in after} == moments
    assert {one.target.name for one in after if one.on_hold} == {"chat"}
