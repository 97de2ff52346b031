"""Every alert of infra/alerts.bicep: it fires, the log shows what its entry says, and it ends after the fix."""

import re
from datetime import timedelta
from itertools import pairwise

import pytest

from shared.handlers import http
from shared.handlers.act_lines import RefusedCallers
from shared.web.callers import Role
from shared.web.sign_in import ENFORCED
from tests.runbook.alarms import METRICS, RULES, SOURCE
from tests.runbook.kusto import duration
from tests.runbook.operating import fingerprint_of
from tests.runbook.site import Site
from tests.support.signed_in import signed_in

entry = pytest.mark.entry
HOURLY = timedelta(hours=1)
STATUS, PLAN, DOCTOR = "python -m cli status <name>", "python -m cli plan", "python -m cli doctor"
LEAK, ROTATE = "POST /api/targets/<name>/leak", "POST /api/targets/<name>/rotate"
REGENERATE = "Microsoft.CognitiveServices/accounts/regenerateKey/action"


def sign_in(site: Site, *roles: Role, object_id: str = "oid-1") -> None:
    """Let a person call with these roles, where callers must sign in."""
    site.monkeypatch.setenv(ENFORCED, "true")
    site.monkeypatch.setattr(http, "REFUSALS", http.REFUSALS if site.caller else RefusedCallers())
    site.caller = signed_in(*roles, object_id=object_id)


async def let_a_day_pass(site: Site) -> None:
    await site.live_for(days=1, hours=1, every=HOURLY)


@entry("Alert: overdue")
async def test_a_rotation_that_fails_for_hours_fires_and_ends_within_a_day_of_the_fix(site: Site) -> None:
    await site.live_for(days=27, every=timedelta(days=1))
    role = site.take_away("keyRotator", REGENERATE)
    await site.live_for(days=1, every=timedelta(days=1))
    await site.live_for(hours=3, every=HOURLY)
    assert not site.rings("overdue")
    await site.live_for(hours=5, every=HOURLY)
    assert site.rings("overdue")
    site.sees()
    plan = await site.run(PLAN)
    assert plan.code == 3
    assert "regenerate key 2" in plan.text
    assert site.works()
    site.world.directory.assign("app", role)
    await site.live_for(hours=1, every=HOURLY)
    assert (await site.run(PLAN)).code == 0
    await let_a_day_pass(site)
    assert not site.rings("overdue")


@entry("Alert: no-tick")
async def test_an_app_that_is_stopped_or_has_invalid_settings_fires_until_it_ticks_again(site: Site) -> None:
    await site.look()
    assert not site.rings("no-tick")
    site.stopped = True
    site.pass_time(hours=2)
    await site.tick()
    assert site.rings("no-tick")
    await site.run("az functionapp start --resource-group <group> --name <app>", group="rg", app="app")
    await site.tick()
    assert not site.rings("no-tick")
    site.sees()
    await site.start(ROTATION_PERIOD="monthly")
    site.pass_time(hours=2)
    await site.tick()
    assert site.rings("no-tick")
    assert (await site.run("GET /api/health")).status == 503
    assert "ROTATION_PERIOD" in (await site.run(DOCTOR)).text
    await site.start(ROTATION_PERIOD="")
    await site.tick()
    assert not site.rings("no-tick")


@entry("Alert: settings")
async def test_a_mistyped_setting_fires_within_the_hour_and_is_shown_everywhere_with_the_right_name(site: Site) -> None:
    await site.start(ROTATION_MOD="observe")
    await site.tick()
    assert site.rings("settings")
    assert not site.rings("no-tick"), "that alert comes an hour later"
    site.sees()
    assert "the nearest is ROTATION_MODE" in site.telemetry.text
    health = await site.run("GET /api/health")
    assert (health.status, health.data["invalidSettings"]) == (503, ["ROTATION_MOD"])
    assert "rename it to ROTATION_MODE" in (await site.run(DOCTOR)).text
    assert "the nearest is ROTATION_MODE" in (await site.type("GET /api/status")).body
    group = {"group": "rg", "app": "app"}
    setting = "az functionapp config appsettings set --resource-group <group> --name <app> --settings <setting>"
    await site.run(setting, **group, setting="ROTATION_MODE=rotate")
    removed = "az functionapp config appsettings delete --resource-group <group> --name <app> --setting-names <name>"
    await site.run(removed, **group, name="ROTATION_MOD")
    assert (await site.run("GET /api/health")).status == 200
    await site.tick()
    site.pass_time(minutes=31)
    assert not site.rings("settings")


@entry("Alert: unseen")
async def test_a_vault_that_cannot_be_listed_fires_although_no_turn_fails(site: Site) -> None:
    role = site.take_away("keyPublisher")
    await site.live_for(hours=4, every=HOURLY)
    assert site.rings("unseen")
    assert not site.rings("turn-failed")
    assert not site.rings("overdue")
    site.sees()
    assert f"'{role} (<environment>, '" in (await site.run(DOCTOR)).text
    site.world.directory.assign("app", role)
    await site.tick()
    assert (await site.run("GET /api/targets")).data["problems"] == []
    await let_a_day_pass(site)
    assert not site.rings("unseen")


