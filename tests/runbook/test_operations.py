"""The planned procedures of docs/operations.md, command by command, without an outage for consumers."""

import asyncio
import json
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from lab.emulator.directory import Identity, Role
from lab.emulator.errors import AzureError
from shared.domain.names import QUEUE
from tests.runbook.operating import (
    APP,
    AUDIT,
    DAILY,
    PLAN,
    SETTING,
    START,
    STOP,
    fingerprint_of,
    regenerated,
    shown,
    versions_of,
)
from tests.runbook.site import Site

procedure = pytest.mark.procedure


@procedure("Upgrade")
async def test_a_deployment_in_the_middle_of_a_rotation_loses_nothing(site: Site) -> None:
    await site.live_for(days=27, every=DAILY)
    site.pass_time(days=2)
    await site.timer()
    queued = list(site.queue)
    working = asyncio.create_task(site.work())
    site.world.faults.add("arm.regenerateKey", "hook", when="after", hook=lambda _: working.cancel())
    with suppress(asyncio.CancelledError):
        await working
    assert regenerated(site) == 1
    assert site.works()
    before = await site.run(PLAN)
    assert "resumed" in before.text
    await site.run("azd provision")
    await site.run("azd deploy")
    assert (await site.run("GET /api/health")).status == 200
    assert (await site.run("python -m cli doctor")).data["failed"] == 0
    assert (await site.run(PLAN)).data == before.data
    site.queue = queued  # the interrupted message is delivered again
    await site.work()
    assert regenerated(site) == 1
    assert site.vault.get_secret("chat-key").tags["CredentialId"] == "key2"
    assert site.works()


@procedure("Upgrade to sealed tags")
async def test_what_unsealed_tags_say_is_kept_if_the_settings_say_when_the_earlier_release_ended(site: Site) -> None:
    await site.live_for(days=29, every=DAILY)
    tags = site.vault.get_secret("chat-key").tags
    assert "key-rotation-previous" in tags
    unsealed = {**tags, "key-rotation-endpoint": " ".join(tags["key-rotation-endpoint"].split(" ")[:2])}
    site.vault.update_secret("chat-key", tags=unsealed)
    site.pass_time(minutes=1)
    await site.run("azd deploy")
    assert "does not count" in (await site.run("python -m cli doctor")).text
    now = site.world.clock.utcnow().isoformat()
    await site.run("azd env set ROTATION_SEALED_SINCE <time>", time=now)
    await site.run("azd provision")
    assert "does not count" not in (await site.run("python -m cli doctor")).text
    await site.look()
    kept = site.vault.get_secret("chat-key").tags
    assert kept["key-rotation-previous"] == tags["key-rotation-previous"]
    assert len(kept["key-rotation-endpoint"].split(" ")) == 3
    assert site.works()


async def rolled_back(site: Site, newer: dict[str, str]) -> None:
    """Write tags that a newer version of the app could have written, and deploy the older one."""
    tags = site.vault.get_secret("chat-key").tags
    site.vault.update_secret("chat-key", tags={**tags, **newer})
    await site.run(AUDIT)
    await site.run(STOP, **APP)
    await site.run("azd deploy")
    await site.run(START, **APP)


@procedure("Rollback")
async def test_an_unknown_tag_of_a_newer_version_is_ignored_and_removed_by_the_next_write(site: Site) -> None:
    await site.settle()
    await rolled_back(site, {"key-rotation-colour": "blue"})
    assert "nothing-due" in (await site.run(PLAN)).text
    assert "key-rotation-colour" in site.vault.get_secret("chat-key").tags
    await site.live_for(days=31, every=DAILY)
    assert "key-rotation-colour" not in site.vault.get_secret("chat-key").tags
    assert site.works()


@pytest.mark.parametrize(
    "newer",
    [
        {"key-rotation-told": "origin moon=1780000000/"},
        {"key-rotation-origin": "borrowed 20261122T050000.000000Z"},
        {"key-rotation-owed": "x1a1b2c3d4e5f607181780000000"},
    ],
    ids=["told", "origin", "owed"],
)
@procedure("Rollback")
async def test_marks_that_are_lost_for_an_older_version_are_made_from_the_versions_before(
    site: Site, newer: dict[str, str]
) -> None:
    await site.live_for(days=29, every=DAILY)  # the previous key is promised for two more days
    previous, before, versions = site.account().keys["key1"].value, regenerated(site), len(versions_of(site))
    await rolled_back(site, newer)
    assert "tags-lost" in (await site.run(PLAN)).text
    await site.tick()
    assert (regenerated(site), len(versions_of(site))) == (before, versions)
    assert not site.ended(previous)
    await site.live_for(days=15, every=DAILY)
    assert site.ended(previous)
    told = [
        one["deadline"]
        for one in site.announced("RetirementAnnounced")
        if one["fingerprint"] == fingerprint_of(previous)
    ]
    assert told
    assert site.works()


