"""The publication in Key Vault: read as it is, written in one call, and believed only as far as it can be."""

from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.keyvault.secrets.aio import SecretClient

from emulator.serve import Azure
from emulator.vaults import SecretVersion, Vault
from shared.asking import Armed, Asked
from shared.errors import FixConfiguration, GrantRole, PersonMustLook, RotationError, TryLater, UnexpectedAnswer
from shared.keys import ApiKey, Fingerprint, KeySlot
from shared.model import Target
from shared.publication import Marks, Origin, Publication, State
from shared.report import Result
from shared.telling import Debt, Happened, Telling, Told
from tests.edges import secrecy
from tests.edges.parts import Parts, Spoiled, everything_logged, utc

KEY = ApiKey("Vq7hTnLw2zKpXc9RjYd4GmSb8FsQ")
SINCE = utc("2026-11-01T08:00:00.123456")
MARKS = Marks(
    live=KEY.fingerprint,
    origin=Origin.ROTATED,
    since=SINCE,
    previous=Fingerprint.of("the one before"),
    until=utc("2026-11-04T08:00:00"),
    leaked=True,
    spare=Fingerprint.of("a spare"),
    sealed_endpoint=KEY.seal("https://chat.openai.azure.com/"),
    asked=Asked("0123456789abcdef0123456789abcdef", "pat@contoso.example", 'ticket 17, a "quoted" one'),
    armed=Armed("production", timedelta(hours=2), utc("2026-11-20T08:00:00"), utc("2026-11-10T08:00:00"), "d-17"),
    told=Told(
        origin=True,
        rotation=Telling(utc("2026-12-01T08:00:00.123456"), timedelta(days=7)),
        retirement=Telling(utc("2026-11-04T08:00:00")),
        sunset=Telling(utc("2027-03-31T00:00:00"), timedelta(days=14)),
        debts=(Debt(Happened.ENDED, KeySlot.KEY1, Fingerprint.of("an old one"), utc("2026-10-31T08:00:00")),),
    ),
)


def vault_of(parts: Parts) -> Vault:
    return next(iter(parts.azure.world.vaults.values()))


def versions(parts: Parts, name: str = "account-001-key") -> list[SecretVersion]:
    return vault_of(parts).secrets[name].versions


async def publish(parts: Parts, marks: Marks = MARKS, others: dict[str, str] | None = None) -> Target:
    target = parts.target()
    await parts.vault.publish(target, KEY, KeySlot.KEY2, marks, others or {})
    return target


async def latest(parts: Parts) -> Publication:
    found = await parts.vault.latest(parts.target())
    assert found is not None
    return found


async def raised(call: Awaitable[Any]) -> RotationError:
    with pytest.raises(RotationError) as caught:
        await call
    return caught.value


async def test_where_no_secret_is_there_is_no_publication(parts: Parts) -> None:
    assert await parts.vault.latest(parts.target()) is None


async def test_what_was_published_is_read_again_with_all_its_facts(parts: Parts) -> None:
    target = await publish(parts)
    found = await latest(parts)
    assert found == Publication(
        version=versions(parts)[0].version,
        state=State.ACTIVE,
        created=found.created,
        value=KEY.fingerprint,
        expires=(SINCE + target.cadence.period).replace(microsecond=0),
        slot=KeySlot.KEY2,
        provider=str(target.account),
        validity=target.cadence.period,
        marks=MARKS,
        endpoint="https://chat.openai.azure.com/",
        others={},
    )


async def test_publishing_is_one_write_that_carries_value_facts_and_expiry(parts: Parts) -> None:
    await publish(parts)
    assert [name for name in parts.names() if name.startswith("kv.")] == ["kv.setSecret"]
    written = versions(parts)[0]
    assert written.value == KEY.reveal()
    assert written.content_type == "Azure OpenAI API key"
    assert written.tags["CredentialId"] == "key2"
    assert written.tags["ProviderAddress"] == parts.account().id
    assert written.tags["ValidityPeriodDays"] == "30"
    assert written.expires == int((SINCE + timedelta(days=30)).timestamp())