@entry("Alert: to-do")
async def test_a_disabled_secret_fires_after_some_hours_and_ends_a_day_after_the_fix(site: Site) -> None:
    await site.settle()
    latest = site.vault.get_secret("chat-key").version
    site.vault.update_secret("chat-key", latest, enabled=False)
    await site.live_for(hours=2, every=HOURLY)
    assert not site.rings("to-do")
    await site.live_for(hours=3, every=HOURLY)
    assert site.rings("to-do")
    site.sees()
    assert '"secret-disabled": 1' in site.telemetry.text
    assert "enable the secret of chat" in (await site.run("python -m cli status")).text
    site.vault.update_secret("chat-key", latest, enabled=True)
    await let_a_day_pass(site)
    await site.live_for(hours=5, every=HOURLY)
    assert not site.rings("to-do")


@entry("Alert: turn-failed")
async def test_one_failed_try_fires_for_half_an_hour(site: Site) -> None:
    site.world.faults.add("kv.getSecret", "status", status=500, times=3)  # the client itself asks three times
    await site.look()
    assert site.rings("turn-failed")
    assert not site.rings("poison")
    site.sees()
    assert (await site.run(STATUS, name="chat")).code == 0
    site.pass_time(minutes=20)
    assert site.rings("turn-failed")
    site.pass_time(minutes=11)
    assert not site.rings("turn-failed")


@entry("Alert: poison")
async def test_a_turn_that_is_given_up_fires_and_is_announced(site: Site) -> None:
    site.take_away("keyPublisher", "Microsoft.KeyVault/vaults/secrets/setSecret/action")
    site.world.accounts.regenerate(site.account().id, "key1")
    await site.look()
    assert site.rings("poison")
    site.sees(f"{site.telemetry.text} {[event['type'] for event in site.topic.events]}")
    assert (await site.run(STATUS, name="chat")).code == 3
    site.world.directory.assign("app", "Azure OpenAI key publisher")
    await site.look()
    assert not site.rings("poison")
    assert (await site.run(STATUS, name="chat")).code == 0
    assert site.works()


@entry("Alert: brake")
async def test_many_failures_hold_the_other_targets_until_fewer_fail(site: Site) -> None:
    for number in range(3):
        site.world.accounts.add(f"failing-{number}", tags={"key-rotation": "on"})
    await site.start(ROTATION_BRAKE="2")
    await site.live_for(days=26, every=timedelta(days=1))
    role = site.take_away("keyRotator", REGENERATE)
    site.world.directory.assign("app", role, site.account().id)
    site.pass_time(days=5)
    await site.timer()
    site.queue.sort(key=lambda text: "failing" not in text)  # the ones that fail, first
    await site.work()
    assert site.rings("brake")
    site.sees()
    assert "chat: held-back (brake)" in site.telemetry.text
    assert REGENERATE in site.telemetry.text
    assert "regenerate-key" in (await site.run(DOCTOR)).text
    site.world.directory.assign("app", role)
    await site.look()
    assert not site.rings("brake")
    assert (await site.run(PLAN)).code == 0


def to_announce(text: str) -> int:
    """Return the number under TO ANNOUNCE in the row of the only target."""
    heads, row = next(pair for pair in pairwise(text.splitlines()) if "TO ANNOUNCE" in pair[0])
    return int(row[heads.index("TO ANNOUNCE") :].split()[0])


@entry("Alert: owed")
async def test_events_that_event_grid_does_not_accept_fire_and_are_sent_when_it_does(site: Site) -> None:
    await site.live_for(days=29, every=timedelta(days=1))
    site.topic.outage = 503
    site.pass_time(days=2)
    await site.tick()
    assert site.rings("owed")
    site.sees()
    outstanding = await site.run(STATUS, name="chat")
    assert to_announce(outstanding.text) > 0
    assert site.works()
    assert "announce" in (await site.run(DOCTOR)).text
    site.topic.outage = None
    await site.look()
    assert to_announce((await site.run(STATUS, name="chat")).text) == 0
    site.pass_time(hours=1, minutes=1)
    assert not site.rings("owed")


@entry("Alert: leak-declared")
async def test_a_reported_leak_fires_for_half_an_hour_and_names_who_reported_it(site: Site) -> None:
    await site.settle()
    sign_in(site, Role.OPERATOR, Role.READER)
    await site.type(LEAK, LEAK, {"key": "live", "dry_run": True}, name="chat")
    assert not site.rings("leak-declared"), "nothing was declared"
    assert (await site.type(LEAK, LEAK, {"key": "live", "reason": "found in a paste"}, name="chat")).status == 200
    assert site.rings("leak-declared")
    assert not site.rings("forced-early"), "no previous key was promised to work"
    site.sees()
    assert "ada@contoso.com" in site.telemetry.text
    assert (await site.run("GET /api/targets/<name>", name="chat")).data["live"] == "key1"
    assert "leak-not-ended" not in (await site.run("python -m cli audit")).text
    site.pass_time(minutes=31)
    assert not site.rings("leak-declared")


