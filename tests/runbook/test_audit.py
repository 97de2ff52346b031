"""Every finding of `audit`: brought about, mended as the entry says, and gone."""

import json
from datetime import timedelta

import pytest

from cli.findings import Code
from shared import rotation
from tests.runbook.site import Site

entry = pytest.mark.entry
AUDIT, PLAN = "python -m cli audit", "python -m cli plan"
ROTATE, LEAK = "python -m cli rotate <name>", "python -m cli leak <name> --key previous"
TAG = "az tag update --operation merge --tags <tag> --resource-id <account id>"
DATE = "az tag update --operation merge --tags key-rotation-sunset=<date> --resource-id <account id>"
ANOTHER = "az tag update --operation merge --tags key-rotation-secret=<another name> --resource-id <account id>"
START = "az functionapp start --resource-group <group> --name <app>"
SET = "az functionapp config appsettings set --resource-group <group> --name <app> --settings <setting>"
LET_IN = "az cognitiveservices account network-rule add --resource-group <group> --name <account> --subnet <subnet id>"
PLACE = {"group": "emulated", "account": "chat", "app": "app", "subnet_id": "a-subnet", "name": "chat"}
DAILY = timedelta(days=1)


async def found(site: Site) -> set[str]:
    return {finding["code"] for finding in (await site.type(AUDIT)).data["findings"]}


async def is_found(site: Site) -> None:
    """The finding is there, in the words of its entry, and its next step is said."""
    code = site.entry.name.removeprefix("Audit: ")
    answer = await site.type(AUDIT)
    assert answer.code == 3
    assert code in {finding["code"] for finding in answer.data["findings"]}, answer.text
    assert f"  {code}: " in answer.text
    site.sees(answer.text)


async def is_gone(site: Site) -> None:
    code = site.entry.name.removeprefix("Audit: ")
    answer = await site.run(AUDIT)
    assert code not in {finding["code"] for finding in answer.data["findings"]}, answer.text


@entry("Audit: leaked-key-works")
async def test_a_leaked_key_that_the_turn_could_not_end(site: Site) -> None:
    await site.settle()
    out = site.vault.get_secret("chat-key").value
    site.world.faults.add("arm.regenerateKey", "status", status=503, skip=1, times=0)
    assert (await site.type("python -m cli leak chat --key live")).code == 1
    assert site.world.accounts.key_accepted(site.account(), out)
    await is_found(site)
    site.world.faults.clear()
    answer = await site.run(LEAK, name="chat")
    assert answer.data["leakedKeys"][0]["refusedFrom"]
    assert not site.world.accounts.key_accepted(site.account(), out)
    assert site.works()
    await is_gone(site)


@entry("Audit: published-key-dead")
async def test_a_published_key_that_somebody_regenerated(site: Site) -> None:
    site.world.accounts.regenerate(site.account().id, "key1")
    assert not site.works()
    await is_found(site)
    await site.run(ROTATE, name="chat")
    assert site.works()
    await is_gone(site)


@entry("Audit: not-enrolled")
async def test_accounts_with_keys_that_nobody_enrolled(site: Site) -> None:
    legacy, unused = site.world.accounts.add("legacy"), site.world.accounts.add("unused")
    await is_found(site)
    await site.run(
        "az tag update --operation merge --tags key-rotation=on --resource-id <account id>", account_id=legacy.id
    )
    command = "az resource update --ids <other account id> --set properties.disableLocalAuth=true"
    await site.run(command, other_account_id=unused.id)
    await site.tick()
    assert site.works("legacy")
    await is_gone(site)


@entry("Audit: not-enrollable")
async def test_an_account_with_a_wrong_tag(site: Site) -> None:
    site.account().tags |= {"key-rotation-overlap": "long"}
    await is_found(site)
    await site.run(TAG, tag="key-rotation-overlap=P3D", account_id=site.account().id)
    await is_gone(site)


