"""A publication with every mark there is, and functions to write and read it in the emulated vault."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest

from lab.emulator.vaults import SecretVersion, Vault
from shared.domain.errors import RotationError
from shared.domain.keys import ApiKey, Fingerprint, KeySlot
from shared.domain.model import Target
from shared.domain.publication import Marks, Origin, Publication
from shared.domain.requests import AwaitedDeployment, Requester
from shared.domain.seals import Place, sealed
from shared.domain.told import CarriedOver, Happened, Told, ToldDeadline
from tests.support.real_parts import Parts, utc

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
    requester=Requester("0123456789abcdef0123456789abcdef", "pat@contoso.example", 'ticket 17, a "quoted" one'),
    awaited=AwaitedDeployment(
        "production", timedelta(hours=2), utc("2026-11-20T08:00:00"), utc("2026-11-10T08:00:00"), "d-17"
    ),
    told=Told(
        origin=True,
        rotation=ToldDeadline(utc("2026-12-01T08:00:00.123456"), timedelta(days=7)),
        retirement=ToldDeadline(utc("2026-11-04T08:00:00")),
        sunset=ToldDeadline(utc("2027-03-31T00:00:00"), timedelta(days=14)),
        carried_over=(
            CarriedOver(Happened.ENDED, KeySlot.KEY1, Fingerprint.of("an old one"), utc("2026-10-31T08:00:00")),
        ),
    ),
)


def as_sealed(target: Target, marks: Marks, key: ApiKey = KEY) -> Marks:
    """Return the marks as an app has sealed them that took `key` for the live one."""
    place = Place(str(target.account), KeySlot.KEY2, target.secret_url)
    keys = {KeySlot.KEY2: key, KeySlot.KEY1: ApiKey("the one before")}
    return marks if marks.seal else sealed(marks, place, "https://chat.openai.azure.com/", keys)


def vault_of(parts: Parts) -> Vault:
    return next(iter(parts.azure.world.vaults.values()))


def versions(parts: Parts, name: str = "account-001-key") -> list[SecretVersion]:
    return vault_of(parts).secrets[name].versions


async def publish(parts: Parts, marks: Marks = MARKS, others: dict[str, str] | None = None) -> Target:
    target = parts.target()
    await parts.vault.publish(target, KEY, KeySlot.KEY2, as_sealed(target, marks), others or {})
    return target


async def latest(parts: Parts) -> Publication:
    found = await parts.vault.latest(parts.target())
    assert found is not None
    return found


async def raised(call: Awaitable[Any]) -> RotationError:
    with pytest.raises(RotationError) as caught:
        await call
    return caught.value
