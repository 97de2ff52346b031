"""Keeps one worker process running: starts it, restarts it when it ends, and gives up if the app does not load.

The single process is left to `worker_process`. The first restart is immediate. While processes end without finishing an
invocation, the pauses between restarts double from `restart_delay` to ten seconds.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lab.funchost.activity import Activity, LogRecord
from lab.funchost.errors import AppError, HostError, WorkerGoneError
from lab.funchost.options import HostOptions
from lab.funchost.wire import Json
from lab.funchost.worker_process import WorkerProcess

_LONGEST_DELAY = 10.0


@dataclass(frozen=True, slots=True)
class AppPlace:
    """Where the app is and with which environment it runs.

    app_dir: The app's folder.
    environment: The environment variables that its process gets.
    """

    app_dir: Path
    environment: Mapping[str, str]


class Supervisor:
    """Owns the worker process.

    The attribute `failed` is the error for which the host has given up, otherwise None. The attribute `starts` counts
    the processes that were started.
    """

    def __init__(self, place: AppPlace, options: HostOptions, activity: Activity) -> None:
        self._place, self._options, self._activity = place, options, activity
        self._worker: WorkerProcess | None = None
        self._ready = asyncio.Event()
        self._failures = 0
        self._watch: asyncio.Task[None] | None = None
        self._stopping = False
        self.failed: HostError | None = None
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """The process id of the worker, or None while no worker runs."""
        return self._worker.pid if self._worker and not self._worker.gone.is_set() else None

    async def start(self) -> list[Json]:
        """Start the worker and return the functions that it found. Raises AppError if the app does not load."""
        functions = await self._load()
        self._watch = asyncio.create_task(self._keep_running())
        return functions

    async def worker(self) -> WorkerProcess:
        """Return a worker that has loaded the app. While the process restarts, the caller waits.

        Raises the error for which the host has given up.
        """
        while True:
            if self.failed:
                raise self.failed
            if self._worker and self._ready.is_set() and not self._worker.gone.is_set():
                return self._worker
            self._ready.clear()
            await self._ready.wait()

    def worked(self) -> None:
        """Note that an invocation has finished, so that the next restart is immediate again."""
        self._failures = 0

    async def kill(self) -> None:
        """Kill the process and return when it has ended."""
        if worker := self._worker:
            worker.kill()
            await worker.gone.wait()

    def will_stop(self) -> None:
        """From now on, do not restart a process that ends."""
        self._stopping = True

    async def stop(self) -> None:
        """Stop restarting and end the process."""
        self._stopping = True
        if self._watch:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._worker:
            await self._worker.close()

    async def _keep_running(self) -> None:
        while self._worker and not self.failed:
            await self._worker.gone.wait()
            if self._stopping:
                return
            code = self._worker.exit_code
            self._activity.host_log("ERROR", f"The worker process ended (exit code {code}); starting another.")
            await self._worker.close()
            await self._restart()

    async def _restart(self) -> None:
        for _ in range(self._options.start_attempts):
            await asyncio.sleep(self._delay())
            self._failures += 1
            try:
                await self._load()
            except HostError as error:
                self._activity.host_log("ERROR", f"The app does not load: {error}")
                last = error
            else:
                return
        self.failed = last
        self._ready.set()

    def _delay(self) -> float:
        if not self._failures:
            return 0
        return float(min(self._options.restart_delay * 2 ** (self._failures - 1), _LONGEST_DELAY))

    async def _load(self) -> list[Json]:
        place, options = self._place, self._options
        worker = await WorkerProcess.start(place.app_dir, place.environment, self._log, self._line)
        self.starts += 1
        try:
            functions = await worker.load_app(place.app_dir, options.init_timeout, options.metadata_timeout)
        except TimeoutError:
            await worker.close(0)
            raise AppError("the app did not start within init_timeout and metadata_timeout") from None
        except (AppError, WorkerGoneError) as error:
            await worker.close(0)
            gone = isinstance(error, WorkerGoneError)
            raise AppError("the worker process ended while it loaded the app") if gone else error from None
        except BaseException:  # such as cancellation, if the host stops while the process starts
            await worker.close(0)
            raise
        self._worker = worker
        self._ready.set()
        self._activity.notify()
        return functions

    def _log(self, message: Json) -> None:
        invocation = message["invocation_id"]
        function = self._activity.running.get(invocation) if invocation else None
        source = "system" if message["system"] else "app"
        time = datetime.fromtimestamp(message["time"], UTC)
        fields = (time, message["level"], message["category"], message["message"], source, invocation, function)
        self._activity.log(LogRecord(*fields))

    def _line(self, line: str) -> None:
        self._activity.log(LogRecord(datetime.now(UTC), "INFO", "console", line, "console"))
