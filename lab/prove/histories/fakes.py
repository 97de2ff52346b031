"""Fakes of the application's ports on the small world. Every call stops and waits to be let through.

A turn is a coroutine that is stepped by hand, without an event loop. `await` on a call passes the call to the driver of
the turn (`walk`), which performs its effect, refuses it, loses its answer, lets another actor act first, or never
continues. A dead process runs no clean-up.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

from lab.prove.histories import deployments, judge, keys_back, on_record, values
from lab.prove.histories.state import NOW, index
from lab.prove.histories.world import World
from shared.announce.announcements import Announcement
from shared.domain.errors import LeaseHeld, LeaseLost, RotationError
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import AccountId, Target
from shared.domain.notes import FreshKey
from shared.domain.publication import Marks, Origin, Publication
from shared.domain.requests import LeakedKey, LeakRequest, Request
from shared.ports import Account, Clock, KeyAttempt, Keys, Outside, Page
from shared.turns.keyless import KEYLESS
from shared.turns.notes import FRESH, LEAKS, fresh_key_text, read_fresh_key
from shared.turns.secret_notes import SECRETS

LONGER_THAN_ANY_PATIENCE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Call:
    """One outgoing call that waits to be let through.

    name: What kind of call it is.
    effect: What it does to the world; returns the answer.
    writes: Whether it changes something. Default no.
    words: The call in words, if the name is not enough.
    """

    name: str
    effect: Callable[[], Any]
    writes: bool = False
    words: str = ""

    def __await__(self) -> Generator[Call, Any, Any]:
        return (yield self)


@dataclass
class Lease:
    """The lease of the target in this process, the `runner`. It is held until the driver sets `lost`."""

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
        await Call("take the lease", self._take)
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

    def _take(self) -> None:
        if self.runner.held_by_another:
            raise LeaseHeld(self.runner.world.target.name, "another turn holds this target.")


@dataclass
class FreshKeyNotes:
    """The app's own storage, which remembers fresh keys and the withdrawn version in the `world`. Leaks on record are
    forgotten in most worlds: a turn must end them by their words as well."""

    world: World

    async def add(self, name: str, text: str) -> bool:
        """Put a leak on record, or note whose secret it is."""
        if name.startswith(SECRETS):
            if self.world.state.earlier is None:
                return False
            claimed: bool = await Call("note whose secret it is", self.world.claim_secret, writes=True)
            return claimed
        if not self.world.records_leaks:
            return True
        added: bool = await Call("put the leak on record", lambda: self.world.record_leak(text), writes=True)
        return added

    async def write(self, name: str, text: str) -> None:
        """Write the note of a fresh key or of a withdrawn version, or name the keys of a leak on record."""
        if name.startswith(KEYLESS):
            await Call("note the end of keys", lambda: self.world.note_keyless(text), writes=True)
        if name.startswith(SECRETS):
            await Call("note the marks", lambda: self.world.note_about_secret(text), writes=True)
        if name.startswith(LEAKS) and self.world.records_leaks:
            await Call("name the leaked keys", lambda: self.world.rewrite_leak(text), writes=True)
        if name.startswith(FRESH):
            await Call("write a note", lambda: self.world.note_fresh_key(read_fresh_key(text)), writes=True)

    async def read(self, name: str) -> str | None:
        """Return the note of a fresh key or of a withdrawn version, or the leak on record."""
        if name.startswith(KEYLESS):
            if self.world.state.keyless is None:
                return None
            kept: str | None = await Call("read the end of keys", lambda: keys_back.text_of(self.world.state))
            return kept
        if name.startswith(SECRETS) and self.world.state.earlier is None:
            return self.world.secret_note()
        if name.startswith(SECRETS):
            text: str | None = await Call("read the note about the secret", self.world.secret_note)
            return text
        if name.startswith(LEAKS) and self.world.records_leaks:
            found: str | None = await Call("read the leak", self._leak)
            return found
        key: FreshKey | None = await Call("read a note", self.world.noted) if name.startswith(FRESH) else None
        return fresh_key_text(self.world.target.account, key) if key else None

    async def read_tagged(self, _name: str) -> tuple[str, str] | None:
        """Return no standing orders: these histories have none (`lab.prove.trials` has)."""
        return None

    async def replace(self, name: str, _text: str, _tag: str | None) -> str | None:
        """Refuse standing orders. Raises LookupError."""
        raise LookupError(f"{name}: these histories have no standing orders")

    async def remove(self, name: str) -> None:
        """Remove the note of a fresh key, or take a leak off the record."""
        if name.startswith(LEAKS) and self.world.records_leaks:
            await Call("take the leak off the record", self.world.forget_leak, writes=True)
        if name.startswith(FRESH):
            await Call("remove a note", lambda: self.world.note_fresh_key(None), writes=True)

    async def names(self, _prefix: str) -> Sequence[str]:
        """Return no name: the histories count no acts."""
        return ()

    async def under(self, _prefix: str) -> Sequence[tuple[str, str]]:
        """Return no leak: `moves` plays the tick that repeats one."""
        return ()

    def _leak(self) -> str | None:
        return on_record.text_of(self.world.state, self.world.target.name)


@dataclass
class Runner:
    """One process. This object is all of its ports: accounts, endpoint, vault, clock, announcer and leases.

    world: What the calls act on.
    request: What started the turn. None: a tick.
    held_by_another: Whether another turn holds the target.
    dead: Whether the process was killed.
    waiting: Whether the turn slept since it last asked for the time.
    accepted: How often in a row each key was accepted in this turn.
    made: The keys that this turn has made and not published.
    """

    world: World
    request: Request | None = None
    held_by_another: bool = False
    dead: bool = False
    waiting: bool = False
    accepted: dict[int, int] = field(default_factory=dict)
    made: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.lease = Lease(self)
        self.outside = Outside(self, self, self, self, self, self, FreshKeyNotes(self.world))

    def hold(self, _account: str, *, take_over: bool = False, who: str = "") -> Lease:  # noqa: ARG002 - see `two_runners`
        """Return the lease. `two_runners` plays taking over, so both arguments are ignored."""
        return self.lease

    async def held_before(self, accounts: Sequence[str]) -> set[str]:
        """Return all accounts: the only target is always enrolled, so nobody asks."""
        return set(accounts)

    # Clock

    def now(self) -> datetime:
        """Return the time. A turn takes none, but after a sleep its patience with a slow key is over."""
        waited, self.waiting = self.waiting, False
        return NOW + LONGER_THAN_ANY_PATIENCE if waited else NOW

    async def sleep(self, _time: timedelta) -> None:
        """Note that the turn waits for a slow key. No time passes."""
        self.waiting = True

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
        keys: Keys = await Call("list the keys", self.world.listed_keys)
        self.waiting = False
        return keys

    async def regenerate(self, _account: AccountId, slot: KeySlot) -> Keys:
        """Replace one key. From this call on the request counts as received."""

        def replace_the_key() -> Keys:
            self.world.receive(self.request)
            if not self.world.by_others:
                judge.may_be_regenerated(self.made, self.world.state.keys[index(slot)])
                self.made.add(self.world.state.fresh)
            return self.world.regenerate(slot)

        keys: Keys = await Call("regenerate", replace_the_key, writes=True, words=f"regenerate {slot}")
        return keys

    async def disable_key_auth(self, _account: AccountId) -> None:
        """Switch key authentication off."""
        await Call("switch keys off", lambda: self.world.switch_keys(on=False), writes=True)

    async def enable_key_auth(self, _account: AccountId) -> None:
        """Switch key authentication on."""
        await Call("switch keys on", lambda: self.world.switch_keys(on=True), writes=True)

    async def try_key(self, _endpoint: str, key: ApiKey) -> KeyAttempt:
        """Call the endpoint with a key, and count how often in a row it was accepted."""
        value = values.number_of(key.fingerprint)
        trial: KeyAttempt = await Call("try the key", lambda: self.world.try_key(value))
        self.waiting = self.waiting and trial.answer != "accepted"
        self.accepted[value] = self.accepted.get(value, 0) + 1 if trial.answer == "accepted" else 0
        return trial

    # Vault

    async def latest(self, _target: Target) -> Publication | None:
        """Read the latest version."""
        found: Publication | None = await Call("read the secret", self.world.latest)
        self.waiting = False  # a turn that waits for late reads waits a minute, which is nothing here
        return found

    async def publish(
        self, _target: Target, key: ApiKey, slot: KeySlot, marks: Marks | None, others: Mapping[str, str]
    ) -> str:
        """Write a version and return its id. The judge checks its proofs and whether a rotation is due."""
        value, request = values.number_of(key.fingerprint), self.request
        replaces = isinstance(request, LeakRequest) and request.key is not LeakedKey.PREVIOUS
        judge.no_tag_is_ours(others)
        by_leak = replaces and (marks is None or marks.origin is Origin.ROTATED)

        def write() -> str:
            judge.may_be_published(value, self.accepted.get(value, 0))
            self.made.discard(value)  # a published key may be reported as leaked
            if not self.world.by_others:
                cadence = self.world.target.cadence
                deployments.may_be_rotated(self.world.state, marks, self.request, cadence, self.world.overwritten)
            self.world.publish(value, slot, marks, by_leak=by_leak)
            return str(self.world.state.version.serial) if self.world.state.version else ""

        version: str = await Call("publish", write, writes=True, words=f"publish {slot}")
        return version

    async def earlier(self, _target: Target) -> Sequence[Publication]:
        """Return all versions, in a world that remembers more than the latest one."""
        if self.world.state.earlier is None:
            return ()
        found: Sequence[Publication] = await Call("list the versions", self.world.all_versions)
        return found

    async def account_of(self, _vault_url: str, _secret: str) -> str | None:
        """Return the only account. No history delivers an event of the vault."""
        return str(self.world.target.account)

    async def note(self, _target: Target, publication: Publication, slot: KeySlot, marks: Marks) -> None:
        """Replace the tags of a version."""
        judge.no_tag_is_ours(publication.others)
        await Call("note", lambda: self.world.note(publication.version, slot, marks), writes=True)

    async def withdraw(self, _target: Target, publication: Publication) -> None:
        """Disable a version."""
        await Call("withdraw", lambda: self.world.withdraw(publication.version), writes=True)

    async def listing(self, _vault: str, _after: str | None = None) -> Page[tuple[str, Publication]]:
        """List the only secret, without a call that waits."""
        found = self.world.listed()
        return Page([(self.world.target.secret, found)] if found is not None else [])

    # Event Grid

    async def announce(self, announcements: Sequence[Announcement], _now: datetime) -> None:
        """Send announcements to Event Grid."""
        words = "announce " + ", ".join(one.kind.removeprefix("KeyRotation.") for one in announcements)
        await Call("announce", lambda: self.world.accept(announcements), writes=True, words=words)
