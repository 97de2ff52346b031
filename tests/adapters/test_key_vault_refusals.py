"""Key Vault's refusals raise errors that say who must act, and a vault must prove that it is one."""

from typing import Any

import pytest
from azure.keyvault.secrets.aio import SecretClient

from lab.emulator.serve import Azure
from lab.emulator.tokens import Signer
from shared.domain.errors import FixConfiguration, GrantRole, RotationError, Throttled, TryLater
from shared.domain.keys import KeySlot
from tests.support import key_search
from tests.support.real_parts import Parts
from tests.support.vault_publications import KEY, MARKS, latest, publish, raised, vault_of

REFUSALS = [
    ({"status": 400, "code": "BadParameter"}, FixConfiguration),
    ({"status": 403, "code": "Forbidden"}, FixConfiguration),
    ({"status": 403, "code": "ForbiddenByPolicy"}, FixConfiguration),
    ({"status": 409, "code": "Conflict"}, TryLater),
    ({"status": 429, "code": "Throttled"}, Throttled),
    ({"status": 500, "code": "InternalServerError"}, TryLater),
    ({"status": 503, "code": "ServiceUnavailable"}, TryLater),
]
DOING = {
    "kv.getSecret": "read the secret",
    "kv.setSecret": "publish the key",
    "kv.updateSecret": "note on the secret what was announced",
    "kv.listSecrets": "list its secrets",
}


async def do(parts: Parts, operation: str) -> None:
    target = parts.target()
    if operation == "kv.setSecret":
        await publish(parts)
    elif operation == "kv.updateSecret":
        await parts.vault.note(target, await latest(parts), KeySlot.KEY2, MARKS)
    elif operation == "kv.listSecrets":
        assert (await parts.vault.listing(target.vault_url)).entries
    else:
        await parts.vault.latest(target)


@pytest.mark.parametrize("operation", DOING)
@pytest.mark.parametrize(("fault", "kind"), REFUSALS, ids=lambda one: one["code"] if isinstance(one, dict) else "")
async def test_a_refusal_raises_the_error_that_says_who_must_act(
    parts: Parts, operation: str, fault: dict[str, Any], kind: type[RotationError]
) -> None:
    await publish(parts)
    parts.azure.world.faults.add(operation, "status", times=0, message="First line.\r\nSecond line.", **fault)
    error = await raised(do(parts, operation))
    assert type(error) is kind
    assert error.thing in (parts.target().secret_url, parts.target().vault_url)
    assert error.what.startswith(f"could not {DOING[operation]}: {fault['status']} {fault['code']}: First line.")
    assert "Second line" not in error.what
    assert not key_search.found([KEY.reveal()], key_search.attached(error))


@pytest.mark.parametrize("operation", DOING)
async def test_a_missing_role_a_closed_firewall_and_a_missing_answer_raise_different_errors(
    parts: Parts, operation: str
) -> None:
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


async def test_an_unknown_identity_raises_grant_role_that_names_the_setting(parts: Parts) -> None:
    await publish(parts)
    parts.azure.world.directory._signer = Signer()  # another world's signature
    error = await raised(parts.vault.latest(parts.target()))
    assert type(error) is GrantRole
    assert "AZURE_CLIENT_ID" in error.next_step


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
async def test_a_vault_s_challenge_is_checked_except_on_this_machine(
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


async def test_a_vault_in_another_domain_than_its_challenge_gets_no_token(
    azure: Azure, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulated vault is on this machine and its challenge names vault.azure.net, so the check refuses it."""
    from shared.adapters import key_vault

    monkeypatch.setattr(key_vault, "is_loopback", lambda _: False)
    error = await raised(parts.vault.latest(parts.target()))
    assert type(error) is FixConfiguration
    assert azure.world.journal.count("identity.token") == 0
