"""The emulated world behind port-shaped doors: every call of a runner is a numbered point where things can go wrong.

A `Runner` is one process at work. Each of its calls goes through the world's journal and faults under the same
name as over HTTP. Before a call and after its effect the runner's `Befall` may refuse it, lose its answer, kill the
process or let somebody else act. What the world says no with is translated as the adapters do it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from emulator.accounts import Account as EmulatedAccount
from emulator.errors import AzureError, ConnectionDroppedError
from emulator.vaults import SecretVersion
from emulator.world import World
from shared.adapters.blob_lease import CONTAINER, SAFETY, SECONDS, blob_name
from shared.adapters.key_vault import CONTENT_TYPE
from shared.errors import FixConfiguration, GrantRole, LeaseHeld, LeaseLost, PersonMustLook, RotationError, TryLater
from shared.events import Announcement
from shared.keys import ApiKey, KeySlot
from shared.model import AccountId, Target
from shared.ports import Account, Answer, KeyAuthIsOff, Keys, Trial
from shared.publication import Marks, Publication, State, others_in, read_tags, tags_of

LOOK_BACK = timedelta(days=7)
RENEW_EVERY = timedelta(seconds=5)
LISTED = 25


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, not even what it would have tidied up."""


@dataclass(frozen=True)
class Call:
    """One outgoing call of a runner, by number from 1."""

    number: int
    operation: str
    target: str


Hook = Callable[[Call], Awaitable[None]]


@dataclass
class Befall:
    """What befalls which call: hooks before the call, and after its effect. A hook that raises ends the call."""

    before: dict[int, Hook] = field(default_factory=dict)
    after: dict[int, Hook] = field(default_factory=dict)


def _raises(error: BaseException) -> Hook:
    async def strike(_call: Call) -> None:
        raise error

    return strike


def killed_before(number: int) -> Befall:
    return Befall(before={number: _raises(Killed())})


def killed_after(number: int) -> Befall:
    return Befall(after={number: _raises(Killed())})


def answer_lost(number: int) -> Befall:
    """The call had its effect and the caller never heard of it."""
    return Befall(after={number: _raises(ConnectionDroppedError(after=True))})


def refused(number: int, status: int) -> Befall:
    """The call was answered with a status and had no effect."""
    return Befall(before={number: _raises(AzureError(status, "Refused", "Refused by a test."))})


def meanwhile_before(number: int, act: Callable[[], Awaitable[object]]) -> Befall:
    return Befall(before={number: _lets(act)})


def meanwhile_after(number: int, act: Callable[[], Awaitable[object]]) -> Befall:
    return Befall(after={number: _lets(act)})


def _lets(act: Callable[[], Awaitable[object]]) -> Hook:
    async def let(_call: Call) -> None:
        await act()

    return let


class Runner:
    """One process: it counts its calls, and when it is killed it makes no more of them."""

    def __init__(self, world: World, befall: Befall | None = None, watch: Callable[[], None] = lambda: None) -> None:
        self.world = world
        self.befall = befall or Befall()
        self.calls: list[Call] = []
        self.dead = False
        self._watch = watch
        self.clock = ClockDoor(self)
        self.accounts = AccountsDoor(self)
        self.endpoint = EndpointDoor(self)
        self.vault = VaultDoor(self)
        self.logs = LogsDoor(self)
        self.announcer = AnnouncerDoor(self)
        self.leases = LeasesDoor(self)

    async def call[T](self, operation: str, target: str, effect: Callable[[], T]) -> T:
        if self.dead:
            raise Killed
        call = Call(len(self.calls) + 1, operation, target)
        self.calls.append(call)
        try:
            await self._meet(self.befall.before, call)
            self._watch()
            try:
                result = self.world.perform(operation, target, effect)
            finally:
                self._watch()
                await self._meet(self.befall.after, call)
        except Killed:
            self.dead = True
            raise
        return result

    @staticmethod
    async def _meet(hooks: Mapping[int, Hook], call: Call) -> None:
        if call.number in hooks:
            await hooks[call.number](call)


@contextmanager
def translated(thing: str, doing: str) -> Iterator[None]:
    """The world's refusals as the errors that the adapters make of Azure's."""
    try:
        yield
    except AzureError as error:
        raise _ours(thing, f"could not {doing}: {error.status} {error.code}.", error) from error
    except ConnectionDroppedError as error:
        raise TryLater(thing, f"could not {doing}: no answer came.") from error


