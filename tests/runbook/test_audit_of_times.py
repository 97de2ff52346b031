"""The findings of `audit` about what comes, what is late, and what was repaired: caused, fixed as written, and gone."""

from datetime import timedelta

import pytest

from tests.runbook.auditing import DAILY, DATE, PLACE, START, found, is_found, is_gone
from tests.runbook.site import Site

entry = pytest.mark.entry
WHO = (
    "az monitor activity-log list --resource-id <account id> --offset 7d "
    "--query \"[?contains(operationName.value, 'regenerateKey')].[eventTimestamp, caller]\" --output tsv"
)
REGENERATE = "Microsoft.CognitiveServices/accounts/regenerateKey/action"


@entry("Audit: turns-fail")
async def test_turns_that_fail_are_reported_until_one_ends_well(site: Site) -> None:
    await site.settle()
    role = site.take_away("keyRotator", REGENERATE)
    await site.live_for(days=30, every=DAILY)
    await is_found(site)
    assert site.works()
    await site.run("python -m cli doctor")
    site.world.directory.assign("app", role)
    await site.live_for(hours=2, every=timedelta(hours=1))
    await is_gone(site)
    assert site.works()


@entry("Audit: checks-late")
async def test_an_app_that_stopped_is_reported_until_it_checks_again(site: Site) -> None:
    await site.settle()
    site.stopped = True
    site.pass_time(days=3)
    await is_found(site)
    await site.run(START, **PLACE)
    await site.tick()
    await is_gone(site)


@entry("Audit: sunset-near")
async def test_a_sunset_within_the_warning_is_reported_until_another_date_is_agreed(site: Site) -> None:
    def in_days(days: int) -> str:
        return (site.world.clock.utcnow() + timedelta(days=days)).date().isoformat()

    await site.settle()
    await site.type(
        f"az tag update --operation merge --tags key-rotation-sunset={in_days(5)} --resource-id {site.account().id}"
    )
    await site.tick()
    await is_found(site)
    assert "all keys end" in (await site.run("python -m cli status <name>", name="chat")).text
    await site.run(DATE, date=in_days(60), account_id=site.account().id)
    await is_gone(site)


@entry("Audit: announcements-outstanding")
async def test_announcements_that_nobody_accepts_are_reported_until_the_topic_does(site: Site) -> None:
    await site.live_for(days=27, every=DAILY)
    site.topic.outage = 503
    await site.live_for(days=3, every=DAILY)
    await is_found(site)
    site.topic.outage = None
    await site.tick()
    await site.tick()
    await is_gone(site)


@entry("Audit: drift-healed")
async def test_a_repaired_key_is_reported_for_a_day(site: Site) -> None:
    await site.settle()
    site.world.accounts.regenerate(site.account().id, site.vault.get_secret("chat-key").tags["CredentialId"])
    await site.look()
    assert site.works()
    await is_found(site)
    assert "Succeeded" in await site.run(WHO, account_id=site.account().id)
    await site.live_for(days=4, every=DAILY)
    await is_gone(site)
    assert "published-key-dead" not in await found(site)
    await site.run("python -m cli rotate <name>", name="chat")
    assert site.works()
