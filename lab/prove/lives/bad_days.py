"""What makes a day bad: other writers of the secret, forgers, reads that are late, slow keys, locks, waits of an hour.

These actors have lives of their own (`soak.WITH_BAD_DAYS`), beside the lives without them. What somebody else puts into
the secret is theirs to answer for: the witness excuses that value, and judges every other one as always.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from lab.emulator.accounts import Account
from lab.emulator.vaults import Secret
from lab.prove.lives.action import Action
from lab.simulation.stage import Stage
from shared.domain.keys import ApiKey, Fingerprint, KeySlot
from shared.domain.publication import PREFIX, Marks, Origin, tags_of
from shared.domain.seals import Place, sealed

LATE, SLOW = 60.0, 100.0  # seconds
FORGERS = {"forge": 3, "replay": 3, "own value": 1}
BAD_DAYS = {"strip": 5, "put back": 4, "write anew": 2, "late": 4, "slow": 3, "lock": 3, "throttle": 3} | FORGERS
ON = "on"


@dataclass
class BadDays:
    """The actors. The detail of an action is "on" or "off".

    stage: Where they act.
    written: The targets whose secret somebody else has written.
    tags: All tags that each version ever had, by its id, the oldest first. Anybody may have kept them.
    """

    stage: Stage
    written: set[str] = field(default_factory=set)
    tags: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def remember_tags(self) -> None:
        """Note the tags of all latest versions, for somebody who puts them back later."""
        for secret in self.stage.vault.secrets.values():
            known = self.tags.setdefault(secret.latest.version, [])
            if secret.latest.tags not in known:
                known.append(dict(secret.latest.tags))

    def handlers(self) -> dict[str, Callable[[Action], None]]:
        """Return what can happen, by the names of the actions."""
        return {
            "strip": self._strip,
            "put back": self._put_back,
            "write anew": self._write_anew,
            "late": self._late,
            "slow": self._slow,
            "lock": self._lock,
            "throttle": self._throttle,
            "forge": self._forge,
            "replay": self._replay,
            "own value": self._own_value,
        }

    def end(self) -> None:
        """Make the day a good one."""
        self.stage.world.faults.clear()
        self.on_time()
        for account in self.stage.world.accounts:
            account.lag.new_after = 0.0

    def on_time(self) -> None:
        """Let reads show what was written."""
        self.stage.vault.read_lag = 0.0
        for account in self.stage.world.accounts:
            account.lag.listed_after = 0.0

    def _strip(self, action: Action) -> None:
        """A template takes our tags away."""
        secret = self._secret(action)
        if secret is not None:
            self.stage.vault.update_secret(secret.name, secret.latest.version, tags={"env": "prod"})

    def _put_back(self, action: Action) -> None:
        """Somebody writes the version before the latest one again, with its tags or without."""
        secret = self._secret(action)
        if secret is None or len(secret.versions) < 2:
            return
        old = secret.versions[-2]
        self.stage.witness.excuse_leaked(old.value)
        self.stage.witness.excuse_regenerated_by_hand(old.value)
        self.stage.vault.set_secret(secret.name, old.value, tags=old.tags if action.detail == ON else {})

    def _write_anew(self, action: Action) -> None:
        """A template writes the value that is there once more, without tags."""
        secret = self._secret(action)
        if secret is not None:
            self.stage.vault.set_secret(secret.name, secret.latest.value)

    def _forge(self, action: Action) -> None:
        """Somebody who may write tags says that the other key has leaked, or that all its ends were announced."""
        secret = self._secret(action)
        if secret is None:
            return
        keys = [Fingerprint.of(key.value) for key in self._account(action).keys.values()]
        other = next(key for key in keys if key != Fingerprint.of(secret.latest.value))
        ended = f"{other} until=20200101T000000.000000Z"
        told = "origin retirement=1577836800/0 sunset=1577836800/0"
        forged = {"previous": f"{ended} leaked"} if action.detail == ON else {"previous": ended, "told": told}
        tags = secret.latest.tags | {f"{PREFIX}{name}": text for name, text in forged.items()}
        self.stage.vault.update_secret(secret.name, secret.latest.version, tags=tags)

    def _replay(self, action: Action) -> None:
        """Somebody puts back what the tags of the version said at first, or just before the last change."""
        secret = self._secret(action)
        if secret is None:
            return
        earlier = [one for one in self.tags.get(secret.latest.version, []) if one != secret.latest.tags]
        if earlier:
            tags = earlier[0 if action.detail == ON else -1]
            self.stage.vault.update_secret(secret.name, secret.latest.version, tags=tags)

    def _own_value(self, action: Action) -> None:
        """Somebody sets a value of their own, with marks that are sealed with it and say that our other key leaked."""
        secret, target = self._secret(action), self.stage.targets[action.target]
        if secret is None:
            return
        own, account = ApiKey(f"somebody's own value {len(secret.versions)}"), self._account(action)
        previous = Fingerprint.of(account.keys["key2"].value)
        marks = Marks(own.fingerprint, Origin.ROTATED, self.stage.now, previous, self.stage.now, leaked=True)
        place = Place(str(target.account), KeySlot.KEY1, target.secret_url)
        marks = sealed(marks, place, self.stage.world.endpoint(account), dict.fromkeys(KeySlot, own))
        tags = tags_of(marks, KeySlot.KEY1, str(target.account), target.cadence.period, {})
        self.stage.witness.excuse_leaked(own.reveal())
        self.stage.witness.excuse_regenerated_by_hand(own.reveal())
        self.stage.vault.set_secret(secret.name, own.reveal(), tags=tags)

    def _late(self, action: Action) -> None:
        """Reads show for a while what was there before a write."""
        late = LATE if action.detail == ON else 0.0
        self.stage.vault.read_lag = self._account(action).lag.listed_after = late

    def _slow(self, action: Action) -> None:
        """Fresh keys are refused for longer than a turn is patient."""
        self._account(action).lag.new_after = SLOW if action.detail == ON else 0.0

    def _lock(self, action: Action) -> None:
        """A read-only lock refuses every POST to the account, or has gone."""
        self.stage.world.faults.clear()
        if action.detail == ON:
            where = self._account(action).id
            for call in ("arm.listKeys", "arm.regenerateKey"):
                self.stage.world.faults.add(call, "status", status=409, code="ScopeLocked", target=where, times=0)

    def _throttle(self, action: Action) -> None:
        """Azure Resource Manager asks everybody to wait, or has done with that."""
        self.stage.world.faults.clear()
        if action.detail == ON:
            self.stage.world.faults.add("arm.*", "status", status=429, retry_after=3600, times=0)

    def _secret(self, action: Action) -> Secret | None:
        """Return the secret that somebody else is about to write."""
        self.written.add(self.stage.targets[action.target].name)
        return self.stage.vault.secrets.get(self.stage.targets[action.target].secret)

    def _account(self, action: Action) -> Account:
        return self.stage.world.accounts[str(self.stage.targets[action.target].account)]
