"""What has happened in the host so far: log records, finished and running invocations, and a way to wait for more.

Running a function is left to `invoker`. A waiting caller is woken by the event itself and never polls.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lab.funchost.wire import Json


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line of the log.

    time: When it was logged, in UTC.
    level: The name of the logging level, such as "INFO".
    category: The name of the logger. The host's own are "Host" and "Host.<function>"; printed lines have "console".
    message: The formatted text.
    source: "app", "system" (the worker code), "console" (printed by the worker process) or "host".
    invocation_id: The invocation that it belongs to. None if unknown.
    function: The function that it belongs to. None if unknown.
    """

    time: datetime
    level: str
    category: str
    message: str
    source: str
    invocation_id: str | None = None
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Invocation:
    """One finished run of a function.

    id: The invocation id, a UUID.
    function: The name of the function.
    reason: Why it ran, such as "an HTTP request".
    started: When it started, in UTC.
    ended: When it ended, in UTC.
    succeeded: False if the function raised, was killed with its worker, or one of its outputs could not be sent.
    error: The error in one text. None if the run succeeded.
    stack_trace: The traceback in the app. None if there is none.
    return_value: The function's return value as a typed value (see `wire`).
    outputs: The typed values of its output bindings, by binding name.
    """

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
        """How long the run took, in seconds."""
        return (self.ended - self.started).total_seconds()


class Activity:
    """Everything that was logged and invoked since the host started.

    `on_log` is called with each log record.
    """

    def __init__(self, on_log: Callable[[LogRecord], None] | None = None) -> None:
        self.logs: list[LogRecord] = []
        self.finished: list[Invocation] = []
        self.running: dict[str, str] = {}
        self._on_log = on_log
        self._changed = asyncio.Event()

    def log(self, record: LogRecord) -> None:
        """Add a log record, pass it to `on_log` and wake waiting callers."""
        self.logs.append(record)
        if self._on_log:
            self._on_log(record)
        self.notify()

    def host_log(self, level: str, message: str, function: str | None = None, invocation: str | None = None) -> None:
        """Add a log record whose source is the host itself."""
        category = f"Host.{function}" if function else "Host"
        self.log(LogRecord(datetime.now(UTC), level, category, message, "host", invocation, function))

    def begin(self, invocation_id: str, function: str) -> None:
        """Note that an invocation is running."""
        self.running[invocation_id] = function
        self.notify()

    def end(self, invocation: Invocation) -> None:
        """Note that an invocation has finished."""
        self.running.pop(invocation.id, None)
        self.finished.append(invocation)
        self.notify()

    def notify(self) -> None:
        """Wake every caller of `until`, so that each checks its condition again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, condition: Callable[[], bool], limit: float = 30) -> None:
        """Return as soon as the condition holds. Raises TimeoutError if it does not hold within `limit` seconds."""
        async with asyncio.timeout(limit):
            while not condition():
                await self._changed.wait()

    def finished_of(self, function: str | None) -> list[Invocation]:
        """Return the finished invocations of a function (None: of all functions), in the order in which they ended."""
        return [each for each in self.finished if function in (None, each.function)]
