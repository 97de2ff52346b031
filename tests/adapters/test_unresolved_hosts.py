"""A host name without an address in DNS is named with the places where it is set, and is tried again."""

import socket
from typing import Any

import pytest

from shared.doctor.check import RETRY, failed_with
from shared.domain.errors import RotationError, TryLater
from tests.support.real_parts import Parts, parts_over

MISSPELT = "https://contosso.vault.azure.net"
VAULTS_PLACES = ("ROTATION_VAULT_URL", "ROTATION_TARGETS", "key-rotation-vault")


def no_name_resolves(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(parts.connections.shared.connector._resolver, "resolve", resolve)


async def why_not_listed(parts: Parts) -> RotationError:
    with pytest.raises(RotationError) as caught:
        await parts.vault.listing(MISSPELT)
    return caught.value


async def test_an_unresolved_vault_is_named_with_the_places_where_it_is_set(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_name_resolves(parts, monkeypatch)
    error = await why_not_listed(parts)
    assert "contosso.vault.azure.net has no address" in error.what
    assert "contosso.vault.azure.net" in error.next_step
    assert [place for place in VAULTS_PLACES if place not in error.next_step] == []


async def test_an_unresolved_vault_raises_try_later(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    no_name_resolves(parts, monkeypatch)
    error = await why_not_listed(parts)
    assert type(error) is TryLater
    assert error.next_step.endswith("the next tick tries again")


async def test_a_plan_names_the_unresolved_vault_and_other_targets_have_no_error(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_name_resolves(parts, monkeypatch)
    misspelt = await parts.rotation.plan_turn(parts.target(1, vault_url=MISSPELT))
    other = await parts.rotation.plan_turn(parts.target(2))
    assert "contosso.vault.azure.net" in misspelt.data()["nextStep"]
    assert other.error is None


async def test_another_unresolved_service_leads_to_its_setting(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = "https://management.nowhere.example"
    async with parts_over(parts.azure, AZURE_RESOURCE_MANAGER_ENDPOINT=elsewhere) as lost:
        no_name_resolves(lost, monkeypatch)
        error = (await lost.rotation.plan_turn(lost.target())).error
    assert error is not None
    assert "management.nowhere.example has no address" in error.what
    assert "check the setting that holds the address" in error.next_step


async def test_the_doctor_repeats_the_next_step_of_an_unresolved_vault(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_name_resolves(parts, monkeypatch)
    error = await why_not_listed(parts)
    assert failed_with("list-secrets", "chat", error, "a command").remedy == error.next_step
    assert failed_with("list-secrets", "chat", TryLater("chat", "slow."), "a command").remedy == RETRY
