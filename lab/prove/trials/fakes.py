"""Fakes of the application's ports on the small world. Every call stops and waits to be let through (`walk`)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

from lab.prove.histories import values
from lab.prove.trials.judge import Broken
from lab.prove.trials.state import ORDERS
from lab.prove.trials.world import World
from shared.announce.announcements import Announcement
from shared.domain.errors import LeaseLost, RotationError
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import AccountId, Target
from shared.domain.publication import Marks, Publication
from shared.domain.requests import LeakRequest, Request, RotateRequest
from shared.ports import Account, Answer, Clock, KeyAttempt, Keys, Outside, Page


@dataclass(frozen=True, slots=True)
class Call:
    """One outgoing call that waits to be let through.

    name: The call, in words.
    effect: What it does to the world; returns the answer.
    writes: Whether it changes something. Default no.
    """

    name: str
    effect: Callable[[], Any]
    writes: bool = False

    def __await__(self) -> Generator[Call, Any, Any]:
        return (yield self)


@dataclass
class Lease:
    """The lease of one process. It is held until the driver sets `lost`."""

    runner: Runner
    lost: bool = False

    def check(self) -> None:
        """Raise LeaseLost if the lease was lost."""
        if self.lost:
            raise LeaseLost(self.runner.world.target.name, "the turn lost its hold on the target.")

    async def wait(self, clock: Clock, time: timedelta) -> None:
        """Wait, and raise LeaseLost if the lease is lost then."""
        await clock.sleep(time)
        self.check()

    async def __aenter__(self) -> Lease:
        await Call("take the lease", lambda: None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self.runner.dead:
            return
        try:
            await Call("release the lease", lambda: None)
        except RotationError:
            return


@dataclass
class Storage:
    """The app's own storage, as the process of the `runner` uses it."""

    runner: Runner

    @property
    def world(self) -> World:
        """What the calls act on."""
        return self.runner.world

    async def add(self, name: str, text: str) -> bool:
        """Write a note unless there is one."""
        added: bool = await Call(f"add {_short(name)}", lambda: self.world.add_note(name, text), writes=True)
        return added

    async def write(self, name: str, text: str) -> None:
        """Write a note."""
        await Call(f"write {_short(name)}", lambda: self.world.write_note(name, text), writes=True)

    async def read_tagged(self, name: str) -> tuple[str, str] | None:
        """Return a note and its tag, which is its text. None if there is none."""
        found = await self.read(name)
        return None if found is None else (found, found)

    async def replace(self, name: str, text: str, tag: str | None) -> str | None:
        """Write a note in place of the one that has that tag. Only the holder of the lease writes orders."""

        def write() -> str | None:
            if dict(self.world.state.notes).get(name) != tag:
                return None
            if name.startswith(ORDERS):
                self.runner.must_hold()
            self.world.write_note(name, text)
            return text

        written: str | None = await Call(f"write {_short(name)}", write, writes=True)
        return written

    async def read(self, name: str) -> str | None:
        """Return a note. None if there is none."""
        found: str | None = await Call(f"read {_short(name)}", lambda: dict(self.world.state.notes).get(name))
        return found

    async def remove(self, name: str) -> None:
        """Remove a note."""
        await Call(f"remove {_short(name)}", lambda: self.world.write_note(name, None), writes=True)

    async def names(self, prefix: str) -> Sequence[str]:
        """Return the names of the notes under a prefix."""
        return [name for name, _ in await self.under(prefix)]

    async def under(self, prefix: str) -> Sequence[tuple[str, str]]:
        """Return name and text of the notes under a prefix."""
        found: Sequence[tuple[str, str]] = await Call(
            f"list {prefix}", lambda: [one for one in self.world.state.notes if one[0].startswith(prefix)]
        )
        return found


def _short(name: str) -> str:
    return name.rpartition("/")[0]


