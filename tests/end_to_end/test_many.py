"""In the running app, under the shipped roles: many at once, by one host and finished by another."""

import asyncio

from tests.end_to_end.calls import Doors, regenerations
from tests.end_to_end.conftest import a_host, published, tick, works

LEAK = {"select": {"all": True}, "kind": "leak", "key": "live", "reason": "a laptop was stolen"}


async def test_a_leak_of_all_keys_is_planned_confirmed_carried_out_and_followed(azure, http) -> None:
    leaked = {}
    for name in ("chat", "search"):
        account = azure.world.accounts.named(name)
        published(azure, account, days_ago=10)
        leaked[name] = account.keys["key1"].value
    async with a_host(azure) as host:
        doors = Doors(host, http)
        await tick(host)
        planned = await doors.post("rotate", {**LEAK, "dry_run": True})
        assert (planned.status, planned.data["targets"], planned.data["confirm"]) == (
            200,
            ["chat", "search"],
            "2 targets",
        )
        assert (await doors.post("rotate", LEAK)).data["title"] == "ConfirmFirst"
        begun = await doors.post("rotate", {**LEAK, "confirm": "2 targets"}, Idempotency_Key="once")
        assert begun.status == 202, begun.data
        await host.idle()
        again = await doors.post("rotate", {**LEAK, "confirm": "2 targets"}, Idempotency_Key="once")
        assert (again.data["id"], again.data["state"]) == (begun.data["id"], "done")
        seen = await doors.get(f"rotations/{begun.data['id']}")
        assert (seen.data["state"], [row["result"] for row in seen.data["rows"]]) == ("done", ["done", "done"])
        assert [one["id"] for one in (await doors.get("rotations")).data["rotations"]] == [begun.data["id"]]
    assert regenerations(azure) == 4
    for name, value in leaked.items():
        assert works(azure, name)
        assert not azure.world.accounts.key_accepted(azure.world.accounts.named(name), value)


async def test_what_a_stopped_host_had_begun_is_finished_by_ticks_of_two_others_and_rotated_once(azure, http) -> None:
    for name in ("chat", "search"):
        published(azure, azure.world.accounts.named(name), days_ago=10)
    rotate = {"select": {"names": ["chat", "search"]}, "confirm": "2 targets"}
    azure.world.faults.add("queue.put*", "status", status=503, times=0)
    async with a_host(azure) as host:
        begun = await Doors(host, http).post("rotate", rotate)
        assert begun.status == 202, begun.data
        await host.idle()
    assert not regenerations(azure)
    azure.world.faults.clear()
    async with a_host(azure) as one, a_host(azure) as other:
        await asyncio.gather(tick(one), tick(other))
        await asyncio.gather(tick(one), tick(other))
        seen = await Doors(one, http).get(f"rotations/{begun.data['id']}")
        assert seen.data["state"] == "done", seen.data
        stopped = await Doors(other, http).ask("DELETE", f"rotations/{begun.data['id']}")
        assert (stopped.status, stopped.data["state"]) == (200, "done")
    assert regenerations(azure) == 2