@entry("Audit: unseen")
async def test_a_vault_that_the_app_may_not_read(site: Site) -> None:
    role = site.lacks("keyPublisher")
    await is_found(site)
    assert role in (await site.run("python -m cli doctor")).text
    site.world.directory.assign("app", role)
    await is_gone(site)


@entry("Audit: secret-deleted")
async def test_a_secret_that_somebody_deleted(site: Site) -> None:
    site.vault.delete_secret("chat-key")
    await is_found(site)
    recover = "az keyvault secret recover --vault-name <vault> --name <secret>"
    await site.run(recover, vault="keys", secret="chat-key")
    assert "secret-deleted" not in await found(site)
    assert site.works()
    site.vault.delete_secret("chat-key")
    await site.run(ANOTHER, another_name="chat-anew", account_id=site.account().id)
    await site.tick()
    assert site.works(secret="chat-anew")
    await is_gone(site)


@entry("Audit: secret-disabled")
async def test_a_secret_that_somebody_disabled(site: Site) -> None:
    site.vault.update_secret("chat-key", enabled=False)
    await is_found(site)
    enable = "az keyvault secret set-attributes --vault-name <vault> --name <secret> --enabled true"
    await site.run(enable, vault="keys", secret="chat-key")
    await is_gone(site)
    assert site.works()


@entry("Audit: secret-foreign")
async def test_a_secret_that_says_that_it_is_another_account_s(site: Site) -> None:
    tags = site.vault.get_secret("chat-key").tags
    site.vault.update_secret("chat-key", tags={**tags, "ProviderAddress": f"{site.account().id}-2"})
    await is_found(site)
    await site.run(ANOTHER, another_name="chat-own", account_id=site.account().id)
    await site.tick()
    await is_gone(site)
    assert site.works(secret="chat-own")


@entry("Audit: previous-key-works")
async def test_a_previous_key_whose_end_could_not_be_announced(site: Site) -> None:
    await site.live_for(days=29, every=DAILY)
    site.topic.outage = 503
    await site.live_for(days=7, every=DAILY)
    await is_found(site)
    assert "not-announced" in (await site.run(PLAN)).text
    site.topic.outage = None
    await site.live_for(days=3, every=DAILY)
    await is_gone(site)
    assert site.works()


@entry("Audit: rotation-overdue")
async def test_a_rotation_that_no_tick_began(site: Site) -> None:
    await site.settle()
    site.stopped = True
    await site.live_for(days=30, every=DAILY)
    await is_found(site)
    assert "regenerate" in (await site.run(PLAN)).text
    await site.run(START, **PLACE)
    await site.live_for(days=5, every=DAILY)
    await is_gone(site)
    assert site.works()


@entry("Audit: sunset-past")
async def test_a_sunset_that_no_tick_saw(site: Site) -> None:
    def in_days(days: int) -> str:
        return (site.world.clock.utcnow() + timedelta(days=days)).date().isoformat()

    await site.type(
        f"az tag update --operation merge --tags key-rotation-sunset={in_days(5)} --resource-id {site.account().id}"
    )
    await site.tick()
    site.stopped = True
    site.pass_time(days=7)
    await is_found(site)
    assert "sunset" in (await site.run(PLAN)).text
    await site.run(DATE, date=in_days(20), account_id=site.account().id)
    await is_gone(site)
    await site.start()
    await site.live_for(days=10, every=DAILY)
    assert site.works()
    await site.live_for(days=12, every=DAILY)
    assert site.account().disable_local_auth
    assert "sunset-past" not in await found(site)


@entry("Audit: nobody-is-told")
async def test_an_app_without_a_topic(site: Site) -> None:
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
    assert [event["type"] for event in site.world.topics["another"].events] == ["KeyRotation.DriftHealed"]