def _ours(thing: str, what: str, error: AzureError) -> RotationError:
    if error.status == 403 and error.inner == "ForbiddenByFirewall":
        return FixConfiguration(thing, what)
    if error.status in (401, 403):
        return GrantRole(thing, what)
    if error.status == 409 and error.inner == "ObjectIsDeletedButRecoverable":
        return PersonMustLook(thing, what)
    if error.status in (408, 409, 429) or error.status >= 500:
        return TryLater(thing, what)
    return FixConfiguration(thing, what)


class ClockDoor:
    """The world's frozen clock. Sleeping moves it, and renews the leases that the runner holds meanwhile."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def now(self) -> datetime:
        return self._runner.world.clock.utcnow()

    async def sleep(self, time: timedelta) -> None:
        if self._runner.dead:
            raise Killed
        while time > timedelta(0):
            step = min(time, RENEW_EVERY)
            self._runner.world.clock.advance(step.total_seconds())
            self._runner.leases.renew()
            time -= step


class AccountsDoor:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def read(self, account: AccountId) -> Account:
        world = self._runner.world
        with translated(str(account), "read the account"):
            found = await self._runner.call("arm.getAccount", str(account), lambda: world.accounts[str(account)])
        return self._account(found)

    def could_be_at(self, endpoint: str) -> bool:
        return endpoint.startswith("https://")

    async def tagged(self, subscription: str) -> AsyncIterator[Account]:
        world = self._runner.world
        with translated(f"subscription {subscription}", "list its accounts"):
            found = await self._runner.call(
                "arm.listAccounts", subscription, lambda: world.accounts.in_subscription(subscription)
            )
        for one in found:
            if "key-rotation" in {name.lower() for name in one.tags}:
                yield self._account(one)

    async def list_keys(self, account: AccountId) -> Keys:
        world, id_ = self._runner.world, str(account)
        with translated(id_, "list its keys"):
            try:
                return _keys(await self._runner.call("arm.listKeys", id_, lambda: world.accounts.list_keys(id_)))
            except AzureError as error:
                if error.status == 400 and "disableLocalAuth" in error.message:
                    raise KeyAuthIsOff from error
                raise

    async def regenerate(self, account: AccountId, slot: KeySlot) -> Keys:
        world, id_ = self._runner.world, str(account)
        with translated(id_, f"regenerate {slot}"):
            return _keys(
                await self._runner.call("arm.regenerateKey", id_, lambda: world.accounts.regenerate(id_, slot.value))
            )

    async def disable_key_auth(self, account: AccountId) -> None:
        world, id_ = self._runner.world, str(account)
        with translated(id_, "switch keys off"):
            await self._runner.call(
                "arm.updateAccount", id_, lambda: world.accounts.update(id_, {"disable_local_auth": True})
            )

    def _account(self, found: EmulatedAccount) -> Account:
        tags = {name.lower(): value for name, value in found.tags.items()}
        endpoint = self._runner.world.endpoint(found)
        return Account(AccountId.parse(found.id), endpoint, found.disable_local_auth is not True, tags)


def _keys(values: Mapping[Any, str]) -> Keys:
    return {slot: ApiKey(values[slot.value]) for slot in KeySlot}


class EndpointDoor:
    """The account's data plane, asked with a key."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def try_key(self, endpoint: str, key: ApiKey) -> Trial:
        world = self._runner.world
        account = next((one for one in world.accounts if world.endpoint(one) == endpoint), None)
        try:
            return await self._runner.call(
                "aoai.models", account.id if account else endpoint, lambda: self._judge(account, key)
            )
        except AzureError as error:
            if error.status in (401, 403):
                answer = Answer.REFUSED if error.status == 401 else Answer.NETWORK_REFUSED
                return Trial(answer, str(error.status))
            return Trial(Answer.UNCLEAR, str(error.status))
        except ConnectionDroppedError:
            return Trial(Answer.UNCLEAR, "no answer")

    def _judge(self, account: EmulatedAccount | None, key: ApiKey) -> Trial:
        world = self._runner.world
        if account is None:
            return Trial(Answer.REFUSED, "401")
        if account.public_network_access != "Enabled":
            return Trial(Answer.NETWORK_REFUSED, "403")
        if world.accounts.keys_disabled(account):
            return Trial(Answer.KEYS_ARE_OFF, "403")
        accepted = world.accounts.key_accepted(account, key.reveal())
        world.accounts.note_use(account, key.reveal(), "aoai.models", 200 if accepted else 401)
        return Trial(Answer.ACCEPTED, "200") if accepted else Trial(Answer.REFUSED, "401")


