"""The host: connects worker, triggers, outputs and the HTTP server, and starts and stops them.

Only the order is decided here. Start: worker and indexing, then HTTP, then listeners. Stop: listeners first, then
running functions get time to finish, then HTTP, worker and storage clients.
"""

import asyncio
import hashlib
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lab.funchost.activity import Activity, Invocation, LogRecord
from lab.funchost.admin import AdminApi
from lab.funchost.bindings import FunctionDescription, HttpTrigger, QueueTrigger, TimerTrigger, describe
from lab.funchost.errors import BindingError
from lab.funchost.health import StorageHealth
from lab.funchost.host_json import read_host_json
from lab.funchost.http import HttpServer, HttpServices
from lab.funchost.invoker import Invoker
from lab.funchost.key_ring import KeyRing
from lab.funchost.manual import REASON, manual_call
from lab.funchost.options import HostKeys, HostOptions
from lab.funchost.outputs import QueueOutputs
from lab.funchost.platform_auth import Gate
from lab.funchost.queues import QueueListener, QueueServices
from lab.funchost.settings import lookup, merge_settings
from lab.funchost.storage import Storage, resolve_connection
from lab.funchost.supervisor import AppPlace, Supervisor
from lab.funchost.timers import Timer, TimerServices
from lab.funchost.webhooks import EventGridWebhook