@entry("Audit: nothing-is-done")
async def test_an_app_that_only_observes(site: Site) -> None:
    await site.start(ROTATION_MODE="observe")
    await is_found(site)
    await site.run(SET.replace("<setting>", "ROTATION_MODE=rotate"), **PLACE)
    await is_gone(site)


@entry("Audit: not-published")
async def test_an_account_before_its_first_tick(site: Site) -> None:
    site.world.accounts.add("search", tags={"key-rotation": "on"})
    await is_found(site)
    await site.tick()
    await is_gone(site)
    assert site.works("search")


@entry("Audit: never-rotated")
async def test_keys_that_are_older_than_the_enrolment(site: Site) -> None:
    await is_found(site)
    await site.live_for(days=31, every=DAILY)
    await is_gone(site)


@entry("Audit: presumed")
async def test_a_fleet_that_is_too_large_to_look_at(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "MOST_LOOKED_AT", 0)
    site.world.accounts.regenerate(site.account().id, "key1")
    await is_found(site)
    assert "published-key-dead" not in await found(site)
    assert "drift" in (await site.run("python -m cli plan <name>", name="chat")).text


@entry("Audit: unproven")
async def test_a_key_that_the_network_kept_from_being_proven(site: Site) -> None:
    await site.settle()
    site.account().public_network_access = "Disabled"
    await site.start(ROTATION_TARGETS=json.dumps([{"account": site.account().id, "proof": "prefer"}]))
    assert (await site.type("python -m cli rotate chat")).code == 0
    await is_found(site)
    await site.run(LET_IN, **PLACE)
    assert "unproven" in await found(site)
    await site.live_for(days=31, every=DAILY)
    await is_gone(site)


@entry("Audit: untold")
async def test_a_leak_that_event_grid_never_heard_of(site: Site) -> None:
    await site.settle()
    site.topic.outage = 503
    await site.type("python -m cli leak chat --key live")
    await site.type("python -m cli leak chat --key live")
    await is_found(site)
    site.topic.outage = None
    await site.tick()
    await is_gone(site)


@entry("Audit: long-lived")
async def test_a_period_of_half_a_year(site: Site) -> None:
    site.account().tags |= {"key-rotation-period": "P180D"}
    await is_found(site)
    command = "az tag update --operation merge --tags key-rotation-period=<period> --resource-id <account id>"
    await site.run(command, period="P60D", account_id=site.account().id)
    await is_gone(site)


@entry("Audit: proof-not-required")
async def test_a_target_whose_keys_need_no_proof(site: Site) -> None:
    await site.start(ROTATION_TARGETS=json.dumps([{"account": site.account().id, "proof": "prefer"}]))
    await is_found(site)
    required = json.dumps([{"account": site.account().id}], separators=(",", ":"))
    await site.run(SET, setting=f"'ROTATION_TARGETS={required}'", **PLACE)
    await is_gone(site)


@entry("Audit: secret-without-expiry")
async def test_a_version_whose_date_somebody_took_away(site: Site) -> None:
    site.vault.update_secret("chat-key", expires=None)
    await is_found(site)
    await site.live_for(days=31, every=DAILY)
    await is_gone(site)


@entry("Audit: no-sunset")
async def test_a_target_without_an_agreed_end(site: Site) -> None:
    await is_found(site)
    await site.run(DATE, date="2099-12-31", account_id=site.account().id)
    await is_gone(site)


@entry("Audit: no-owner")
async def test_a_target_that_nobody_answers_for(site: Site) -> None:
    del site.account().tags["key-rotation-owner"]
    await is_found(site)
    command = "az tag update --operation merge --tags key-rotation-owner=<owner> --resource-id <account id>"
    await site.run(command, owner="chat-team", account_id=site.account().id)
    await is_gone(site)


def test_every_code_has_an_entry(pages: dict[str, set[str]]) -> None:
    assert {f"Audit: {code}" for code in Code} == {name for name in pages["runbook.md"] if name.startswith("Audit: ")}
