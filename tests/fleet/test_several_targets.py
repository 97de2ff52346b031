"""Several targets: one with a problem is named and does not stop the others (P10), and clashes are found."""

import pytest

from lab.simulation.dates import at, minutes
from lab.simulation.stage import a_stage, lived_until


async def test_a_deleted_secret_is_named_and_does_not_stop_other_targets():
    stage = a_stage(3)
    await stage.tick()
    stage.vault.delete_secret("chat-2-key")
    await stage.until(at(day=31))
    versions = {name: len(secret.versions) for name, secret in stage.vault.secrets.items()}
    assert versions == {"chat-key": 2, "chat-3-key": 2}
    outcomes = await stage.tick()
    assert outcomes["chat-2"].reason == "PersonMustLook"


async def test_a_deleted_account_does_not_stop_other_targets():
    stage = a_stage(3)
    await stage.tick()
    gone = stage.world.accounts.named("chat-2").id
    stage.witness.forget("chat-2")
    stage.world.accounts.remove(gone)
    outcomes = await stage.until(at(day=31))
    assert {outcome.reason for outcome in outcomes if outcome.target == "chat-2"} == {"FixConfiguration"}
    assert len(stage.vault.secrets["chat-3-key"].versions) == 2


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("key-rotation-origin", "rotated 99991231T235959.000000Z"),
        ("key-rotation-told", "rotation=99999999999999999999/5"),
    ],
    ids=["made in the year 9999", "announced after the year 9999"],
)
async def test_an_absurd_tag_on_a_secret_does_not_stop_other_targets(tag: str, text: str):
    stage = a_stage(3)
    await stage.tick()
    stage.vault.secrets["chat-2-key"].latest.tags[tag] = text
    stage.pass_time(minutes(10))
    await stage.tick()
    await stage.until(at(day=31))
    assert len(stage.vault.secrets["chat-3-key"].versions) == 2


async def test_accounts_are_enrolled_by_their_tags():
    stage = a_stage(2, tagged=True)
    stage.account.tags = {"Key-Rotation": "On", "key-rotation-owner": "team-chat"}
    await stage.tick()
    assert list(stage.vault.secrets) == ["chat-key"]
    assert stage.events("KeyAdopted")[0]["data"]["owner"] == "team-chat"


async def test_an_invalid_tag_is_one_problem_and_the_other_accounts_take_part():
    stage = a_stage(3, tagged=True)
    for account in stage.world.accounts:
        account.tags = {"key-rotation": "on"}
    stage.account.tags["key-rotation-period"] = "monthly"
    found = await stage.run_timer()
    assert [one.target.name for one in found.turns] == ["chat-2", "chat-3"]
    assert "monthly" in str(found.problems[0])


async def test_a_vault_that_cannot_be_listed_is_one_problem_and_its_targets_get_no_turn():
    stage = await lived_until(5)
    stage.world.down.add("kv")
    stage.pass_time(minutes(10))
    found = await stage.run_timer()
    assert (found.turns, found.unseen, len(found.problems)) == ([], 1, 1)
