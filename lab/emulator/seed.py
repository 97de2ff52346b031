"""Worlds to begin with: a ready one of any size, or one described in a JSON file.

    {"accounts": [{"name": "chat", "resource_group": "prod", "tags": {"rotation": "on"}}],
     "vaults": [{"name": "keys", "port": 8443, "secrets": [{"name": "chat", "value": "..."}]}],
     "topics": [{"name": "announcements"}]}

The keys of an entry are the parameters of `Accounts.add`, `World.add_vault`, `Vault.set_secret` and
`World.add_topic`; an unknown one is refused by Python itself.
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
    """A vault, a topic, and `accounts` accounts named account-001 and on."""
    world = World()
    world.add_vault(VAULT)
    world.add_topic(TOPIC)
    for number in range(1, accounts + 1):
        world.accounts.add(f"account-{number:03}", tags=dict(tags))
    return world


def seeded_world(path: Path) -> World:
    """The world a seed file describes; a vault and a topic are there in any case."""
    seed = json.loads(path.read_text())
    unknown = set(seed) - {"subscription", "accounts", "vaults", "topics"}
    if unknown:
        raise ValueError(f"unknown in the seed file: {', '.join(sorted(unknown))}")
    world = World(subscription=seed.get("subscription", SUBSCRIPTION))
    for account in seed.get("accounts", []):
        _add_account(world, dict(account))
    for vault in seed.get("vaults") or [{"name": VAULT}]:
        _add_vault(world, dict(vault))
    for topic in seed.get("topics") or [{"name": TOPIC}]:
        world.add_topic(**topic)
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
