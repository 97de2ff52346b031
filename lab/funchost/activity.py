"""What happens in the host, for people and tests: log records, invocations, and conditions to wait for.

It leaves invoking to `invoker`. Its rule: whoever waits is woken by the event itself, never by a clock.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lab.funchost.wire import Json


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line of the log. `source` is "app", "system" (the worker code), "console" (print) or "host"."""

    time: datetime
    level: str
    category: str
    message: str
    source: str
    invocation_id: str | None = None
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Invocation:
    """One finished run of a function."""

    id: str
    function: str
    reason: str
    started: datetime
    ended: datetime
    succeeded: bool
    error: str | None = None
    stack_trace: str | None = None
    return_value: Json | None = None
    outputs: dict[str, Json | None] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return (self.ended - self.started).total_seconds()


class Activity:
    """Everything that was logged and invoked since the host started."""

    def __init__(self, on_log: Callable[[LogRecord], None] | None = None) -> None:
        self.logs: list[LogRecord] = []
        self.finished: list[Invocation] = []
        self.running: dict[str, str] = {}
        self._on_log = on_log
        self._changed = asyncio.Event()

    def log(self, record: LogRecord) -> None:
        self.logs.append(record)
        if self._on_log:
            self._on_log(record)
        self.notify()

    def host_log(self, level: str, message: str, function: str | None = None, invocation: str | None = None) -> None:
        category = f"Host.{function}" if function else "Host"
        self.log(LogRecord(datetime.now(UTC), level, category, message, "host", invocation, function))

    def begin(self, invocation_id: str, function: str) -> None:
        self.running[invocation_id] = function
        self.notify()

    def end(self, invocation: Invocation) -> None:
        self.running.pop(invocation.id, None)
        self.finished.append(invocation)
        self.notify()

    def notify(self) -> None:
        """Wake everybody who waits, to look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, condition: Callable[[], bool], limit: float = 30) -> None:
        """Return as soon as the condition holds; a TimeoutError says that it never did."""
        async with asyncio.timeout(limit):
            while not condition():
                await self._changed.wait()

    def finished_of(self, function: str | None) -> list[Invocation]:
        return [each for each in self.finished if function in (None, each.function)]
