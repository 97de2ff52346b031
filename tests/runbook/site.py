"""What an operator has: the function app, the emulated Azure over TLS, the alerts and a terminal.

    await site.tick()                               run the timer and the turns that it queues, with retries
    await site.run("python -m cli doctor")          run a command that the test's entry shows
    site.rings("overdue")                           whether an alert of infra/alerts.bicep fires now
    site.sees(text)                                 check that everything in the entry's *See* appears

`run` refuses a command that the entry does not show, and a test must run every command that its entry shows.
"""

from __future__ import annotations

import json
import re
import shlex
from collections import defaultdict
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
from lab.funchost.host import FunctionHost
from lab.simulation.tripwire import wire
from shared.handlers import http
from shared.web.responses import Reply
from shared.web.routes import ROUTES
from shared.wiring import Opened
from tests.runbook import hands
from tests.runbook.app import App
from tests.runbook.page import Entry, appears, filled

ACTIONS = ("actions", "data_actions")
TRIES = 3
RETRY = 30  # seconds until the host offers a message again (host.json)
DOORS = {f"/api/{route.path.replace('{name}', '<name>').replace('{id}', '<id>')}": route for route in ROUTES.values()}


class RealTime:
    """This machine's clock, wrong by as much as a test says."""

    def __init__(self, off: timedelta) -> None:
        self.off = off

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off


