"""The procedures about many targets at once, command by command."""

import json
from datetime import timedelta

import pytest

from lab.emulator.accounts import SUBSCRIPTION
from tests.runbook.site import Site

procedure = pytest.mark.procedure
TICK = {"minutes": 10, "every": timedelta(minutes=10)}
SELECTED = 'python -m cli rotate-many --owner <owner> --reason "<why>" '
LEAKED = 'python -m cli rotate-many --subscription <subscription> --leaked both --reason "<why>" '
CONFIRMED = '--confirm "<number> targets"'
TEAM = {"owner": "team-a", "why": "somebody has left"}


async def with_three(site: Site) -> None:
    """Add two targets of a team, and let a rotation of all three be complete."""
    for name in ("search", "speech"):
        site.world.accounts.add(name, tags={"key-rotation": "on", "key-rotation-owner": "team-a"})
    await site.settle()


@procedure("Many at once")
async def test_the_targets_of_a_team_are_rotated_followed_and_stopped(site: Site) -> None:
    await with_three(site)
    body = {"select": {"owner": "team-a"}, "reason": "somebody has left", "dry_run": True}
    planned = json.loads((await site.run("POST /api/rotate", body)).body)
    assert (sorted(planned["targets"]), planned["confirm"]) == (["search", "speech"], "2 targets")
    assert (await site.run(f"{SELECTED}--dry-run", **TEAM)).data["confirm"] == "2 targets"
    begun = await site.run(SELECTED + CONFIRMED, number="2", **TEAM)
    id_ = begun.data["id"]
    assert json.loads((await site.run("GET /api/rotations/<id>", id=id_)).body)["state"] == "running"
    stopped = await site.run("DELETE /api/rotations/<id>", id=id_)
    assert json.loads(stopped.body)["state"] == "stopped"
    assert (await site.run("python -m cli rotations <id> --stop", id=id_)).data["state"] == "stopped"
    await site.live_for(**TICK)
    before = site.world.journal.count("arm.regenerateKey", effect=True)
    rest = await site.run(f"python -m cli rotate-many --rest-of <id> {CONFIRMED}", id=id_, number="2")
    await site.live_for(**TICK)
    assert site.world.journal.count("arm.regenerateKey", effect=True) == before + 2
    listed = (await site.run("python -m cli rotations")).data["rotations"]
    assert [(one["id"], one["state"]) for one in listed] == [(rest.data["id"], "done"), (id_, "stopped")]
    assert all(site.works(name) for name in ("chat", "search", "speech"))


@procedure("A whole subscription's keys count as leaked")
async def test_both_keys_of_every_account_of_a_subscription_are_dead_and_applications_go_on(site: Site) -> None:
    await with_three(site)
    site.account("speech").kind = "AIServices"
    site.account("search").public_network_access = "Disabled"
    await site.timer()
    leaked = {name: [key.value for key in site.account(name).keys.values()] for name in ("chat", "search", "speech")}
    about = {"subscription": SUBSCRIPTION, "why": "a laptop was stolen"}
    planned = await site.run(f"{LEAKED}--dry-run", **about)
    assert planned.data["targets"] == ["speech", "chat", "search"]
    assert all("deadBy" in row for row in planned.data["rows"])
    site.account("search").public_network_access = "Enabled"
    id_ = (await site.run(LEAKED + CONFIRMED, number="3", **about)).data["id"]
    await site.live_for(**TICK)
    shown = await site.run("python -m cli rotations <id>", id=id_)
    assert (shown.code, shown.data["state"]) == (0, "done")
    assert all("deadSince" in row for row in shown.data["rows"])
    assert all(site.ended(value, name) for name, values in leaked.items() for value in values)
    assert all(site.works(name) for name in leaked)
    site.world.accounts.add("forgotten")
    assert "not-enrolled" in (await site.run("python -m cli audit")).text
