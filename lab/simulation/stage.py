"""A stage: an emulated world with targets on it, a frozen clock, a witness, and ticks as the timer makes them.

    stage = a_stage()
    await stage.until(at(day=30))       a tick every six hours, each queueing turns, as in the function app
    await stage.turn(request)           one turn out of rhythm
    await stage.turn(befall=killed_after(4))

A copy of a stage is a history that can go on in two ways: `stage.again()`.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from lab.emulator.world import World
from lab.simulation.builders import SUBSCRIPTION, a_target
from lab.simulation.dates import START, at, hours, minutes
from lab.simulation.fakes import Runner
from lab.simulation.interruptions import Befall, Killed
from lab.simulation.tripwire import planted_key, wire
from lab.simulation.witness import Witness
from shared.domain.model import Target
from shared.domain.requests import LeakedKey, LeakRequest, Request
from shared.fleet.rotation import Rotation, Tick
from shared.ports import Outside
from shared.settings.environment import PUBLIC_CLOUD, Mode, Settings, Storage
from shared.settings.target_fields import Defaults
from shared.turns.report import Outcome, Row

TICK = minutes(10)
RARELY = hours(6)


class Stage:
    """One world, its targets and its history so far."""

    def __init__(self, targets: list[Target], *, tagged: bool = False, mode: Mode = Mode.ROTATE) -> None:
        self.world = World()
        self.world.clock.freeze(START)
        self.vault = self.world.add_vault("keys")
        self.topic = self.world.add_topic("announcements")
        self.targets = targets
        for target in targets:
            keys = {"key1": planted_key(), "key2": planted_key()}
            self.world.accounts.add(target.account.name, **keys)
            wire.plant(*keys.values())
        explicit = () if tagged else tuple(targets)
        self.settings = Settings(
            mode=mode,
            targets=explicit,
            subscriptions=(SUBSCRIPTION,) if tagged else (),
            defaults=Defaults(vault_url=self.vault.url),
            look_every=hours(1),
            topic="https://announcements.invalid",
            client_id=None,
            resource_manager=PUBLIC_CLOUD,
            storage=Storage(),
        )
        self.witness = Witness(self.world, targets, lag=hours(24))
        self.last_tick = START - TICK
        self.last_runner: Runner | None = None
        self.counts = False

    @property
    def now(self) -> datetime:
        return self.world.clock.utcnow()

    @property
    def target(self) -> Target:
        return self.targets[0]

    @property
    def account(self):
        return self.world.accounts[str(self.target.account)]

    def again(self) -> Stage:
        """A copy that goes on by itself."""
        self.world.journal.clear()
        self.world.accounts.uses.clear()
        self.last_runner = None
        return copy.deepcopy(self)

    def runner(self, befall: Befall | None = None) -> Runner:
        self.last_runner = Runner(self.world, befall, self.witness.look)
        return self.last_runner

    def rotation(self, befall: Befall | None = None) -> Rotation:
        """The application, as one process runs it."""
        runner = self.runner(befall)
        logs = runner.logs if self.counts else None
        parts = (runner.accounts, runner.endpoint, runner.vault, runner.clock, runner.announcer, runner.leases)
        return Rotation(self.settings, Outside(*parts, logs))

    async def turn(
        self, request: Request | None = None, befall: Befall | None = None, target: Target | None = None
    ) -> Outcome | None:
        """One turn by a runner of its own; none when it was killed."""
        if isinstance(request, LeakRequest):
            self._declare(request)
        try:
            outcome = await self.rotation(befall).turn(target or self.target, request)
        except Killed:
            return None
        wire.hear(outcome, outcome.data(), repr(outcome))
        return outcome

    def _declare(self, request: LeakRequest) -> None:
        """Who says that the live key leaked accepts that the spare, fresh or previous, is regenerated at once."""
        live, spare = self.value(self.live), self.value("key1" if self.live == "key2" else "key2")
        self.witness.somebody_reports(*((spare,) if request.key is LeakedKey.PREVIOUS else (live, spare)))

    async def look_for_work(self) -> Tick:
        """The timer's part of a tick."""
        since, self.last_tick = self.last_tick, self.now
        found = await self.rotation().tick(since, self.now)
        wire.hear(found, *found.problems)
        return found

    async def tick(self) -> dict[str, Outcome]:
        """The timer and the queue: every target that needs a turn gets one."""
        found = await self.look_for_work()
        return {
            one.target.name: outcome
            for one in found.turns
            if (outcome := await self.turn(target=one.target)) is not None
        }

    async def until(self, moment: datetime, every: timedelta = RARELY) -> list[Outcome]:
        """Ticks at regular times, the last one at `moment`. All outcomes in order."""
        outcomes: list[Outcome] = []
        while self.now < moment:
            self.pass_time(min(every, moment - self.now))
            outcomes.extend((await self.tick()).values())
        return outcomes

    def pass_time(self, time: timedelta) -> None:
        self.world.clock.advance(time.total_seconds())
        self.witness.look()

    async def rest(self, ticks: int = 6) -> None:
        """The ticks of the next hour: enough for everything that need not wait for a deadline."""
        for _ in range(ticks):
            self.pass_time(TICK)
            await self.tick()

    async def row(self) -> Row:
        row = await self.rotation().plan_turn(self.target)
        wire.hear(row.plan, row.data(), row.error or "", *(said.wire(self.now) for said in row.outstanding))
        return row

    async def must_be_at_rest(self, *, all_told: bool = True) -> None:
        """P5 and P9: nothing is left to do or to say now, and everything that happened was announced."""
        row = await self.row()
        assert row.error is None, row.error
        assert row.plan is not None
        assert not row.plan.steps, row.plan
        assert not row.outstanding, [str(said.kind) for said in row.outstanding]
        if all_told:
            self.witness.everything_was_announced()

    # What is seen from outside.

    def value(self, slot: str) -> str:
        return self.account.keys[slot].value

    @property
    def versions(self) -> list:
        secret = self.vault.secrets.get(self.target.secret.lower())
        return secret.versions if secret else []

    @property
    def live(self) -> str:
        """The slot that holds the published key; the slot it was published from where neither holds it any more."""
        if not self.versions:
            return "key1"
        latest = self.versions[-1]
        holding = (slot for slot, key in self.account.keys.items() if key.value == latest.value)
        return next(holding, latest.tags.get("CredentialId", "key1"))

    def works(self, value: str) -> bool:
        return any(key.value == value for key in self.account.keys.values()) and not self.account.disable_local_auth

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """Accepted events of one kind, in order, without repeats of an id."""
        seen: dict[str, dict[str, Any]] = {}
        for event in self.topic.events:
            if event["type"].endswith(kind):
                seen.setdefault(event["id"], event)
        return list(seen.values())

    def timetable(self) -> list[tuple[int, str]]:
        """What was announced on which day of the history, in order, repeats left out."""
        first: dict[str, tuple[int, str]] = {}
        for one in self.topic.accepted:
            day = int((one.time - START.timestamp()) // 86400)
            lead = one.event["data"].get("leadTime")
            kind = one.event["type"].removeprefix("KeyRotation.") + (f" {lead}" if lead else "")
            first.setdefault(one.event["id"], (day, kind))
        return list(first.values())

    def hear_the_world(self) -> None:
        """Everything outside that anybody may read: events, tags, content types, the names of calls."""
        wire.hear(*self.topic.events)
        for secret in (*self.vault.secrets.values(), *self.vault.deleted.values()):
            wire.hear(*((one.tags, one.content_type) for one in secret.versions))

    # What somebody else does.

    def somebody_regenerates(self, slot: str) -> None:
        self.witness.look()
        self.witness.somebody_ends(self.value(slot))
        self.world.accounts.regenerate(self.account.id, slot)
        self.witness.look()

    def somebody_switches_keys_off(self) -> None:
        self.witness.keys_switched_off_by_hand = True
        self.world.accounts.update(self.account.id, {"disable_local_auth": True})

    def somebody_calls(self, *, with_a_key: bool) -> None:
        """A consumer's call, as the account's log has it."""
        self.world.workspace.note(self.account.id, caller="" if with_a_key else "an Entra object id")

    def logs_are(self, state: str) -> None:
        self.world.down = self.world.down - {"logs"} if state == "up" else self.world.down | {"logs"}

    def event_grid_is(self, state: str) -> None:
        self.topic.outage = None if state == "up" else 503


def a_stage(count: int = 1, *, tagged: bool = False, mode: Mode = Mode.ROTATE, **facts: Any) -> Stage:
    """A world with one target called chat, or several: chat, chat-2, chat-3."""
    names = ["chat", *(f"chat-{number}" for number in range(2, count + 1))]
    return Stage([a_target(name, **facts) for name in names], tagged=tagged, mode=mode)


def with_target(stage: Stage, **facts: Any) -> None:
    """Change the settings of the stage's one target, as a new deployment would."""
    stage.targets[0] = replace(stage.target, **facts)
    stage.settings = replace(stage.settings, targets=tuple(stage.targets))


async def lived_until(day: int, **facts: object) -> Stage:
    """A stage with its targets adopted and so many days behind them."""
    stage = a_stage(**facts)
    await stage.tick()
    await stage.until(at(day=day))
    return stage