class VaultDoor:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def latest(self, target: Target) -> Publication | None:
        vault = self._vault(target.vault_url)
        with translated(target.secret_url, "read the secret"):
            try:
                found = await self._runner.call(
                    "kv.getSecret", target.secret_url, lambda: vault.get_secret(target.secret)
                )
            except AzureError as error:
                if error.status == 404:
                    return await self._deleted(target)
                if error.inner == "SecretDisabled":
                    return await self._disabled(target)
                raise
        return _publication(found, State.ACTIVE, ApiKey(found.value))

    async def _deleted(self, target: Target) -> Publication | None:
        vault = self._vault(target.vault_url)
        try:
            gone = await self._runner.call("kv.getDeleted", target.secret_url, lambda: vault.get_deleted(target.secret))
        except AzureError as error:
            if error.status == 404:
                return None
            raise
        return _publication(gone.latest, State.DELETED)

    async def _disabled(self, target: Target) -> Publication | None:
        vault = self._vault(target.vault_url)
        found = await self._runner.call(
            "kv.listVersions", target.secret_url, lambda: vault.list_versions(target.secret)
        )
        latest = max(found, key=lambda one: (one.created, not one.enabled), default=None)
        return _publication(latest, State.DISABLED) if latest else None

    async def publish(
        self, target: Target, key: ApiKey, slot: KeySlot, marks: Marks, others: Mapping[str, str]
    ) -> None:
        vault, period = self._vault(target.vault_url), target.cadence.period
        with translated(target.secret_url, "publish the key"):
            await self._runner.call(
                "kv.setSecret",
                target.secret_url,
                lambda: vault.set_secret(
                    target.secret,
                    key.reveal(),
                    content_type=CONTENT_TYPE,
                    tags=tags_of(marks, slot, str(target.account), period, others),
                    expires=marks.since + period,
                ),
            )

    async def note(self, target: Target, publication: Publication, slot: KeySlot, marks: Marks) -> None:
        tags = tags_of(marks, slot, str(target.account), target.cadence.period, publication.others)
        with translated(target.secret_url, "note on the secret what was told"):
            await self._update(target, publication, tags=tags)

    async def withdraw(self, target: Target, publication: Publication) -> None:
        with translated(target.secret_url, "disable the published version"):
            await self._update(target, publication, enabled=False)

    async def listing(self, vault_url: str) -> AsyncIterator[tuple[str, Publication]]:
        vault = self._vault(vault_url)
        with translated(vault_url, "list its secrets"):
            start, found = 0, [None]
            while found:
                here = slice(start, start + LISTED)
                found = await self._runner.call("kv.listSecrets", vault_url, lambda: vault.list_secrets()[here])  # noqa: B023
                for one in found:
                    yield one.name, _publication(one, State.ACTIVE if one.enabled else State.DISABLED)
                start += LISTED
                if len(found) < LISTED:
                    return

    async def _update(self, target: Target, publication: Publication, **changes: Any) -> None:
        vault = self._vault(target.vault_url)
        await self._runner.call(
            "kv.updateSecret",
            target.secret_url,
            lambda: vault.update_secret(target.secret, publication.version, **changes),
        )

    def _vault(self, url: str):
        return next(vault for vault in self._runner.world.vaults.values() if vault.url == url)


def _publication(found: SecretVersion, state: State, key: ApiKey | None = None) -> Publication:
    slot, provider, validity, marks = read_tags(found.tags)
    sealed = marks.sealed_endpoint if marks else None
    return Publication(
        version=found.version,
        state=state,
        created=datetime.fromtimestamp(found.created, UTC),
        value=key.fingerprint if key else None,
        expires=datetime.fromtimestamp(found.expires, UTC) if found.expires else None,
        slot=slot,
        provider=provider,
        validity=validity,
        marks=marks,
        endpoint=key.unseal(sealed) if key and sealed else None,
        others=others_in(found.tags),
    )


