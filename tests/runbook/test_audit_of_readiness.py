"""The findings about the way out of keys: each is found, its entry's command helps, and it is gone."""

import pytest

from tests.runbook import hands
from tests.runbook.auditing import DAILY, PLACE, found, is_found, is_gone
from tests.runbook.site import Site
from tests.support.reading import may_see
from tests.support.rights import OWNER, add

entry = pytest.mark.entry
IDENTITY = "an app with an identity"


async def counting(site: Site) -> None:
    """Let the app count calls, and make its first survey."""
    await site.start(ROTATION_LOG_WORKSPACE_ID=site.world.workspace.id)
    await site.look()


def called_by_identity_for(site: Site, days: int) -> None:
    """Log one call by identity on each of the last days."""
    for day in range(days + 1):
        site.world.workspace.note(site.account().id, caller=IDENTITY, ago=day * 86400 + 3600)


@entry("Audit: no-custom-subdomain")
async def test_an_account_without_a_subdomain_is_named_until_it_has_one(site: Site) -> None:
    site.world.accounts.update(site.account().id, {"subdomain": None})
    await is_found(site)
    [command] = [one for one in site.entry.commands if one.startswith("az ")]
    await site.run(command, **{**PLACE, "subdomain": "chat"})
    await is_gone(site)
    await site.look()
    assert site.works()


@entry("Audit: keys-unused")
async def test_keys_that_nobody_uses_are_named_until_they_are_off(site: Site) -> None:
    called_by_identity_for(site, 36)
    await counting(site)
    await is_found(site)
    [command] = [one for one in site.entry.commands if one.startswith("az ")]
    await site.run(command, account_id=site.account().id)
    await site.look()
    await is_gone(site)
    assert site.announced("KeyAuthDisabled")


@entry("Audit: use-unknown")
async def test_an_account_whose_use_is_unknown_is_named_until_its_log_covers_the_look_back(site: Site) -> None:
    site.world.workspace.note("/subscriptions/another/resourceGroups/rg/providers/x/accounts/other", caller=IDENTITY)
    await counting(site)
    await is_found(site)
    [command] = [one for one in site.entry.commands if one.startswith("az ")]
    workspace = site.world.workspace.resource_id
    await site.run(command, account_id=site.account().id, workspace_id=workspace)
    [setting] = site.world.resources.settings[site.account().id.lower()]
    assert (setting.workspace, setting.categories) == (workspace, ("RequestResponse",))
    for _ in range(37):
        site.world.workspace.note(site.account().id, caller=IDENTITY)
        await site.live_for(days=1, every=DAILY)
    await is_gone(site)


@entry("Audit: no-call-log")
async def test_an_account_without_a_log_is_named_until_it_sends_one(site: Site) -> None:
    may_see(site.world)
    legacy = site.world.accounts.add("legacy")
    site.world.workspace.note(site.account().id, caller=IDENTITY)
    await counting(site)
    await is_found(site)
    [command] = [one for one in site.entry.commands if one.startswith("az ")]
    await site.run(command, account_id=legacy.id, workspace_id=site.world.workspace.resource_id)
    await site.live_for(days=2, every=DAILY)
    await is_gone(site)
    assert "use-unknown" in await found(site)


@entry("Audit: open-to-the-internet")
async def test_an_open_account_is_named_until_a_network_rule_closes_it(site: Site) -> None:
    await is_found(site)
    before = hands.admitting(site)
    networks = [{"value": one} for one in (hands.CONSUMER, hands.THIS_MACHINE)]
    site.account().network_acls = {"defaultAction": "Deny", "ipRules": networks}
    assert hands.admitting(site) == before
    await is_gone(site)
    await site.look()
    assert site.works()


@entry("Audit: key-roles-at-subscription")
async def test_a_wide_role_is_named_until_nobody_holds_it(site: Site) -> None:
    add(site.world, "ada")
    subscription = f"/subscriptions/{site.world.subscription}"
    site.world.directory.assign("ada", OWNER.name, subscription)
    await is_found(site)
    [command] = [one for one in site.entry.commands if "readers" in one]
    [held] = [one for one in (await site.run(command)).data["keyRolesAtSubscription"] if one["role"] == OWNER.name]
    assert held["holders"] == [site.world.directory.identities["ada"].object_id]
    site.world.directory.revoke("ada", OWNER.name)
    await is_gone(site)


@entry("Audit: keys-back-on")
async def test_keys_that_came_back_are_reported_for_a_day(site: Site) -> None:
    await site.settle()
    site.world.accounts.update(site.account().id, {"disable_local_auth": True})
    await site.live_for(days=4, every=DAILY)  # the published version is withdrawn after an overlap
    await site.type(f"az resource update --ids {site.account().id} --set properties.disableLocalAuth=false")
    await site.look()
    assert site.works()
    await is_found(site)
    [command] = [one for one in site.entry.commands if one.startswith("az ")]
    assert "a person" in await site.run(command, account_id=site.account().id)
    await site.live_for(days=2, every=DAILY)
    await is_gone(site)
