"""What makes a day bad: other writers of the secret, reads that are late, slow keys, locks, and waits of an hour.

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

LATE, SLOW = 60.0, 100.0  # seconds
BAD_DAYS = {"strip": 5, "put back": 4, "write anew": 2, "late": 4, "slow": 3, "lock": 3, "throttle": 3}
ON = "on"


@dataclass
class BadDays:
    """The actors. The detail of an action is "on" or "off".

    stage: Where they act.
    written: The targets whose secret somebody else has written.
    """

    stage: Stage
    written: set[str] = field(default_factory=set)

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