class FunctionHost:
    """Runs one function app: `async with FunctionHost(app_dir, settings=…) as host`.

    app_dir: The folder with host.json and function_app.py.
    settings: App settings, which win over the environment and the file.
    settings_file: A file like local.settings.json.
    with_environment: Also use this process's environment variables as app settings.
    host_id: Part of the names of the timers' leases and status blobs. Default: the setting
        `AzureFunctionsWebHost__hostid`, otherwise a hash of the machine's name and `app_dir`.
    keys: The keys for HTTP callers. Default: generated.
    options: Limits and addresses.
    on_log: Called with each log record.

    Raises HostConfigError or SettingsError if host.json or the settings file is invalid.
    """

    def __init__(
        self,
        app_dir: Path | str,
        *,
        settings: Mapping[str, str] | None = None,
        settings_file: Path | None = None,
        with_environment: bool = False,
        host_id: str | None = None,
        keys: HostKeys | None = None,
        options: HostOptions | None = None,
        on_log: Callable[[LogRecord], None] | None = None,
    ) -> None:
        self._app_dir = Path(app_dir).resolve()
        self.settings = merge_settings(settings, settings_file, with_environment)
        self.host_id = host_id or lookup(self.settings, "AzureFunctionsWebHost__hostid") or _host_id(self._app_dir)
        self.keys = keys or HostKeys()
        self.options = options or HostOptions()
        self.functions: list[FunctionDescription] = []
        self.activity = Activity(on_log)
        self._config = read_host_json(self._app_dir)
        self._storage = Storage(self.settings)
        front = self.options.authentication
        platform = front.environment if front else {}
        environment = {**self.settings, **platform, "AzureWebJobsScriptRoot": str(self._app_dir)}
        self._supervisor = Supervisor(AppPlace(self._app_dir, environment), self.options, self.activity)
        self._outputs = QueueOutputs(self._storage, self._config.queues.message_encoding, self._sent)
        limit = self.options.function_timeout or self._config.function_timeout
        self._invoker = Invoker(self._supervisor, self.activity, self._outputs, limit)
        self._http = self._http_server()
        self._listeners: list[QueueListener] = []
        self._timers: dict[str, Timer] = {}
        self._tasks: dict[asyncio.Task[None], QueueListener | Timer] = {}
        self._manual: set[asyncio.Task[Invocation]] = set()
        self.health = StorageHealth(self._storage, self.activity, self.options.health_seconds)
        self._health: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the app. On an error, everything that was started is stopped again.

        Raises AppError if the app cannot be loaded, OSError if the port is in use, and HostError for any other reason.
        """
        try:
            await self._storage.open()
            self.functions = self._checked(describe(await self._supervisor.start(), self.settings, self._config))
            for function in self.functions:
                if function.error:
                    self.activity.host_log("ERROR", f"{function.name} is not served: {function.error}", function.name)
            await self._http.start(self.options.address, self.options.port)
            self._make_listeners()
            if self.options.health_seconds:
                self._health = asyncio.create_task(self.health.run())
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the host.

        Listeners stop first and running functions get `stop_timeout` seconds to finish. Then leases are released and
        the worker ends.
        """
        self._supervisor.will_stop()
        await self._drop([self._health] if self._health else [])
        for task, listener in self._tasks.items():
            listener.stop()
            if isinstance(listener, Timer) and not listener.listening:
                task.cancel()
        working = [*self._tasks, *self._manual, *(task for each in self._listeners for task in each.processing)]
        if working:
            _, late = await asyncio.wait(working, timeout=self.options.stop_timeout)
            await self._drop([*late, *(task for each in self._listeners for task in each.processing)])
        await self._http.stop()
        await self._supervisor.stop()
        await self._storage.close()
        self._tasks.clear()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """The address of the HTTP server, without a slash at the end."""
        return f"http://{self.options.address}:{self._http.port}"

    @property
    def logs(self) -> list[LogRecord]:
        """All log records so far."""
        return self.activity.logs

    @property
    def worker_pid(self) -> int | None:
        """The process id of the worker, or None while no worker runs."""
        return self._supervisor.pid

    @property
    def worker_starts(self) -> int:
        """How many worker processes were started, failed starts included."""
        return self._supervisor.starts

    def function(self, name: str) -> FunctionDescription:
        """Return the function of this name. Raises KeyError if the app has none."""
        return next(each for each in self.functions if each.name == name) if self._has(name) else _missing(name)

    def link(self, function: FunctionDescription) -> str | None:
        """Return the URL of an HTTP function, with its route's parameters unfilled, or None for any other function."""
        trigger = function.trigger
        if isinstance(trigger, HttpTrigger):
            return "/".join(filter(None, (self.url, self._config.route_prefix, trigger.route.template)))
        return None

    async def invoke(self, name: str, text: str = "") -> Invocation:
        """Run a function now and return its result.

        text: A queue message, a request body, or an Event Grid event as JSON. A timer ignores it.
        Raises KeyError if the app has no such function and BindingError if it cannot be served.
        """
        function = self.function(name)
        if function.trigger is None:
            raise BindingError(f"{name} is not served: {function.error}")
        if isinstance(function.trigger, TimerTrigger):
            return await self.fire_timer(name)
        return await self._invoker.run(function, manual_call(function, text, self.link(function) or self.url))

    async def fire_timer(self, name: str, *, past_due: bool = False) -> Invocation:
        """Run a timer function now and return its result. The status blob is left unchanged."""
        return await self._timer(self.function(name)).fire(REASON, past_due)

    async def kill_worker(self) -> None:
        """Send SIGKILL to the worker process and return when it has ended. The host then starts another one."""
        await self._supervisor.kill()

    async def worker_ready(self, limit: float = 30) -> int:
        """Return the process id of a worker that has loaded the app, waiting up to `limit` seconds.

        Raises AppError if the app no longer loads and TimeoutError after `limit` seconds.
        """
        async with asyncio.timeout(limit):
            return (await self._supervisor.worker()).pid

    async def idle(self, limit: float = 30) -> None:
        """Return when no function runs and a new poll of every queue finds no visible message.

        Raises TimeoutError after `limit` seconds.
        """
        async with asyncio.timeout(limit):
            finished = -1
            while finished != len(self.activity.finished):
                finished = len(self.activity.finished)
                for listener in self._listeners:
                    listener.poke()
                await self.activity.until(self._settled, limit)

    async def invocations(self, count: int, function: str | None = None, limit: float = 30) -> list[Invocation]:
        """Return all finished invocations (of one function) as soon as there are at least `count`.

        Raises TimeoutError after `limit` seconds.
        """
        await self.activity.until(lambda: len(self.activity.finished_of(function)) >= count, limit)
        return self.activity.finished_of(function)

    async def running(self, function: str, limit: float = 30) -> str:
        """Return the id of a running invocation of the function as soon as there is one.

        Raises TimeoutError after `limit` seconds.
        """
        await self.activity.until(lambda: function in self.activity.running.values(), limit)
        return next(key for key, name in self.activity.running.items() if name == function)

    async def logged(self, text: str, limit: float = 30) -> LogRecord:
        """Return the first log record whose message contains the text, as soon as there is one.

        Raises TimeoutError after `limit` seconds.
        """
        await self.activity.until(lambda: any(text in each.message for each in self.logs), limit)
        return next(each for each in self.logs if text in each.message)

    async def checked(self, limit: float = 30) -> str:
        """Return what the check of the storage account found as soon as there was one; empty if it answered.

        Raises TimeoutError after `limit` seconds.
        """
        await self.activity.until(lambda: self.health.problem is not None, limit)
        return self.health.problem or ""

    async def listening(self, name: str, limit: float = 70) -> None:
        """Return when the timer of this name holds its lease. Raises TimeoutError after `limit` seconds."""
        await self.activity.until(lambda: self._timers[name].listening, limit)

    def status(self) -> dict[str, Any]:
        """Return the JSON body of `GET /admin/host/status`: state, and errors of functions that are not served."""
        failed = self._supervisor.failed
        errors = [f"{each.name}: {each.error}" for each in self.functions if each.error]
        errors += [str(failed)] if failed else []
        return {"id": self.host_id, "state": "Error" if failed else "Running", "version": "4.0", "errors": errors}

    def begin_manual_run(self, function: FunctionDescription, text: str) -> None:
        """Start a function with this input, as `invoke` does, and return without waiting for it."""
        task = asyncio.create_task(self._manual_run(function.name, text))
        self._manual.add(task)
        task.add_done_callback(self._manual.discard)

    async def _manual_run(self, name: str, text: str) -> Invocation:
        return await self.invoke(name, text)

    def _has(self, name: str) -> bool:
        return any(each.name == name for each in self.functions)

    def _http_server(self) -> HttpServer:
        ring = KeyRing(self.keys)
        admin = AdminApi(lambda: self.functions, ring, self, self.link)
        webhook = EventGridWebhook(lambda: self.functions, self._invoker, self.keys)
        prefix, limit = self._config.route_prefix, self.options.response_timeout
        front = self.options.authentication
        gate = Gate(front) if front else None
        services = HttpServices(lambda: self.functions, self._invoker, ring, prefix, limit, gate)
        return HttpServer(services, admin, webhook)

    def _checked(self, functions: list[FunctionDescription]) -> list[FunctionDescription]:
        """Mark each function whose connection has no settings as not served; the others are not affected."""
        return [self._with_connections(each) for each in functions]

    def _with_connections(self, function: FunctionDescription) -> FunctionDescription:
        trigger = function.trigger
        names = {output.connection for output in function.outputs}
        names |= {trigger.connection} if isinstance(trigger, QueueTrigger) else set()
        names |= {"AzureWebJobsStorage"} if isinstance(trigger, TimerTrigger) else set()
        try:
            for name in sorted(names):
                resolve_connection(self.settings, name)
        except BindingError as error:
            return replace(function, trigger=None, outputs=(), error=str(error))
        return function

    def _make_listeners(self) -> None:
        config = self._config.queues
        queue_services = QueueServices(self._storage, config, self._invoker, self.activity, self._sent)
        for function in self.functions:
            trigger = function.trigger
            if isinstance(trigger, TimerTrigger):
                self._timers[function.name] = self._timer(function)
                if function.active and self.options.listeners:
                    self._listen(self._timers[function.name])
            elif isinstance(trigger, QueueTrigger) and function.active and self.options.listeners:
                self._listeners.append(QueueListener(function, trigger, queue_services))
                self._listen(self._listeners[-1])

    def _timer(self, function: FunctionDescription) -> Timer:
        if function.name in self._timers:
            return self._timers[function.name]
        if not isinstance(function.trigger, TimerTrigger):
            raise BindingError(f"{function.name} is not a timer function, or it is not served")
        services = TimerServices(self._storage, self._invoker, self.activity, self.options, self.host_id)
        return Timer(function, function.trigger, services)

    def _listen(self, listener: QueueListener | Timer) -> None:
        self._tasks[asyncio.create_task(listener.run())] = listener

    def _sent(self, queue: str) -> None:
        for listener in self._listeners:
            if listener.queue == queue:
                listener.poke()

    def _settled(self) -> bool:
        return not self.activity.running and all(each.settled for each in self._listeners)

    async def _drop(self, tasks: list[asyncio.Task[Any]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _host_id(app_dir: Path) -> str:
    """Return an id that is the same for the same app on the same machine. The platform allows 32 characters at most."""
    return hashlib.sha256(f"{socket.gethostname()} {app_dir}".encode()).hexdigest()[:32]


def _missing(name: str) -> FunctionDescription:
    raise KeyError(f"the app has no function {name}")
