"""Every error of the runbook: brought about, seen with its next step, mended as the entry says, and seen to be over."""

import json
import time
from types import SimpleNamespace

import pytest

from shared.adapters import blob_lease
from tests.runbook.site import Site

entry = pytest.mark.entry
STATUS = "python -m cli status"
ROTATE = "python -m cli rotate <name>"
TARGET = "GET /api/targets/<name>"


async def is_well(site: Site) -> bool:
    """A look at everything finds no error, and nothing due."""
    return (await site.run(STATUS)).code == 0


@entry("TryLater")
async def test_azure_is_out_and_the_next_tick_goes_on(site: Site) -> None:
    site.world.faults.add("kv.getSecret", "status", times=0, status=503, code="ServiceUnavailable")
    await site.look()
    site.sees()
    assert not await is_well(site)
    site.world.faults.clear()
    await site.look()
    assert await is_well(site)


@entry("LeaseHeld")
async def test_a_killed_turn_leaves_its_lease_and_it_ends_by_itself(site: Site) -> None:
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
async def test_a_turn_that_stands_still_stops_and_is_taken_up_again(
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
    assert await is_well(site)


@entry("OutOfTime")
async def test_whoever_waits_is_told_that_it_goes_on_and_it_does(site: Site) -> None:
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
async def test_a_wrong_tag_and_a_wrong_setting_are_named_and_corrected(site: Site) -> None:
    site.account().tags |= {"key-rotation-period": "monthly"}
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
    reply = await site.run("GET /api/targets")
    assert (reply.status, reply.data["problems"]) == (200, [])


@entry("GrantRole")
async def test_a_missing_role_is_named_and_given(site: Site) -> None:
    role = site.lacks("keyPublisher", "Microsoft.KeyVault/vaults/secrets/getSecret/action")
    site.world.accounts.regenerate(site.account().id, "key1")
    await site.look()
    site.sees()
    doctor = await site.run("python -m cli doctor")
    command = (
        "az role assignment create --assignee-object-id <object id> --assignee-principal-type ServicePrincipal "
        "--role <role> --scope <scope>"
    )
    assert command.split(" --role")[0].replace("<object id>", site.world.app.object_id) in doctor.text
    await site.run(command, role=f"'{role}'", object_id=site.world.app.object_id, scope=site.vault.id)
    await site.look()
    assert site.works()
    assert await is_well(site)


SECRET = {"vault": "keys", "secret": "chat-key"}


@entry("PersonMustLook")
async def test_what_somebody_did_to_the_secret_is_undone_by_a_person(site: Site) -> None:
    vault, account = site.vault, site.account()

    async def a_person_must_look_at(words: str) -> None:
        site.telemetry.clear()
        await site.look()
        site.sees()
        assert words in site.telemetry.text
        assert not await is_well(site)

    async def it_is_over() -> None:
        await site.look()
        assert await is_well(site)
        assert site.works(secret=site.secret)

    vault.delete_secret("chat-key")
    await a_person_must_look_at("is deleted but recoverable")
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
    await a_person_must_look_at("tags of others")
    vault.update_secret("chat-key", tags=tags)
    await it_is_over()
    vault.update_secret("chat-key", tags={**tags, "ProviderAddress": f"{account.id}-2"})
    await a_person_must_look_at("belongs to another account")
    command = "az tag update --operation merge --tags key-rotation-secret=<another name> --resource-id <account id>"
    await site.run(command, another_name="chat-own", account_id=account.id)
    site.secret = "chat-own"
    await it_is_over()


def trimmed(tags: dict[str, str]) -> dict[str, str]:
    """As many as leave room for four others."""
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
async def test_an_account_behind_a_closed_network_is_opened_or_trusted(site: Site) -> None:
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
    command = (
        "az cognitiveservices account network-rule add --resource-group <group> --name <account> --subnet <subnet id>"
    )
    await site.run(command, group="emulated", account="chat", subnet_id="a-subnet")
    assert (await site.run(ROTATE, name="chat")).data["result"] == "done"
    assert site.works()


@entry("UnexpectedAnswer")
async def test_an_answer_that_no_specification_knows_is_not_acted_upon(site: Site) -> None:
    site.world.faults.add("arm.listKeys", "malformed", form="wrong")
    await site.look()
    site.sees()
    assert site.works()
    await site.look()
    assert await is_well(site)


@entry("UnknownTarget")
async def test_a_name_that_nobody_enrolled_is_answered_with_those_there_are(site: Site) -> None:
    reply = await site.run(TARGET, name="chta")
    assert reply.status == 404
    site.sees(reply.body)
    names = [one["target"] for one in (await site.run("GET /api/targets")).data["targets"]]
    assert names == ["chat"]
    assert (await site.run(TARGET, name=names[0])).status == 200
