"""Publications as this app would have written them earlier, for a world that begins in the middle of a story."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from lab.emulator.accounts import Account
from lab.emulator.vaults import SecretVersion
from lab.emulator.world import World
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import AccountId
from shared.domain.publication import Marks, Origin, others_in, read_tags, tags_of
from shared.domain.seals import Place, endpoint_in, sealed
from shared.domain.told import Told

VAULT = "keys"


def publish_as_rotated(
    world: World,
    account: Account,
    since: datetime,
    *,
    period: timedelta = timedelta(days=30),
    vault: str = VAULT,
    **facts: Any,
) -> SecretVersion:
    """Publish key 1 of an account as a rotation has done at that time, in the secret of its name, and return the
    version.

    since: When it was published, in UTC.
    vault: The name of the vault.
    facts: Fields of `Marks`. Without them the rotation was announced, and key 2 is the spare. If `until` is among them,
        key 2 is the previous key.
    """
    key1, key2 = (ApiKey(account.keys[slot].value).fingerprint for slot in ("key1", "key2"))
    other = {"previous": key2} if "until" in facts else {"spare": key2}
    known: dict[str, Any] = {"told": Told(origin=True), **other, **facts}
    marks = Marks(**{"live": key1, "origin": Origin.ROTATED, "since": since, **known})
    secret = f"{account.name}-key"
    place = Place(str(AccountId.parse(account.id)), KeySlot.KEY1, f"{world.vaults[vault].url}/secrets/{secret}")
    tags = _sealed_tags(world, account, place, marks, period, {})
    version = world.vaults[vault].set_secret(secret, account.keys["key1"].value, tags=tags, expires=since + period)
    version.created = version.updated = int(since.timestamp())
    return version


def note_as_app(world: World, account: Account, **changes: Any) -> None:
    """Change the marks on the latest version of the account's secret, as this app would have written them."""
    vault, secret = world.vaults[VAULT], f"{account.name}-key"
    latest = vault.get_secret(secret)
    slot, _, validity, marks = read_tags(latest.tags)
    if slot is None or validity is None or marks is None:
        raise LookupError(f"{secret} does not carry this app's marks")
    others = others_in(latest.tags)
    place = Place(str(AccountId.parse(account.id)), slot, f"{vault.url}/secrets/{secret}")
    tags = _sealed_tags(world, account, place, replace(marks, **changes), validity, others)
    vault.update_secret(secret, latest.version, tags=tags)


def _sealed_tags(
    world: World, account: Account, place: Place, marks: Marks, period: timedelta, others: dict[str, str]
) -> dict[str, str]:
    keys = {each: ApiKey(account.keys[each.value].value) for each in KeySlot}
    endpoint = endpoint_in(marks) or world.endpoint(account)
    return tags_of(sealed(marks, place, endpoint, keys), place.slot, place.account, period, others)
