"""Azure OpenAI accounts: their two keys, and which keys the data plane accepts at a given moment.

Resource ids are compared without regard to case, as Azure does. A regenerated key works immediately and the old value
stops working immediately, unless the account has a `Lag`: then the data plane learns of the change later. Every key
presented to the data plane is recorded by its fingerprint. HTTP, roles and network rules are left to the modules in
`surfaces` and to `data_plane`.
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
# What an account has deployed if nothing else is said: models under their own names, as most samples name them.
MODELS = (
    "gpt-35-turbo", "gpt-4", "gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano",
    "gpt-5", "gpt-5-mini", "gpt-5-nano",
)  # fmt: skip
_PLAIN = str.maketrans("-_", "Ab")


def fingerprint(value: str) -> str:
    """Return the fingerprint of a key: the first 16 hexadecimal characters of its SHA-256."""
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def new_key() -> str:
    """Return a new random key of 84 characters, the length of keys recorded in 2025 (docs/facts.md, Keys)."""
    return secrets.token_urlsafe(63).translate(_PLAIN)


@dataclass
class Lag:
    """How late the data plane of one account applies changes. All times are in seconds.

    Microsoft documents no delay for keys and none has been measured, so the default is none (docs/facts.md, Keys).

    new_after: How long a new key is still refused after it was generated. Default 0.
    old_for: How long the old value is still accepted after its key was regenerated. Default 0.
    flapping: The share, from 0 to 1, of the answers before `new_after` that accept the new key anyway. Default 0.
    listed_after: How long listKeys still shows the old value after its key was regenerated. Default 0.
    local_auth_after: How long a change of disableLocalAuth has no effect on the data plane. Azure needs a few minutes.
        Default 0.
    """

    new_after: float = 0.0
    old_for: float = 0.0
    flapping: float = 0.0
    listed_after: float = 0.0
    local_auth_after: float = 0.0


@dataclass
class Key:
    """One value that key 1 or key 2 of an account has or had. Times are seconds since 1970.

    value: The key itself.
    since: When the value was generated.
    accepted_from: The data plane accepts the value from this time on. Default 0, which means always.
    accepted_until: The data plane refuses the value from this time on. None while the value is current.
    asked_early: How often the value was presented before `accepted_from`; decides which of these answers accept it.
    """

    value: str
    since: float
    accepted_from: float = 0.0
    accepted_until: float | None = None
    asked_early: int = 0


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One key that was presented to the data plane, and the answer.

    time: When the key was presented, in seconds since 1970.
    account: The resource id of the account.
    fingerprint: The fingerprint of the key. The key itself is not kept.
    operation: The operation that was called, for example `aoai.models`.
    accepted: Whether the key was accepted. A call that was only throttled (429) counts as accepted.
    status: The HTTP status of the answer.
    """

    time: float
    account: str
    fingerprint: str
    operation: str
    accepted: bool
    status: int