class LogsDoor:
    """The world's one workspace, asked as far back as the app asks by default."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def key_calls(self, account: AccountId) -> int:
        workspace = self._runner.world.workspace
        with translated(f"workspace {workspace.id}", "count calls with a key"):
            logged, calls = await self._runner.call(
                "logs.query", str(account), lambda: workspace.count(str(account), LOOK_BACK.total_seconds())
            )
        if not logged:
            raise FixConfiguration(str(account), "no call of any kind was logged.")
        return calls


class AnnouncerDoor:
    """The world's one topic."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def announce(self, announcements: Sequence[Announcement], now: datetime) -> None:
        topic = next(iter(self._runner.world.topics.values()))
        events = [announcement.wire(now) for announcement in announcements]
        with translated(topic.name, "announce"):
            await self._runner.call("eg.publish", topic.id, lambda: topic.publish(events))


class LeaseDoor:
    """A lease that is held, judged by the clock from the last renewal, as the blob lease judges it."""

    def __init__(self, runner: Runner, target: str, id_: str) -> None:
        self._runner, self._target, self.id = runner, target, id_
        self._good_until = self._until()
        self._lost = False

    def check(self) -> None:
        if self._runner.dead:
            raise Killed
        self._lost = self._lost or self._runner.clock.now() >= self._good_until
        if self._lost:
            raise LeaseLost(self._target, "the turn lost its hold on the target.")

    def renew(self) -> None:
        world = self._runner.world
        try:
            world.perform("blob.lease.renew", self._target, lambda: self._blob.lease.renew(world.clock.now(), self.id))
        except AzureError:
            self._lost = True
        else:
            self._good_until = self._until()

    async def give_up(self) -> None:
        try:
            await self._runner.call("blob.lease.release", self._target, lambda: self._blob.lease.release(self.id))
        except (AzureError, ConnectionDroppedError):
            self._lost = True

    @property
    def _blob(self):
        return self._runner.world.blobs.get(CONTAINER, blob_name(self._target))

    def _until(self) -> datetime:
        return self._runner.clock.now() + timedelta(seconds=SECONDS - SAFETY)


class LeasesDoor:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._held: list[LeaseDoor] = []
        self.held_for = ""

    @asynccontextmanager
    async def hold(self, target: str, *, take_over: bool = False, who: str = "") -> AsyncIterator[LeaseDoor]:
        self.held_for = who
        try:
            lease_id = await self._acquire(target)
        except LeaseHeld:
            if not take_over:
                raise
            lease_id = await self._take_over(target)
        lease = LeaseDoor(self._runner, target, lease_id)
        self._held.append(lease)
        try:
            yield lease
        finally:
            self._held.remove(lease)
            if not self._runner.dead:
                await lease.give_up()

    def renew(self) -> None:
        for lease in self._held:
            lease.renew()

    async def _take_over(self, target: str) -> str:
        """The other's lease is broken, and runs out before it can be had."""
        lease, clock = self._runner.world.blobs.get(CONTAINER, blob_name(target)).lease, self._runner.world.clock
        with translated(target, "break the lease"):
            await self._runner.call("blob.lease.break", target, lambda: lease.break_(clock.now(), None))
        await self._runner.clock.sleep(timedelta(seconds=SECONDS))
        return await self._acquire(target)

    async def _acquire(self, target: str) -> str:
        blobs, name = self._runner.world.blobs, blob_name(target)
        if CONTAINER not in blobs.containers:
            blobs.create_container(CONTAINER)
        if name not in blobs.container(CONTAINER).blobs:
            blobs.put(CONTAINER, name, b"")
        lease, clock = blobs.get(CONTAINER, name).lease, self._runner.world.clock
        with translated(target, "take the lease"):
            try:
                return await self._runner.call(
                    "blob.lease.acquire", target, lambda: lease.acquire(clock.now(), SECONDS, None)
                )
            except AzureError as error:
                if error.code == "LeaseAlreadyPresent":
                    raise LeaseHeld(target, "another turn holds this target.") from error
                raise
