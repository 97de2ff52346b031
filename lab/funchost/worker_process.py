"""One worker process: start it, send it requests, kill it, notice its end.

Restarting is left to `supervisor`. When the process ends for any reason, every pending request fails immediately with
WorkerGoneError.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from lab.funchost.channel import HostChannel
from lab.funchost.errors import AppError, WorkerGoneError
from lab.funchost.wire import Json

_PACKAGE_ROOT = str(Path(__file__).resolve().parents[2])
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")


class WorkerProcess:
    """A running worker process. Use `start` to make one.

    The event `gone` is set when the process has ended.
    """

    def __init__(
        self, process: asyncio.subprocess.Process, channel: HostChannel, on_log: Callable[[Json], None]
    ) -> None:
        self._process, self._channel, self._on_log = process, channel, on_log
        self._script_name = "function_app.py"
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._last_id = 0
        self._started = asyncio.Event()
        self.gone = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal. None while the process runs."""
        return self._process.returncode

    @classmethod
    async def start(
        cls,
        app_dir: Path,
        environment: Mapping[str, str],
        on_log: Callable[[Json], None],
        on_line: Callable[[str], None],
    ) -> "WorkerProcess":
        """Start a worker process. The app is not loaded yet.

        environment: The app's settings, which become environment variables.
        on_log: Called with each log message of the worker.
        on_line: Called with each line that the process prints.
        """
        ours, theirs = socket.socketpair()
        with theirs, ExitStack() as undo:
            undo.callback(ours.close)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "lab.funchost.worker", str(theirs.fileno()), _PACKAGE_ROOT, str(app_dir)),
                cwd=app_dir,
                env=_environment(environment),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            undo.pop_all()
        worker = cls(process, await HostChannel.over(ours), on_log)
        worker._script_name = environment.get("PYTHON_SCRIPT_FILE_NAME", worker._script_name)
        coroutines = (worker._receive(), worker._print(on_line), worker._await_exit())
        worker._tasks = [asyncio.create_task(each) for each in coroutines]
        return worker

    async def request(self, message: Json, limit: float | None = None) -> Json:
        """Send a request and return the worker's answer.

        Raises TimeoutError if there is none within `limit` seconds and WorkerGoneError if the process ends first.
        """
        if self.gone.is_set():
            raise WorkerGoneError("the worker process is not running")
        self._last_id += 1
        number = self._last_id
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            self._channel.send({**message, "id": number})
            return await asyncio.wait_for(future, limit)
        finally:
            self._waiting.pop(number, None)

    async def load_app(self, app_dir: Path, init_limit: float, metadata_limit: float) -> list[Json]:
        """Initialise the app, list its functions and load each. Return the functions. Limits are in seconds.

        The order is that of the Functions host (docs/facts.md, Worker).
        Raises AppError if the app does not load, TimeoutError after a limit and WorkerGoneError if the process ends.
        """
        script = self._script_name
        if not (app_dir / script).exists():
            raise AppError(f"there is no {script} in {app_dir}; name the app's folder")
        init = {"type": "init", "app_dir": str(app_dir), "capabilities": {}}
        _checked(await self.request(init, init_limit))
        listed = _checked(await self.request({"type": "metadata"}, metadata_limit))
        functions: list[Json] = listed["functions"] or []  # None means an app without functions
        for function in functions:
            _checked(await self.request({"type": "load", "function_id": function["function_id"]}, metadata_limit))
        return functions

    def kill(self) -> None:
        """Send SIGKILL. Does nothing if the process has ended."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)

    async def close(self, limit: float = 2) -> None:
        """Close the connection, on which the process exits. Kill it if it has not ended after `limit` seconds."""
        await self._channel.close()
        try:
            await asyncio.wait_for(self.gone.wait(), limit)
        except TimeoutError:
            self.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _receive(self) -> None:
        while (message := await self._channel.receive()) is not None:
            if message["type"] == "log":
                self._on_log(message)
            elif (future := self._waiting.get(message.get("id", 0))) and not future.done():
                future.set_result(message)
        self.kill()  # a process that closed its connection can do no more work

    async def _await_exit(self) -> None:
        """Set `gone` before requests fail, so that a caller that tries again does not get this process."""
        await self._process.wait()
        self.gone.set()
        self._fail_waiting()

    async def _print(self, on_line: Callable[[str], None]) -> None:
        stream = self._process.stdout
        while stream is not None and (line := await _line(stream)):
            on_line(line.decode(errors="replace").rstrip("\n"))

    def _fail_waiting(self) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(WorkerGoneError("the worker process ended while the function was running"))


async def _line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError:  # longer than the stream's limit; what was read of it is dropped
        return b"(this line is too long to show)\n"


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    base = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment = {**base, "FUNCTIONS_WORKER_RUNTIME": "python", **settings}
    if "PYTHONPATH" in settings:
        environment["FUNCHOST_APP_PYTHONPATH"] = settings["PYTHONPATH"]
    entries = [_PACKAGE_ROOT, *filter(None, [settings.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(entries)}


def _checked(answer: Json) -> Json:
    if not answer["ok"]:
        raise AppError(answer["error"], answer.get("stack_trace", ""))
    result: dict[str, Any] = answer
    return result
