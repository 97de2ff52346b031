"""A stage for a life: the world, the app, and a recorder that notes after each step what has changed outside.

What did not change since the step before is not written again, so a recording shows each fact where it came true.
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
from tests.recordings.standing import standing

AS_IN_THE_SURVEY = "as in GET targets"
SETTINGS = {"ROTATION_LOOK_EVERY": "P1D"}
type Entry = dict[str, Any]


@dataclass
class Stage:
    """One life as far as it has come."""

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
        """The timer, and every turn that it leads to."""
        messages = self.waiting + self.app.tick(self.now, thorough=thorough)
        self.waiting = []
        self.run(messages)

    def run(self, messages: list[str]) -> None:
        """The queue: each message has its tries; what is kept of it waits for the next tick."""
        self._queued += [seen.plain(json.loads(text)) for text in messages]
        for text in messages:
            failed, again = self.app.turn(text)
            self.waiting += again
            if failed:
                kept = [seen.plain(json.loads(one)) for one in again]
                self._turns.append({"target": json.loads(text)["target"], "failedTries": failed, "queuedAgain": kept})

    def ask(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """A request over HTTP. Turns that it queues run before anything else happens."""
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

    # What is written down.

    def note(self, step: str, did: Any = None, *, always: bool = True) -> None:
        """One entry of the recording: what has come to be since the last one. Not `always`: only if anything has."""
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
        """The answer about one target, where it is not just what the survey says of it."""
        said = self.ask("GET", f"targets/{name}")
        well = said["status"] == 200 and said["body"] in survey
        return AS_IN_THE_SURVEY if well else said

    def _changed(self, found: dict[str, Any]) -> dict[str, Any]:
        changed = {name: value for name, value in found.items() if self._known.get(name) != value}
        self._known |= found
        return changed


def _json(said: str) -> Any:
    return seen.plain(json.loads(said)) if said.strip() else seen.TEXT


@contextmanager
def in_silence() -> Iterator[None]:
    """What is logged is sentences, and would hide the differences that a test shows."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def a_stage(accounts: Mapping[str, Mapping[str, Any]], settings: Mapping[str, str]) -> Iterator[Stage]:
    """A stage with these accounts, and the app with these settings on top of the emulated Azure's."""
    with in_silence(), without_chance():
        world = a_world()
        for name, facts in accounts.items():
            world.accounts.add(name, **facts)
        with standing(world.clock), served(world) as azure:
            told = {name: text.replace("<workspace>", world.workspace.id) for name, text in settings.items()}
            app = App({**azure.settings, **SETTINGS, **told})
            try:
                yield Stage(azure, app)
            finally:
                app.close()
