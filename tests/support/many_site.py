"""A site for requests for many: tagged accounts, the app's routes, ticks and turns, and a queue to look at.

Each call of a route, each tick and each turn runs in a process of its own, which a test may kill at any of its calls.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from lab.emulator.accounts import Account
from lab.simulation.dates import days, minutes
from lab.simulation.interruptions import Interruptions, Killed
from lab.simulation.published import publish_as_rotated
from lab.simulation.runner import Runner
from lab.simulation.stage import Stage, a_stage
from shared.domain.errors import RotationError
from shared.fleet.rotation import Rotation
from shared.handlers import http, one_turn, timer_and_queue
from shared.handlers.incoming import Incoming
from shared.web.responses import Reply
from shared.web.routes import ROUTES

ON = {"key-rotation": "on"}
MOST_TRIES = 3


@dataclass
class ManySite:
    """The app, its queue and a simulated Azure.

    stage: The simulated Azure.
    queue: The messages: when each is seen, its number, its text and how often it was delivered.
    app: The running process.
    headers: What the platform says of the caller.
    last_tick: When the timer ran last.
    watched: Whether the witness observes every call. Large sites do without.
    """

    stage: Stage
    queue: list[tuple[datetime, int, str, int]] = field(default_factory=list)
    app: Rotation | None = None
    headers: dict[str, str] = field(default_factory=dict)
    last_tick: datetime | None = None
    runner: Runner | None = None
    watched: bool = True
    numbers: count[int] = field(default_factory=count)

    async def rotation(self) -> Rotation:
        """Return the running process."""
        assert self.app is not None
        return self.app

    def start(self, interruptions: Interruptions | None = None) -> Runner:
        """Start a process."""
        self.app = self.stage.rotation(interruptions)
        runner = self.stage.last_runner
        assert runner is not None
        if not self.watched:
            runner._watch = lambda: None
        self.runner = runner
        self.app.outside = replace(self.app.outside, later=SiteQueue(self, runner))
        return runner

    async def call(
        self, route: str, method: str = "GET", name: str = "", body: object = None, key: str = "k", **kills: Any
    ) -> Reply | None:
        """Call a route. Returns None if its process was killed."""
        self.start(kills.get("interruptions"))
        sent = json.dumps(body).encode() if body is not None else b""
        headers = {**self.headers, "idempotency-key": key} | ({"content-type": "application/json"} if sent else {})
        try:
            reply = await http.serve(ROUTES[route], Incoming(method, name, sent, headers, "call"))
        except Killed:
            return None
        for message in reply.queued:
            self.put(message.text(), timedelta(0))
        return reply

    async def post(self, body: object, key: str = "k", **kills: Any) -> Reply | None:
        """Send a request for many."""
        return await self.call("rotate_many", "POST", body=body, key=key, **kills)

    async def status(self, id_: str) -> dict[str, Any]:
        """Return how far a request has come."""
        reply = await self.call("rotation", name=id_)
        assert reply is not None
        assert reply.status == 200, reply.body
        return json.loads(reply.body)

    async def results(self, id_: str) -> dict[str, str]:
        """Return what became of each target."""
        return {row["target"]: row["result"] for row in (await self.status(id_))["rows"]}

    async def tick(self, interruptions: Interruptions | None = None) -> None:
        """Run the timer, and let ten minutes pass before it."""
        self.stage.pass_time(minutes(10))
        self.start(interruptions)
        try:
            await timer_and_queue.tick(self.last_tick.isoformat() if self.last_tick else None, past_due=False)
        except Killed:
            return
        self.last_tick = self.stage.now

    async def work(self, interruptions: Sequence[Interruptions | None] = ()) -> None:
        """Take every queued turn. The first ones are interrupted in these ways."""
        ways = list(interruptions)
        while self.queue:
            begins, _, message, tries = heapq.heappop(self.queue)
            self.stage.pass_time(max(begins - self.stage.now, timedelta(0)))
            self.start(ways.pop(0) if ways else None)
            try:
                await timer_and_queue.turn(message.encode(), tries)
            except (Killed, RotationError, timer_and_queue.TurnFailed):
                if tries < MOST_TRIES:
                    self.put(message, timedelta(seconds=30), tries + 1)

    async def until_done(self, ticks: int = 6) -> None:
        """Run ticks with their turns."""
        for _ in range(ticks):
            await self.work()
            await self.tick()
        await self.work()

    def put(self, message: str, delay: timedelta, tries: int = 1) -> None:
        """Queue a message."""
        heapq.heappush(self.queue, (self.stage.now + delay, next(self.numbers), message, tries))

    def account(self, name: str) -> Account:
        """Return an account."""
        return self.stage.world.accounts.named(name)

    def versions(self) -> dict[str, int]:
        """Return how many versions each secret has."""
        return {name.removesuffix("-key"): len(one.versions) for name, one in self.stage.vault.secrets.items()}

    def regenerated(self) -> Counter[str]:
        """Return how often keys of each account were regenerated."""
        entries = self.stage.world.journal.entries
        return Counter(
            one.target.rsplit("/", 1)[-1] for one in entries if one.operation == "arm.regenerateKey" and one.effect
        )

    def notes(self, prefix: str = "rotation") -> list[str]:
        """Return the names of the notes of requests for many."""
        containers = self.stage.world.blobs.containers.values()
        return sorted(name for one in containers for name in one.blobs if name.startswith(prefix))


@dataclass
class SiteQueue:
    """The queue, as one process sends to it. Each message is a call at which the process may be killed."""

    site: ManySite
    runner: Runner

    async def send(self, message: str, delay: timedelta) -> None:
        """Queue a message."""
        await self.runner.call("queue.put", "queue", lambda: self.site.put(message, delay))

    async def send_many(self, messages: Sequence[tuple[str, timedelta]]) -> Sequence[RotationError]:
        """Queue messages."""
        for one in messages:
            await self.send(*one)
        return []


def a_many_site(monkeypatch: pytest.MonkeyPatch, number: int, age: float = 10, **facts: Any) -> ManySite:
    """Return a site with tagged accounts, called chat, chat-2 and so on, whose keys were published `age` days ago."""
    stage = a_stage(number, tagged=True, **facts)
    for target in stage.targets:
        account = stage.world.accounts[str(target.account)]
        account.tags = dict(ON)
        publish_as_rotated(stage.world, account, stage.now - days(age))
        stage.witness.excuse_leaked(account.keys["key2"].value)  # the spare, which nobody uses
    site = ManySite(stage)
    for module in (http, one_turn, timer_and_queue):
        monkeypatch.setattr(module, "rotation", site.rotation)
    return site
