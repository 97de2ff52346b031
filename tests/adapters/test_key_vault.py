"""Secrets in Key Vault are read with their tags, written in one call and listed by pages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from shared.domain.errors import PersonMustLook
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.publication import Publication, SecretState
from shared.domain.requests import Requester
from shared.domain.told import Told
from tests.support import key_search
from tests.support.listings import all_of
from tests.support.real_parts import Parts
from tests.support.vault_publications import KEY, MARKS, SINCE, as_sealed, latest, publish, raised, vault_of, versions


async def test_a_missing_secret_is_no_publication(parts: Parts) -> None:
    assert await parts.vault.latest(parts.target()) is None


async def test_a_publication_is_read_back_with_all_its_facts(parts: Parts) -> None:
    target = await publish(parts)
    found = await latest(parts)
    assert found == Publication(
        version=versions(parts)[0].version,
        state=SecretState.ACTIVE,
        created=found.created,
        value=KEY.fingerprint,
        expires=(SINCE + target.cadence.period).replace(microsecond=0),
        slot=KeySlot.KEY2,
        provider=str(target.account),
        validity=target.cadence.period,
        marks=as_sealed(target, MARKS),
        endpoint="https://chat.openai.azure.com/",
        others={},
        labelled=True,
        updated=found.updated,
        sealed=True,
    )
    assert found.updated == found.created


async def test_publishing_writes_value_tags_and_expiry_in_one_call(parts: Parts) -> None:
    await publish(parts)
    assert [name for name in parts.names() if name.startswith("kv.")] == ["kv.setSecret"]
    written = versions(parts)[0]
    assert written.value == KEY.reveal()
    assert written.content_type == "Azure OpenAI API key"
    assert written.tags["CredentialId"] == "key2"
    assert written.tags["ProviderAddress"] == parts.account().id
    assert written.tags["ValidityPeriodDays"] == "30"
    assert written.expires == int((SINCE + timedelta(days=30)).timestamp())


async def test_the_tags_contain_no_part_of_the_key(parts: Parts) -> None:
    await publish(parts)
    assert not key_search.found([KEY.reveal()], str(versions(parts)[0].tags))


async def test_other_tags_are_kept(parts: Parts) -> None:
    await publish(parts, others={"cost-centre": "4711", "Team": "Chat"})
    found = await latest(parts)
    assert found.others == {"cost-centre": "4711", "Team": "Chat"}
    await parts.vault.note(parts.target(), found, KeySlot.KEY2, replace(MARKS, told=Told()))
    assert (await latest(parts)).others == {"cost-centre": "4711", "Team": "Chat"}


async def test_a_note_changes_only_the_tags_of_the_version_that_was_read(parts: Parts) -> None:
    await publish(parts)
    read = await latest(parts)
    await publish(parts, replace(MARKS, told=Told()))
    await parts.vault.note(parts.target(), read, KeySlot.KEY2, replace(MARKS, requester=Requester(), awaited=None))
    older, newer = versions(parts)
    assert "key-rotation-request" not in older.tags
    assert older.value == KEY.reveal()
    assert older.expires == newer.expires
    assert "key-rotation-request" in newer.tags


async def test_withdrawing_disables_the_version_and_keeps_its_tags(parts: Parts) -> None:
    await publish(parts)
    await parts.vault.withdraw(parts.target(), await latest(parts))
    assert versions(parts)[0].enabled is False
    found = await latest(parts)
    assert (found.state, found.value, found.marks, found.endpoint) == (
        SecretState.DISABLED,
        None,
        as_sealed(parts.target(), MARKS),
        None,
    )


async def test_a_deleted_secret_is_reported_as_deleted(parts: Parts) -> None:
    await publish(parts)
    vault_of(parts).delete_secret("account-001-key")
    found = await latest(parts)
    assert (found.state, found.value, found.slot) == (SecretState.DELETED, None, KeySlot.KEY2)


async def test_publishing_to_a_deleted_secret_raises_person_must_look(parts: Parts) -> None:
    await publish(parts)
    vault_of(parts).delete_secret("account-001-key")
    error = await raised(publish(parts))
    assert type(error) is PersonMustLook
    assert error.thing == parts.target().secret_url
    assert "recover" in error.next_step


@pytest.mark.parametrize("apart", [0, 60])
async def test_the_latest_of_several_versions_is_returned_when_it_is_disabled(parts: Parts, apart: int) -> None:
    """Creation times are whole seconds, so several versions can have the same one."""
    clock = parts.azure.world.clock
    clock.freeze(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
    for number in range(5):
        vault_of(parts).set_secret("account-001-key", f"value {number}", tags={"number": str(number)})
        clock.advance(apart)
    versions(parts)[-1].enabled = False
    found = await latest(parts)
    assert (found.state, found.others) == (SecretState.DISABLED, {"number": "4"})


async def test_a_secret_made_by_hand_has_a_value_and_no_marks(parts: Parts) -> None:
    vault_of(parts).set_secret("account-001-key", "typed in", tags=None)
    found = await latest(parts)
    assert found.value == Fingerprint.of("typed in")
    assert (found.slot, found.provider, found.validity, found.marks, found.others) == (None, None, None, None, {})


async def test_the_tags_of_microsoft_s_two_key_tutorial_are_read(parts: Parts) -> None:
    tags = {"CredentialId": "Key1", "ProviderAddress": parts.account().id, "ValidityPeriodDays": "60"}
    vault_of(parts).set_secret("account-001-key", "typed in", tags=tags)
    found = await latest(parts)
    assert (found.slot, found.provider) == (KeySlot.KEY1, parts.account().id)
    assert (found.validity, found.marks, found.others) == (timedelta(days=60), None, {})


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (25, 1), (26, 2), (60, 3)])
async def test_a_vault_is_listed_by_pages_without_values(parts: Parts, count: int, pages: int) -> None:
    vault = vault_of(parts)
    for number in range(count):
        vault.set_secret(f"secret-{number:03}", KEY.reveal(), enabled=number != 3, tags={"number": str(number)})
    found = dict(await all_of(partial(parts.vault.listing, vault.url)))
    assert sorted(found) == [f"secret-{number:03}" for number in range(count)]
    assert all(held.value is None and held.endpoint is None for held in found.values())
    assert [name for name, held in found.items() if held.state is SecretState.DISABLED] == (
        ["secret-003"] if count else []
    )
    assert parts.names() == ["kv.listSecrets"] * pages


async def test_a_listing_shows_the_marks_of_a_publication(parts: Parts) -> None:
    await publish(parts)
    found = dict(await all_of(partial(parts.vault.listing, parts.target().vault_url)))
    assert found["account-001-key"].marks == as_sealed(parts.target(), MARKS)
    assert found["account-001-key"].slot is KeySlot.KEY2
