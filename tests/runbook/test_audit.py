"""The critical and high findings of `audit`: each is caused, fixed as its entry says, and gone."""

from datetime import timedelta

import pytest

from shared.findings.codes import Code
from shared.settings.storage import Storage
from tests.runbook.auditing import ANOTHER, DAILY, DATE, LEAK, PLACE, PLAN, ROTATE, START, TAG, found, is_found, is_gone
from tests.runbook.site import Site

entry = pytest.mark.entry


@entry("Audit: leaked-key-works")
async def test_a_leaked_key_that_still_works_is_reported_until_it_is_regenerated(site: Site) -> None:
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


@entry("Audit: leak-not-ended")
async def test_a_leak_that_cannot_be_ended_is_reported_until_the_cause_has_gone(site: Site) -> None:
    await site.settle()
    out = site.vault.get_secret("chat-key").value
    site.account().public_network_access = "Disabled"  # no fresh key can be proven
    assert (await site.type("python -m cli leak chat --key live")).code == 1
    await is_found(site)
    await site.run("python -m cli doctor")
    site.account().public_network_access = "Enabled"
    site.world.clock.advance(3600)
    await site.tick()
    assert not site.world.accounts.key_accepted(site.account(), out)
    await is_gone(site)


@entry("Audit: published-key-dead")
async def test_a_published_key_that_was_regenerated_by_hand_is_reported_until_it_is_healed(site: Site) -> None:
    site.world.accounts.regenerate(site.account().id, "key1")
    assert not site.works()
    await is_found(site)
    await site.run(ROTATE, name="chat")
    assert site.works()
    await is_gone(site)


@entry("Audit: refused")
async def test_what_azure_refuses_is_reported_until_a_person_takes_it_away(site: Site) -> None:
    site.world.restrictions.locked.add(f"/subscriptions/{site.world.subscription}")
    await is_found(site)
    assert "az lock list" in (await site.run("python -m cli doctor")).text
    shown = "az lock list --subscription <subscription> --query \"[?level=='ReadOnly'].id\" --output tsv"
    lock = await site.run(shown, subscription=site.world.subscription)
    await site.run("az lock delete --ids <lock id>", lock_id=lock)
    await is_gone(site)
    site.vault.policies = {}
    await is_found(site)
    command = "az keyvault set-policy --name <vault> --object-id <object id> --secret-permissions get list set"
    await site.run(command, vault="keys", object_id=site.world.app.object_id)
    await is_gone(site)
    assert site.works()


@entry("Audit: no-longer-enrolled")
async def test_an_account_whose_tag_was_taken_away_is_reported_until_it_is_enrolled_again(site: Site) -> None:
    await site.settle()
    tags = dict(site.account().tags)
    site.account().tags.clear()
    await site.tick()
    await is_found(site)
    await site.run(
        "az tag update --operation merge --tags key-rotation=on --resource-id <account id>",
        account_id=site.account().id,
    )
    assert set(site.account().tags) <= set(tags)
    await is_gone(site)


@entry("Audit: not-ready")
async def test_an_account_whose_last_change_failed_is_reported_until_it_is_ready(site: Site) -> None:
    failed = site.world.accounts.add("legacy", state="Failed", disable_local_auth=True)
    await is_found(site)
    failed.state = "Creating"
    await is_gone(site)
    failed.state = "Succeeded"
    await is_gone(site)


@entry("Audit: not-enrolled")
async def test_accounts_that_are_not_enrolled_are_reported_until_enrolled_or_without_keys(site: Site) -> None:
    legacy, unused = site.world.accounts.add("legacy"), site.world.accounts.add("unused")
    await is_found(site)
    command = "az resource update --ids <account id> --set properties.disableLocalAuth=true"
    await site.run(command, account_id=unused.id)
    command = "az tag update --operation merge --tags key-rotation=on --resource-id <other account id>"
    await site.run(command, other_account_id=legacy.id)
    await site.tick()
    assert site.works("legacy")
    await is_gone(site)


@entry("Audit: not-enrollable")
async def test_an_account_with_an_invalid_tag_is_reported_until_it_is_corrected(site: Site) -> None:
    site.account().tags |= {"key-rotation-overlap": "long"}
    await is_found(site)
    await site.run(TAG, tag="key-rotation-overlap=P3D", account_id=site.account().id)
    await is_gone(site)


@entry("Audit: unseen")
async def test_a_vault_that_the_app_may_not_read_is_reported_until_the_role_is_assigned(site: Site) -> None:
    role = site.take_away("keyPublisher")
    await is_found(site)
    assert role in (await site.run("python -m cli doctor")).text
    site.world.directory.assign("app", role)
    await is_gone(site)


