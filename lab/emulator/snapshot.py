"""The state of a world as JSON, with fingerprints in place of keys and secret values.

Values are included only with `reveal=True`, for a person who asks for them.
"""

from typing import Any

from lab.emulator.accounts import Account, KeyUse, fingerprint
from lab.emulator.vaults import SecretVersion, Vault
from lab.emulator.world import World


def snapshot(world: World, *, reveal: bool = False) -> dict[str, Any]:
    """Return the state of a world. `reveal` adds the keys and secret values to their fingerprints."""
    return {
        "time": world.clock.now(),
        "subscription": world.subscription,
        "accounts": [_account(world, one, reveal) for one in world.accounts],
        "vaults": [_vault(one, reveal) for one in world.vaults.values()],
        "topics": [_topic(world, name) for name in world.topics],
        "identities": [_identity(world, name) for name in world.directory.identities],
        "containers": {name: sorted(held.blobs) for name, held in world.blobs.containers.items()},
        "queues": {name: world.queues.length(name) for name in world.queues.queues},
        "throttling": world.limits.on,
        "down": sorted(world.down),
    }


def use_json(use: KeyUse) -> dict[str, Any]:
    """Return one key use as the control surface shows it."""
    return {name: getattr(use, name) for name in KeyUse.__slots__}


def _shown(value: str, reveal: bool) -> dict[str, str]:
    return {"fingerprint": fingerprint(value)} | ({"value": value} if reveal else {})


def _account(world: World, account: Account, reveal: bool) -> dict[str, Any]:
    keys = {slot: {**_shown(key.value, reveal), "since": key.since} for slot, key in account.keys.items()}
    return {
        "id": account.id,
        "name": account.name,
        "endpoint": world.endpoint(account),
        "kind": account.kind,
        "tags": account.tags,
        "disableLocalAuth": account.disable_local_auth,
        "publicNetworkAccess": account.public_network_access,
        "networkAcls": account.network_acls,
        "keys": keys,
    }


def _vault(vault: Vault, reveal: bool) -> dict[str, Any]:
    return {
        "name": vault.name,
        "url": vault.url,
        "firewallClosed": vault.firewall_closed,
        "secrets": {
            secret.name: [_version(one, reveal) for one in secret.versions] for secret in vault.secrets.values()
        },
        "deleted": sorted(secret.name for secret in vault.deleted.values()),
    }


def _version(one: SecretVersion, reveal: bool) -> dict[str, Any]:
    names = ("version", "content_type", "tags", "enabled", "created", "updated", "expires", "not_before")
    return {name: getattr(one, name) for name in names} | _shown(one.value, reveal)


def _topic(world: World, name: str) -> dict[str, Any]:
    topic = world.topics[name]
    return {"name": name, "id": topic.id, "accepted": len(topic.accepted), "outage": topic.outage}


def _identity(world: World, name: str) -> dict[str, Any]:
    one = world.directory.identities[name]
    held = [{"role": role, "scope": scope} for role, scope in one.assignments]
    late = [{"role": role, "scope": scope} for role, scope in one.on_their_way]
    facts = {"name": name, "client_id": one.client_id, "object_id": one.object_id}
    return {**facts, "assignments": held, "onTheirWay": late}