@dataclass
class Account:
    """One Microsoft.CognitiveServices account. Times are seconds since 1970.

    name: The resource name.
    subscription: The subscription id.
    resource_group: The resource group. Default `emulated`.
    kind: `OpenAI` or `AIServices`; both have the same two keys (docs/facts.md, Calls).
    location: The Azure region. Default `westeurope`.
    tags: The resource tags.
    subdomain: The custom subdomain. None means that the account is reached by its regional host.
    endpoint: A fixed endpoint URL to show. None means the URL under which the world is served.
    disable_local_auth: Whether keys are disabled. None means that the property was never set, so that keys work.
    public_network_access: `Enabled` or `Disabled`.
    network_acls: The network rules as ARM shows them, or None if they were never set.
    properties: Further ARM properties, shown as given.
    sku: The SKU as ARM shows it.
    state: The provisioning state. In another state than `Succeeded` keys cannot be listed or regenerated.
    lag: How late the data plane applies changes.
    etag: The ETag; each change of the account gives it a new one.
    created: When the account was created.
    modified: When the account was last changed.
    keys: The current key 1 and key 2.
    old_keys: Old values that `lag.old_for` keeps valid for a while.
    replaced: For each key that was regenerated, what it was before.
    regenerates_while_off: Whether keys can be regenerated while they are disabled. What Azure does is not known
        (docs/facts.md, Keys), so both are imitated. Default: refused.
    fixed_off: Whether an assignment of Azure Policy disables keys again whenever somebody enables them. Default: no.
    local_auth_seen: When disableLocalAuth was last changed, and whether keys were disabled before that.
    internal_id: The `internalId` that ARM shows.
    deployments: The deployments that answer chats: the model of each by its name. Default: MODELS under their own
        names.
    """

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
    state: str = "Succeeded"
    lag: Lag = field(default_factory=Lag)
    etag: str = ""
    created: float = 0.0
    modified: float = 0.0
    keys: dict[Slot, Key] = field(default_factory=dict)
    old_keys: list[Key] = field(default_factory=list)
    replaced: dict[Slot, Key] = field(default_factory=dict)
    regenerates_while_off: bool = False
    fixed_off: bool = False
    local_auth_seen: tuple[float, bool] = (0.0, False)
    internal_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    deployments: dict[str, str] = field(default_factory=lambda: {name: name for name in MODELS})

    @property
    def id(self) -> str:
        """The ARM resource id."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.CognitiveServices/accounts/{self.name}"

    def touch(self, now: float) -> None:
        """Record a change at time `now` (seconds since 1970): set the modification time and a new ETag."""
        self.modified = now
        self.etag = f'"{secrets.token_hex(4)}-0000-4d00-0000-{int(now):012x}"'


class Accounts:
    """All accounts of a world, by resource id.

    uses: Every key that was presented to a data plane, oldest first.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_id: dict[str, Account] = {}
        self._by_subdomain: dict[str, Account] = {}
        self.uses: list[KeyUse] = []

    def add(self, name: str, *, key1: str | None = None, key2: str | None = None, **facts: Any) -> Account:  # noqa: ANN401
        """Create an account with two new keys and return it.

        `key1` and `key2` set the key values. `facts` are further fields of `Account`. The custom subdomain is the
        account's name unless `facts` sets another.
        """
        account = Account(name, **{"subdomain": name, **facts})
        now = self._clock.now()
        account.created = now
        account.keys = {"key1": Key(key1 or new_key(), now), "key2": Key(key2 or new_key(), now)}
        account.touch(now)
        return self.restore(account)

    def restore(self, account: Account) -> Account:
        """Add an account that already has its keys, and return it."""
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
        """Return an account by its resource id, or by its name if only one account has that name.

        Raises AzureError 404 for an unknown resource id and KeyError if the name fits no account or more than one.
        """
        if name_or_id.startswith("/"):
            return self[name_or_id]
        found = [account for account in self if account.name.lower() == name_or_id.lower()]
        if len(found) != 1:
            raise KeyError(f"{len(found)} accounts are named {name_or_id!r}; use a resource id")
        return found[0]

    def by_subdomain(self, subdomain: str) -> Account | None:
        """Return the account with this custom subdomain, or None."""
        return self._by_subdomain.get(subdomain.lower())

    def remove(self, resource_id: str) -> None:
        """Remove an account and its subdomain. Raises AzureError 404 if it does not exist."""
        account = self._by_id.pop(self[resource_id].id.lower())
        if account.subdomain:
            self._by_subdomain.pop(account.subdomain.lower(), None)

    def in_subscription(self, subscription: str, group: str | None = None) -> list[Account]:
        """Return the accounts of a subscription, or of one resource group in it."""
        return [
            account
            for account in self
            if account.subscription.lower() == subscription.lower()
            and (group is None or account.resource_group.lower() == group.lower())
        ]

    def check_state(self, resource_id: str) -> Account:
        """Return an account that is ready. Raises AzureError 404 without it, and 400 in a state but Succeeded.

        The 400 was reported for calls of other services on such an account (docs/facts.md, Refusals).
        """
        account = self[resource_id]
        if account.state != "Succeeded":
            message = f"Account {account.id} in state {account.state}"
            raise AzureError(400, "AccountProvisioningStateInvalid", message)
        return account

    def list_keys(self, resource_id: str) -> dict[Slot, str]:
        """Return both current keys of an account, as listKeys does. `account.lag` decides how late it learns of a new
        one.

        Raises AzureError 404 if the account does not exist, and 400 if its keys are disabled (docs/facts.md, Keys) or
        if it is not ready.
        """
        account = self.check_state(resource_id)
        if account.disable_local_auth:
            raise AzureError(400, "BadRequest", "Failed to list key. disableLocalAuth is set to be true")
        known_before = self._clock.now() - account.lag.listed_after
        shown = {
            slot: key if key.since <= known_before else account.replaced.get(slot, key)
            for slot, key in account.keys.items()
        }
        return {slot: key.value for slot, key in shown.items()}

    def regenerate(self, resource_id: str, slot: Slot) -> dict[Slot, str]:
        """Generate a new value for one key of an account and return both keys, as regenerateKey does.

        `account.lag` decides how long the old value still works and when the new one starts to (docs/facts.md,
        Keys). Raises AzureError 404 if the account does not exist, and 400 if its keys are disabled or it is not ready.
        """
        account, now = self.check_state(resource_id), self._clock.now()
        if account.disable_local_auth and not account.regenerates_while_off:
            # Azure's answer to this is not known (docs/facts.md, Keys); refuse like listKeys.
            raise AzureError(400, "BadRequest", "Failed to regenerate key. disableLocalAuth is set to be true")
        old = account.keys[slot]
        old.accepted_until = now + account.lag.old_for
        if account.lag.old_for:
            account.old_keys.append(old)
        account.replaced[slot] = old
        account.keys[slot] = Key(new_key(), now, now + account.lag.new_after)
        return {name: key.value for name, key in account.keys.items()}

    def update(self, resource_id: str, changes: dict[str, Any]) -> Account:
        """Set fields of an account, such as `tags` or `disable_local_auth`, and return the account.

        `changes` maps names of `Account` fields to new values. Raises AzureError 404 if the account does not exist.
        """
        account, now = self[resource_id], self._clock.now()
        if "disable_local_auth" in changes and account.fixed_off:
            changes = changes | {"disable_local_auth": True}
        if "disable_local_auth" in changes:
            account.local_auth_seen = (now, self.keys_disabled(account))
        for name, value in changes.items():
            setattr(account, name, value)
        account.touch(now)
        return account

    def keys_disabled(self, account: Account) -> bool:
        """Return whether the data plane refuses all keys now.

        It learns of a change of disableLocalAuth `lag.local_auth_after` seconds later.
        """
        changed, before = account.local_auth_seen
        late = self._clock.now() < changed + account.lag.local_auth_after
        return before if late else bool(account.disable_local_auth)

    def key_accepted(self, account: Account, value: str) -> bool:
        """Return whether the data plane accepts a key now, by its value alone. Each call counts for `lag.flapping`."""
        now = self._clock.now()
        for key in (*account.keys.values(), *account.old_keys):
            if secrets.compare_digest(key.value.encode(), value.encode()):
                return _accepts(key, now, account.lag.flapping)
        return False

    def note_use(self, account: Account, value: str, operation: str, status: int) -> None:
        """Record that a key was presented to an account and answered with an HTTP status."""
        # The service checks the key before the call rate, so a 429 means that the key was accepted.
        accepted = status not in (401, 403)
        moment = self._clock.now()
        self.uses.append(KeyUse(moment, account.id, fingerprint(value), operation, accepted, status))

    def last_use(self, mark: str, *, accepted: bool = True) -> KeyUse | None:
        """Return the last time that a key, given by its fingerprint, was accepted (or refused), or None."""
        return next((use for use in reversed(self.uses) if use.fingerprint == mark and use.accepted is accepted), None)


def _accepts(key: Key, now: float, flapping: float) -> bool:
    if key.accepted_until is not None and now >= key.accepted_until:
        return False
    if now >= key.accepted_from:
        return True
    # Spread the accepting answers evenly: a share of 0.25 accepts the key in every fourth answer.
    key.asked_early += 1
    return int(key.asked_early * flapping) > int((key.asked_early - 1) * flapping)


def not_found(resource_id: str) -> AzureError:
    """Return ARM's 404 ResourceNotFound for an account (tests/lab/emulator/specs/observed, "no such account")."""
    parts = resource_id.strip("/").split("/")
    group, name = (parts[3], parts[-1]) if len(parts) > 4 else ("", resource_id)
    return AzureError(
        404,
        "ResourceNotFound",
        f"The Resource 'Microsoft.CognitiveServices/accounts/{name}' under resource group '{group}' was not "
        "found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        gateway=True,
    )
