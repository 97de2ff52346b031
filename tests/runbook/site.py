"""A site as its operator has it: the function app, the emulated Azure over TLS, alerts, and a terminal.

    await site.tick()                               the timer, and every turn that follows, tried again as the host does
    await site.run("python -m cli doctor")          a command of the entry that the test is about
    site.rings("overdue")                           whether an alert of infra/alerts.bicep fires now
    site.sees(text)                                 the signs that the entry names are all there

A command is only run when the entry shows it, and the entry shows none that its test does not run.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import cli.__main__ as terminal
from cli.answer import CommandResult
from cli.arguments import parse
from lab.emulator.accounts import Account
from lab.emulator.shipped import shipped_roles
from lab.simulation.tripwire import wire
from shared.handlers import http
from shared.web.responses import Reply
from shared.web.routes import ROUTES
from shared.wiring import Opened
from tests.runbook import hands
from tests.runbook.app import App
from tests.runbook.page import Entry, filled, turns_up

ACTIONS = ("actions", "data_actions")
TRIES = 3
RETRY = 30  # seconds until the host offers a message again (host.json)
DOORS = {f"/api/{route.path.replace('{name}', '<name>')}": route for route in ROUTES.values()}


class RealTime:
    """The machine's clock, as far off as a test says."""

    def __init__(self, off: timedelta) -> None:
        self.off = off

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off


@dataclass(kw_only=True)
class Site(App):
    """The app, with everything around it. `regenerated` counts the keys that were regenerated until it settled."""

    entry: Entry
    environment: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    clock_off: timedelta = timedelta(0)
    secret: str = "chat-key"
    excused: bool = False  # a test of what the page warns of does not do what it says
    regenerated: int = 0
    examining: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.monkeypatch.setattr(terminal, "opened", self._at_the_terminal)

    async def settle(self) -> None:
        """Until a rotation is over, its previous key ended, and nothing holds back another one."""
        await self.live_for(days=35, every=timedelta(days=1))
        self.regenerated = self.world.journal.count("arm.regenerateKey", "chat", effect=True)

    def ended(self, value: str, name: str = "chat") -> bool:
        """Whether the account takes that value no more."""
        return not self.world.accounts.key_accepted(self.account(name), value)

    def announced(self, kind: str) -> list[dict[str, Any]]:
        """The accepted events of a kind, in order."""
        return [event["data"] for event in self.topic.events if event["type"] == f"KeyRotation.{kind}"]

    def lacks(self, name: str, *actions: str) -> str:
        """Take actions out of a role that the app has, or the whole role. Its own name is the answer."""
        role = shipped_roles()[name]
        left = {kind: tuple(one for one in getattr(role, kind) if one not in actions) for kind in ACTIONS}
        self.world.directory.revoke("app", role.name)
        if actions:
            self.world.directory.define(replace(role, name="Less than that", **left))
            self.world.directory.assign("app", "Less than that")
        return role.name

    # What is seen.

    @property
    def vault(self) -> Any:
        return self.world.vaults["keys"]

    @property
    def topic(self) -> Any:
        return self.world.topics["announcements"]

    def account(self, name: str = "chat") -> Account:
        return self.world.accounts.named(name)

    def works(self, name: str = "chat", secret: str = "", vault: str = "keys") -> bool:
        """P1, from outside: the account takes what the vault says."""
        value = self.world.vaults[vault].get_secret(secret or f"{name}-key").value
        return self.world.accounts.key_accepted(self.account(name), value)

    def sees(self, text: object = None) -> None:
        """All that the entry says is seen, turns up: in the text, or in the log."""
        shown = self.telemetry.text if text is None else str(text)
        missing = [sign for sign in self.entry.signs if not turns_up(sign, shown)]
        assert not missing, f"{self.entry.name}: {missing} is not to be seen in:\n{shown}"

    # What is typed.

    async def run(self, command: str, body: object = None, **values: str) -> Any:
        """Run a command as the entry shows it, with what its placeholders stand for."""
        command = " ".join(command.split())
        assert command in self.entry.commands, f"{self.entry.name} does not show: {command}"
        self.ran.append(command)
        return await self.type(filled(command, values), command, body, **values)

    async def type(self, typed: str, shape: str = "", body: object = None, **values: str) -> Any:
        """Run a command that belongs to no entry."""
        self._plant()
        if typed.startswith("python -m cli"):
            answer = await self._cli(shlex.split(typed)[3:])
        elif typed.startswith(("az ", "azd ")):
            answer = await hands.do(self, shlex.split(typed))
        else:
            answer = await self._call(shape or typed, body, values.get("name", ""))
        self._plant()
        return answer

    async def _cli(self, words: list[str]) -> CommandResult:
        asked = parse(words)
        self.examining = asked.command == "doctor"
        answer = await terminal._answer(asked)
        wire.hear(answer.text, answer.data)
        return answer

    @asynccontextmanager
    async def _at_the_terminal(self, _environment: object) -> AsyncIterator[Opened]:
        """The app's own parts. An examination compares clocks, and the emulated answers carry the machine's time."""
        rotation = await self.rotation()
        assert self.opened is not None
        real: Any = RealTime(self.clock_off)
        examined = replace(rotation, outside=replace(rotation.outside, clock=real))
        yield replace(self.opened, rotation=examined if self.examining else rotation)

    async def _call(self, shape: str, body: object, name: str) -> Reply:
        method, path = shape.split()[:2]
        sent = b"" if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"} if sent else {}
        reply = await http.serve(DOORS[path], http.Incoming(method, name, sent, headers, f"call-{len(self.ran)}"))
        self.queue += [message.text() for message in reply.queued]
        wire.hear(reply.body)
        return reply

    def _plant(self) -> None:
        wire.plant(*(key.value for account in self.world.accounts for key in account.keys.values()))

    def everything_shown_was_done(self) -> None:
        left = [command for command in self.entry.commands if command not in self.ran and not self.excused]
        assert not left, f"{self.entry.name} shows commands that its test does not run: {left}"
