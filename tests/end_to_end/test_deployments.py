"""A rotation that waits for a deployment: armed, announced, started by the pipeline, and never twice."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import icalendar
import pytest

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from shared.domain.requests import AwaitedDeployment
from tests.end_to_end.calls import Doors, credential, events, marks_of, noted, regenerations, the_overlap_is_over
from tests.end_to_end.conftest import a_host, kinds, published, tick, works

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ARMED = "targets/chat/deployment"
PRODUCTION = {"environment": "production"}


@pytest.fixture
def doors(host: FunctionHost, http) -> Doors:
    return Doors(host, http)


@pytest.fixture
def quiet(azure: Azure) -> Azure:
    """Two targets that were rotated ten days ago, so that nothing is due."""
    for name in ("chat", "search"):
        published(azure, azure.world.accounts.named(name), days_ago=10)
    return azure


def ago(time: timedelta) -> datetime:
    return datetime.now(UTC) - time


async def test_arming_regenerates_nothing_and_the_survey_shows_the_awaited_deployment(doors, quiet) -> None:
    latest = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5)
    wish = {"environment": "Production", "soak": "PT2H", "latest": latest.isoformat(), "reason": "release 4"}
    armed = await doors.ask("PUT", ARMED, wish)
    assert (armed.status, armed.data["reason"]) == (200, "armed")
    row = (await doors.get("targets/chat")).data
    assert row["waitsFor"] == {"environment": "Production", "soak": "PT2H", "latest": latest.isoformat()}
    assert (row["due"], row["reason"]) == (latest.isoformat(), "nothing-due")
    assert "waitsFor" not in (await doors.get("targets/search")).data
    assert not regenerations(quiet)


async def test_arming_is_announced_once_with_the_latest_time(doors, quiet) -> None:
    await doors.ask("PUT", ARMED, PRODUCTION)
    await doors.ask("PUT", ARMED, PRODUCTION)
    await tick(doors.host)
    (said,) = events(quiet, "chat", "RotationAnnounced")
    assert said["afterDeploymentTo"] == "production"
    assert datetime.fromisoformat(said["deadline"]) == marks_of(quiet, "chat").since + timedelta(days=30)


async def test_a_deployment_rotates_now_whatever_the_case_of_its_environment(doors, quiet) -> None:
    before = quiet.world.accounts.named("chat").keys["key1"].value
    await doors.ask("PUT", ARMED, {"environment": "Production"})
    heard = await doors.post("deployments", {"environment": "pRODUCTION"})
    assert (heard.status, heard.data["targets"], heard.data["problems"]) == (202, ["chat"], [])
    await doors.host.idle()
    assert (credential(quiet, "chat"), credential(quiet, "search")) == ("key2", "key1")
    assert works(quiet, "chat")
    assert quiet.world.accounts.key_accepted(quiet.world.accounts.named("chat"), before)
    assert quiet.world.journal.count("arm.listAccounts") == 2, "the turn itself needs no listing of the fleet"
    (rotated,) = events(quiet, "chat", "KeyRotated")
    assert (rotated["requestedBy"], rotated["requestReason"]) == ("deployment", "deployment to Production")


async def test_a_deployment_to_another_environment_does_nothing(doors, quiet) -> None:
    await doors.ask("PUT", ARMED, PRODUCTION)
    heard = await doors.post("deployments", {"environment": "staging"})
    assert (heard.status, heard.data["targets"]) == (200, [])
    assert heard.data["why"] == "No target waits for a deployment to staging."
    assert "PUT /api/targets/{name}/deployment" in heard.data["nextStep"]
    await doors.host.idle()
    assert not regenerations(quiet)
    assert not doors.host.activity.finished_of("turn")


async def test_the_rotation_waits_for_the_soak_time_after_the_deployment(doors, quiet) -> None:
    await doors.ask("PUT", ARMED, {"environment": "production", "soak": "PT2H"})
    await doors.post("deployments", PRODUCTION)
    await doors.host.idle()
    fired = marks_of(quiet, "chat").awaited
    assert fired is not None
    assert fired.deployed is not None
    row = (await doors.get("targets/chat")).data
    assert (row["due"], regenerations(quiet)) == ((fired.deployed + 2 * HOUR).isoformat(), 0)
    noted(quiet, "chat", awaited=AwaitedDeployment("production", 2 * HOUR, deployed=ago(2 * HOUR - MINUTE)))
    await tick(doors.host)
    assert not regenerations(quiet)
    noted(quiet, "chat", awaited=AwaitedDeployment("production", 2 * HOUR, deployed=ago(2 * HOUR)))
    await tick(doors.host)
    assert (credential(quiet, "chat"), works(quiet, "chat")) == ("key2", True)


async def test_without_a_deployment_the_target_is_rotated_after_its_latest_time(doors, quiet) -> None:
    noted(quiet, "chat", awaited=AwaitedDeployment("production", latest=datetime.now(UTC) + HOUR))
    await tick(doors.host)
    assert not regenerations(quiet)
    noted(quiet, "chat", awaited=AwaitedDeployment("production", latest=ago(MINUTE)))
    await tick(doors.host)
    assert (credential(quiet, "chat"), works(quiet, "chat")) == ("key2", True)
    assert "requestedBy" not in events(quiet, "chat", "KeyRotated")[0]


async def test_a_disarmed_target_does_not_rotate_after_the_deployment(doors, quiet) -> None:
    await doors.ask("PUT", ARMED, PRODUCTION)
    taken = await doors.ask("DELETE", ARMED)
    assert (taken.status, taken.data["reason"]) == (200, "disarmed")
    assert (await doors.post("deployments", PRODUCTION)).data["targets"] == []
    await doors.host.idle()
    assert "waitsFor" not in (await doors.get("targets/chat")).data
    assert not regenerations(quiet)
    assert (await doors.ask("DELETE", ARMED)).data["reason"] == "already-done"


async def test_the_same_deployment_reported_again_after_a_restart_does_not_rotate_twice(azure, http) -> None:
    """With the tag, the new version waits for a deployment too; only the Idempotency-Key shows the repeat."""
    chat = azure.world.accounts.named("chat")
    azure.world.accounts.update(chat.id, {"tags": {**chat.tags, "key-rotation-after-deployment": "production"}})
    published(azure, chat, days_ago=10)
    async with a_host(azure) as host:
        doors = Doors(host, http)
        assert (await doors.post("deployments", PRODUCTION, Idempotency_Key="run-17")).status == 202
        await host.idle()
        assert (await doors.post("deployments", PRODUCTION, Idempotency_Key="run-17")).data["targets"] == ["chat"]
        await host.idle()
    the_overlap_is_over(azure, "chat")
    async with a_host(azure) as host:
        await Doors(host, http).post("deployments", PRODUCTION, Idempotency_Key="run-17")
        await host.idle()
        await tick(host)
        assert regenerations(azure, "chat") == 1
        await Doors(host, http).post("deployments", PRODUCTION, Idempotency_Key="run-18")
        await host.idle()
    assert regenerations(azure, "chat") == 2


async def test_the_same_deployment_reported_again_does_not_restart_its_soak_time(doors, quiet) -> None:
    await doors.ask("PUT", ARMED, {"environment": "production", "soak": "PT2H"})
    await doors.post("deployments", PRODUCTION, Idempotency_Key="run-1")
    await doors.host.idle()
    noted(quiet, "chat", awaited=AwaitedDeployment("production", 2 * HOUR, deployed=ago(HOUR), id="run-1"))
    due = (await doors.get("targets/chat")).data["due"]
    await doors.post("deployments", PRODUCTION, Idempotency_Key="run-1")
    await doors.host.idle()
    assert (await doors.get("targets/chat")).data["due"] == due


async def test_one_deployment_reported_twice_at_the_same_time_rotates_once(doors, quiet) -> None:
    await doors.ask("PUT", ARMED, PRODUCTION)
    both = [doors.post("deployments", PRODUCTION, Idempotency_Key="run-1") for _ in range(2)]
    assert [one.status for one in await asyncio.gather(*both)] == [202, 202]
    for _ in range(3):  # a turn that finds the target held is delivered again half a minute later
        await doors.host.idle()
        quiet.world.clock.advance(31)
    assert (credential(quiet, "chat"), regenerations(quiet)) == ("key2", 1)
    assert len(events(quiet, "chat", "KeyRotated")) == 1


async def test_the_next_tick_finishes_a_rotation_interrupted_after_its_deployment(doors, quiet) -> None:
    await doors.ask("PUT", ARMED, PRODUCTION)
    quiet.world.faults.add("kv.setSecret", "status", status=409, code="Conflict")
    await doors.post("deployments", PRODUCTION)
    await doors.host.idle()
    assert (credential(quiet, "chat"), regenerations(quiet)) == ("key1", 1)
    await tick(doors.host)
    assert (credential(quiet, "chat"), works(quiet, "chat"), regenerations(quiet)) == ("key2", True, 1)
    assert events(quiet, "chat", "KeyRotated")[0]["requestedBy"] == "deployment"


async def test_a_deployment_during_an_overlap_rotates_after_the_overlap(doors, azure: Azure) -> None:
    chat = azure.world.accounts.named("chat")
    published(azure, chat, days_ago=1, previous=True, announced=True)
    await doors.ask("PUT", ARMED, PRODUCTION)
    await doors.post("deployments", PRODUCTION)
    await doors.host.idle()
    row = (await doors.get("targets/chat")).data
    assert (row["reason"], row["heldUntil"]) == ("overlap-runs", row["previousKeyWorksUntil"])
    assert not regenerations(azure)
    remembered = marks_of(azure, "chat").awaited
    published(azure, chat, days_ago=3.1, previous=True, announced=True)
    noted(azure, "chat", awaited=remembered)
    await tick(doors.host)
    assert (credential(azure, "chat"), works(azure, "chat")) == ("key2", True)
    assert [event["requestedBy"] for event in events(azure, "chat", "KeyRotated")] == ["deployment"]


async def test_a_tag_on_the_account_arms_every_new_version(doors, quiet) -> None:
    chat = quiet.world.accounts.named("chat")
    quiet.world.accounts.update(chat.id, {"tags": {**chat.tags, "key-rotation-after-deployment": "production PT1H"}})
    await tick(doors.host)
    (said,) = events(quiet, "chat", "RotationAnnounced")
    assert (said["afterDeploymentTo"], said["soakTime"]) == ("production", "PT1H")
    assert (await doors.get("targets/chat")).data["waitsFor"] == {"environment": "production", "soak": "PT1H"}
    await doors.post("deployments", PRODUCTION, Idempotency_Key="run-1")
    await doors.host.idle()
    fired = marks_of(quiet, "chat").awaited
    assert fired is not None
    noted(quiet, "chat", awaited=AwaitedDeployment("production", HOUR, deployed=ago(HOUR), id=fired.id))
    await tick(doors.host)
    assert credential(quiet, "chat") == "key2"
    assert (await doors.get("targets/chat")).data["waitsFor"] == {"environment": "production", "soak": "PT1H"}
    said = [one["fingerprint"] for one in events(quiet, "chat", "RotationAnnounced") if "afterDeploymentTo" in one]
    assert len(set(said)) == len(said) == 2


async def test_a_target_of_the_settings_can_wait_for_every_deployment(azure: Azure, http) -> None:
    chat = azure.world.accounts.named("chat")
    published(azure, chat, days_ago=10)
    targets = json.dumps([{"account": chat.id, "after-deployment": "production"}])
    async with a_host(azure, ROTATION_TARGETS=targets) as host:
        assert (await Doors(host, http).post("deployments", PRODUCTION)).data["targets"] == ["chat"]
        await host.idle()
    assert (credential(azure, "chat"), works(azure, "chat")) == ("key2", True)


async def test_deadlines_show_the_awaited_deployment_and_the_calendar_moves_its_entry(doors, quiet) -> None:
    def rotation(text: str) -> icalendar.Component:
        return next(
            one for one in icalendar.Calendar.from_ical(text).walk("VEVENT") if "chat: rotation" in one.values()
        )

    before = rotation((await doors.get("deadlines.ics")).data)
    latest = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5)
    await doors.ask("PUT", ARMED, {"environment": "production", "latest": latest.isoformat()})
    shown = await doors.get("deadlines.ics")
    after = rotation(shown.data)
    assert shown.headers["Content-Type"].startswith("text/calendar")
    assert (after["UID"], after["DTSTART"].dt) == (before["UID"], latest)
    assert before["DTSTART"].dt > latest
    first = (await doors.get("deadlines")).data["deadlines"][0]
    assert (first["target"], first["at"], first["afterDeploymentTo"]) == ("chat", latest.isoformat(), "production")


async def test_if_a_vault_cannot_be_listed_the_others_rotate_and_the_pipeline_repeats_its_report(
    azure: Azure, http
) -> None:
    dark = azure.world.add_vault("dark")
    url = await azure.serve_vault(dark)
    search = azure.world.accounts.named("search")
    azure.world.accounts.update(search.id, {"tags": {**search.tags, "key-rotation-vault": url}})
    chat = azure.world.accounts.named("chat")
    azure.world.accounts.update(chat.id, {"tags": {**chat.tags, "key-rotation-after-deployment": "production"}})
    published(azure, chat, days_ago=10)
    dark.firewall_closed = True
    async with a_host(azure, ROTATION_VAULTS=url) as host:
        heard = await Doors(host, http).post("deployments", PRODUCTION, Idempotency_Key="run-1")
        assert (heard.status, heard.data["title"], heard.data["targets"]) == (503, "TryLater", ["chat"])
        assert int(heard.headers["Retry-After"]) > 0
        assert [one["thing"] for one in heard.data["problems"]] == [url]
        await host.idle()
        assert credential(azure, "chat") == "key2"
        dark.firewall_closed = False
        again = await Doors(host, http).post("deployments", PRODUCTION, Idempotency_Key="run-1")
        await host.idle()
    assert (again.status, regenerations(azure, "chat")) == (202, 1)


async def test_an_account_with_an_invalid_tag_is_named_and_does_not_make_the_pipeline_repeat(doors, quiet) -> None:
    """Repeating does not correct a tag, and one misconfigured account must not fail the deployments of all others."""
    await doors.ask("PUT", ARMED, PRODUCTION)
    search = quiet.world.accounts.named("search")
    quiet.world.accounts.update(search.id, {"tags": {**search.tags, "key-rotation-period": "monthly"}})
    heard = await doors.post("deployments", PRODUCTION)
    assert (heard.status, heard.data["targets"]) == (202, ["chat"])
    assert [one["error"] for one in heard.data["problems"]] == ["FixConfiguration"]
    await doors.host.idle()
    assert credential(quiet, "chat") == "key2"


async def test_if_accounts_cannot_be_listed_the_pipeline_repeats_its_report(doors, quiet) -> None:
    quiet.world.faults.add("arm.listAccounts", "status", status=403, code="AuthorizationFailed", times=0)
    heard = await doors.post("deployments", PRODUCTION)
    assert (heard.status, [one["error"] for one in heard.data["problems"]]) == (503, ["GrantRole"])


async def test_a_dry_run_of_a_deployment_names_the_waiting_targets_and_rotates_none(doors, quiet) -> None:
    await doors.ask("PUT", ARMED, PRODUCTION)
    heard = await doors.post("deployments", {"environment": "production", "dry_run": True})
    assert (heard.status, heard.data["targets"]) == (200, ["chat"])
    await doors.host.idle()
    assert not doors.host.activity.finished_of("turn")
    assert marks_of(quiet, "chat").awaited == AwaitedDeployment("production")


async def test_observe_mode_only_plans_an_arm_request(quiet, http) -> None:
    async with a_host(quiet, ROTATION_MODE="observe") as host:
        planned = await Doors(host, http).ask("PUT", ARMED, PRODUCTION)
    assert (planned.status, planned.data["result"]) == (200, "planned")
    assert marks_of(quiet, "chat").awaited is None
    assert not kinds(quiet, "chat")
