"""The ports of the real code, opening on the small world. Every call stops and waits to be let through.

A turn is a coroutine that is stepped by hand, with no event loop: `await` on a call hands the call to whoever
drives the turn, who performs its effect, refuses it, loses its answer, lets somebody else act first, or never comes
back. A dead process tidies nothing up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

from lab.prove.histories import judge, values, waiting
from lab.prove.histories.state import NOW
from lab.prove.histories.world import World
from shared.announce.announcements import Announcement
from shared.domain.errors import LeaseHeld, LeaseLost, RotationError
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import AccountId, Target
from shared.domain.publication import Marks, Origin, Publication
from shared.domain.requests import LeakedKey, LeakRequest, Request
from shared.ports import Account, KeyAttempt, Keys, Outside

LONGER_THAN_ANY_PATIENCE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Call:
    """One call that wants to go out. `writes` is set where it changes something; `words` is for a reader."""

    name: str
    effect: Callable[[], Any]
    writes: bool = False
    words: str = ""

    def __await__(self) -> Generator[Call, Any, Any]:
        return (yield self)


@dataclass
class Lease:
    """Held until somebody says that it was lost."""

    runner: Runner
    lost: bool = False

    def check(self) -> None:
        if self.lost:
            raise LeaseLost(self.runner.world.target.name, "the turn lost its hold on the target.")

    async def __aenter__(self) -> Lease:
        await Call("take the lease", self._take)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self.runner.dead:
            return
        try:
            await Call("give the lease back", lambda: None)
        except RotationError:
            return

    def _take(self) -> None:
        if self.runner.somebody_holds_it:
            raise LeaseHeld(self.runner.world.target.name, "another turn holds this target.")


@dataclass
class Runner:
    """One process with its doors: accounts, endpoint, vault, clock, announcer and leases are all this object."""

    world: World
    request: Request | None = None
    somebody_holds_it: bool = False
    dead: bool = False
    waiting: bool = False
    accepted: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lease = Lease(self)
        self.outside = Outside(self, self, self, self, self, self)

    def hold(self, _account: str, *, take_over: bool = False, who: str = "") -> Lease:  # noqa: ARG002 - see `together`
        return self.lease

    # Clock

    def now(self) -> datetime:
        """A turn takes no time. Only who asks again and again for a key's acceptance finds his patience at an end."""
        waited, self.waiting = self.waiting, False
        return NOW + LONGER_THAN_ANY_PATIENCE if waited else NOW

    async def sleep(self, _time: timedelta) -> None:
        self.waiting = True

    # Accounts and their endpoint

    async def read(self, _account: AccountId) -> Account:
        found: Account = await Call("read the account", self.world.account)
        return found

    async def tagged(self, _subscription: str) -> AsyncIterator[Account]:
        nobody: tuple[Account, ...] = ()
        for found in nobody:
            yield found

    def could_be_at(self, endpoint: str) -> bool:
        return endpoint == values.ENDPOINT

    async def list_keys(self, _account: AccountId) -> Keys:
        keys: Keys = await Call("list the keys", self.world.keys)
        return keys

    async def regenerate(self, _account: AccountId, slot: KeySlot) -> Keys:
        def give_a_new_value() -> Keys:
            self.world.hear(self.request)
            return self.world.regenerate(slot)

        keys: Keys = await Call("regenerate", give_a_new_value, writes=True, words=f"regenerate {slot}")
        return keys

    async def disable_key_auth(self, _account: AccountId) -> None:
        await Call("switch keys off", lambda: self.world.switch_keys(on=False), writes=True)

    async def try_key(self, _endpoint: str, key: ApiKey) -> KeyAttempt:
        value = values.number_of(key.fingerprint)
        trial: KeyAttempt = await Call("try the key", lambda: self.world.try_key(value))
        self.waiting = self.waiting and trial.answer != "accepted"
        self.accepted[value] = self.accepted.get(value, 0) + 1 if trial.answer == "accepted" else 0
        return trial

    # Vault

    async def latest(self, _target: Target) -> Publication | None:
        found: Publication | None = await Call("read the secret", self.world.latest)
        return found

    async def publish(
        self, _target: Target, key: ApiKey, slot: KeySlot, marks: Marks | None, _others: Mapping[str, str]
    ) -> None:
        value, request = values.number_of(key.fingerprint), self.request
        replaces = isinstance(request, LeakRequest) and request.key is not LeakedKey.PREVIOUS
        by_leak = replaces and (marks is None or marks.origin is Origin.ROTATED)

        def write() -> None:
            judge.may_be_published(value, self.accepted.get(value, 0))
            if not self.world.somebody_else:
                rhythm = self.world.target.cadence
                waiting.may_be_rotated(self.world.state, marks, self.request, rhythm, self.world.covered)
            self.world.publish(value, slot, marks, by_leak=by_leak)

        await Call("publish", write, writes=True, words=f"publish {slot}")

    async def note(self, _target: Target, publication: Publication, slot: KeySlot, marks: Marks) -> None:
        await Call("note", lambda: self.world.note(publication.version, slot, marks), writes=True)

    async def withdraw(self, _target: Target, publication: Publication) -> None:
        await Call("withdraw", lambda: self.world.withdraw(publication.version), writes=True)

    async def listing(self, _vault: str) -> AsyncIterator[tuple[str, Publication]]:
        found = self.world.listed()
        if found is not None:
            yield self.world.target.secret, found

    # Event Grid

    async def announce(self, announcements: Sequence[Announcement], _now: datetime) -> None:
        words = "announce " + ", ".join(said.kind.removeprefix("KeyRotation.") for said in announcements)
        await Call("announce", lambda: self.world.accept(announcements), writes=True, words=words)
