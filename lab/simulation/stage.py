"""A stage: an emulated world with targets, a frozen clock, a witness, and ticks as the timer makes them.

    stage = a_stage()
    await stage.until(at(day=30))       a tick every six hours, each followed by the turns that it queues
    await stage.turn(request)           one turn between the ticks
    await stage.turn(interruptions=killed_after("kv.setSecret"))

`stage.copy()` returns an independent copy, so that one history can go on in several ways.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from lab.emulator.accounts import Account, Slot
from lab.emulator.vaults import SecretVersion
from lab.emulator.world import World
from lab.simulation.builders import SUBSCRIPTION, a_target
from lab.simulation.dates import START, at, hours, minutes
from lab.simulation.interruptions import Interruptions, Killed
from lab.simulation.runner import Runner
from lab.simulation.tripwire import planted_key, wire
from lab.simulation.witness import Witness
from shared.domain.model import Target
from shared.domain.requests import LeakedKey, LeakRequest, Request
from shared.fleet.rotation import Rotation
from shared.fleet.ticks import Tick
from shared.settings.environment import PUBLIC_CLOUD, Mode, Settings
from shared.settings.storage import Storage
from shared.settings.target_fields import Defaults
from shared.turns.message import Message
from shared.turns.report import Outcome, Row

TICK = minutes(10)
RARELY = hours(6)


class Stage:
    """One world, its targets and its history so far.

    world, vault, topic: The emulated Azure.
    targets: The targets; `target` is the first one and `account` its account.
    settings: The application's settings.
    witness: It checks the promises at every call.
    last_tick: When the timer ran last.
    last_runner: The process of the last turn or tick; its `calls` can be read.
    counts: Whether the application has a log workspace in which it counts calls with a key. Default no.
    needs_listener: Whether ends of keys need a listener. Default no.
    """

    def __init__(self, targets: list[Target], *, tagged: bool = False, mode: Mode = Mode.ROTATE) -> None:
        """Set up a world with an account for each target.

        tagged: Whether targets are found by tags of accounts. Default: they stand in the settings.
        """
        self.world = World()
        self.world.clock.freeze(START)
        self.vault = self.world.add_vault("keys")
        self.topic = self.world.add_topic("announcements")
        self.targets = targets
        for target in targets:
            keys = {"key1": planted_key(), "key2": planted_key()}
            self.world.accounts.add(target.account.name, resource_group=target.account.group, **keys)
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
        self.needs_listener = False

    @property
    def now(self) -> datetime:
        """The world's time."""
        return self.world.clock.utcnow()

    @property
    def target(self) -> Target:
        """The first target."""
        return self.targets[0]

    @property
    def account(self) -> Account:
        """The account of the first target."""
        return self.world.accounts[str(self.target.account)]

    def copy(self) -> Stage:
        """Return an independent copy of this stage."""
        self.world.journal.clear()
        self.world.accounts.uses.clear()
        self.last_runner = None
        return copy.deepcopy(self)

    def runner(self, interruptions: Interruptions | None = None) -> Runner:
        """Start a process; the witness observes each of its calls."""
        self.last_runner = Runner(self.world, interruptions, self.witness.observe)
        return self.last_runner

    def rotation(self, interruptions: Interruptions | None = None) -> Rotation:
        """Start a process and return the application in it."""
        runner = self.runner(interruptions)
        logs = runner.logs if self.counts else None
        needed = runner.listeners if self.needs_listener else None
        outside = replace(runner.outside, logs=logs, listeners=runner.listeners, ends_need=needed)
        return Rotation(self.settings, outside)

    async def turn(
        self,
        request: Request | None = None,
        interruptions: Interruptions | None = None,
        target: Target | None = None,
        *,
        ordered: bool = False,
    ) -> Outcome | None:
        """Take one turn in a process of its own. Returns its outcome, None if the process was killed.

        ordered: Whether its message says that there are standing orders about the target. Default: no.
        """
        if isinstance(request, LeakRequest):
            self._excuse_leaked(request)
        try:
            outcome = await self.rotation(interruptions).turn(target or self.target, request, ordered=ordered)
        except Killed:
            return None
        wire.hear(outcome, outcome.data(), repr(outcome))
        return outcome

    def _excuse_leaked(self, request: LeakRequest) -> None:
        """Excuse what a leak of this key may end. With the live key, the other key is regenerated immediately too."""
        live, spare = self.value(self.live), self.value("key1" if self.live == "key2" else "key2")
        self.witness.excuse_leaked(*((spare,) if request.key is LeakedKey.PREVIOUS else (live, spare)))

    async def run_timer(self) -> Tick:
        """Do the timer's part of a tick: find the targets that need a turn."""
        since, self.last_tick = self.last_tick, self.now
        found = await self.rotation().tick(since, self.now, max(self.now - since, TICK))
        wire.hear(found, *found.problems)
        return found

    async def tick(self) -> dict[str, Outcome]:
        """Make one tick: run the timer, then take every turn that it queued. Returns the outcomes by target."""
        found = await self.run_timer()
        for leak in found.leaks:
            await self.leak_again(leak)
        taken = [(one.target, found.has_orders(one)) for one in found.turns]
        taken += [
            (one, True) for trial in found.trials for one in self.targets if one.account.same_as(str(trial.account))
        ]
        return {
            target.name: outcome
            for target, ordered in taken
            if (outcome := await self.turn(target=target, ordered=ordered)) is not None
        }

    async def leak_again(self, leak: Message) -> Outcome:
        """Take the turn of a leak on record.

        Its report excused its keys, unless no turn has named them: then its words mean the keys that are there by now.
        """
        target = next(one for one in self.targets if one.name == leak.target)
        if isinstance(leak.request, LeakRequest) and not leak.request.values:
            account = self.world.accounts[str(target.account)]
            self.witness.excuse_leaked(*(key.value for key in account.keys.values()))
        return await self.rotation().turn(target, leak.request)

    async def until(self, moment: datetime, every: timedelta = RARELY) -> list[Outcome]:
        """Make ticks at regular times, the last one at `moment`. Returns all outcomes in order."""
        outcomes: list[Outcome] = []
        while self.now < moment:
            self.pass_time(min(every, moment - self.now))
            outcomes.extend((await self.tick()).values())
        return outcomes

    def pass_time(self, time: timedelta) -> None:
        """Move the clock forward without a tick."""
        self.world.clock.advance(time.total_seconds())
        self.witness.observe()

    async def rest(self, ticks: int = 6) -> None:
        """Make the ticks of the next hour, which finish everything that need not wait for a deadline."""
        for _ in range(ticks):
            self.pass_time(TICK)
            await self.tick()

    async def row(self) -> Row:
        """Return what the status page and the API say of the first target."""
        row = await self.rotation().plan_turn(self.target)
        wire.hear(
            row.plan, row.data(), row.error or "", *(announcement.wire(self.now) for announcement in row.outstanding)
        )
        return row

    async def must_be_at_rest(self, *, all_announced: bool = True) -> None:
        """Check P5 and P9: nothing is left to do or to announce now. Raises AssertionError or PromiseBroken.

        all_announced: Whether everything that ever happened must have been announced as well. Default yes.
        """
        row = await self.row()
        assert row.error is None, row.error
        assert row.plan is not None
        assert not row.plan.steps, row.plan
        assert not row.outstanding, [str(announcement.kind) for announcement in row.outstanding]
        if all_announced:
            self.witness.must_have_announced_everything()

    # What can be seen from outside.

    def value(self, slot: Slot) -> str:
        """Return the key that this slot holds now."""
        return self.account.keys[slot].value

    @property
    def versions(self) -> list[SecretVersion]:
        """All versions of the first target's secret, the latest one last."""
        secret = self.vault.secrets.get(self.target.secret.lower())
        return secret.versions if secret else []

    @property
    def live(self) -> Slot:
        """The slot that holds the published key, or from which it was published if no slot holds it any more."""
        if not self.versions:
            return "key1"
        latest = self.versions[-1]
        holding = (slot for slot, key in self.account.keys.items() if key.value == latest.value)
        return next(holding, "key2" if latest.tags.get("CredentialId") == "key2" else "key1")

    def works(self, value: str) -> bool:
        """Return whether a slot of the account holds this key, and key authentication is on."""
        return any(key.value == value for key in self.account.keys.values()) and not self.account.disable_local_auth

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """Return the accepted events of one type, in order, each id once."""
        seen: dict[str, dict[str, Any]] = {}
        for event in self.topic.events:
            if event["type"].endswith(kind):
                seen.setdefault(event["id"], event)
        return list(seen.values())

    def timetable(self) -> list[tuple[int, str]]:
        """Return the day of the history and the type, with its lead time, of every accepted event, each id once."""
        first: dict[str, tuple[int, str]] = {}
        for one in self.topic.accepted:
            day = int((one.time - START.timestamp()) // 86400)
            lead = one.event["data"].get("leadTime")
            kind = one.event["type"].removeprefix("KeyRotation.") + (f" {lead}" if lead else "")
            first.setdefault(one.event["id"], (day, kind))
        return list(first.values())

    def hear_everything_public(self) -> None:
        """Give the tripwire everything public: events, tags and content types."""
        wire.hear(*self.topic.events)
        for secret in (*self.vault.secrets.values(), *self.vault.deleted.values()):
            wire.hear(*((one.tags, one.content_type) for one in secret.versions))

    # What other people and services do.

    def regenerate_by_hand(self, slot: Slot) -> None:
        """Regenerate a key as a person does in the portal."""
        self.witness.observe()
        self.witness.excuse_regenerated_by_hand(self.value(slot))
        self.world.accounts.regenerate(self.account.id, slot)
        self.witness.observe()

    def switch_keys_off_by_hand(self) -> None:
        """Switch key authentication off as a person or a policy does."""
        self.witness.keys_switched_off_by_hand = True
        self.world.accounts.update(self.account.id, {"disable_local_auth": True})

    def log_a_call(self, *, with_a_key: bool) -> None:
        """Write a consumer's call to the log of the account, made with a key or with an Entra token."""
        self.world.workspace.note(self.account.id, caller="" if with_a_key else "an Entra object id")

    def logs_are(self, state: str) -> None:
        """Make the log workspace available ("up") or not ("down")."""
        self.world.down = self.world.down - {"logs"} if state == "up" else self.world.down | {"logs"}

    def event_grid_is(self, state: str) -> None:
        """Make Event Grid accept events ("up") or refuse them with 503 ("down")."""
        self.topic.outage = None if state == "up" else 503


def a_stage(count: int = 1, *, tagged: bool = False, mode: Mode = Mode.ROTATE, **facts: Any) -> Stage:
    """Return a stage with one target called chat, or several: chat, chat-2, chat-3. `facts` are fields of each."""
    names = ["chat", *(f"chat-{number}" for number in range(2, count + 1))]
    return Stage([a_target(name, **facts) for name in names], tagged=tagged, mode=mode)


def with_target(stage: Stage, **facts: Any) -> None:
    """Change the settings of the stage's only target, as a new deployment of the app does."""
    stage.targets[0] = replace(stage.target, **facts)
    stage.settings = replace(stage.settings, targets=tuple(stage.targets))


async def lived_until(day: int, **facts: Any) -> Stage:
    """Return a stage on this day of the history; its targets were adopted on day 0, with ticks since then."""
    stage = a_stage(**facts)
    await stage.tick()
    await stage.until(at(day=day))
    return stage