async def test_the_tags_hold_no_part_of_the_key(parts: Parts) -> None:
    await publish(parts)
    assert not secrecy.found([KEY.reveal()], str(versions(parts)[0].tags))


async def test_tags_of_others_are_kept(parts: Parts) -> None:
    await publish(parts, others={"cost-centre": "4711", "Team": "Chat"})
    found = await latest(parts)
    assert found.others == {"cost-centre": "4711", "Team": "Chat"}
    await parts.vault.note(parts.target(), found, KeySlot.KEY2, replace(MARKS, told=Told()))
    assert (await latest(parts)).others == {"cost-centre": "4711", "Team": "Chat"}


async def test_a_note_goes_to_the_version_that_was_read_and_changes_nothing_else(parts: Parts) -> None:
    await publish(parts)
    read = await latest(parts)
    await publish(parts, replace(MARKS, told=Told()))
    await parts.vault.note(parts.target(), read, KeySlot.KEY2, replace(MARKS, asked=Asked(), armed=None))
    older, newer = versions(parts)
    assert "key-rotation-request" not in older.tags
    assert older.value == KEY.reveal()
    assert older.expires == newer.expires
    assert "key-rotation-request" in newer.tags


async def test_withdrawing_disables_that_version_and_keeps_its_tags(parts: Parts) -> None:
    await publish(parts)
    await parts.vault.withdraw(parts.target(), await latest(parts))
    assert versions(parts)[0].enabled is False
    found = await latest(parts)
    assert (found.state, found.value, found.marks, found.endpoint) == (State.DISABLED, None, MARKS, None)


async def test_a_deleted_secret_is_seen_as_deleted_and_not_as_absent(parts: Parts) -> None:
    await publish(parts)
    vault_of(parts).delete_secret("account-001-key")
    found = await latest(parts)
    assert (found.state, found.value, found.slot) == (State.DELETED, None, KeySlot.KEY2)


async def test_publishing_under_a_deleted_name_asks_for_a_person(parts: Parts) -> None:
    await publish(parts)
    vault_of(parts).delete_secret("account-001-key")
    error = await raised(publish(parts))
    assert type(error) is PersonMustLook
    assert error.thing == parts.target().secret_url
    assert "recover" in error.next_step


@pytest.mark.parametrize("apart", [0, 60])
async def test_of_several_versions_the_disabled_one_that_is_latest_is_described(parts: Parts, apart: int) -> None:
    """Also where two were made in the same second: creation times are whole seconds."""
    clock = parts.azure.world.clock
    clock.freeze(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
    for number in range(5):
        vault_of(parts).set_secret("account-001-key", f"value {number}", tags={"number": str(number)})
        clock.advance(apart)
    versions(parts)[-1].enabled = False
    found = await latest(parts)
    assert (found.state, found.others) == (State.DISABLED, {"number": "4"})


async def test_a_secret_made_by_hand_has_a_value_and_no_marks(parts: Parts) -> None:
    vault_of(parts).set_secret("account-001-key", "typed in", tags=None)
    found = await latest(parts)
    assert found.value == Fingerprint.of("typed in")
    assert (found.slot, found.provider, found.validity, found.marks, found.others) == (None, None, None, None, {})


async def test_a_secret_of_the_two_key_tutorial_is_understood(parts: Parts) -> None:
    tags = {"CredentialId": "Key1", "ProviderAddress": parts.account().id, "ValidityPeriodDays": "60"}
    vault_of(parts).set_secret("account-001-key", "typed in", tags=tags)
    found = await latest(parts)
    assert (found.slot, found.provider) == (KeySlot.KEY1, parts.account().id)
    assert (found.validity, found.marks, found.others) == (timedelta(days=60), None, {})


DAMAGED = {
    "key-rotation-live": ["", "short", "0123456789ABCDEF"],
    "key-rotation-origin": ["", "rotated", "rotated yesterday", "invented 20261101T080000.000000Z"],
    "key-rotation-previous": ["0123456789abcdef", "0123456789abcdef until=soon", "x until=20261101T080000.000000Z"],
    "key-rotation-spare": ["nothing"],
    "key-rotation-told": ["rotation=x/", "weather=fine", "rotation=99999999999999/", "rotation=1/y"],
    "key-rotation-owed": ["x", "r3", "r10123456789abcdefx"],
}


@pytest.mark.parametrize(("tag", "text"), [(tag, text) for tag, texts in DAMAGED.items() for text in texts])
async def test_damaged_marks_count_as_none(parts: Parts, tag: str, text: str) -> None:
    await publish(parts)
    versions(parts)[0].tags[tag] = text
    assert (await latest(parts)).marks is None


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("key-rotation-told", "rotation=99999999999999999999/"),
        ("key-rotation-told", "rotation=1/99999999999999999999"),
        ("key-rotation-owed", "r10123456789abcdef99999999999999999999"),
    ],
)
async def test_marks_with_a_number_beyond_all_clocks_count_as_none(parts: Parts, tag: str, text: str) -> None:
    await publish(parts)
    versions(parts)[0].tags[tag] = text
    assert (await latest(parts)).marks is None


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("key-rotation-told", "rotation=99999999999999999999/"),
        ("key-rotation-origin", "rotated 99991231T000000.000000Z"),
    ],
)
async def test_a_forged_mark_on_one_secret_does_not_stop_the_tick(parts: Parts, tag: str, text: str) -> None:
    """P10. Tags can be written by people who may do little else."""
    await parts.rotation.turn(parts.target(1))
    for number in (1, 2):
        parts.account(number).tags = {"key-rotation": "on"}
    versions(parts)[-1].tags[tag] = text
    now = parts.rotation.outside.clock.now()
    found = await parts.rotation.tick(now, now)
    assert "account-002" in [one.target.name for one in found.turns]