async def last_of_a_tick(site: Site) -> int:
    """Run the timer, and return after how many seconds the last of its turns begins."""
    site.world.queues.clear(QUEUE)
    site.pass_time(minutes=10)
    await site.timer()
    messages = site.world.queues.queue(QUEUE).messages.values()
    return round(max(one.visible for one in messages) - site.world.clock.now())


@procedure("Many accounts due at once")
async def test_turns_are_spread_further_where_others_use_what_azure_allows(site: Site) -> None:
    site.world.clock.freeze()
    for number in range(60):
        site.world.accounts.add(f"more-{number}", tags={"key-rotation": "on"})
    assert await last_of_a_tick(site) == 2
    await site.run(f"{SETTING}ROTATION_ARM_WRITES=5", **APP)
    await site.run(f"{SETTING}ROTATION_SECRET_CREATIONS=15", **APP)
    assert await last_of_a_tick(site) == 10
    await site.work()
    assert all(site.works(f"more-{number}") for number in range(60))


@procedure("Rollback")
async def test_an_unfinished_leak_is_forgotten_by_a_version_that_cannot_read_the_tag(site: Site) -> None:
    await site.settle()
    out = site.vault.get_secret("chat-key").value
    site.world.faults.add("arm.regenerateKey", "status", status=503, skip=1, times=0)
    await site.type("python -m cli leak chat --key live")
    site.world.faults.clear()
    assert "leaked-key-works" in (await site.type(AUDIT)).text
    await rolled_back(site, {"key-rotation-told": "moon"})
    assert "tags-lost" in (await site.run(PLAN)).text
    await site.tick()
    assert not site.ended(out)  # as the page says


@procedure("Rollback")
async def test_an_awaited_deployment_and_owed_announcements_are_forgotten_too(site: Site) -> None:
    await site.settle()
    site.topic.outage = 503
    for _ in range(2):
        await site.type("python -m cli leak chat --key live --confirm chat")
    await site.type("python -m cli arm chat --environment production")
    row = (await site.type("GET /api/targets/<name>", name="chat")).data
    assert row["waitsFor"]["environment"] == "production"
    assert "untold" in (await site.type(AUDIT)).text
    await rolled_back(site, {"key-rotation-told": "moon"})
    assert "adopt-in-place" in (await site.run(PLAN)).text
    site.topic.outage = None
    events = len(site.announced("KeyRotated"))
    await site.look()
    assert "waitsFor" not in (await site.type("GET /api/targets/<name>", name="chat")).data
    assert "untold" not in (await site.type(AUDIT)).text
    assert len(site.announced("KeyRotated")) == events
    assert site.works()


@procedure("Rollback")
async def test_a_message_of_a_newer_version_is_given_up_and_logged(site: Site) -> None:
    await rolled_back(site, {})
    await site.run(PLAN)
    asked = site.world.clock.utcnow().isoformat()
    wish = {"wish": "rotate", "by": "ada", "request_id": "r-1"}
    site.queue.append(json.dumps({"target": "chat", "asked": asked, "request": wish, "colour": "blue"}))
    await site.work()
    assert site.queue == []
    assert "turn_poison: a message was given up" in site.telemetry.text
    assert "unknown members: colour" in site.telemetry.text


