"""Moving targets and accounts while consumers read their keys: docs/operations.md, command by command."""

import json

import pytest

from tests.runbook.operating import APP, DAILY, DELETE, SETTING, fingerprint_of, regenerated, shown, versions_of
from tests.runbook.page import entries
from tests.runbook.site import Site

procedure = pytest.mark.procedure
PLACES = {"vault": "keys", "secret": "chat-key", "new_vault": "other", "new_secret": "chat-new"}


async def another_vault(site: Site) -> dict[str, str]:
    """Add a vault that a setting names. Return the values of the placeholders."""
    vault = site.world.add_vault("other")
    url = await site.azure.serve_vault(vault)
    await site.start(ROTATION_VAULTS=url)
    return {**PLACES, "vault_url": site.vault.url, "new_vault_url": url, "account_id": site.account().id}


async def keys_keep_working_for(site: Site, days: int, *values: str) -> None:
    """Let days pass, and check each day that the account still accepts these keys."""
    for _ in range(days):
        await site.live_for(days=1, every=DAILY)
        assert not [value for value in values if site.ended(value)]


@procedure("Move to another secret or vault")
async def test_consumers_move_one_by_one_and_none_is_refused(site: Site) -> None:
    await site.settle()
    places, before = await another_vault(site), regenerated(site)
    old = site.vault.get_secret("chat-key").value
    await site.run("azd provision")
    await site.run(shown(site, "secret set"), **places)
    await site.run(shown(site, "tag update"), **places)
    await site.tick()
    assert site.works(secret="chat-new", vault="other")
    assert regenerated(site) == before
    assert [one["slot"] for one in site.announced("KeyAdopted")] == ["key1", "key2"]
    await keys_keep_working_for(site, 27, old)
    assert site.world.vaults["other"].get_secret("chat-new").value == old
    await site.live_for(days=10, every=DAILY)
    assert site.ended(old)
    assert fingerprint_of(old) in {one["fingerprint"] for one in site.announced("RetirementAnnounced")}
    assert site.works(secret="chat-new", vault="other")
    await site.run(DELETE, **places)
    await site.look()
    assert site.works(secret="chat-new", vault="other")


async def moved(site: Site) -> dict[str, str]:
    """Move the target to the other vault, as the section before says."""
    places, there = await another_vault(site), entries("operations.md")["Move to another secret or vault"]
    site.entry, back = there, site.entry
    await site.run(shown(site, "secret set"), **places)
    await site.run(shown(site, "tag update"), **places)
    site.entry = back
    await site.tick()
    return places


@procedure("Move back")
async def test_moving_back_refuses_no_consumer(site: Site) -> None:
    await site.settle()
    places = await moved(site)
    await site.live_for(days=29, every=DAILY)
    here, there = site.vault, site.world.vaults["other"]
    held = there.get_secret("chat-new").value
    previous = next(key.value for key in site.account().keys.values() if key.value != held)
    here.delete_secret("chat-key")
    await site.run("az keyvault secret recover --vault-name <vault> --name <secret>", **places)
    await site.run(shown(site, "secret set"), **places)
    await site.run(shown(site, "tag update"), **places)
    await site.tick()
    assert here.get_secret("chat-key").value == held
    await keys_keep_working_for(site, 29, held, previous)
    await site.live_for(days=10, every=DAILY)
    told = {one["fingerprint"] for one in site.announced("RetirementAnnounced")}
    assert {fingerprint_of(held), fingerprint_of(previous)} <= told
    assert site.works()


@procedure("Move back")
async def test_moving_back_without_a_copy_still_announces_the_end_of_the_other_secret_s_key(
    site: Site,
) -> None:
    site.excused = True  # it leaves out the copy that the page asks for
    await site.live_for(days=31, every=DAILY)  # key 2 is live, and key 1 is recorded as the previous key
    places = await moved(site)
    await site.live_for(days=45, every=DAILY)
    held = site.world.vaults["other"].get_secret("chat-new").value
    await site.run(shown(site, "tag update"), **places)
    await site.tick()
    assert site.works()
    assert (await site.type("python -m cli rotate chat")).data["reason"] == "overlap-runs"
    await keys_keep_working_for(site, 29, held)
    await site.live_for(days=10, every=DAILY)
    assert site.ended(held)
    assert fingerprint_of(held) in {one["fingerprint"] for one in site.announced("RetirementAnnounced")}


@procedure("Rename a target")
async def test_renaming_a_target_changes_only_its_name(site: Site) -> None:
    await site.settle()
    before, versions = regenerated(site), len(versions_of(site))
    named = json.dumps([{"account": site.account().id, "name": "assistant"}], separators=(",", ":"))
    site.queue.append(json.dumps({"target": "chat", "asked": site.world.clock.utcnow().isoformat()}))
    await site.run(SETTING + "<setting>", setting=f"'ROTATION_TARGETS={named}'", **APP)
    await site.work()
    assert "UnknownTarget: 'chat': no target has this name" in site.telemetry.text
    await site.look()
    assert (regenerated(site), len(versions_of(site))) == (before, versions)
    assert (await site.type("python -m cli plan")).data["targets"][0]["target"] == "assistant"
    await site.live_for(days=31, every=DAILY)
    assert site.announced("KeyRotated")[-1]["target"] == "assistant"
    assert site.works()


@procedure("Move an account")
async def test_a_moved_account_waits_for_a_person_to_confirm_its_new_id(site: Site) -> None:
    await site.settle()
    before, value = regenerated(site), site.vault.get_secret("chat-key").value
    await site.run(shown(site, "resource move"), new_group="elsewhere", account_id=site.account().id)
    await site.look()
    assert "PersonMustLook" in site.telemetry.text
    assert "belongs to another account" in site.telemetry.text
    await site.run(shown(site, "secret set"), vault="keys", secret="chat-key")
    await site.look()
    assert (await site.type("python -m cli status chat")).code == 0
    assert site.vault.get_secret("chat-key").value == value
    assert regenerated(site) == before
    assert site.vault.get_secret("chat-key").tags["ProviderAddress"] == site.account().id
    await site.live_for(days=31, every=DAILY)
    assert regenerated(site) == before + 1
    assert site.works()
