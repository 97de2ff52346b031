"""The app's real parts connected to the emulated Azure, and ways to change answers and to collect the log."""

import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from lab.emulator.accounts import Account
from lab.emulator.clock import Clock
from lab.emulator.journal import Entry
from lab.emulator.serve import Azure
from shared.domain.model import AccountId, Target
from shared.fleet.rotation import Rotation
from shared.wiring import build

Spoiler = Callable[[web.Response], web.Response]


class WorldClock:
    """The emulated world's clock for the app. Waiting advances it and takes no time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.utcnow()

    async def sleep(self, time: timedelta) -> None:
        self._clock.advance(time.total_seconds())


@dataclass
class Spoiled:
    """Changes to the next answers: for each operation, the first change is for the first answer."""

    ways: dict[str, list[Spoiler]] = field(default_factory=dict)

    def next(self, operation: str, way: Spoiler) -> None:
        """Change an answer to this operation in this way."""
        self.ways.setdefault(operation, []).append(way)

    def body(self, operation: str, body: object, status: int = 200) -> None:
        """Replace an answer's body: by these bytes, or by anything else as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.next(operation, lambda _: web.Response(body=raw, status=status, content_type="application/json"))

    def change(self, operation: str, change: Callable[[Any], Any]) -> None:
        """Change an answer's JSON."""

        def way(answer: web.Response) -> web.Response:
            changed = json.dumps(change(json.loads(answer.body or b"null")))
            return web.Response(body=changed.encode(), status=answer.status, content_type="application/json")

        self.next(operation, way)

    def spoil(self, operation: str, answer: web.Response) -> web.Response:
        """Return the answer, changed if a change is waiting for this operation."""
        waiting = self.ways.get(operation)
        return waiting.pop(0)(answer) if waiting else answer


@dataclass
class Parts:
    """A `Rotation` with the real adapters, and the emulated Azure that they call."""

    azure: Azure
    rotation: Rotation

    @property
    def accounts(self) -> Any:
        return self.rotation.outside.accounts

    @property
    def vault(self) -> Any:
        return self.rotation.outside.vault

    @property
    def endpoint(self) -> Any:
        return self.rotation.outside.endpoint

    def target(self, number: int = 1, **changes: Any) -> Target:
        """Return a target for `account-001`, `account-002` and so on, with the world's vault."""
        account = self.account(number)
        plain = Target(
            account.name, AccountId.parse(account.id), self.azure.settings["ROTATION_VAULT_URL"], f"{account.name}-key"
        )
        return replace(plain, **changes)

    def account(self, number: int = 1) -> Account:
        return self.azure.world.accounts.named(f"account-{number:03}")

    @property
    def connections(self) -> Any:
        return self.accounts._connections

    def calls(self, *, since: int = 0) -> list[Entry]:
        """Return the calls to Azure, without those for tokens and without a vault's first challenge."""
        entries = self.azure.world.journal.since(since)
        return [one for one in entries if one.service != "identity" and not (one.service == "kv" and one.status == 401)]

    def names(self, *, since: int = 0) -> list[str]:
        """Return the operations of `calls`."""
        return [one.operation for one in self.calls(since=since)]

    def mark(self) -> int:
        """Return the number of the journal's last entry, for `since`."""
        entries = self.azure.world.journal.entries
        return entries[-1].seq if entries else 0


@asynccontextmanager
async def parts_over(azure: Azure, **settings: str) -> AsyncIterator[Parts]:
    """The app's parts, wired as in production except for the clock, which is the world's."""
    rotation = build(azure.settings | settings)
    rotation.outside = replace(rotation.outside, clock=WorldClock(azure.world.clock))
    parts = Parts(azure, rotation)
    try:
        yield parts
    finally:
        await parts.connections.close()
        await close_credentials(rotation)


async def close_credentials(rotation: Rotation) -> None:
    accounts: Any = rotation.outside.accounts
    leases: Any = rotation.outside.leases
    for credential in {id(one): one for one in (accounts._credential, leases.service.credential)}.values():
        if hasattr(credential, "get_token"):
            await credential.close()


class Tape(logging.Handler):
    """Collects the records of all loggers as text, with tracebacks."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(args)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@contextmanager
def everything_logged() -> Iterator[Tape]:
    """Collect what all loggers write at DEBUG, including those that were set to a higher level."""
    tape, root = Tape(), logging.getLogger()
    known = [root, *(one for one in logging.Logger.manager.loggerDict.values() if isinstance(one, logging.Logger))]
    levels = [(one, one.level) for one in known]
    for one in known:
        one.setLevel(logging.DEBUG)
    root.addHandler(tape)
    try:
        yield tape
    finally:
        root.removeHandler(tape)
        for one, level in levels:
            one.setLevel(level)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
