"""The watcher: it observes one account from outside, before every call and after its effect.

It trusts nothing that the app reports. It reads the published key, the keys that the account accepts and the events
that Event Grid accepted from the emulated Azure itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lab.emulator.accounts import Account, Slot, fingerprint
from lab.emulator.journal import Entry
from lab.emulator.topics import Accepted
from lab.emulator.vaults import SecretVersion
from lab.emulator.world import World
from lab.prove.calls.scenes import TOPIC, VAULT, Facts

PROOFS = 2


@dataclass
class Watcher:
    """What was observed of one account.

    world, account: What is observed.
    facts: What is known about the scene in advance.
    broken: The promises that broke, in words, each once.
    keys: All key values that existed.
    in_use: Values that somebody may use.
    ended: Values that a slot lost, with the time in seconds of the world's clock.
    """

    world: World
    account: Account
    facts: Facts
    broken: dict[str, None] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    in_use: set[str] = field(default_factory=set)
    ended: dict[str, float] = field(default_factory=dict)
    _held: dict[Slot, str] = field(default_factory=dict)
    _latest: str = ""

    def __post_init__(self) -> None:
        self.in_use |= self.facts.in_use
        self._note_keys()
        latest = self.latest
        self._latest = latest.version if latest else ""

    @property
    def latest(self) -> SecretVersion | None:
        """The latest version of the account's secret."""
        secret = self.world.vaults[VAULT].secrets.get(f"{self.account.name}-key")
        return secret.latest if secret else None

    @property
    def versions(self) -> list[SecretVersion]:
        """All versions of the account's secret."""
        return self.world.vaults[VAULT].list_versions(f"{self.account.name}-key")

    @property
    def accepted(self) -> list[Accepted]:
        """All events about this account that the topic accepted, also those that the scene put there."""
        mine = self.account.id.lower()
        return [one for one in self.world.topics[TOPIC].accepted if one.event["source"].lower() == mine]

    def observe(self, entry: Entry) -> None:
        """Check P1, P2 and P4 at a call."""
        self._note_keys()
        self._note_version(entry)
        if self.world.accounts.keys_disabled(self.account):
            return
        latest = self.latest
        withdrawn = latest is not None and latest.version == self.facts.withdrawn
        if latest is not None and not withdrawn and not (latest.enabled and self._works(latest.value)):
            self.note(f"P1: at {entry.operation} the published key did not work")
        for value in self.facts.keeps:
            if not self._works(value):
                self.note(f"P2: at {entry.operation} a key that was promised to work did not work")

    def note(self, what: str) -> None:
        """Note a broken promise."""
        self.broken[what] = None

    def state(self) -> Any:  # noqa: ANN401 - only compared
        """Return everything that a tick at rest may not change."""
        versions = [(one.version, one.enabled, sorted(one.tags.items())) for one in self.versions]
        keys = [key.value for key in self.account.keys.values()]
        return versions, keys, self.account.disable_local_auth, len(self.accepted)

    def _works(self, value: str) -> bool:
        return self.world.accounts.key_accepted(self.account, value)

    def _note_keys(self) -> None:
        for slot, key in self.account.keys.items():
            before = self._held.get(slot)
            if before is not None and before != key.value:
                self.ended[before] = key.since
            self._held[slot] = key.value
            self.keys.add(key.value)

    def _note_version(self, entry: Entry) -> None:
        """Check P4: the account accepted the key twice before it was published. From now on somebody may use it."""
        latest = self.latest
        if latest is None or latest.version == self._latest:
            return
        self._latest = latest.version
        self.in_use.add(latest.value)
        self.keys.add(latest.value)
        mark = fingerprint(latest.value)
        proofs = sum(use.fingerprint == mark and use.accepted for use in self.world.accounts.uses)
        if proofs < PROOFS:
            self.note(f"P4: at {entry.operation} a key was published after {proofs} proofs")