@entry("Audit: throttled")
async def test_waits_for_more_than_an_hour_are_reported_until_they_have_lapsed(site: Site) -> None:
    throttles, now = (await site.rotation()).outside.throttles, site.world.clock.utcnow()
    assert throttles is not None
    await throttles.note(site.settings["ROTATION_VAULT_URL"], now - timedelta(minutes=70), now + timedelta(minutes=5))
    await is_found(site)
    for _ in range(4):
        now = site.world.clock.utcnow()
        await throttles.note(site.settings["ROTATION_VAULT_URL"], now, now + timedelta(minutes=61))
        await site.live_for(hours=1, every=timedelta(minutes=30))
    assert site.rings("unseen")
    assert not site.rings("turn-failed")
    site.pass_time(minutes=36)
    await is_gone(site)


@entry("Audit: many-left")
async def test_what_a_request_for_many_left_is_reported_until_a_later_one_has_done_it(site: Site) -> None:
    await site.settle()
    site.world.faults.add("arm.regenerateKey", "status", status=403, times=0)
    id_ = (await site.type("python -m cli rotate-many chat")).data["id"]
    for _ in range(4):
        await site.live_for(minutes=10, every=timedelta(minutes=10))
    await is_found(site)
    site.world.faults.clear()
    shown = await site.run("python -m cli rotations <id>", id=id_)
    assert (shown.code, shown.data["rows"][0]["result"]) == (3, "failed")
    again = 'python -m cli rotate-many --rest-of <id> --confirm "<number> targets"'
    assert (await site.run(again, id=id_, number="1")).code == 0
    await site.live_for(minutes=10, every=timedelta(minutes=10))
    assert site.works()
    await is_gone(site)


@entry("Audit: secret-deleted")
async def test_a_deleted_secret_is_reported_until_it_is_recovered_or_another_is_named(site: Site) -> None:
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
async def test_a_disabled_secret_is_reported_until_it_is_enabled(site: Site) -> None:
    site.vault.update_secret("chat-key", enabled=False)
    await is_found(site)
    enable = "az keyvault secret set-attributes --vault-name <vault> --name <secret> --enabled true"
    await site.run(enable, vault="keys", secret="chat-key")
    await is_gone(site)
    assert site.works()


@entry("Audit: secret-foreign")
async def test_a_secret_of_another_account_is_reported_until_another_is_named(site: Site) -> None:
    tags = site.vault.get_secret("chat-key").tags
    site.vault.update_secret("chat-key", tags={**tags, "ProviderAddress": f"{site.account().id}-2"})
    await is_found(site)
    await site.run(ANOTHER, another_name="chat-own", account_id=site.account().id)
    await site.tick()
    await is_gone(site)
    assert site.works(secret="chat-own")


@entry("Audit: another-app")
async def test_two_apps_that_hold_one_target_are_reported_until_this_one_has_written(site: Site) -> None:
    await site.live_for(days=31, every=DAILY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Storage, "mark", "0badcafe")
        await site.start()
        await site.live_for(days=31, every=DAILY)
    await site.start()
    await is_found(site)
    await site.live_for(days=31, every=DAILY)
    await is_gone(site)
    assert site.works()


@entry("Audit: other-writer")
async def test_a_template_that_takes_tags_away_is_reported_until_a_period_has_passed_without_it(site: Site) -> None:
    await site.settle()
    for _ in range(2):
        latest = site.vault.get_secret("chat-key")
        site.vault.update_secret("chat-key", latest.version, tags={"env": "prod"})
        site.world.clock.advance(3600)
        await site.tick()
    await is_found(site)
    await site.run("python -m cli plan <name>", name="chat")
    await site.live_for(days=31, every=timedelta(days=1))
    assert site.works()
    await is_gone(site)


@entry("Audit: previous-key-works")
async def test_a_previous_key_past_its_end_is_reported_until_its_end_is_announced(site: Site) -> None:
    await site.live_for(days=27, every=DAILY)
    site.topic.outage = 503
    await site.live_for(days=7, every=DAILY)
    await is_found(site)
    assert "not-announced" in (await site.run(PLAN)).text
    site.topic.outage = None
    await site.live_for(days=3, every=DAILY)
    await is_gone(site)
    assert site.works()


@entry("Audit: rotation-overdue")
async def test_an_overdue_rotation_is_reported_until_the_timer_runs(site: Site) -> None:
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
async def test_a_missed_sunset_is_reported_until_another_date_is_agreed(site: Site) -> None:
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


def test_every_finding_has_an_entry(pages: dict[str, set[str]]) -> None:
    assert {f"Audit: {code}" for code in Code} == {name for name in pages["runbook.md"] if name.startswith("Audit: ")}
