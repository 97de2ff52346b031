"""A runner: one simulated process of the application, with the emulated Azure behind its ports.

Each call of a runner goes through the emulator's journal and faults under the same name as over HTTP. Before a call
and after its effect the runner's `Interruptions` may refuse it, lose its answer, kill the process or let another actor
act. Errors of the emulator are translated as the adapters translate those of Azure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lab.emulator.world import World
from lab.simulation.accounts import SimulatedAccounts, SimulatedEndpoint
from lab.simulation.clock_logs_and_topic import SimulatedAnnouncer, SimulatedClock, SimulatedListeners, SimulatedLogs
from lab.simulation.interruptions import Call, Hook, Interruptions, Killed, Which
from lab.simulation.leases import SimulatedLeases
from lab.simulation.notes import SimulatedNotes, SimulatedViews
from lab.simulation.vault import SimulatedVault
from shared.ports import Outside


class Runner:
    """One process. It counts its calls, and makes no more of them once it was killed.

    Its ports are `clock`, `accounts`, `endpoint`, `vault`, `logs`, `announcer`, `listeners`, `leases`, `notes` and
    `views`.
    `calls` lists what was called so far; `dead` says whether the process was killed.
    """

    def __init__(
        self, world: World, interruptions: Interruptions | None = None, watch: Callable[[], None] = lambda: None
    ) -> None:
        """Start a process on this world. `watch` is called before every call and after its effect."""
        self.world = world
        self.interruptions = interruptions or Interruptions()
        self.calls: list[Call] = []
        self.dead = False
        self._watch = watch
        self.clock = SimulatedClock(self)
        self.accounts = SimulatedAccounts(self)
        self.endpoint = SimulatedEndpoint(self)
        self.vault = SimulatedVault(self)
        self.logs = SimulatedLogs(self)
        self.announcer = SimulatedAnnouncer(self)
        self.listeners = SimulatedListeners(self)
        self.leases = SimulatedLeases(self)
        self.notes = SimulatedNotes(self)
        self.views = SimulatedViews(self)

    @property
    def outside(self) -> Outside:
        """All ports, without logs and failures."""
        parts = (self.accounts, self.endpoint, self.vault, self.clock, self.announcer, self.leases, self.notes)
        return Outside(*parts, views=self.views)

    async def call[T](self, operation: str, target: str, effect: Callable[[], T]) -> T:
        """Make one outgoing call and return what its effect returns.

        Raises Killed if the process is dead or dies at this call, and whatever the emulator or an interruption raises.
        """
        if self.dead:
            raise Killed
        call = Call(len(self.calls) + 1, operation, target)
        self.calls.append(call)
        try:
            await self._interrupt(self.interruptions.before, call)
            self._watch()
            try:
                result = self.world.perform(operation, target, effect)
            finally:
                self._watch()
                await self._interrupt(self.interruptions.after, call)
        except Killed:
            self.dead = True
            raise
        return result

    async def _interrupt(self, hooks: Mapping[Which, Hook], call: Call) -> None:
        if call.number in hooks:
            await hooks[call.number](call)
        if call.operation in hooks and not any(
            one.operation == call.operation for one in self.calls[: call.number - 1]
        ):
            await hooks[call.operation](call)
