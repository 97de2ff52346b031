"""The emulated world behind port-shaped doors: every call of a runner is a numbered point where things can go wrong.

A `Runner` is one process at work. Each of its calls goes through the world's journal and faults under the same
name as over HTTP. Before a call and after its effect the runner's `Befall` may refuse it, lose its answer, kill the
process or let somebody else act. What the world says no with is translated as the adapters do it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lab.emulator.world import World
from lab.simulation.accounts import AccountsDoor, EndpointDoor
from lab.simulation.interruptions import Befall, Call, Hook, Killed
from lab.simulation.leases import LeasesDoor
from lab.simulation.small_fakes import AnnouncerDoor, ClockDoor, LogsDoor
from lab.simulation.vault import VaultDoor


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