@entry("Alert: forced-early")
async def test_a_previous_key_that_ends_before_its_overlap_is_over_fires_and_is_named(site: Site) -> None:
    await site.settle()
    await site.type(ROTATE, ROTATE, {"reason": "a drill"}, name="chat")
    previous = site.account().keys["key2"].value
    await site.look()
    assert not site.rings("forced-early")
    await site.type(LEAK, LEAK, {"key": "live", "reason": "found in a paste"}, name="chat")
    assert site.ended(previous)
    assert site.rings("forced-early")
    assert f"Ended before its time: key 2 with fingerprint {fingerprint_of(previous)}" in site.telemetry.text
    site.sees()
    assert (await site.run("GET /api/targets/<name>", name="chat")).data["owner"] == "chat-team"
    site.pass_time(minutes=31)
    assert not site.rings("forced-early")


@entry("Alert: drift")
async def test_a_key_that_somebody_else_regenerated_fires_and_the_activity_log_says_who(site: Site) -> None:
    await site.look()
    assert not site.rings("drift")
    by_hand = "az cognitiveservices account keys regenerate --resource-group rg --name chat --key-name key1"
    await site.type(by_hand)
    await site.look()
    assert site.rings("drift")
    site.sees()
    shown = (
        'az monitor activity-log list --resource-id <account id> --offset 7d --query "[?contains(operationName.value, '
        "'regenerateKey')].[eventTimestamp, caller, status.value]\" --output tsv"
    )
    assert "a person" in await site.run(shown, account_id=site.account().id)
    assert site.works()
    assert (await site.run(STATUS, name="chat")).code == 0
    site.pass_time(minutes=31)
    assert not site.rings("drift")


@entry("Alert: drift")
async def test_a_key_that_a_request_finds_regenerated_fires_as_well(site: Site) -> None:
    site.excused = True
    site.world.accounts.regenerate(site.account().id, "key1")
    assert (await site.type(ROTATE, ROTATE, {"reason": "a drill"}, name="chat")).data["reason"] != "drift"
    assert site.rings("drift")


@entry("Alert: refused")
async def test_a_caller_who_tries_again_and_again_fires_for_an_hour(site: Site) -> None:
    sign_in(site)
    for _ in range(9):
        assert (await site.type(LEAK, LEAK, {"key": "live"}, name="chat")).status == 403
    assert not site.rings("refused")
    for _ in range(2):
        await site.type(LEAK, LEAK, {"key": "live"}, name="chat")
    assert site.rings("refused")
    site.sees()
    site.pass_time(hours=1, minutes=1)
    assert not site.rings("refused")


@entry("Alert: refused")
async def test_ten_callers_who_are_refused_once_do_not_fire(site: Site) -> None:
    for number in range(10):
        sign_in(site, object_id=f"oid-{number}")
        await site.type(LEAK, LEAK, {"key": "live"}, name="chat")
    assert not site.rings("refused")


@entry("Alert: undelivered")
async def test_deliveries_that_are_refused_fire_until_an_hour_after_the_fix(site: Site) -> None:
    """First authentication keeps Event Grid out, then the functions are missing. Each is one lost event."""
    deliveries, now = site.telemetry.deliveries, site.world.clock.utcnow
    assert deliveries.deliver(now()) == 200
    assert not site.rings("undelivered")
    deliveries.excluded, deliveries.functions = ["/api/health", "/runtime/webhooks/eventgrid"], False
    assert deliveries.deliver(now()) == 401
    assert site.rings("undelivered")
    shown = "az monitor metrics list --resource <topic id> --metrics DeliveryAttemptFailCount --filter \"Error eq '*'\""
    site.sees(await site.run(shown, topic_id=site.topic.id))
    await site.run("azd provision")
    assert deliveries.deliver(now()) == 404
    await site.run("azd deploy")
    assert deliveries.deliver(now()) == 200
    assert site.rings("undelivered")
    site.pass_time(hours=1, minutes=1)
    assert not site.rings("undelivered")


def test_an_alert_looks_back_at_least_twice_as_far_as_it_waits_between_evaluations() -> None:
    """Logs arrive some minutes late, so a window as short as the pause would miss them."""
    pauses = re.findall(r"window: '(\w+)'\s+every: '(\w+)'|Frequency: '(\w+)'\s+windowSize: '(\w+)'", SOURCE)
    assert len(pauses) == len(RULES) + len(METRICS)
    for window, every, other_every, other_window in pauses:
        assert duration(window or other_window) >= 2 * duration(every or other_every)