@dataclass
class Runner:
    """One process. This object is all of its ports: accounts, endpoint, vault, clock, announcer and leases.

    world: What the calls act on.
    request: What started the turn. None: a tick.
    dead: Whether the process was killed.
    accepted: How often in a row each key was accepted in this turn.
    """

    world: World
    request: Request | None = None
    dead: bool = False
    accepted: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lease = Lease(self)
        self.outside = Outside(self, self, self, self, self, self, Storage(self))

    def must_hold(self) -> None:
        """Judge P6: a turn changes nothing after it has lost its lease. Raises Broken."""
        if self.lease.lost:
            raise Broken("P6: a turn changes something although it has lost its lease")

    @property
    def _by_leak(self) -> bool:
        return isinstance(self.request, LeakRequest)

    def _held[T](self, effect: Callable[[], T]) -> Callable[[], T]:
        """Return the effect, judged by whether the lease is held."""

        def judged() -> T:
            self.must_hold()
            return effect()

        return judged

    def hold(self, _account: str, *, take_over: bool = False, who: str = "") -> Lease:  # noqa: ARG002 - see `moves`
        """Return the lease. `moves` plays taking over, so both arguments are ignored."""
        return self.lease

    async def held_before(self, accounts: Sequence[str]) -> set[str]:
        """Return all accounts: the only target is always enrolled, so nobody asks."""
        return set(accounts)

    # Clock

    def now(self) -> datetime:
        """Return the time."""
        return self.world.now

    async def sleep(self, time: timedelta) -> None:
        """Let time pass."""
        self.world.pass_time(time)

    # Accounts and their endpoint

    async def read(self, _account: AccountId) -> Account:
        """Read the account."""
        found: Account = await Call("read the account", self.world.account)
        return found

    async def tagged(self, _subscription: str, _after: str | None = None) -> Page[Account]:
        """List no account: the settings name the target."""
        return Page(())

    def could_be_at(self, endpoint: str) -> bool:
        """Return whether this is the account's endpoint."""
        return endpoint == values.ENDPOINT

    async def list_keys(self, _account: AccountId) -> Keys:
        """Read both keys."""
        keys: Keys = await Call("list the keys", self.world.keys)
        return keys

    async def regenerate(self, _account: AccountId, slot: KeySlot) -> Keys:
        """Replace one key."""
        end_other = isinstance(self.request, RotateRequest) and self.request.end_other
        by_leak = self._by_leak
        keys: Keys = await Call(
            f"regenerate {slot}",
            self._held(lambda: self.world.regenerate(slot, by_leak=by_leak, end_other=end_other)),
            writes=True,
        )
        return keys

    async def disable_key_auth(self, _account: AccountId) -> None:
        """Switch keys off."""
        await Call("switch keys off", self._held(lambda: self.world.switch(on=False)), writes=True)

    async def enable_key_auth(self, _account: AccountId) -> None:
        """Switch keys on."""
        await Call("switch keys on", self._held(lambda: self.world.switch(on=True)), writes=True)

    async def try_key(self, _endpoint: str, key: ApiKey) -> KeyAttempt:
        """Call the endpoint with a key, and count how often in a row it was accepted."""
        value = values.number_of(key.fingerprint)
        found: KeyAttempt = await Call("try the key", lambda: self.world.try_key(value))
        self.accepted[value] = self.accepted.get(value, 0) + 1 if found.answer is Answer.ACCEPTED else 0
        return found

    # Vault

    async def latest(self, _target: Target) -> Publication | None:
        """Read the latest version."""
        found: Publication | None = await Call("read the secret", self.world.latest)
        return found

    async def publish(
        self, _target: Target, key: ApiKey, slot: KeySlot, marks: Marks, others: Mapping[str, str]
    ) -> str:
        """Write a version."""
        accepted, by_leak = self.accepted.get(values.number_of(key.fingerprint), 0), self._by_leak
        version: str = await Call(
            f"publish {slot}",
            self._held(lambda: self.world.publish(key, slot, marks, others, accepted, by_leak=by_leak)),
            writes=True,
        )
        return version

    async def earlier(self, _target: Target) -> Sequence[Publication]:
        """Return all versions."""
        found: Sequence[Publication] = await Call("list the versions", self.world.all_versions)
        return found

    async def account_of(self, _vault_url: str, _secret: str) -> str | None:
        """Return the only account."""
        return str(self.world.target.account)

    async def note(self, _target: Target, publication: Publication, slot: KeySlot, marks: Marks) -> None:
        """Replace the tags of a version."""
        await Call("note", self._held(lambda: self.world.note(publication, slot, marks)), writes=True)

    async def withdraw(self, _target: Target, publication: Publication) -> None:
        """Disable a version."""
        await Call("withdraw", self._held(lambda: self.world.withdraw(publication.version)), writes=True)

    async def listing(self, _vault: str, _after: str | None = None) -> Page[tuple[str, Publication]]:
        """List nothing: no tick lists here."""
        return Page(())

    # Event Grid

    async def announce(self, announcements: Sequence[Announcement], _now: datetime) -> None:
        """Send announcements."""
        words = "announce " + ", ".join(one.kind.removeprefix("KeyRotation.") for one in announcements)
        await Call(words, lambda: self.world.accept(announcements), writes=True)
