"""A host name without an address in DNS: named, with where to look for the mistake, and tried again all the same."""

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
        _ = [one async for one in parts.vault.listing(MISSPELT)]
    return caught.value


async def test_a_vault_s_host_name_without_an_address_is_named_with_where_it_is_set(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_name_resolves(parts, monkeypatch)
    error = await why_not_listed(parts)
    assert "contosso.vault.azure.net has no address" in error.what
    assert "contosso.vault.azure.net" in error.next_step
    assert [place for place in VAULTS_PLACES if place not in error.next_step] == []


async def test_it_is_tried_again_since_names_may_fail_to_resolve_for_a_while(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_name_resolves(parts, monkeypatch)
    error = await why_not_listed(parts)
    assert type(error) is TryLater
    assert error.next_step.endswith("the next tick looks again")


async def test_a_survey_names_the_vault_s_host_beside_the_target_and_shows_the_others(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_name_resolves(parts, monkeypatch)
    wrong = await parts.rotation.look(parts.target(1, vault_url=MISSPELT))
    right = await parts.rotation.look(parts.target(2))
    assert "contosso.vault.azure.net" in wrong.data()["nextStep"]
    assert right.error is None


async def test_another_service_s_host_name_leads_to_its_setting(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = "https://management.nowhere.example"
    async with parts_over(parts.azure, AZURE_RESOURCE_MANAGER_ENDPOINT=elsewhere) as lost:
        no_name_resolves(lost, monkeypatch)
        error = (await lost.rotation.look(lost.target())).error
    assert error is not None
    assert "management.nowhere.example has no address" in error.what
    assert "check the setting that holds the address" in error.next_step


async def test_the_doctor_hands_on_what_to_check_and_says_ask_again_only_where_that_is_all(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_name_resolves(parts, monkeypatch)
    error = await why_not_listed(parts)
    assert failed_with("list-secrets", "chat", error, "a command").remedy == error.next_step
    assert failed_with("list-secrets", "chat", TryLater("chat", "slow."), "a command").remedy == RETRY
