"""The judge: it watches accounts and secrets at every call, and says which promise about claims does not hold (P12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.emulator.accounts import Key as AccountKey
from lab.emulator.accounts import Slot
from lab.emulator.vaults import Secret, SecretVersion, Vault
from lab.emulator.world import World
from lab.prove.claims.case import Who

_LIVE = "key-rotation-live"  # the mark that every version of this app has


@dataclass(frozen=True)
class Key:
    """One key that an account has or had.

    who: The account.
    slot: Its slot.
    number: How many keys that slot had before.
    """

    who: Who
    slot: str
    number: int

    def __str__(self) -> str:
        return f"{self.slot} ({self.number}) of {self.who}"


class Judge:
    """Watches one world.

    keys: Every key that an account ever had, by its value.
    broken: What does not hold, in words, in the order in which it was seen.
    published: The last key of each account that the app published.
    """

    def __init__(self, world: World, ids: Mapping[Who, str], allowed: Mapping[Who, frozenset[str]]) -> None:
        """Watch these accounts. `allowed` are the secrets that settings and default names give to each of them."""
        self._world = world
        self._ids = ids
        self._allowed = allowed
        self._seen: dict[str, int] = {}
        self._holders: dict[str, set[Who]] = {}  # whose publications each secret holds or held
        self.keys: dict[str, Key] = {}
        self.broken: list[str] = []
        self.published: dict[Who, Key] = {}
        self._note_keys()

    @property
    def _vault(self) -> Vault:
        return next(iter(self._world.vaults.values()))

    def observe(self) -> None:
        """Take in what is new, and judge every version that the app has written."""
        self._note_keys()
        for name, secret in self._vault.secrets.items():
            for number in range(self._seen.get(name, 0), len(secret.versions)):
                self._judge(name, secret, number)
            self._seen[name] = len(secret.versions)

    def somebody_wrote(self) -> None:
        """Take in what somebody else has just written. Nobody promised anything about that."""
        self._note_keys()
        self._seen = {name: len(secret.versions) for name, secret in self._vault.secrets.items()}

    def blame(self, what: str) -> None:
        """Note something that does not hold."""
        self.broken.append(what)

    def works(self, value: str) -> bool:
        """Return whether an account accepts this value."""
        return any(key.value == value for who in self._ids for key in self._account_keys(who).values())

    def value_of(self, key: Key) -> str:
        """Return the value of a key."""
        return next(value for value, one in self.keys.items() if one == key)

    def current(self, who: Who) -> list[Key]:
        """Return the two keys of an account."""
        return [self.keys[key.value] for key in self._account_keys(who).values()]

    def latest(self, secret: str) -> str | None:
        """Return what the latest version of a secret holds. None without a secret."""
        found = self._vault.secrets.get(secret)
        return found.latest.value if found else None

    def contents(self) -> dict[str, list[str]]:
        """Return whose key each version of each secret holds, in words, and whom its tags name."""
        return {name: [self._words(one) for one in secret.versions] for name, secret in self._vault.secrets.items()}

    def _words(self, version: SecretVersion) -> str:
        who = next((who for who, id_ in self._ids.items() if id_ == version.tags.get("ProviderAddress")), "nobody")
        state = "" if version.enabled else ", disabled"
        return f"{self.keys.get(version.value, 'a value of nobody')}, tagged {who}{state}"

    def _account_keys(self, who: Who) -> Mapping[Slot, AccountKey]:
        return self._world.accounts[self._ids[who]].keys

    def _note_keys(self) -> None:
        for who in self._ids:
            for slot, key in self._account_keys(who).items():
                if key.value not in self.keys:
                    number = sum(one.who is who and one.slot == slot for one in self.keys.values())
                    self.keys[key.value] = Key(who, slot, number)

    def _judge(self, name: str, secret: Secret, number: int) -> None:
        key = self.keys.get(secret.versions[number].value)
        if key is None:
            self.blame(f"P12: the app wrote a value into {name} that is nobody's key")
            return
        if name not in self._allowed[key.who]:
            self.blame(f"P12: a key of {key.who} stands in {name}, which nothing gives to it")
        for holder in self._holders.setdefault(name, set()) - {key.who}:
            self.blame(f"P12: {name} holds a publication of {holder} and got a key of {key.who}")
        if number and not self._may_be_written_over(secret.versions[number - 1], key.who, name):
            self.blame(f"P12: a foreign value in {name} was written over with a key of {key.who}")
        self._holders[name].add(key.who)
        self.published[key.who] = key

    def _may_be_written_over(self, version: SecretVersion, who: Who, name: str) -> bool:
        """Return whether a version holds a key that this account has or had.

        Where the app itself has published a key of the account, it may put one back over a value that bears its marks:
        a key that somebody regenerates after somebody else has damaged its marks looks like that.
        """
        key = self.keys.get(version.value)
        if key is None:
            return who in self._holders[name] and _LIVE in version.tags
        return key.who is who
