"""The function app in this process, and the parts of the Functions host that its functions need.

HTTP routes, timer, queue and Event Grid functions are called as `function_app` declares them.
"""

import asyncio
import gc
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from itertools import count
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import aiohttp
import azure.functions as func

from cli.__main__ import main
from function_app import app
from shared.adapters.connections import Connections
from shared.adapters.later_turns import StorageQueue

HEADERS = ("Location", "Retry-After", "Allow")
MOST_TRIES = 3
MOST_LOOKS = 100
FUNCTIONS = {one.get_function_name(): one for one in app.get_functions()}


class Out:
    """The output binding with which a function queues messages."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def set(self, given: str | list[str]) -> None:
        self.messages += [given] if isinstance(given, str) else sorted(given)


@dataclass(frozen=True)
class Reply:
    """An HTTP answer, with the messages that the function queued."""

    status: int
    headers: dict[str, str]
    body: str
    queued: list[str]


@dataclass
class App:
    """One process of the app with its settings. `close` ends it."""

    settings: dict[str, str]
    last_tick: datetime | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _runner: asyncio.Runner = field(default_factory=asyncio.Runner)

    def restart(self) -> None:
        """Start a new process, which reads the settings again."""
        self.close()
        self._runner = asyncio.Runner()

    def close(self) -> None:
        self._runner.run(_close_connections())
        self._runner.close()

    def call(self, name: str, **given: Any) -> Any:
        function = FUNCTIONS[name].get_user_function()
        with self.environment():
            return self._runner.run(function(**given))

    @contextmanager
    def environment(self) -> Iterator[None]:
        """Set the environment to these settings, without other variables of ours or of Azure."""
        foreign = ("ROTATION_", "AZURE_", "AzureWebJobs", "EVENT_GRID_", "WEBSITE_", "IDENTITY_", "MSI_")
        plain = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
        with patch.dict(os.environ, {**plain, **self.settings}, clear=True):
            yield

    def http(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Reply:
        name, parts = _route(path)
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if content else {}
        request = func.HttpRequest(
            method=method, url=f"/api/{path}", headers={**kind, **(headers or {})}, route_params=parts, body=content
        )
        turns, context = Out(), SimpleNamespace(invocation_id=f"invocation-{next(self._numbers)}")
        queue = {"turns": turns} if _has_queue(name) else {}
        answer = self.call(name, req=request, context=context, **queue)
        shown = {one: answer.headers[one] for one in HEADERS if one in answer.headers}
        return Reply(
            answer.status_code,
            {"Content-Type": answer.mimetype, **shown},
            answer.get_body().decode(),
            turns.messages,
        )

    def tick(self, now: datetime, *, thorough: bool = False) -> list[str]:
        """Run the timer and return its messages. `thorough`: as on a schedule of one tick a day, so that it visits
        every target."""
        last = self.last_tick.isoformat() if self.last_tick and not thorough else None
        daily = {"Last": (now - timedelta(days=1)).isoformat(), "Next": now.isoformat()}
        status = daily if thorough else {"Last": last}
        sent: list[str] = []
        self.last_tick = now

        async def send_many(_: StorageQueue, messages: list[tuple[str, timedelta]]) -> list[Exception]:
            sent.extend(text for text, _ in messages)
            return []

        with patch.object(StorageQueue, "send_many", send_many):
            self.call("tick", timer=SimpleNamespace(schedule_status=status, past_due=False))
        return sorted(sent)

    def turn(self, message: str) -> tuple[int, list[str]]:
        """Deliver one message as often as the host does. Returns the failed tries, and what goes back on the queue."""
        for tries in range(1, MOST_TRIES + 1):
            try:
                self.call("turn", message=_message(message, tries))
            except Exception:  # noqa: BLE001 - for the host any exception is a failed try
                continue
            return tries - 1, []
        again = Out()
        self.call("turn_poison", message=_message(message, 1), turns=again)
        return MOST_TRIES, again.messages

    def event(self, function: str, data: object, subject: str) -> list[str]:
        """Deliver an event of Azure and return the queued messages."""
        turns = Out()
        event = func.EventGridEvent(
            id="1", data=data, topic="", subject=subject, event_type="", event_time=None, data_version=""
        )
        self.call(function, event=event, turns=turns)
        return turns.messages

    def type(self, *words: str) -> tuple[int, str]:
        """Run a command and return its exit code and its standard output."""
        output = StringIO()
        waits = patch.object(Connections, "close", _close_and_wait)
        with self.environment(), waits, redirect_stdout(output), redirect_stderr(StringIO()):
            return main(words), output.getvalue()


def _message(text: str, tries: int) -> Any:
    return SimpleNamespace(get_body=text.encode, dequeue_count=tries)


def _has_queue(name: str) -> bool:
    return "turns" in [one.name for one in FUNCTIONS[name].get_bindings()]


def _route(path: str) -> tuple[str, dict[str, str]]:
    """Return the function whose route matches, and the route's parameters."""
    requested = path.split("/")
    for name, function in FUNCTIONS.items():
        wanted = (getattr(function.get_trigger(), "route", None) or "").split("/")
        if len(wanted) == len(requested) and all(w in ("{name}", a) for w, a in zip(wanted, requested, strict=True)):
            return name, {w.strip("{}"): a for w, a in zip(wanted, requested, strict=True) if w != a}
    raise LookupError(f"no function has the route of {path}")


async def _close_connections() -> None:
    """Close what the app opened in this event loop. In Azure the process just ends."""
    mine: Callable[[Any], bool] = lambda one: type(one) is aiohttp.ClientSession and not one.closed  # noqa: E731
    for session in [one for one in gc.get_objects() if mine(one)]:
        await session.close()
    await _until_all_are_closed()


async def _close_and_wait(connections: Connections) -> None:
    """Close the sessions of a command, and wait for their connections, which the command itself does not."""
    await connections.shared.close()
    await connections.proving.close()
    await _until_all_are_closed()


async def _until_all_are_closed() -> None:
    for _ in range(MOST_LOOKS):  # a TLS connection is closed only when the other side has answered
        if not any(_is_open_here(one) for one in gc.get_objects()):
            return
        await asyncio.sleep(0.01)


def _is_open_here(one: Any) -> bool:
    """Return whether this is a connection of the running event loop that is not closed yet."""
    if type(one).__name__ != "_SelectorSocketTransport":
        return False
    return one._loop is asyncio.get_running_loop() and one._sock is not None