@procedure("Stop and observe")
async def test_keys_work_while_the_app_is_stopped_or_observes_and_none_ends_unannounced_afterwards(site: Site) -> None:
    await site.live_for(days=27, every=DAILY)
    await site.run(SETTING + "ROTATION_MODE=observe", **APP)
    events = len(site.topic.events)
    await site.live_for(days=10, every=DAILY)
    assert "planned (due)" in site.telemetry.text
    asked = {"wish": "rotate", "by": "ada", "request_id": "r-1"}
    site.queue.append(json.dumps({"target": "chat", "asked": site.world.clock.utcnow().isoformat(), "request": asked}))
    await site.work()
    assert site.queue == []
    assert (regenerated(site), len(site.topic.events)) == (0, events)
    await site.run(SETTING + "ROTATION_MODE=rotate", **APP)
    await site.tick()
    previous = site.account().keys["key1"].value
    await site.run(STOP, **APP)
    await site.live_for(days=10, every=DAILY)
    assert not site.ended(previous)
    await site.run(START, **APP)
    await site.live_for(days=4, every=timedelta(hours=6))
    assert site.ended(previous)
    told = [one for one in site.announced("RetirementAnnounced") if one["fingerprint"] == fingerprint_of(previous)]
    assert datetime.fromisoformat(told[0]["deadline"]) < site.world.clock.utcnow()
    assert site.works()


@procedure("Take a target out")
async def test_a_target_that_is_enrolled_again_after_months_continues_where_it_stopped(site: Site) -> None:
    await site.live_for(days=31, every=DAILY)
    previous, before, events = site.account().keys["key1"].value, regenerated(site), len(site.topic.events)
    await site.run(shown(site, "key-rotation=off"), account_id=site.account().id)
    await site.live_for(days=60, every=DAILY)
    assert (regenerated(site), len(site.topic.events)) == (before, events + len(site.announced("DeadlineWithdrawn")))
    assert site.announced("DeadlineWithdrawn")
    assert not site.ended(previous)
    assert site.works()
    assert "no-longer-enrolled" in (await site.type(AUDIT)).text
    await site.run(shown(site, "key-rotation=on"), account_id=site.account().id)
    await site.tick()
    assert fingerprint_of(previous) in {one["fingerprint"] for one in site.announced("RetirementAnnounced")}
    assert not site.ended(previous)  # it is announced anew first
    await site.live_for(days=5, every=timedelta(hours=12))
    assert site.ended(previous)
    assert regenerated(site) == before + 2
    assert site.works()


@procedure("Agree on a sunset")
async def test_a_sunset_is_announced_and_happens_when_no_call_uses_a_key(site: Site) -> None:
    account, workspace = site.account(), site.world.workspace
    site.take_away("keyAuthSwitch")
    site.take_away("keyCallCounter")
    date = (site.world.clock.utcnow() + timedelta(days=20)).date().isoformat()
    await site.run("azd env set ROTATION_ALLOW_SUNSET true")
    await site.run("azd env set ROTATION_LOG_WORKSPACE <workspace id>", workspace_id=workspace.resource_id)
    await site.run("azd provision")
    await site.run(shown(site, "key-rotation-sunset"), date=date, account_id=account.id)
    workspace.note(account.id, ago=3600)
    assert date in (await site.run("python -m cli deadlines")).text
    assert (await site.run("python -m cli doctor")).data["failed"] == 0
    for _ in range(22):
        await site.live_for(days=1, every=DAILY)
        workspace.note(account.id)
    assert not account.disable_local_auth
    assert "still-used" in (await site.type(PLAN)).text
    assert "used by 1 caller" in (await site.run("python -m cli readiness")).text
    told = [(one["deadline"][:10], one.get("leadTime")) for one in site.announced("SunsetAnnounced")]
    assert told == [(date, None), (date, "P14D"), (date, "P7D"), (date, "P1D")]
    workspace.note(account.id, caller="a consumer that has left keys behind")
    for _ in range(39):
        await site.live_for(days=1, every=DAILY)
        workspace.note(account.id, caller="a consumer that has left keys behind")
    assert account.disable_local_auth
    assert not site.vault.secrets["chat-key"].versions[-1].enabled
    assert len(site.announced("KeyAuthDisabled")) == 1


@procedure("Take back a sunset")
async def test_a_sunset_is_postponed(site: Site) -> None:
    def in_days(days: int) -> str:
        return (site.world.clock.utcnow() + timedelta(days=days)).date().isoformat()

    later = shown(site, "key-rotation-sunset")
    account = site.account()
    await site.type(
        f"az tag update --operation merge --tags key-rotation-sunset={in_days(5)} --resource-id {account.id}"
    )
    await site.live_for(days=3, every=DAILY)
    await site.run(later, later_date=in_days(8), account_id=account.id)
    await site.live_for(days=6, every=DAILY)
    assert not account.disable_local_auth
    await site.live_for(days=4, every=DAILY)
    assert account.disable_local_auth
    assert [one["deadline"][:10] for one in site.announced("SunsetAnnounced")][-1]
    assert site.announced("KeyAuthDisabled")


