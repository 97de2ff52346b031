"""Every disaster of docs/operations.md: what breaks, what keeps working, and the way back."""

from datetime import timedelta

import pytest

from lab.emulator.errors import AzureError
from tests.runbook.hands import full_name
from tests.runbook.operating import APP, DAILY, STOP, fingerprint_of, regenerated, shown, versions_of
from tests.runbook.site import Site

procedure = pytest.mark.procedure
HALF_DAYS = timedelta(hours=12)


def retirements_announced_for(site: Site, value: str) -> list[dict[str, str]]:
    return [one for one in site.announced("RetirementAnnounced") if one["fingerprint"] == fingerprint_of(value)]


@procedure("The vault is deleted")
async def test_a_deleted_vault_is_recovered_with_its_secrets_and_without_its_roles(site: Site) -> None:
    await site.settle()
    keys, before = [key.value for key in site.account().keys.values()], regenerated(site)
    site.world.down.add("kv")
    role = site.take_away("keyPublisher")
    await site.live_for(days=40, every=DAILY)
    assert "TryLater" in (await site.type("GET /api/targets")).body
    assert ([key.value for key in site.account().keys.values()], regenerated(site)) == (keys, before)
    place = {"group": "rg-prod", "vault": "keys", "region": "westeurope"}
    with pytest.raises(AzureError, match="ResourceGroupNotFound"):
        await site.run(shown(site, "keyvault recover"), **place)
    await site.run(shown(site, "group create"), **place)
    await site.run(shown(site, "keyvault recover"), **place)
    await site.look()
    assert role not in await site.type(f"az role assignment list --assignee {site.world.app.object_id} --scope /")
    assert "403" in site.telemetry.text
    await site.run("azd provision")
    await site.look()
    assert (await site.type("python -m cli status chat")).code == 0
    assert site.works()
    await site.live_for(days=5, every=DAILY)
    assert regenerated(site) > before
    assert site.works()


@procedure("Another vault, in another region")
async def test_an_empty_vault_is_filled_from_the_accounts_alone(site: Site) -> None:
    await site.settle()
    held, before = site.vault.get_secret("chat-key").value, regenerated(site)
    site.world.down.add("kv")
    await site.look()
    site.world.down.discard("kv")
    site.vault.firewall_closed = True  # the old vault stays lost; another one exists
    site.world.add_vault("other")
    url = await site.azure.serve_vault(site.world.vaults["other"])
    role, there = site.take_away("keyPublisher"), site.world.vaults["other"].id
    who = site.world.app.object_id
    named = {"environment": "prod", "token": "abcdefghijklm"}
    assert full_name(role) == f"Azure OpenAI key publisher ({named['environment']}, {named['token']})"
    await site.run(shown(site, "role assignment"), object_id=who, new_vault_id=there, **named)
    await site.run(shown(site, "ROTATION_VAULT_URL"), new_vault_url=url, **APP)
    await site.tick()
    assert site.works(vault="other")
    assert regenerated(site) == before
    await site.live_for(days=27, every=DAILY)
    assert not site.ended(held)  # a consumer that kept the old value is not refused
    await site.live_for(days=10, every=DAILY)
    assert regenerated(site) > before
    assert site.works(vault="other")


@procedure("The storage account is lost")
async def test_lost_storage_loses_leases_and_requests_and_nothing_else(site: Site) -> None:
    await site.live_for(days=29, every=DAILY)
    previous, versions = site.account().keys["key1"].value, len(versions_of(site))
    await site.timer()
    site.world.down.add("blob")
    await site.storage_is_lost()
    await site.look()
    assert "take the lease" in site.telemetry.text
    assert site.works()
    await site.run("azd provision")
    await site.run("azd deploy")
    await site.look()
    assert (await site.run("GET /api/targets")).data["problems"] == []
    assert len(versions_of(site)) == versions
    assert not site.ended(previous)
    await site.live_for(days=4, every=DAILY)
    assert site.ended(previous)
    assert site.works()


