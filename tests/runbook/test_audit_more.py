"""The other findings of `audit`: each is caused, fixed as its entry says, and gone."""

import json

import pytest

from shared.fleet import survey
from tests.runbook.auditing import DAILY, DATE, PLACE, SET, found, is_found, is_gone
from tests.runbook.operating import let_the_app_in
from tests.runbook.site import Site

entry = pytest.mark.entry


@entry("Audit: nobody-is-told")
async def test_an_app_without_a_topic_is_reported_until_one_is_set(site: Site) -> None:
    endpoint = site.settings["EVENT_GRID_TOPIC_ENDPOINT"]
    await site.start(EVENT_GRID_TOPIC_ENDPOINT="")
    await is_found(site)
    create = (
        "az eventgrid topic create --resource-group <group> --name <topic> --location <region> "
        "--input-schema cloudeventschemav1_0"
    )
    await site.run(create, group="emulated", topic="another", region="westeurope")
    named = SET.replace("<setting>", "EVENT_GRID_TOPIC_ENDPOINT=<endpoint>")
    await site.run(named, endpoint=endpoint.replace("/announcements/", "/another/"), **PLACE)
    await is_gone(site)
    site.world.accounts.regenerate(site.account().id, "key1")
    await site.look()
    told = [event["type"] for event in site.world.topics["another"].events]
    assert told == ["KeyRotation.DriftHealed", "KeyRotation.RetirementAnnounced"]


SUBSCRIBE = (
    "az eventgrid event-subscription create --name <name> --source-resource-id <topic id> --endpoint <https url> "
    "--event-delivery-schema cloudeventschemav1_0"
)
HOOK = {"name": "team", "https_url": "https://team.example/hook"}


async def an_hour_later(site: Site) -> None:
    """Let the time pass for which the app remembers who listens."""
    site.world.clock.advance(3600)


@entry("Audit: nobody-listens")
async def test_a_topic_without_a_listener_is_reported_until_somebody_subscribes(site: Site) -> None:
    site.topic.subscribers.clear()
    await an_hour_later(site)
    await is_found(site)
    await site.run(SUBSCRIBE, topic_id=site.topic.id, **HOOK)
    await an_hour_later(site)
    await is_gone(site)


@entry("Audit: deliveries-fail")
async def test_a_listener_that_takes_nothing_is_reported_until_it_takes_an_event(site: Site) -> None:
    team = site.topic.subscribe("team", broken=True)
    site.topic.subscribe("other")
    site.world.accounts.regenerate(site.account().id, "key1")
    await site.look()
    await an_hour_later(site)
    await is_found(site)
    shown = (
        "az monitor metrics list --resource <topic id> --metrics DeliveryAttemptFailCount --interval PT1H "
        "--aggregation Total"
    )
    await site.run(shown, topic_id=site.topic.id)
    team.broken = False
    site.world.accounts.regenerate(site.account().id, "key1")
    await site.look()
    await an_hour_later(site)
    await is_gone(site)


@entry("Audit: listeners-unknown")
async def test_what_the_app_may_not_see_is_reported_until_it_may(site: Site) -> None:
    name = site.take_away("announcementReader")
    await site.start(EVENT_GRID_TOPIC_ID="")
    await is_found(site)
    named = SET.replace("<setting>", "EVENT_GRID_TOPIC_ID=<topic id>")
    await site.run(named, topic_id=site.topic.id, **PLACE)
    assert "403 AuthorizationFailed" in (await site.type("python -m cli audit")).text
    grant = (
        "az role assignment create --assignee-object-id <object id> --assignee-principal-type ServicePrincipal "
        "--role <role> --scope <topic id>"
    )
    role = f"'{name} (prod, token)'"
    await site.run(grant, object_id=site.world.app.object_id, role=role, topic_id=site.topic.id)
    await an_hour_later(site)
    await is_gone(site)


@entry("Audit: nothing-is-done")
async def test_observe_mode_is_reported_until_the_mode_is_rotate(site: Site) -> None:
    await site.start(ROTATION_MODE="observe")
    await is_found(site)
    await site.run(SET.replace("<setting>", "ROTATION_MODE=rotate"), **PLACE)
    await is_gone(site)


@entry("Audit: not-published")
async def test_an_unpublished_target_is_reported_until_the_next_tick(site: Site) -> None:
    site.world.accounts.add("search", tags={"key-rotation": "on"})
    await is_found(site)
    await site.tick()
    await is_gone(site)
    assert site.works("search")


