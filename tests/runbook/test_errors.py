"""Every error of the runbook: it is caused, shown with its next step, fixed as its entry says, and over."""

import json
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest

from lab.simulation.tripwire import planted_key
from shared.adapters import blob_lease
from shared.domain.keys import Fingerprint
from tests.runbook.hands import full_name
from tests.runbook.operating import let_the_app_in
from tests.runbook.site import Site

entry = pytest.mark.entry
STATUS = "python -m cli status <name>"
ROTATE = "python -m cli rotate <name>"
TARGET = "GET /api/targets/<name>"


async def is_healthy(site: Site) -> bool:
    """Return whether `status` shows no error and nothing due."""
    return (await site.run(STATUS, name="chat")).code == 0


@entry("TryLater")
async def test_a_tick_continues_after_an_outage_of_azure(site: Site) -> None:
    site.world.faults.add("kv.getSecret", "status", times=0, status=503, code="ServiceUnavailable")
    await site.look()
    site.sees()
    assert not await is_healthy(site)
    site.world.faults.clear()
    await site.look()
    assert await is_healthy(site)


@entry("Throttled")
async def test_a_vault_that_asks_to_wait_is_not_asked_until_then(site: Site) -> None:
    site.world.faults.add("kv.getSecret", "status", status=429, code="Throttled", retry_after=372)
    await site.look()
    site.sees()
    assert not await is_healthy(site)
    assert not await is_healthy(site), "the vault would answer, and is not asked"
    await site.start()  # another process does not remember it
    await site.look()
    assert await is_healthy(site)


@entry("LeaseHeld")
async def test_the_lease_of_a_killed_turn_ends_by_itself(site: Site) -> None:
    await site.settle()
    leases = (await site.rotation()).outside.leases
    await leases._acquire(site.account().id.casefold())  # a turn that took it and was killed
    answer = await site.run(ROTATE, name="chat")
    site.sees(answer.text)
    reply = await site.type("POST /api/targets/<name>/rotate", name="chat")
    assert (reply.status, reply.data["title"]) == (409, "LeaseHeld")
    site.pass_time(seconds=16)
    assert (await site.run(ROTATE, name="chat")).data["result"] == "done"


@entry("LeaseLost")
async def test_a_turn_that_loses_its_lease_stops_and_is_tried_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stands_still(_: object) -> None:
        late = time.monotonic() + blob_lease.SECONDS
        monkeypatch.setattr(blob_lease, "time", SimpleNamespace(monotonic=lambda: late))

    def goes_on(_: object) -> None:
        monkeypatch.setattr(blob_lease, "time", time)

    site.world.accounts.regenerate(site.account().id, "key1")
    site.world.faults.add("kv.getSecret", "hook", hook=stands_still)
    site.world.faults.add("blob.lease.release", "hook", hook=goes_on)
    await site.look()
    site.sees()
    assert site.works()
    assert await is_healthy(site)


@entry("OutOfTime")
async def test_a_turn_that_takes_too_long_is_answered_with_202_and_continues(site: Site) -> None:
    await site.settle()
    before = (await site.run(TARGET, name="chat")).data["live"]
    site.world.faults.add("arm.regenerateKey", "hook", when="after", hook=lambda _: site.pass_time(seconds=151))
    reply = await site.type("POST /api/targets/<name>/rotate", name="chat")
    assert reply.status == 202
    site.sees(reply.body)
    await site.work()
    assert (await site.run(TARGET, name="chat")).data["live"] != before
    assert site.works()


@entry("FixConfiguration")
async def test_an_invalid_tag_and_invalid_settings_are_named_and_corrected(site: Site) -> None:
    site.account().tags |= {"key-rotation-period": "monthly"}
    await site.tick()
    reply = await site.run("GET /api/targets")
    site.sees(reply.body)
    assert "period" in str(reply.data["problems"])
    tag = "az tag update --operation merge --tags <tag> --resource-id <account id>"
    await site.run(tag, tag="key-rotation-period=P30D", account_id=site.account().id)
    await site.start(ROTATION_OVERLAP="two days", ROTATION_MODE="full")
    reply = await site.run("GET /api/targets")
    assert reply.status == 503
    assert "ROTATION_OVERLAP" in reply.body
    assert "ROTATION_MODE" in reply.body
    setting = "az functionapp config appsettings set --resource-group <group> --name <app> --settings <setting>"
    await site.run(setting, setting="ROTATION_OVERLAP=P2D ROTATION_MODE=rotate")
    await site.tick()
    reply = await site.run("GET /api/targets")
    assert (reply.status, reply.data["problems"]) == (200, [])


