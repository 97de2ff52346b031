"""What the tests of this folder share: the app's real parts over a served world, and ways to spoil answers."""

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
    """The emulated world's clock, as the app's own. Waiting lets the world's time go on at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.utcnow()

    async def sleep(self, time: timedelta) -> None:
        self._clock.advance(time.total_seconds())


@dataclass
class Spoiled:
    """Answers to replace: by operation, the ways to change the next ones, in order."""

    ways: dict[str, list[Spoiler]] = field(default_factory=dict)

    def next(self, operation: str, way: Spoiler) -> None:
        self.ways.setdefault(operation, []).append(way)

    def body(self, operation: str, body: object, status: int = 200) -> None:
        """The next answer has this body: bytes as they are, anything else as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.next(operation, lambda _: web.Response(body=raw, status=status, content_type="application/json"))

    def change(self, operation: str, change: Callable[[Any], Any]) -> None:
        """The next answer's JSON is changed."""

        def way(answer: web.Response) -> web.Response:
            changed = json.dumps(change(json.loads(answer.body or b"null")))
            return web.Response(body=changed.encode(), status=answer.status, content_type="application/json")

        self.next(operation, way)

    def spoil(self, operation: str, answer: web.Response) -> web.Response:
        waiting = self.ways.get(operation)
        return waiting.pop(0)(answer) if waiting else answer


@dataclass
class Parts:
    """A `Rotation` over the real adapters, and the world it talks to."""

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
        """A target for account-001 and on, published in the world's vault."""
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
        """What was asked of Azure itself; tokens and a vault's first challenge are not counted."""
        entries = self.azure.world.journal.since(since)
        return [one for one in entries if one.service != "identity" and not (one.service == "kv" and one.status == 401)]

    def names(self, *, since: int = 0) -> list[str]:
        return [one.operation for one in self.calls(since=since)]

    def mark(self) -> int:
        """The journal's last entry: what `since` begins after."""
        entries = self.azure.world.journal.entries
        return entries[-1].seq if entries else 0


@asynccontextmanager
async def parts_over(azure: Azure, **settings: str) -> AsyncIterator[Parts]:
    """The app's parts, wired as in production but for the clock, which is the world's."""
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
    """Every record of every library, with its traceback, as one text."""

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
    """All loggers at DEBUG, those that somebody made quieter included."""
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
