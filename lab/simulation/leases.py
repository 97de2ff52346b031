"""The emulated blob leases behind the port `Leases`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lab.emulator.blobs import Blob
from lab.emulator.errors import AzureError, ConnectionDroppedError
from lab.simulation.azure_errors import translated
from lab.simulation.interruptions import Killed
from shared.adapters.blob_lease import SAFETY, SECONDS, blob_name
from shared.domain.errors import LeaseHeld, LeaseLost
from shared.domain.names import LEASE_CONTAINER
from shared.domain.refusal import Call
from shared.ports import Clock

if TYPE_CHECKING:
    from lab.simulation.runner import Runner


class SimulatedLease:
    """A lease that is held. It counts as lost when its time since the last renewal is over, as the real one does."""

    def __init__(self, runner: Runner, target: str, id_: str) -> None:
        self._runner, self._target, self.id = runner, target, id_
        self._good_until = self._until()
        self._lost = False

    def check(self) -> None:
        """Raise LeaseLost if another process may hold the target by now, and Killed if this process is dead."""
        if self._runner.dead:
            raise Killed
        self._lost = self._lost or self._runner.clock.now() >= self._good_until
        if self._lost:
            raise LeaseLost(self._target, "the turn lost its hold on the target.")

    async def wait(self, clock: Clock, time: timedelta) -> None:
        """Wait that long by this clock. Raise LeaseLost if the lease is lost then."""
        await clock.sleep(time)
        self.check()

    def renew(self) -> None:
        """Renew the lease. If the emulator refuses, the lease counts as lost from now on."""
        world = self._runner.world
        try:
            world.perform("blob.lease.renew", self._target, lambda: self._blob.lease.renew(world.clock.now(), self.id))
        except AzureError:
            self._lost = True
        else:
            self._good_until = self._until()

    async def give_up(self) -> None:
        """Release the lease. A refused release means that it was lost already."""
        try:
            await self._runner.call("blob.lease.release", self._target, lambda: self._blob.lease.release(self.id))
        except (AzureError, ConnectionDroppedError):
            self._lost = True

    @property
    def _blob(self) -> Blob:
        return self._runner.world.blobs.get(LEASE_CONTAINER, blob_name(self._target))

    def _until(self) -> datetime:
        return self._runner.clock.now() + timedelta(seconds=SECONDS - SAFETY)


class SimulatedLeases:
    """All leases that one process takes. `held_for` says who each target was leased for, as others would be told."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._held: list[SimulatedLease] = []
        self.held_for: dict[str, str] = {}

    @asynccontextmanager
    async def hold(self, target: str, *, take_over: bool = False, who: str = "") -> AsyncIterator[SimulatedLease]:
        """Hold a target's lease until the block ends.

        Raises LeaseHeld if another turn holds it, unless it is taken over: then the other's lease is broken, and this
        one begins when the time of the other is over.
        """
        async with AsyncExitStack() as held:
            if take_over:  # who takes over holds a second lease, as with the real ones
                await held.enter_async_context(self._keep(f"{target}/leak", who))
            yield await held.enter_async_context(self._keep(target, who, take_over=take_over))

    @asynccontextmanager
    async def _keep(self, target: str, who: str, *, take_over: bool = False) -> AsyncIterator[SimulatedLease]:
        self.held_for[target] = who
        try:
            lease_id = await self._acquire(target)
        except LeaseHeld:
            if not take_over:
                raise
            lease_id = await self._take_over(target)
        lease = SimulatedLease(self._runner, target, lease_id)
        self._held.append(lease)
        try:
            yield lease
        finally:
            self._held.remove(lease)
            if not self._runner.dead:
                await lease.give_up()

    async def held_before(self, accounts: Sequence[str]) -> set[str]:
        """Return those of the accounts whose lease has a blob."""
        blobs = self._runner.world.blobs
        if LEASE_CONTAINER not in blobs.containers:
            return set()
        with translated("the leases", "list them", Call.STORAGE):
            found = await self._runner.call("blob.list", LEASE_CONTAINER, lambda: blobs.list(LEASE_CONTAINER))
        names = {one.name for one in found}
        return {account for account in accounts if blob_name(account) in names}

    def renew(self) -> None:
        """Renew every lease that is held, as the background task of the real lease does."""
        for lease in self._held:
            lease.renew()

    async def _take_over(self, target: str) -> str:
        """Break the other's lease, wait until it has run out, and take it."""
        lease, clock = self._runner.world.blobs.get(LEASE_CONTAINER, blob_name(target)).lease, self._runner.world.clock
        with translated(target, "break the lease", Call.STORAGE):
            await self._runner.call("blob.lease.break", target, lambda: lease.break_(clock.now(), None))
        await self._runner.clock.sleep(timedelta(seconds=SECONDS))
        return await self._acquire(target)

    async def _acquire(self, target: str) -> str:
        blobs, name = self._runner.world.blobs, blob_name(target)
        if LEASE_CONTAINER not in blobs.containers:
            blobs.create_container(LEASE_CONTAINER)
        if name not in blobs.container(LEASE_CONTAINER).blobs:
            blobs.put(LEASE_CONTAINER, name, b"")
        lease, clock = blobs.get(LEASE_CONTAINER, name).lease, self._runner.world.clock
        with translated(target, "take the lease", Call.STORAGE):
            try:
                return await self._runner.call(
                    "blob.lease.acquire", target, lambda: lease.acquire(clock.now(), SECONDS, None)
                )
            except AzureError as error:
                if error.code == "LeaseAlreadyPresent":
                    raise LeaseHeld(target, "another turn holds this target.") from error
                raise