@entry("SignInNotEnforced")
async def test_http_is_refused_until_signing_in_is_enforced_or_no_longer_demanded(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_environment() -> None:
        """Give the handlers the settings, which they read from the process's environment."""
        for name in ("ROTATION_SIGN_IN", "WEBSITE_AUTH_ENABLED"):
            monkeypatch.setenv(name, site.settings.get(name, ""))

    await site.start(ROTATION_SIGN_IN="required")
    with_environment()
    for reply in (await site.run("GET /api/health"), await site.type("GET /api/targets")):
        assert reply.status == 503
        site.sees(reply.body)
    assert "SignInNotEnforced" in (await site.type("GET /api/status")).body
    before = site.world.journal.count("arm.regenerateKey", effect=True)
    await site.live_for(days=35, every=timedelta(days=1))
    assert site.world.journal.count("arm.regenerateKey", effect=True) > before
    shown = next(one for one in site.entry.commands if one.startswith("az rest"))
    place = {"group": "rg", "app": "app", "subscription": "s"}
    assert await site.run(shown, **place) is False
    site.signs_in, site.settings["WEBSITE_AUTH_ENABLED"] = True, "True"
    await site.run("az functionapp restart --resource-group <group> --name <app>", **place)
    with_environment()
    assert (await site.run("GET /api/health")).status == 200
    del site.settings["WEBSITE_AUTH_ENABLED"]
    with_environment()
    assert (await site.run("GET /api/health")).status == 503
    optional = next(one for one in site.entry.commands if "ROTATION_SIGN_IN=optional" in one)
    await site.run(optional, **place)
    with_environment()
    assert (await site.run("GET /api/health")).status == 200


@entry("GrantRole")
async def test_a_missing_role_is_named_and_assigned(site: Site) -> None:
    role = site.take_away("keyPublisher", "Microsoft.KeyVault/vaults/secrets/getSecret/action")
    site.world.accounts.regenerate(site.account().id, "key1")
    await site.look()
    site.sees()
    doctor = await site.run("python -m cli doctor")
    command = (
        "az role assignment create --assignee-object-id <object id> --assignee-principal-type ServicePrincipal "
        "--role <role> --scope <scope>"
    )
    assert command.split(" --role")[0].replace("<object id>", site.world.app.object_id) in doctor.text
    await site.run(command, role=f"'{full_name(role)}'", object_id=site.world.app.object_id, scope=site.vault.id)
    await site.look()
    assert site.works()
    assert await is_healthy(site)


SECRET = {"vault": "keys", "secret": "chat-key"}


@entry("PersonMustLook")
async def test_a_secret_that_was_changed_by_hand_waits_for_a_person(site: Site) -> None:
    vault, account = site.vault, site.account()

    async def a_person_must_look_at(words: str) -> None:
        site.telemetry.clear()
        await site.look()
        site.sees()
        assert words in site.telemetry.text
        assert not await is_healthy(site)

    async def it_is_over() -> None:
        await site.look()
        assert await is_healthy(site)
        assert site.works(secret=site.secret)

    vault.delete_secret("chat-key")
    await a_person_must_look_at("is deleted but can be recovered")
    await site.run("az keyvault secret recover --vault-name <vault> --name <secret>", **SECRET)
    await it_is_over()
    vault.update_secret("chat-key", enabled=False)
    await a_person_must_look_at("is disabled")
    await site.run("az keyvault secret set-attributes --vault-name <vault> --name <secret> --enabled true", **SECRET)
    await it_is_over()
    vault.set_secret("chat-key", "nobody knows this value")
    await a_person_must_look_at("holds neither key")
    command = (
        "az keyvault secret set --vault-name <vault> --name <secret> --value "
        '"$(az cognitiveservices account keys list --resource-group <group> --name <account> '
        '--query key1 --output tsv)" --output none'
    )
    await site.run(command, group="emulated", account="chat", **SECRET)
    await it_is_over()
    tags = dict(vault.get_secret("chat-key").tags)
    vault.update_secret("chat-key", tags={**{f"theirs-{number}": "x" for number in range(4)}, **trimmed(tags)})
    await a_person_must_look_at("tags that are not ours")
    vault.update_secret("chat-key", tags=tags)
    await it_is_over()
    vault.update_secret("chat-key", tags={**tags, "ProviderAddress": f"{account.id}-2"})
    await a_person_must_look_at("belongs to another account")
    command = "az tag update --operation merge --tags key-rotation-secret=<another name> --resource-id <account id>"
    await site.run(command, another_name="chat-own", account_id=account.id)
    site.secret = "chat-own"
    await it_is_over()


def trimmed(tags: dict[str, str]) -> dict[str, str]:
    """Return as many of the tags as leave room for four others."""
    return dict(list(tags.items())[:11])


@entry("ProofFailed")
async def test_a_key_that_spreads_slowly_is_published_by_a_later_turn(site: Site) -> None:
    await site.settle()
    before = (await site.run(TARGET, name="chat")).data["live"]
    site.account().lag.new_after = 200
    reply = await site.type("POST /api/targets/<name>/rotate", name="chat")
    assert reply.status == 202
    site.sees(reply.body)
    assert site.works()
    site.pass_time(seconds=200)
    await site.work()
    assert (await site.run(TARGET, name="chat")).data["live"] != before
    assert site.world.journal.count("arm.regenerateKey", "chat", effect=True) == site.regenerated + 1
    assert site.works()


@entry("ProofImpossible")
async def test_an_account_behind_a_closed_network_is_opened_or_published_unproven(site: Site) -> None:
    await site.settle()
    site.account().network_acls = {"defaultAction": "Deny"}
    answer = await site.run(ROTATE, name="chat")
    site.sees(answer.text)
    assert answer.code == 1
    trusted = [{"account": site.account().id, "proof": "prefer"}]
    await site.start(ROTATION_TARGETS=json.dumps(trusted))
    assert (await site.run(ROTATE, name="chat")).data["unproven"]
    await site.start(ROTATION_TARGETS="")
    await site.settle()
    site.account().network_acls = {"defaultAction": "Deny"}
    assert (await site.run(ROTATE, name="chat")).data["reason"] == "ProofImpossible"
    await let_the_app_in(site)
    assert (await site.run(ROTATE, name="chat")).data["result"] == "done"
    assert site.works()


@entry("UnexpectedAnswer")
async def test_an_answer_outside_the_specification_is_not_acted_upon(site: Site) -> None:
    site.world.faults.add("arm.listKeys", "malformed", form="wrong")
    await site.look()
    site.sees()
    assert site.works()
    await site.look()
    assert await is_healthy(site)


async def with_another_account(site: Site, name: str, **tags: str) -> str:
    """Adopt `chat`, and enrol another account beside it. Return the other account's id."""
    await site.settle()
    tagged = {"key-rotation": "on"} | {f"key-rotation-{tag}": text for tag, text in tags.items()}
    keys = {"key1": planted_key(), "key2": planted_key()}
    return site.world.accounts.add(name, resource_group="aaa", subdomain="another", tags=tagged, **keys).id


@entry("OutOfScope")
async def test_an_operator_is_refused_outside_of_the_scopes_until_the_scope_is_added(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def with_environment() -> None:
        """Give the handlers the setting, which they read from the process's environment."""
        monkeypatch.setenv("ROTATION_OPERATOR_SCOPES", site.settings.get("ROTATION_OPERATOR_SCOPES", ""))

    await site.settle()
    caplog.set_level("INFO")
    group = site.account().id.partition("/providers/")[0]
    await site.start(ROTATION_OPERATOR_SCOPES=f"*={group}2")
    with_environment()
    reply = await site.type("POST /api/targets/<name>/leak", name="chat", body={"key": "live"})
    assert (reply.status, reply.data["accounts"], reply.data["scopes"]) == (403, [site.account().id], [f"{group}2"])
    site.sees(reply.body)
    assert any("act: " in one and site.account().id in one for one in caplog.messages)
    setting = next(one for one in site.entry.commands if one.startswith("az functionapp"))
    await site.run(setting, value=f"'*={group}2,*={group}'", group="rg", app="app")
    with_environment()
    reply = await site.type("POST /api/targets/<name>/leak", name="chat", body={"key": "live"})
    assert reply.status == 200
    assert site.works()


@entry("DisputedName")
async def test_a_name_that_two_accounts_have_leads_to_neither_and_their_ids_do(site: Site) -> None:
    account, chat = site.account(), site.account().id
    other = await with_another_account(site, "chat", secret="another-key")
    live = site.vault.get_secret("chat-key").value
    reply = await site.type("POST /api/targets/<name>/leak", name="chat", body={"key": "live"})
    assert (reply.status, sorted(reply.data["accounts"])) == (409, sorted([chat, other]))
    site.sees(reply.body)
    assert site.world.accounts.key_accepted(account, live)
    leaked = await site.run("POST /api/targets/-/leak?account=<account id>", body={"key": "live"}, account_id=chat)
    assert (leaked.status, leaked.data["account"]) == (200, chat)
    assert not site.world.accounts.key_accepted(account, live)
    await site.run("python -m cli rotate --account <account id>", account_id=chat)
    off = "az tag update --operation merge --tags key-rotation=off --resource-id <other account id>"
    await site.run(off, other_account_id=other)
    assert (await site.run(TARGET, name="chat")).status == 200


@entry("DisputedSecret")
async def test_a_secret_stays_with_its_account_and_the_other_one_gets_a_name_of_its_own(site: Site) -> None:
    other = await with_another_account(site, "key", secret="chat-key")
    reply = await site.type("POST /api/targets/<name>/rotate", name="key")
    assert reply.status == 409
    site.sees(reply.body)
    account = site.world.accounts[other]
    leaked = account.keys["key1"].value
    leak = "python -m cli leak --account <account id> --fingerprint <fingerprint>"
    answer = await site.run(leak, account_id=other, fingerprint=Fingerprint.of(leaked))
    assert (answer.data["result"], answer.data["account"]) == ("done", other)
    assert not site.world.accounts.key_accepted(account, leaked)
    assert site.works()
    tag = "az tag update --operation merge --tags key-rotation-secret=<another name> --resource-id <account id>"
    await site.run(tag, another_name="key-key", account_id=other)
    await site.look()
    assert site.works("key")
    assert (await site.run("GET /api/targets")).data["problems"] == []


@entry("ConfirmFirst")
async def test_a_leak_of_both_keys_says_what_would_end_and_is_carried_out_when_it_is_confirmed(site: Site) -> None:
    await site.settle()
    account = site.account()
    out = {key.value for key in account.keys.values()}
    reply = await site.type("POST /api/targets/<name>/leak", name="chat", body={"key": "both"})
    assert reply.status == 409
    site.sees(reply.body)
    assert "which apps read from the vault" in reply.data["detail"]
    assert all(site.world.accounts.key_accepted(account, value) for value in out)
    confirmed = {"key": "both", "confirm": "chat"}
    assert (await site.run("POST /api/targets/<name>/leak", confirmed, name="chat")).status == 200
    assert not any(site.world.accounts.key_accepted(account, value) for value in out)
    again = await site.run("python -m cli leak <name> --key both --confirm <name>", name="chat")
    assert again.data["result"] == "done"
    assert site.works()


@entry("LimitReached")
async def test_too_many_leaks_of_one_target_are_refused_until_the_hour_is_over_or_the_limit_is_raised(
    site: Site,
) -> None:
    await site.settle()
    body = {"key": "live", "confirm": "chat"}
    leak = "POST /api/targets/<name>/leak"
    await site.start(ROTATION_REQUESTS_PER_TARGET="2", ROTATION_REQUESTS_IN_ALL="3")
    statuses = []
    for _ in range(3):
        reply = await site.type(leak, name="chat", body=body)
        statuses.append(reply.status)
        site.pass_time(seconds=60)
    assert statuses == [200, 200, 429]
    assert "Retry-After" in reply.headers
    site.sees(reply.body)
    live = site.vault.get_secret("chat-key").value
    setting = "az functionapp config appsettings set --resource-group <group> --name <app> --settings <setting>"
    raised = "ROTATION_REQUESTS_PER_TARGET=20 ROTATION_REQUESTS_IN_ALL=100"
    await site.run(setting, setting=raised, group="rg", app="app")
    assert (await site.type(leak, name="chat", body=body)).status == 200
    assert site.ended(live)
    await site.start(ROTATION_REQUESTS_PER_TARGET="2")
    assert (await site.type(leak, name="chat", body=body)).status == 429
    site.pass_time(seconds=3600)
    assert (await site.type(leak, name="chat", body=body)).status == 200
    assert site.works()


@entry("UnknownTarget")
async def test_an_unknown_target_is_answered_with_404_and_the_names_can_be_listed(site: Site) -> None:
    reply = await site.run(TARGET, name="chta")
    assert reply.status == 404
    site.sees(reply.body)
    names = [one["target"] for one in (await site.run("GET /api/targets")).data["targets"]]
    assert names == ["chat"]
    assert (await site.run(TARGET, name=names[0])).status == 200
