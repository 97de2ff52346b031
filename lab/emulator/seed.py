"""Worlds to start with: a sample of any size, or one that a JSON file describes.

    {"accounts": [{"name": "chat", "resource_group": "prod", "tags": {"rotation": "on"}}],
     "vaults": [{"name": "keys", "port": 8443, "secrets": [{"name": "chat", "value": "..."}]}],
     "topics": [{"name": "announcements"}]}

The names in an entry are the parameters of `Accounts.add`, `World.add_vault`, `Vault.set_secret` and `World.add_topic`.
A topic may also have "listeners", the names of its event subscriptions.
Python refuses an unknown one with TypeError.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.emulator.accounts import SUBSCRIPTION, Lag
from lab.emulator.world import World

VAULT = "emulated-vault"
TOPIC = "key-rotation"
TAGS = {"emulated": "true"}


def sample_world(accounts: int = 2, *, tags: Mapping[str, str] = TAGS) -> World:
    """Return a world with a vault, a topic with a listener, and `accounts` accounts named account-001 and so on."""
    world = World()
    world.add_vault(VAULT)
    world.add_topic(TOPIC).subscribe("team")
    for number in range(1, accounts + 1):
        world.accounts.add(f"account-{number:03}", tags=dict(tags))
    return world


def seeded_world(path: Path) -> World:
    """Return the world that a seed file describes, with a default vault and topic if the file names none.

    Raises ValueError for an unknown section of the file and TypeError for an unknown name in an entry.
    """
    seed = json.loads(path.read_text())
    unknown = set(seed) - {"subscription", "accounts", "vaults", "topics"}
    if unknown:
        raise ValueError(
            f"the seed file {path} has unknown sections: {', '.join(sorted(unknown))}; remove or rename them"
        )
    world = World(subscription=seed.get("subscription", SUBSCRIPTION))
    for account in seed.get("accounts", []):
        _add_account(world, dict(account))
    for vault in seed.get("vaults") or [{"name": VAULT}]:
        _add_vault(world, dict(vault))
    for topic in seed.get("topics") or [{"name": TOPIC}]:
        listeners = topic.get("listeners", [])
        added = world.add_topic(**{name: value for name, value in topic.items() if name != "listeners"})
        for listener in listeners:
            added.subscribe(listener)
    return world


def _add_account(world: World, facts: dict[str, Any]) -> None:
    if "lag" in facts:
        facts["lag"] = Lag(**facts["lag"])
    world.accounts.add(**{"subscription": world.subscription, **facts})


def _add_vault(world: World, facts: dict[str, Any]) -> None:
    secrets = facts.pop("secrets", [])
    vault = world.add_vault(**facts)
    for secret in secrets:
        vault.set_secret(**secret)