@pytest.mark.parametrize(
    "forger", ["https://evil.example/ 0123456789abcdef0123456789abcdef", "https://evil.example/", ""]
)
async def test_an_endpoint_that_was_not_sealed_with_the_key_is_not_believed(parts: Parts, forger: str) -> None:
    await publish(parts)
    versions(parts)[0].tags["key-rotation-endpoint"] = forger
    assert (await latest(parts)).endpoint is None


async def test_a_seal_of_text_that_cannot_be_written_is_not_believed(parts: Parts) -> None:
    await publish(parts)
    versions(parts)[0].tags["key-rotation-endpoint"] = "https://evil.example/ \udc80"
    assert (await latest(parts)).endpoint is None


async def test_a_seal_made_with_another_key_is_not_believed(parts: Parts) -> None:
    await publish(parts, replace(MARKS, sealed_endpoint=ApiKey("another key").seal("https://evil.example/")))
    assert (await latest(parts)).endpoint is None


async def test_a_key_is_never_sent_to_an_endpoint_that_somebody_without_the_key_wrote(parts: Parts) -> None:
    """A stranger who may write tags names an address of theirs; the next rotation proves at the account's own."""
    world, target = parts.azure.world, parts.target()
    assert (await parts.rotation.turn(target)).result is Result.DONE
    stranger = world.accounts.add("stranger")
    tags = versions(parts)[-1].tags
    tags["key-rotation-endpoint"] = ApiKey("not the key").seal(world.endpoint(stranger))
    world.clock.advance(timedelta(days=31).total_seconds())
    outcome = await parts.rotation.turn(target)
    assert "publish key2 (rotated)" in outcome.done, outcome
    assert {use.account for use in world.accounts.uses} == {parts.account().id}
    assert world.journal.count("aoai.models", "stranger") == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"effect": "status", "status": 500, "when": "after"},
        {"effect": "status", "status": 503, "when": "after"},
        {"effect": "drop_after"},
        {"effect": "malformed"},
    ],
    ids=lambda one: "-".join(str(part) for part in one.values()),
)
async def test_a_write_whose_answer_is_lost_leaves_one_version_more_at_most(
    parts: Parts, fault: dict[str, Any]
) -> None:
    parts.azure.world.faults.add("kv.setSecret", **fault)
    with suppress(TryLater):  # also UnexpectedAnswer, which is one
        await publish(parts)
    assert 1 <= len(versions(parts)) <= 2
    assert {one.value for one in versions(parts)} == {KEY.reveal()}
    found = await latest(parts)
    assert found.marks == MARKS