@procedure("The region is down")
async def test_a_deployment_in_another_region_continues_where_the_first_one_stopped(site: Site) -> None:
    await site.live_for(days=29, every=DAILY)
    previous, versions = site.account().keys["key1"].value, len(versions_of(site))
    await site.run(STOP, **APP)
    await site.live_for(days=10, every=DAILY)
    assert site.works()
    assert not site.ended(previous)
    place = {"vault_url": site.vault.url, "vault_id": site.vault.id, "account_id": site.account().id}
    await site.run(shown(site, "tag update"), **place)
    await site.run("azd env new <name>", name="second")
    await site.run(shown(site, "ROTATION_MORE_VAULTS"), **place)
    await site.run("azd up")
    assert "overlap-over" in (await site.run("python -m cli plan")).text
    await site.tick()
    assert not site.ended(previous)
    await site.run(shown(site, "ROTATION_MODE"))
    await site.run("azd provision")
    await site.live_for(days=3, every=HALF_DAYS)
    assert site.ended(previous)
    assert retirements_announced_for(site, previous)
    assert len(versions_of(site)) == versions
    await site.live_for(days=25, every=DAILY)
    assert len(versions_of(site)) == versions + 1
    assert site.works()
    assert not site.world.vaults["own"].secrets


@procedure("Event Grid is down")
async def test_keys_rotate_and_none_ends_while_event_grid_is_down(site: Site) -> None:
    await site.live_for(days=27, every=DAILY)
    site.topic.outage = 503
    await site.live_for(days=20, every=DAILY)
    assert site.vault.get_secret("chat-key").tags["CredentialId"] == "key2"
    previous = site.account().keys["key1"].value
    assert not site.ended(previous)
    shown = await site.run("python -m cli status")
    assert shown.data["targets"][0]["announcementsOwed"]
    assert "announcements about chat are not accepted" in shown.text
    assert "no" in (await site.run("python -m cli deadlines")).text
    site.topic.outage = None
    await site.tick()
    assert retirements_announced_for(site, previous)
    assert not site.ended(previous)
    await site.live_for(days=3, every=HALF_DAYS)
    assert site.ended(previous)
    assert site.announced("KeyRotated")
    assert site.works()


@procedure("Break-glass")
async def test_the_app_adopts_a_key_that_was_rotated_by_hand(site: Site) -> None:
    await site.settle()
    place = {"group": "rg", "account": "chat", "vault": "keys", "secret": "chat-key", "app": "app"}
    await site.run(STOP, **APP)
    live = await site.run(shown(site, "CredentialId"), **place)
    spare = "key1" if live == "key2" else "key2"
    old = site.vault.get_secret("chat-key").value
    await site.run(shown(site, "keys regenerate", "<spare>"), spare=spare, **place)
    await site.run(shown(site, "secret set"), spare=spare, **place)
    assert site.works()
    assert not site.ended(old)
    await site.run(shown(site, "keys regenerate", "<live>"), live=live, **place)
    assert site.ended(old)
    before, versions = regenerated(site), len(versions_of(site))
    await site.run(shown(site, "functionapp start"), **APP)
    await site.look()
    assert (regenerated(site), len(versions_of(site))) == (before, versions)
    assert site.vault.get_secret("chat-key").tags["CredentialId"] == spare
    assert site.announced("KeyAdopted")[-1]["slot"] == spare
    await site.live_for(days=27, every=DAILY)
    assert regenerated(site) == before
    await site.live_for(days=3, every=DAILY)
    assert regenerated(site) == before + 1
    assert site.works()


@procedure("Break-glass")
async def test_a_rotation_by_hand_while_the_app_runs_leaves_a_working_key_after_every_step(
    site: Site,
) -> None:
    """Why the page says to stop the app first. Forgetting it does no lasting harm."""
    await site.settle()
    place = {"group": "rg", "account": "chat", "vault": "keys", "secret": "chat-key", "app": "app"}
    for command in site.entry.commands:
        if "functionapp" not in command:
            slot = site.vault.get_secret("chat-key").tags.get("CredentialId", "key1")
            spare = "key1" if slot == "key2" else "key2"
            await site.run(command, live=slot, spare=spare, **place)
            await site.look()
            assert site.works()
    for command in (STOP, shown(site, "functionapp start")):
        await site.run(command, **APP)
    await site.live_for(days=40, every=DAILY)
    assert site.works()