@dataclass(kw_only=True)
class Site(App):
    """The app with everything around it.

    entry: The entry or procedure that the test carries out.
    environment: What `azd env set` set.
    ran: The commands that the test has run, as the entry shows them.
    called: How many requests were sent over HTTP. Each is another one.
    clock_off: How far this machine's clock is ahead for `doctor`.
    secret: The secret that the target's key is published in.
    excused: Whether the test may leave out commands, because it shows what happens if the page is not followed.
    regenerated: How many keys were regenerated until `settle` ended.
    examining: Whether the command that runs now is `doctor`.
    groups: The resource groups that exist, beside those of accounts and vaults.
    signs_in: Whether App Service authentication is on.
    host: The local host that runs the app, for a test of what only the host does.
    subnets: The service endpoints of each subnet. A subnet that is not named has none.
    caller: The headers that say who calls over HTTP. Without any it is somebody with a function key.
    kept: The resource groups that a lock keeps from being deleted, by the name of the lock.
    by_hand: When a person regenerated a key of which account.
    switched: When a person switched the keys of which account on or off.
    """

    entry: Entry
    environment: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    called: int = 0
    clock_off: timedelta = timedelta(0)
    secret: str = "chat-key"
    excused: bool = False
    regenerated: int = 0
    examining: bool = False
    groups: set[str] = field(default_factory=set)
    signs_in: bool = False
    host: FunctionHost | None = None
    subnets: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    caller: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    by_hand: list[tuple[datetime, str]] = field(default_factory=list)
    switched: list[tuple[datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.monkeypatch.setattr(terminal, "opened", self._at_the_terminal)

    async def settle(self) -> None:
        """Let time pass until a rotation is complete, its previous key has ended, and another rotation may start."""
        await self.live_for(days=35, every=timedelta(days=1))
        self.regenerated = self.world.journal.count("arm.regenerateKey", "chat", effect=True)

    def ended(self, value: str, name: str = "chat") -> bool:
        """Return whether the account no longer accepts that key."""
        return not self.world.accounts.key_accepted(self.account(name), value)

    def announced(self, kind: str) -> list[dict[str, Any]]:
        """Return the data of the accepted events of a kind, in order."""
        return [event["data"] for event in self.topic.events if event["type"] == f"KeyRotation.{kind}"]

    def take_away(self, name: str, *actions: str) -> str:
        """Remove actions from one of the app's roles, or the whole role if none are given. Return the role's name."""
        role = shipped_roles()[name]
        left = {kind: tuple(one for one in getattr(role, kind) if one not in actions) for kind in ACTIONS}
        self.world.directory.revoke("app", role.name)
        if actions:
            self.world.directory.define(replace(role, name="Less than that", **left))
            self.world.directory.assign("app", "Less than that")
        return role.name

    # What an operator sees.

    @property
    def vault(self) -> Any:
        """The vault of the target."""
        return self.world.vaults["keys"]

    @property
    def topic(self) -> Any:
        """The topic of the announcements."""
        return self.world.topics["announcements"]

    def account(self, name: str = "chat") -> Account:
        """Return an account."""
        return self.world.accounts.named(name)

    def works(self, name: str = "chat", secret: str = "", vault: str = "keys") -> bool:
        """Return whether the account accepts the key that the vault holds (P1)."""
        value = self.world.vaults[vault].get_secret(secret or f"{name}-key").value
        return self.world.accounts.key_accepted(self.account(name), value)

    def sees(self, text: object = None) -> None:
        """Check that everything in the entry's *See* appears in the text, or without a text in the log."""
        shown = self.telemetry.text if text is None else str(text)
        missing = [sign for sign in self.entry.signs if not appears(sign, shown)]
        assert not missing, f"{self.entry.name}: {missing} does not appear in:\n{shown}"

    # What an operator types.

    async def run(self, command: str, body: object = None, **values: str) -> Any:
        """Run a command that the entry shows, with its placeholders filled in, and return the result."""
        command = " ".join(command.split())
        assert command in self.entry.commands, f"{self.entry.name} does not show: {command}"
        self.ran.append(command)
        return await self.type(filled(command, values), command, body, **values)

    async def type(self, typed: str, shape: str = "", body: object = None, **values: str) -> Any:
        """Run a command that need not be in the entry. `shape` is the command with its placeholders."""
        self._plant()
        if typed.startswith("python -m cli"):
            answer = await self._cli(shlex.split(typed)[3:])
        elif typed.startswith(("az ", "azd ")):
            answer = await hands.do(self, shlex.split(await self._substituted(typed)))
        else:
            named = values.get("name") or values.get("id", "")
            answer = await self._call(typed if "?account=" in typed else shape or typed, body, named)
        self._plant()
        return answer

    async def paste(self, line: str) -> bool:
        """Run commands that are joined by `&&`, as a shell does. Return whether the last one ran."""
        for command in line.split(" && "):
            if command.startswith("test "):
                _, left, _, right = shlex.split(await self._substituted(command))
                if left != right:
                    return False
            else:
                await self.type(command)
        return True

    async def _substituted(self, typed: str) -> str:
        """Return a command with the output of each `$(...)` in its place. A list is printed one item a line."""
        while inner := re.search(r"\$\(([^()]*)\)", typed):
            printed = await hands.do(self, shlex.split(inner[1]))
            text = "\n".join(printed) if isinstance(printed, list) else str(printed)
            typed = typed[: inner.start()] + text + typed[inner.end() :]
        return typed

    async def _cli(self, words: list[str]) -> CommandResult:
        command = parse(words)
        self.examining = command.name == "doctor"
        answer = await terminal._run(command)
        wire.hear(answer.text, answer.data)
        return answer

    @asynccontextmanager
    async def _at_the_terminal(self, _environment: object) -> AsyncIterator[Opened]:
        """Give the app's own parts to a command.

        `doctor` gets this machine's clock, because the emulated answers carry this machine's time in `Date`.
        """
        rotation = await self.rotation()
        assert self.opened is not None
        real: Any = RealTime(self.clock_off)
        examined = replace(rotation, outside=replace(rotation.outside, clock=real))
        yield replace(self.opened, rotation=examined if self.examining else rotation)

    async def _call(self, shape: str, body: object, name: str) -> Reply:
        method, path = shape.split()[:2]
        path, _, query = path.partition("?account=")
        by_account = path.replace("/-", "/<name>") if query else path
        sent = b"" if body is None else json.dumps(body).encode()
        headers = self.caller | ({"content-type": "application/json"} if sent else {})
        self.called += 1
        name, call = "-" if query else name, f"call-{self.called}"
        reply = await http.serve(DOORS[by_account], http.Incoming(method, name, sent, headers, call, query))
        self.queue += [message.text() for message in reply.queued]
        wire.hear(reply.body)
        return reply

    def _plant(self) -> None:
        wire.plant(*(key.value for account in self.world.accounts for key in account.keys.values()))

    def everything_shown_was_done(self) -> None:
        """Check that the test ran every command that its entry shows."""
        left = [command for command in self.entry.commands if command not in self.ran and not self.excused]
        assert not left, f"{self.entry.name} shows commands that its test does not run: {left}"