async def test_a_whole_turn_whose_write_is_answered_500_comes_to_rest_with_one_version_more_at_most(
    parts: Parts,
) -> None:
    target = parts.target()
    parts.azure.world.faults.add("kv.setSecret", "status", status=500, when="after")
    assert (await parts.rotation.turn(target)).result is Result.FAILED
    for _ in range(3):
        await parts.rotation.turn(target)
    assert len(versions(parts)) <= 2
    assert versions(parts)[-1].value == parts.account().keys["key1"].value


async def test_half_an_answer_with_a_value_shows_it_nowhere(parts: Parts) -> None:
    await publish(parts)
    with everything_logged() as tape:
        parts.azure.world.faults.add("kv.getSecret", "malformed")
        error = await raised(parts.vault.latest(parts.target()))
    assert type(error) is UnexpectedAnswer
    assert error.thing == parts.target().secret_url
    assert not secrecy.found([KEY.reveal()], secrecy.attached(error) + tape.text)


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": ""}, {"value": KEY.reveal()}], ids=str)
async def test_an_answer_without_value_or_version_is_unexpected_and_not_shown(
    parts: Parts, spoiled: Spoiled, body: dict[str, Any]
) -> None:
    await publish(parts)
    await latest(parts)
    spoiled.body("kv.getSecret", body)
    error = await raised(parts.vault.latest(parts.target()))
    assert type(error) is UnexpectedAnswer
    assert not secrecy.found([KEY.reveal()], secrecy.attached(error))


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"7", b"{", b"\xff\xfe", b"<html>busy</html>"], ids=str)
async def test_an_answer_that_cannot_be_read_is_unexpected_and_nothing_else(
    parts: Parts, spoiled: Spoiled, body: bytes
) -> None:
    await publish(parts)
    await latest(parts)
    spoiled.body("kv.getSecret", body)
    assert type(await raised(parts.vault.latest(parts.target()))) is UnexpectedAnswer


async def test_a_published_value_under_a_status_that_nobody_knows_is_not_shown(parts: Parts, spoiled: Spoiled) -> None:
    await publish(parts)
    await latest(parts)
    spoiled.body("kv.getSecret", {"value": KEY.reveal()}, 202)
    error = await raised(parts.vault.latest(parts.target()))
    assert not secrecy.found([KEY.reveal()], secrecy.attached(error))


REFUSALS = [
    ({"status": 400, "code": "BadParameter"}, FixConfiguration),
    ({"status": 403, "code": "Forbidden"}, GrantRole),
    ({"status": 403, "code": "ForbiddenByPolicy"}, FixConfiguration),
    ({"status": 409, "code": "Conflict"}, TryLater),
    ({"status": 429, "code": "Throttled"}, TryLater),
    ({"status": 500, "code": "InternalServerError"}, TryLater),
    ({"status": 503, "code": "ServiceUnavailable"}, TryLater),
]
DOING = {
    "kv.getSecret": "read the secret",
    "kv.setSecret": "publish the key",
    "kv.updateSecret": "note on the secret what was told",
    "kv.listSecrets": "list its secrets",
}


async def do(parts: Parts, operation: str) -> None:
    target = parts.target()
    if operation == "kv.setSecret":
        await publish(parts)
    elif operation == "kv.updateSecret":
        await parts.vault.note(target, await latest(parts), KeySlot.KEY2, MARKS)
    elif operation == "kv.listSecrets":
        assert [one async for one in parts.vault.listing(target.vault_url)]
    else:
        await parts.vault.latest(target)