@entry("Audit: never-rotated")
async def test_keys_older_than_the_enrolment_are_reported_until_the_first_rotation(site: Site) -> None:
    await is_found(site)
    await site.live_for(days=31, every=DAILY)
    await is_gone(site)


@entry("Audit: presumed")
async def test_a_fleet_too_large_to_observe_is_reported_and_one_target_can_be_observed_by_name(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "MOST_OBSERVED", 0)
    site.world.accounts.regenerate(site.account().id, "key1")
    await is_found(site)
    assert "published-key-dead" not in await found(site)
    assert "drift" in (await site.run("python -m cli plan <name>", name="chat")).text


@entry("Audit: unproven")
async def test_an_unproven_key_is_reported_until_the_next_rotation_proves_one(site: Site) -> None:
    await site.settle()
    site.account().network_acls = {"defaultAction": "Deny"}
    await site.start(ROTATION_TARGETS=json.dumps([{"account": site.account().id, "proof": "prefer"}]))
    assert (await site.type("python -m cli rotate chat")).code == 0
    await is_found(site)
    await let_the_app_in(site)
    assert "unproven" in await found(site)
    await site.live_for(days=31, every=DAILY)
    await is_gone(site)


@entry("Audit: untold")
async def test_announcements_that_were_never_accepted_are_reported_until_event_grid_accepts_them(site: Site) -> None:
    await site.settle()
    site.topic.outage = 503
    await site.type("python -m cli leak chat --key live")
    await site.type("python -m cli leak chat --key live --confirm chat")
    await is_found(site)
    site.topic.outage = None
    await site.tick()
    await is_gone(site)


@entry("Audit: long-lived")
async def test_a_long_period_is_reported_until_it_is_shortened(site: Site) -> None:
    site.account().tags |= {"key-rotation-period": "P180D"}
    await is_found(site)
    command = "az tag update --operation merge --tags key-rotation-period=<period> --resource-id <account id>"
    await site.run(command, period="P60D", account_id=site.account().id)
    await is_gone(site)


@entry("Audit: consumer-never-notices")
async def test_a_consumer_that_never_notices_is_reported_until_it_reads_the_secret_by_itself(site: Site) -> None:
    site.account().tags |= {"key-rotation-consumers": "pinned-version"}
    await is_found(site)
    command = "az tag update --operation merge --tags key-rotation-consumers=<kinds> --resource-id <account id>"
    await site.run(command, kinds="app-service-reference", account_id=site.account().id)
    await is_gone(site)


@entry("Audit: proof-not-required")
async def test_a_target_that_only_prefers_proof_is_reported_until_proof_is_required(site: Site) -> None:
    await site.start(ROTATION_TARGETS=json.dumps([{"account": site.account().id, "proof": "prefer"}]))
    await is_found(site)
    required = json.dumps([{"account": site.account().id}], separators=(",", ":"))
    await site.run(SET, setting=f"'ROTATION_TARGETS={required}'", **PLACE)
    await is_gone(site)


@entry("Audit: secret-without-expiry")
async def test_a_version_without_expiry_is_reported_until_the_next_rotation(site: Site) -> None:
    site.vault.update_secret("chat-key", expires=None)
    await is_found(site)
    await site.live_for(days=31, every=DAILY)
    await is_gone(site)


@entry("Audit: period-differs")
async def test_the_period_of_the_tutorial_is_reported_until_the_account_has_it_as_a_tag(site: Site) -> None:
    key, account = site.account().keys["key1"].value, site.account().id
    tutorial = {"CredentialId": "key1", "ProviderAddress": account, "ValidityPeriodDays": "60"}
    site.vault.set_secret("chat-key", key, tags=tutorial)
    await site.tick()
    assert (site.vault.get_secret("chat-key").tags | tutorial) == site.vault.get_secret("chat-key").tags
    await is_found(site)
    command = "az tag update --operation merge --tags key-rotation-period=<period> --resource-id <account id>"
    await site.run(command, period="P60D", account_id=account)
    await is_gone(site)


@entry("Audit: no-sunset")
async def test_a_target_without_a_sunset_is_reported_until_a_date_is_agreed(site: Site) -> None:
    await is_found(site)
    await site.run(DATE, date="2099-12-31", account_id=site.account().id)
    await is_gone(site)


@entry("Audit: no-owner")
async def test_a_target_without_an_owner_is_reported_until_one_is_named(site: Site) -> None:
    del site.account().tags["key-rotation-owner"]
    await is_found(site)
    command = "az tag update --operation merge --tags key-rotation-owner=<owner> --resource-id <account id>"
    await site.run(command, owner="chat-team", account_id=site.account().id)
    await is_gone(site)
