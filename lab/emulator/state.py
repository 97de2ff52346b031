"""Save a world to a file and load it again, so that a later run can continue.

The file holds keys and secret values, so only its owner can read it. Faults, the journal, blob leases, roles and rate
limits belong to one run and are not saved.
"""

import base64
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab.emulator.accounts import Account, Key, Lag
from lab.emulator.blobs import Blob, Container
from lab.emulator.queues import Message, Queue
from lab.emulator.topics import Accepted, Subscriber
from lab.emulator.vaults import Secret, SecretVersion
from lab.emulator.world import World

_VAULT = ("subscription", "resource_group", "location", "purge_protected", "retention_days", "port")


def save(world: World, path: Path) -> None:
    """Write a world to a file. The file is replaced in one step, so that it is never half written."""
    part = path.with_name(path.name + ".part")
    part.touch(0o600)
    part.write_text(json.dumps(_kept(world), indent=1))
    part.replace(path)


def load(path: Path) -> World:
    """Return the world that a file holds. Raises OSError if there is no such file, and ValueError if it is not JSON."""
    kept = json.loads(path.read_text())
    world = World(subscription=kept["subscription"])
    world.clock.offset = kept["clock_offset"]
    world.app.client_id, world.app.object_id = kept["app"]
    for facts in kept["accounts"]:
        world.accounts.restore(_account(facts))
    for facts in kept["vaults"]:
        _restore_vault(world, facts)
    for facts in kept["topics"]:
        topic = world.add_topic(facts["name"])
        topic.accepted = [Accepted(**one) for one in facts["accepted"]]
        topic.subscribers = [_subscriber(one) for one in facts["subscribers"]]
    for name, facts in kept["containers"].items():
        world.blobs.containers[name] = _container(facts)
    for name, facts in kept["queues"].items():
        messages = {one["id"]: Message(**one) for one in facts["messages"]}
        world.queues.queues[name] = Queue(name, facts["metadata"], messages)
    return world


def _kept(world: World) -> dict[str, Any]:
    return {
        "subscription": world.subscription,
        "clock_offset": world.clock.offset,
        "app": [world.app.client_id, world.app.object_id],
        "accounts": [asdict(account) for account in world.accounts],
        "vaults": [_kept_vault(world, name) for name in world.vaults],
        "topics": [
            {
                "name": one.name,
                "accepted": [asdict(event) for event in one.accepted],
                "subscribers": [asdict(subscriber) for subscriber in one.subscribers],
            }
            for one in world.topics.values()
        ],
        "containers": {name: _kept_container(one) for name, one in world.blobs.containers.items()},
        "queues": {
            name: {"metadata": one.metadata, "messages": [asdict(message) for message in one.messages.values()]}
            for name, one in world.queues.queues.items()
        },
    }


def _account(facts: dict[str, Any]) -> Account:
    facts["lag"] = Lag(**facts["lag"])
    facts["keys"] = {slot: Key(**key) for slot, key in facts["keys"].items()}
    facts["old_keys"] = [Key(**key) for key in facts["old_keys"]]
    facts["replaced"] = {slot: Key(**key) for slot, key in facts["replaced"].items()}
    facts["local_auth_seen"] = tuple(facts["local_auth_seen"])
    return Account(**facts)


def _subscriber(facts: dict[str, Any]) -> Subscriber:
    facts["types"] = tuple(facts["types"]) if facts["types"] is not None else None
    facts["deliveries"] = [(time, worked) for time, worked in facts["deliveries"]]
    return Subscriber(**facts)


def _kept_vault(world: World, name: str) -> dict[str, Any]:
    vault = world.vaults[name]
    facts = {key: getattr(vault, key) for key in _VAULT}
    held = [asdict(secret) for secret in (*vault.secrets.values(), *vault.deleted.values())]
    return {"name": name, "facts": facts, "secrets": held}


def _restore_vault(world: World, kept: dict[str, Any]) -> None:
    vault = world.add_vault(kept["name"], **kept["facts"])
    for facts in kept["secrets"]:
        versions = [SecretVersion(**one) for one in facts["versions"]]
        secret = Secret(facts["name"], versions, deleted=facts["deleted"])
        (vault.secrets if secret.deleted is None else vault.deleted)[secret.name.lower()] = secret


def _kept_container(container: Container) -> dict[str, Any]:
    blobs = [
        {**{key: value for key, value in vars(blob).items() if key not in ("content", "lease")}}
        | {"content": base64.b64encode(blob.content).decode()}
        for blob in container.blobs.values()
    ]
    return {"name": container.name, "modified": container.modified, "etag": container.etag, "blobs": blobs}


def _container(facts: dict[str, Any]) -> Container:
    # Leases are not saved: their holders have ended by the time the file is read.
    container = Container(facts["name"], facts["modified"], facts["etag"])
    for kept in facts["blobs"]:
        content = base64.b64decode(kept.pop("content"))
        container.blobs[kept["name"]] = Blob(content=content, **kept)
    return container
