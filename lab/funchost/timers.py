"""Timer triggers: a lease so that one host listens, a status blob after every run, and one run for all missed ones.

All of it follows docs/facts.md, Timers. Runs of one timer never overlap: the next run waits for the
end of the last one. A failed run waits for the next due time unless the function has a retry policy. Schedules are
left to `ncrontab` and the lease to `leases`.
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError

from lab.funchost.activity import Activity, Invocation
from lab.funchost.bindings import FunctionDescription, TimerTrigger
from lab.funchost.invoker import Call, Invoker
from lab.funchost.leases import CONTAINER, BlobLease
from lab.funchost.options import HostOptions
from lab.funchost.storage import Storage, explain
from lab.funchost.wire import Json

_NEVER = "0001-01-01T00:00:00"
_PAUSE_AFTER_ERROR = 5.0


@dataclass(frozen=True, slots=True)
class TimerServices:
    """What every timer needs from the host.

    storage: Reads and writes the status blob and the lease.
    invoker: Runs the function.
    activity: Takes log records.
    options: The length of the lease and whether to take it over.
    host_id: Part of the names of the blobs.
    """

    storage: Storage
    invoker: Invoker
    activity: Activity
    options: HostOptions
    host_id: str


class Timer:
    """One timer function.

    The attribute `listening` is True while this host holds the timer's lease.
    """

    def __init__(self, function: FunctionDescription, trigger: TimerTrigger, services: TimerServices) -> None:
        self._function, self._trigger, self._services = function, trigger, services
        self._blob_name = f"timers/{services.host_id}/Host.Functions.{function.name}/status"
        lock = f"locks/{services.host_id}/Host.Functions.{function.name}.Listener"
        options = services.options
        self._lease = BlobLease(services.storage, lock, options.lease_seconds, options.take_over)
        self._stopping = asyncio.Event()
        self.listening = False

    @property
    def function(self) -> FunctionDescription:
        """The function that this timer runs."""
        return self._function

    async def run(self) -> None:
        """Hold the lease and run the function when it is due, until `stop` or cancellation.

        If storage fails, log a warning and start again after five seconds.
        """
        while not self._stopping.is_set():
            try:
                await self._lease.acquire()
                await self._listen()
            except AzureError as error:
                text = f"The timer cannot listen: {explain(error)}"
                self._services.activity.host_log("WARNING", text, self._function.name)
                self.listening = False
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), _PAUSE_AFTER_ERROR)
            finally:
                self.listening = False
                await self._lease.release()

    async def fire(self, reason: str, past_due: bool = False) -> Invocation:
        """Run the function now, with its retries, and return the last result. The status blob is left unchanged."""
        status = await self._read_status() if self._trigger.use_monitor else None
        return await self._invoke(reason, status, past_due)

    def stop(self) -> None:
        """Begin no other run. `run` returns when the current run, if any, has ended."""
        self._stopping.set()
        self._lease.lost.set()

    async def _listen(self) -> None:
        now = datetime.now(UTC)
        status = await self._read_status() if self._trigger.use_monitor else None
        due = _moment(status, "Next")
        self.listening = True
        self._services.activity.notify()
        if due is not None and due < now:
            await self._turn("a run was missed", status, past_due=True)
        elif self._trigger.run_on_startup:
            await self._turn("run on start-up", status)
        elif self._trigger.use_monitor and status is None:
            await self._write_status(_NEVER, self._trigger.schedule.next_after(now))
        await self._keep_time(now)

    async def _keep_time(self, after: datetime) -> None:
        while not self._lease.lost.is_set():
            due = self._trigger.schedule.next_after(after)
            if await self._lost_before(due):
                return
            after = max(datetime.now(UTC), due)
            status = await self._read_status() if self._trigger.use_monitor else None
            await self._turn("the timer is due", status)

    async def _lost_before(self, due: datetime) -> bool:
        """Wait until `due`. Return True if the lease was lost before."""
        while (left := (due - datetime.now(UTC)).total_seconds()) > 0:
            try:
                await asyncio.wait_for(self._lease.lost.wait(), min(left, 3600))
            except TimeoutError:
                continue
            return True
        return False

    async def _turn(self, reason: str, status: Json | None, past_due: bool = False) -> None:
        started = datetime.now(UTC)
        await self._invoke(reason, status, past_due)
        if self._trigger.use_monitor:
            await self._write_status(_text(started), self._trigger.schedule.next_after(started))

    async def _invoke(self, reason: str, status: Json | None, past_due: bool) -> Invocation:
        payload = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": past_due}
        inputs: dict[str, Json | None] = {self._trigger.name: {"json": json.dumps(payload)}}
        policy = self._function.retry
        if policy is None:
            return await self._services.invoker.run(self._function, Call(reason, inputs))
        attempt, pause = 0, policy.first
        while True:
            call = Call(reason if not attempt else f"retry {attempt}", inputs, retry=(attempt, policy.count))
            invocation = await self._services.invoker.run(self._function, call)
            if invocation.succeeded or self._stopping.is_set() or 0 <= policy.count <= attempt:
                return invocation
            await asyncio.sleep(pause)
            attempt, pause = (
                attempt + 1,
                min(max(pause, 0.1) * 2, policy.longest) if policy.longest > policy.first else pause,
            )

    async def _read_status(self) -> Json | None:
        try:
            download = await self._services.storage.blob(CONTAINER, self._blob_name).download_blob()
            content: Any = json.loads(await download.readall())
        except (ResourceNotFoundError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    async def _write_status(self, last: str, due: datetime) -> None:
        status = {"Last": last, "Next": _text(due), "LastUpdated": _text(datetime.now(UTC))}
        data = json.dumps(status).encode()
        await self._services.storage.blob(CONTAINER, self._blob_name).upload_blob(data, overwrite=True)
        self._services.activity.notify()


def _moment(status: Json | None, name: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str((status or {}).get(name)))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return moment.isoformat()
