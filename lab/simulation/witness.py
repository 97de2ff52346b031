"""The witness: it looks at the emulated world before and after every call of every runner and holds it to the promises.

It knows the world's own state and the words that Event Grid accepted, and judges by those alone:

    P1  the latest enabled version holds a key that its account takes
    P2  a key that was published, or may be in unknown hands, works until the end it was promised
    P3  what ends on schedule was announced at least the notice before, and not sooner than announced
    P9  at rest, every version and every end has been announced

What somebody else did (regenerated a key by hand, declared a leak, switched keys off) is told to the witness, and
excuses exactly the keys it concerns. Consumers read the secret as rarely as the slowest one may, and must never
hold a key that is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from lab.emulator.accounts import Account
from lab.emulator.vaults import SecretVersion
from lab.emulator.world import World
from lab.simulation.tripwire import wire
from shared.domain.keys import Fingerprint
from shared.domain.model import Target

_PREVIOUS = "key-rotation-previous"


class PromiseBroken(AssertionError):
    """A promise of the design does not hold at this moment."""


@dataclass
class Consumer:
    """Somebody who reads the secret once per `lag` and uses what was read until then."""

    lag: timedelta
    value: str | None = None
    read_at: datetime | None = None


@dataclass
class Watched:
    """What the witness remembers of one target."""

    target: Target
    consumers: list[Consumer]
    keys: dict[str, str] = field(default_factory=dict)
    latest: str | None = None
    published: list[str] = field(default_factory=list)
    promised: dict[str, datetime] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    ended: list[str] = field(default_factory=list)
    key_auth: bool = True


class Witness:
    """Over one world and its targets."""

    def __init__(self, world: World, targets: list[Target], lag: timedelta) -> None:
        self._world = world
        self._watched = {
            target.name: Watched(target, [Consumer(lag * part / 3) for part in (1, 2, 3)]) for target in targets
        }
        self.leaked: set[str] = set()
        self.spoilt: set[str] = set()
        self.keys_switched_off_by_hand = False
        self.looks = 0

    def look(self) -> None:
        """Hold the world, as it is now, to every promise. Raises PromiseBroken."""
        self.looks += 1
        for one in self._watched.values():
            self._look(one)

    def somebody_ends(self, value: str) -> None:
        """A person regenerates the slot that holds this key: what becomes of it is not our doing."""
        self.spoilt.add(value)

    def somebody_reports(self, *values: str) -> None:
        """A person says that these keys leaked: they may end at any time."""
        self.leaked.update(values)

    def forget(self, name: str) -> None:
        """The target's account is gone: there is nothing left to look at."""
        del self._watched[name]

    def everything_was_announced(self) -> None:
        """P9, at rest. Raises PromiseBroken."""
        for one in self._watched.values():
            said = {(event["type"], event["data"].get("fingerprint")) for event in self._events(one)}
            for value in one.published:
                kinds = ("KeyAdopted", "KeyRotated", "DriftHealed")
                if not any((f"KeyRotation.{kind}", Fingerprint.of(value)) in said for kind in kinds):
                    raise PromiseBroken("P9: a version of the secret was never announced")
            for value in one.ended:
                if ("KeyRotation.KeyRetired", Fingerprint.of(value)) not in said:
                    raise PromiseBroken("P9: the end of a key was never announced")

    def _look(self, one: Watched) -> None:
        account, version = self._world.accounts[str(one.target.account)], self._version(one)
        gone = self._note_keys(one, account)
        self._note_version(one, version)
        if account.disable_local_auth:
            self._keys_ended(one)
            return
        one.key_auth = True
        if (
            version
            and version.enabled
            and version.value not in self.spoilt
            and not self._accepts(account, version.value)
        ):
            raise PromiseBroken("P1: the published key is not accepted")
        for value, until in one.promised.items():
            if self._now < until and not self._excused(value) and not self._accepts(account, value):
                raise PromiseBroken(
                    f"P2: a key was promised until {until:%d %b %H:%M} and is dead at {self._now:%d %b %H:%M}"
                )
        for value in gone:
            self._was_announced(one, "KeyRotation.RetirementAnnounced", Fingerprint.of(value))
        for consumer in one.consumers:
            self._consume(consumer, account, version)

    def _note_keys(self, one: Watched, account: Account) -> list[str]:
        """Which key each slot holds; returned are the keys that ended on schedule since the last look."""
        gone: list[str] = []
        now = {slot: key.value for slot, key in account.keys.items()}
        wire.plant(*now.values())
        for slot, before in one.keys.items():
            if now[slot] != before and before in one.known and before not in self.spoilt:
                one.ended.append(before)
                if before not in self.leaked:
                    gone.append(before)
        one.keys = dict(now)
        return gone

    def _note_version(self, one: Watched, version: SecretVersion | None) -> None:
        if version is None:
            return
        if version.version != one.latest:
            self._superseded(one, version)
        if "key-rotation-live" not in version.tags:
            return
        if not one.known:  # taken into care just now: both keys may be in unknown hands
            one.known.update(one.keys.values())
        one.known.add(version.value)
        mark, _, rest = version.tags.get(_PREVIOUS, "").partition(" until=")
        held = next((value for value in one.known if Fingerprint.of(value) == mark), None)
        if held is not None:
            self._promise(one, held, datetime.strptime(rest.split()[0], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC))

    def _superseded(self, one: Watched, version: SecretVersion) -> None:
        """A new version: the key before it works for one overlap more, whatever the tags say."""
        before = one.published[-1] if one.published else None
        one.latest = version.version
        if before is not None and before != version.value:
            self._promise(one, before, self._now + one.target.cadence.overlap)
        if before != version.value:
            one.published.append(version.value)

    @staticmethod
    def _promise(one: Watched, value: str, until: datetime) -> None:
        one.promised[value] = max(one.promised.get(value, until), until)

    def _keys_ended(self, one: Watched) -> None:
        """Key authentication went off: by hand, or as announced for a sunset."""
        if one.key_auth and not self.keys_switched_off_by_hand:
            self._was_announced(one, "KeyRotation.SunsetAnnounced", None)
        one.key_auth = False

    def _consume(self, consumer: Consumer, account: Account, version: SecretVersion | None) -> None:
        if version is None or not version.enabled:
            return
        if consumer.read_at is None or self._now - consumer.read_at >= consumer.lag:
            consumer.value, consumer.read_at = version.value, self._now
        if consumer.value and not self._excused(consumer.value) and not self._accepts(account, consumer.value):
            raise PromiseBroken(f"a consumer that reads every {consumer.lag} holds a dead key")

    def _was_announced(self, one: Watched, kind: str, mark: Fingerprint | None) -> None:
        """P3: some accepted event gave this deadline at least the notice ahead, and it has passed."""
        for accepted in self._topic.accepted:
            event, data = accepted.event, accepted.event["data"]
            if event["subject"] != one.target.secret_url or event["type"] != kind or data.get("fingerprint") != mark:
                continue
            deadline, said = datetime.fromisoformat(data["deadline"]), datetime.fromtimestamp(accepted.time, UTC)
            if said + one.target.cadence.notice <= deadline <= self._now:
                return
        raise PromiseBroken(f"P3: {kind} did not come the notice ahead of what it announces")

    def _accepts(self, account: Account, value: str) -> bool:
        """Without asking the data plane, which counts questions."""
        now = self._world.clock.now()
        return any(
            key.value == value and key.accepted_from <= now and (key.accepted_until is None or now < key.accepted_until)
            for key in (*account.keys.values(), *account.old_keys)
        )

    def _excused(self, value: str) -> bool:
        return value in self.spoilt or value in self.leaked

    def _version(self, one: Watched) -> SecretVersion | None:
        vault = next(vault for vault in self._world.vaults.values() if vault.url == one.target.vault_url)
        secret = vault.secrets.get(one.target.secret.lower())
        return secret.latest if secret else None

    def _events(self, one: Watched) -> list[dict]:
        return [event for event in self._topic.events if event["subject"] == one.target.secret_url]

    @property
    def _topic(self):
        return next(iter(self._world.topics.values()))

    @property
    def _now(self) -> datetime:
        return self._world.clock.utcnow()