@pytest.mark.parametrize("operation", DOING)
@pytest.mark.parametrize(("fault", "kind"), REFUSALS, ids=lambda one: one["code"] if isinstance(one, dict) else "")
async def test_a_refusal_is_named_for_who_must_act(
    parts: Parts, operation: str, fault: dict[str, Any], kind: type[RotationError]
) -> None:
    await publish(parts)
    parts.azure.world.faults.add(operation, "status", times=0, message="First line.\r\nSecond line.", **fault)
    error = await raised(do(parts, operation))
    assert type(error) is kind
    assert error.thing in (parts.target().secret_url, parts.target().vault_url)
    assert error.what.startswith(f"could not {DOING[operation]}: {fault['status']} {fault['code']}: First line.")
    assert "Second line" not in error.what
    assert not secrecy.found([KEY.reveal()], secrecy.attached(error))


@pytest.mark.parametrize("operation", DOING)
async def test_a_missing_role_a_closed_firewall_and_silence_are_told_apart(parts: Parts, operation: str) -> None:
    await publish(parts)
    world, vault = parts.azure.world, vault_of(parts)
    if operation == "kv.updateSecret":
        await do(parts, operation)
    held = list(world.app.assignments)
    read = await latest(parts)

    async def again() -> RotationError:
        if operation == "kv.updateSecret":
            return await raised(parts.vault.note(parts.target(), read, KeySlot.KEY2, MARKS))
        return await raised(do(parts, operation))

    world.directory.revoke("app")
    assert type(await again()) is GrantRole
    world.app.assignments = held
    vault.firewall_closed = True
    firewall = await again()
    assert type(firewall) is FixConfiguration
    assert "network" in firewall.next_step
    vault.firewall_closed = False
    world.down.add("kv")
    assert type(await again()) is TryLater


async def test_an_identity_that_the_vault_does_not_know_is_named(parts: Parts) -> None:
    await publish(parts)
    parts.azure.world.directory._secret = b"another world's signature"
    error = await raised(parts.vault.latest(parts.target()))
    assert type(error) is GrantRole
    assert "AZURE_CLIENT_ID" in error.next_step


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (25, 1), (26, 2), (60, 3)])
async def test_a_vault_is_listed_by_pages_and_without_values(parts: Parts, count: int, pages: int) -> None:
    vault = vault_of(parts)
    for number in range(count):
        vault.set_secret(f"secret-{number:03}", KEY.reveal(), enabled=number != 3, tags={"number": str(number)})
    found = {name: held async for name, held in parts.vault.listing(vault.url)}
    assert sorted(found) == [f"secret-{number:03}" for number in range(count)]
    assert all(held.value is None and held.endpoint is None for held in found.values())
    assert [name for name, held in found.items() if held.state is State.DISABLED] == (["secret-003"] if count else [])
    assert parts.names() == ["kv.listSecrets"] * pages


async def test_a_listing_shows_the_marks_of_a_publication(parts: Parts) -> None:
    await publish(parts)
    found = dict([one async for one in parts.vault.listing(parts.target().vault_url)])
    assert found["account-001-key"].marks == MARKS
    assert found["account-001-key"].slot is KeySlot.KEY2


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        ("https://contoso.vault.azure.net", True),
        ("https://contoso.vault.azure.cn", True),
        ("https://10.1.2.3", True),
        ("https://localhost.contoso.net", True),
        ("https://127.0.0.1.contoso.net", True),
        ("https://127.0.0.1:8443", False),
        ("https://localhost:8443", False),
    ],
)
async def test_a_vaults_challenge_is_checked_everywhere_but_on_this_machine(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, url: str, checked: bool
) -> None:
    asked: list[bool] = []
    plain = SecretClient.__init__

    def noting(self: SecretClient, *arguments: Any, **options: Any) -> None:
        asked.append(options["verify_challenge_resource"])
        plain(self, *arguments, **options)

    monkeypatch.setattr(SecretClient, "__init__", noting)
    parts.vault._client(url)
    assert asked == [checked]


async def test_a_vault_of_another_domain_than_its_challenge_is_sent_no_token_and_named(
    azure: Azure, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulated vault lies on this machine and names vault.azure.net; with the check on it is refused."""
    from shared.adapters import key_vault

    monkeypatch.setattr(key_vault, "is_loopback", lambda _: False)
    error = await raised(parts.vault.latest(parts.target()))
    assert type(error) is FixConfiguration
    assert azure.world.journal.count("identity.token") == 0