async def at_its_sunset(site: Site) -> list[str]:
    """Let the account have its sunset, and return the values of its keys."""
    date = (site.world.clock.utcnow() + timedelta(days=5)).date().isoformat()
    await site.type(
        f"az tag update --operation merge --tags key-rotation-sunset={date} --resource-id {site.account().id}"
    )
    await site.live_for(days=8, every=DAILY)
    assert site.account().disable_local_auth
    return [key.value for key in site.account().keys.values()]


@procedure("Undo a sunset")
async def test_keys_that_are_switched_on_again_are_published_anew_and_stay_on_with_a_later_date(site: Site) -> None:
    account, values = site.account(), await at_its_sunset(site)
    later = (site.world.clock.utcnow() + timedelta(days=60)).date().isoformat()
    await site.run(shown(site, "key-rotation-sunset"), later_date=later, account_id=account.id)
    await site.run(shown(site, "disableLocalAuth=false"), account_id=account.id)
    await site.look()
    assert "keys-are-back" in site.telemetry.text
    assert len(site.announced("KeyAuthEnabled")) == 1
    assert (await site.type("python -m cli status chat")).code == 0
    assert [key.value for key in account.keys.values()] == values
    assert site.works()
    await site.live_for(days=40, every=DAILY)
    assert not account.disable_local_auth
    assert site.works()


@procedure("Undo a sunset")
async def test_with_the_old_date_keys_end_again_and_not_before_that_is_announced_with_the_notice(site: Site) -> None:
    site.excused = True  # it leaves the date as it was
    await at_its_sunset(site)
    await site.run(shown(site, "disableLocalAuth=false"), account_id=site.account().id)
    back = site.world.clock.utcnow()
    await site.look()
    await site.live_for(hours=20, every=timedelta(hours=4))
    assert not site.account().disable_local_auth
    assert datetime.fromisoformat(site.announced("SunsetAnnounced")[-1]["deadline"]) >= back + DAILY
    await site.live_for(days=3, every=DAILY)
    assert site.account().disable_local_auth
    assert len(site.announced("KeyAuthDisabled")) == 2


WORKSPACE = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/log"
DESTROYS = [
    "Microsoft.Authorization/locks/delete",
    "Microsoft.Insights/diagnosticSettings/delete",
    "Microsoft.Insights/diagnosticSettings/write",
    "Microsoft.OperationalInsights/workspaces/delete",
    "Microsoft.OperationalInsights/workspaces/purge/action",
    "Microsoft.OperationalInsights/workspaces/tables/deleteData/action",
    "Microsoft.OperationalInsights/workspaces/tables/write",
    "Microsoft.OperationalInsights/workspaces/write",
]


@procedure("The trail")
async def test_the_trail_is_locked_and_the_app_has_no_right_to_delete_it(site: Site) -> None:
    directory = site.world.directory
    directory.define(Role("Contributor", actions=("*",), not_actions=("Microsoft.Authorization/*/delete",)))
    directory.assign(directory.add(Identity("contractor")).name, "Contributor")
    listed = await site.run(shown(site, "role assignment list"), workspace_id=WORKSPACE)
    assert "Contributor contractor" in listed, "who may delete rows is seen"
    assert [one for one in DESTROYS if directory.allows(site.world.app, one, WORKSPACE)] == []
    await site.run(shown(site, "lock create"), group="rg")
    with pytest.raises(AzureError, match="keep-the-trail"):
        await site.type("azd down")
    await site.type("azd provision")
    await site.run(shown(site, "lock delete"), group="rg")
    await site.run("azd down")


@procedure("Leave the product")
async def test_consumers_keep_a_working_key_after_the_product_is_removed(site: Site) -> None:
    await site.settle()
    mine = site.world.add_vault("mine")
    await site.azure.serve_vault(mine)
    await site.run(shown(site, "secret set"), your_vault="mine", vault="keys", secret="chat-key")
    await site.run(STOP, **APP)
    await site.run(shown(site, "tag update"), account_id=site.account().id)
    await site.run("azd down")
    assert "key-rotation" not in site.account().tags
    await site.live_for(days=400, every=timedelta(days=100))
    assert site.works(vault="mine")
