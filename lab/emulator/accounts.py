"""Azure OpenAI accounts: their two keys, and which of them the data plane takes at this moment.

Resource ids are compared as Azure compares them, without regard to case. A regenerated key takes over at once
unless a lag is set: then the new key is refused (or, flapping, taken only in part of the answers) for a while
and the old one is taken a while longer. Every key the data plane was shown is noted by its fingerprint.
"""

import hashlib
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.emulator.clock import Clock
from lab.emulator.errors import AzureError

Slot = Literal["key1", "key2"]
SLOTS: tuple[Slot, Slot] = ("key1", "key2")
SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
_PLAIN = str.maketrans("-_", "Ab")


def fingerprint(value: str) -> str:
    """A short one-way mark of a key: the first 16 hexadecimal characters of its SHA-256."""
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def new_key() -> str:
    return secrets.token_urlsafe(63).translate(_PLAIN)


@dataclass
class Lag:
    """How far the data plane is behind, in seconds; `flapping` is the share of early answers that take a key."""

    new_after: float = 0.0
    old_for: float = 0.0
    flapping: float = 0.0
    local_auth_after: float = 0.0


@dataclass
class Key:
    """One value a slot has or had, and when the data plane takes it."""

    value: str
    since: float
    accepted_from: float = 0.0
    accepted_until: float | None = None
    asked_early: int = 0


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key shown to the data plane, and the judgement."""

    time: float
    account: str
    fingerprint: str
    operation: str
    accepted: bool
    status: int


@dataclass
class Account:
    """One Microsoft.CognitiveServices account."""

    name: str
    subscription: str = SUBSCRIPTION
    resource_group: str = "emulated"
    kind: str = "OpenAI"
    location: str = "westeurope"
    tags: dict[str, str] = field(default_factory=dict)
    subdomain: str | None = None
    endpoint: str | None = None
    disable_local_auth: bool | None = None
    public_network_access: str = "Enabled"
    network_acls: dict[str, Any] | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    sku: dict[str, Any] = field(default_factory=lambda: {"name": "S0"})
    lag: Lag = field(default_factory=Lag)
    etag: str = ""
    created: float = 0.0
    modified: float = 0.0
    keys: dict[Slot, Key] = field(default_factory=dict)
    old_keys: list[Key] = field(default_factory=list)
    local_auth_seen: tuple[float, bool] = (0.0, False)
    internal_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def id(self) -> str:
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.CognitiveServices/accounts/{self.name}"

    def touch(self, now: float) -> None:
        self.modified = now
        self.etag = f'"{secrets.token_hex(4)}-0000-4d00-0000-{int(now):012x}"'


class Accounts:
    """All accounts of the world, by resource id."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_id: dict[str, Account] = {}
        self._by_subdomain: dict[str, Account] = {}
        self.uses: list[KeyUse] = []

    def add(self, name: str, *, key1: str | None = None, key2: str | None = None, **facts: Any) -> Account:  # noqa: ANN401
        """A new account with two fresh keys; it gets its name as subdomain unless told otherwise."""
        account = Account(name, **{"subdomain": name, **facts})
        now = self._clock.now()
        account.created = now
        account.keys = {"key1": Key(key1 or new_key(), now), "key2": Key(key2 or new_key(), now)}
        account.touch(now)
        return self.restore(account)

    def restore(self, account: Account) -> Account:
        """Take in an account that has its keys already."""
        self._by_id[account.id.lower()] = account
        if account.subdomain:
            self._by_subdomain[account.subdomain.lower()] = account
        return account

    def __iter__(self) -> Iterator[Account]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __getitem__(self, resource_id: str) -> Account:
        account = self._by_id.get(resource_id.lower())
        if account is None:
            raise not_found(resource_id)
        return account

    def named(self, name_or_id: str) -> Account:
        """By resource id, or by bare name where that is enough."""
        if name_or_id.startswith("/"):
            return self[name_or_id]
        found = [account for account in self if account.name.lower() == name_or_id.lower()]
        if len(found) != 1:
            raise KeyError(f"{len(found)} accounts are named {name_or_id!r}")
        return found[0]

    def by_subdomain(self, subdomain: str) -> Account | None:
        return self._by_subdomain.get(subdomain.lower())

    def remove(self, resource_id: str) -> None:
        account = self._by_id.pop(self[resource_id].id.lower())
        if account.subdomain:
            self._by_subdomain.pop(account.subdomain.lower(), None)

    def in_subscription(self, subscription: str, group: str | None = None) -> list[Account]:
        return [
            account
            for account in self
            if account.subscription.lower() == subscription.lower()
            and (group is None or account.resource_group.lower() == group.lower())
        ]

    def list_keys(self, resource_id: str) -> dict[Slot, str]:
        account = self[resource_id]
        if account.disable_local_auth:
            raise AzureError(400, "BadRequest", "Failed to list key. disableLocalAuth is set to be true")
        return {slot: key.value for slot, key in account.keys.items()}

    def regenerate(self, resource_id: str, slot: Slot) -> dict[Slot, str]:
        """Give one slot a new key, by whomever; the answer holds both keys."""
        account, now = self[resource_id], self._clock.now()
        if account.disable_local_auth:
            # What Azure answers here is not known; refusing as listKeys does is the careful guess.
            raise AzureError(400, "BadRequest", "Failed to regenerate key. disableLocalAuth is set to be true")
        old = account.keys[slot]
        old.accepted_until = now + account.lag.old_for
        if account.lag.old_for:
            account.old_keys.append(old)
        account.keys[slot] = Key(new_key(), now, now + account.lag.new_after)
        return {name: key.value for name, key in account.keys.items()}

    def update(self, resource_id: str, changes: dict[str, Any]) -> Account:
        """Change tags, disable_local_auth, network rules or other plain facts."""
        account, now = self[resource_id], self._clock.now()
        if "disable_local_auth" in changes:
            account.local_auth_seen = (now, self.keys_disabled(account))
        for name, value in changes.items():
            setattr(account, name, value)
        account.touch(now)
        return account

    def keys_disabled(self, account: Account) -> bool:
        """Whether the data plane refuses keys by now; it hears of a change with a lag."""
        changed, before = account.local_auth_seen
        late = self._clock.now() < changed + account.lag.local_auth_after
        return before if late else bool(account.disable_local_auth)

    def key_accepted(self, account: Account, value: str) -> bool:
        now = self._clock.now()
        for key in (*account.keys.values(), *account.old_keys):
            if secrets.compare_digest(key.value.encode(), value.encode()):
                return _takes(key, now, account.lag.flapping)
        return False

    def note_use(self, account: Account, value: str, operation: str, status: int) -> None:
        # A 429 comes after the key was taken, so only 401 and 403 refuse it.
        accepted = status not in (401, 403)
        moment = self._clock.now()
        self.uses.append(KeyUse(moment, account.id, fingerprint(value), operation, accepted, status))

    def last_use(self, mark: str, *, accepted: bool = True) -> KeyUse | None:
        """When a key, named by its fingerprint, was last accepted (or last refused)."""
        return next((use for use in reversed(self.uses) if use.fingerprint == mark and use.accepted is accepted), None)


def _takes(key: Key, now: float, flapping: float) -> bool:
    if key.accepted_until is not None and now >= key.accepted_until:
        return False
    if now >= key.accepted_from:
        return True
    # Spread the early answers evenly: a share of 0.25 takes the key in every fourth answer.
    key.asked_early += 1
    return int(key.asked_early * flapping) > int((key.asked_early - 1) * flapping)


def not_found(resource_id: str) -> AzureError:
    parts = resource_id.strip("/").split("/")
    group, name = (parts[3], parts[-1]) if len(parts) > 4 else ("", resource_id)
    return AzureError(
        404,
        "ResourceNotFound",
        f"The Resource 'Microsoft.CognitiveServices/accounts/{name}' under resource group '{group}' was not "
        "found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        gateway=True,
    )
