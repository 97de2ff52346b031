"""The stage of a life: the world, the app, and a recorder that notes after each step what changed outside.

What did not change since the step before is not recorded again, so each fact appears at the step that caused it.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lab.emulator.accounts import Account
from lab.emulator.topics import Topic
from lab.emulator.vaults import Vault
from tests.recordings import seen
from tests.recordings.app import App
from tests.recordings.azure import TOPIC, VAULT, a_world, served, without_chance
from tests.recordings.fixed_clock import fixed_clock

AS_IN_THE_SURVEY = "as in GET targets"
SETTINGS = {"ROTATION_LOOK_EVERY": "P1D"}
type Entry = dict[str, Any]


@dataclass
class Stage:
    """One life so far: the emulated Azure, the app, and the recorded entries."""

    azure: Any
    app: App
    entries: list[Entry] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)  # messages that went back on the queue
    _known: dict[str, Any] = field(default_factory=dict)
    _events: int = 0
    _queued: list[Any] = field(default_factory=list)
    _turns: list[Any] = field(default_factory=list)

    @property
    def world(self) -> Any:
        return self.azure.world

    @property
    def now(self) -> datetime:
        return self.world.clock.utcnow()

    @property
    def vault(self) -> Vault:
        return self.world.vaults[VAULT]

    @property
    def topic(self) -> Topic:
        return self.world.topics[TOPIC]

    def account(self, name: str = "chat") -> Account:
        return self.world.accounts.named(name)

    # What happens.

    def pass_time(self, time: timedelta) -> None:
        self.world.clock.advance(time.total_seconds())

    def tick(self, *, thorough: bool = False) -> None:
        """Run the timer, and every turn that it queues."""
        messages = self.waiting + self.app.tick(self.now, thorough=thorough)
        self.waiting = []
        self.run(messages)

    def run(self, messages: list[str]) -> None:
        """Deliver each message to the queue function. What goes back on the queue waits for the next tick."""
        self._queued += [seen.plain(json.loads(text)) for text in messages]
        for text in messages:
            failed, again = self.app.turn(text)
            self.waiting += again
            if failed:
                kept = [seen.plain(json.loads(one)) for one in again]
                self._turns.append({"target": json.loads(text)["target"], "failedTries": failed, "queuedAgain": kept})

    def ask(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """Make an HTTP request, then run the turns that it queued."""
        reply = self.app.http(method, path, body, dict(headers or {}))
        said = {
            "status": reply.status,
            "headers": reply.headers,
            "body": seen.body(reply.headers["Content-Type"], reply.body, self.now),
        }
        self.run(reply.queued)
        return said

    def type(self, *words: str) -> Any:
        code, said = self.app.type(*words, "--json")
        return {"exitCode": code, "says": _json(said)}

    # What is recorded.

    def note(self, step: str, did: Any = None, *, always: bool = True) -> None:
        """Record one entry: what changed since the last one. Without `always`, only if anything changed."""
        entry: Entry = {"events": self._new_events(), "queued": self._queued, "turns": self._turns}
        entry["world"] = self._changed(seen.world(self.world))
        eventful = bool(entry["events"] or entry["world"] or self._turns)
        self._queued, self._turns = [], []
        if not (always or eventful):
            return
        entry |= {"did": did, "answers": self._changed(self._answers())}
        kept = {name: value for name, value in entry.items() if value not in (None, [], {})}
        self.entries.append({"step": step, "at": self.now.isoformat(), **kept})

    def _new_events(self) -> list[Entry]:
        fresh, self._events = self.topic.events[self._events :], len(self.topic.events)
        return [seen.event(one) for one in fresh]

    def _answers(self) -> dict[str, Any]:
        survey = self.ask("GET", "targets")
        names = sorted(one["target"] for one in survey["body"].get("targets", []))
        rows = {f"GET targets/{name}": self._row(name, survey["body"]["targets"]) for name in names}
        others = {f"GET {path}": self.ask("GET", path) for path in ("deadlines", "deadlines.ics")}
        return {"GET targets": survey, **rows, **others}

    def _row(self, name: str, survey: list[Any]) -> Any:
        """Return the answer about one target, unless it equals what the survey says."""
        said = self.ask("GET", f"targets/{name}")
        same = said["status"] == 200 and said["body"] in survey
        return AS_IN_THE_SURVEY if same else said

    def _changed(self, found: dict[str, Any]) -> dict[str, Any]:
        changed = {name: value for name, value in found.items() if self._known.get(name) != value}
        self._known |= found
        return changed


def _json(said: str) -> Any:
    return seen.plain(json.loads(said)) if said.strip() else seen.TEXT


@contextmanager
def without_logging() -> Iterator[None]:
    """Switch logging off until the block ends: log records would hide the differences that a test shows."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def a_stage(accounts: Mapping[str, Mapping[str, Any]], settings: Mapping[str, str]) -> Iterator[Stage]:
    """Return a stage with these accounts; the app gets these settings besides those of the emulated Azure."""
    with without_logging(), without_chance():
        world = a_world()
        for name, facts in accounts.items():
            world.accounts.add(name, **facts)
        with fixed_clock(world.clock), served(world) as azure:
            given = {name: text.replace("<workspace>", world.workspace.id) for name, text in settings.items()}
            app = App({**azure.settings, **SETTINGS, **given})
            try:
                yield Stage(azure, app)
            finally:
                app.close()
