"""Runs one function once: sends the worker its inputs, enforces functionTimeout, and records the result.

Sending outputs is left to `outputs` and listening to the trigger modules. `run` always returns an Invocation: errors
of the function, the worker or an output are part of it.
"""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from lab.funchost.activity import Activity, Invocation
from lab.funchost.bindings import FunctionDescription
from lab.funchost.errors import HostError
from lab.funchost.supervisor import Supervisor
from lab.funchost.wire import Json


class OutputSender(Protocol):
    """Sends the values of a function's output bindings."""

    async def send(self, function: FunctionDescription, values: dict[str, Json | None]) -> None:
        """Send each value, keyed by binding name. Raises HostError if one cannot be sent."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function.

    reason: Why it runs, for the log.
    inputs: The typed value of each input binding, by binding name.
    trigger_metadata: Typed values that the worker attaches to the trigger's input. Default: none.
    retry: The number of this retry and the greatest number of retries. None if the function has no retry policy.
    """

    reason: str
    inputs: dict[str, Json | None]
    trigger_metadata: dict[str, Json] = field(default_factory=dict)
    retry: tuple[int, int] | None = None


class Invoker:
    """Runs functions, any number of them at the same time.

    time_limit: The app's functionTimeout in seconds. None means no limit.
    """

    def __init__(
        self, supervisor: Supervisor, activity: Activity, outputs: OutputSender, time_limit: float | None
    ) -> None:
        self._supervisor, self._activity, self._outputs = supervisor, activity, outputs
        self._time_limit = time_limit

    async def run(self, function: FunctionDescription, call: Call) -> Invocation:
        """Run the function and return its result, after its outputs were sent.

        If the run takes longer than functionTimeout, the worker process is killed with everything in it
        (docs/facts.md, Timeouts).
        """
        invocation_id, started = str(uuid.uuid4()), datetime.now(UTC)
        self._activity.begin(invocation_id, function.name)
        text = f"Executing {function.name} (reason: {call.reason}, id: {invocation_id})"
        self._activity.host_log("INFO", text, function.name, invocation_id)
        answer: Json = {"ok": False, "error": "the host stopped while the function was running"}
        try:
            answer = await self._answer(function, call, invocation_id)
        finally:
            invocation = _invocation(answer, function, call, invocation_id, started)
            self._log_end(invocation)
            self._activity.end(invocation)
        return invocation

    async def _answer(self, function: FunctionDescription, call: Call, invocation_id: str) -> Json:
        try:
            answer = await self._request(_message(function, call, invocation_id), function)
            if answer["ok"]:
                values = {**answer["outputs"], "$return": answer["return_value"]}
                await self._outputs.send(function, values)
        except HostError as error:
            return {"ok": False, "error": str(error)}
        return answer

    async def _request(self, message: Json, function: FunctionDescription) -> Json:
        worker = await self._supervisor.worker()
        try:
            answer = await worker.request(message, self._time_limit)
        except TimeoutError:
            text = f"{function.name} ran longer than functionTimeout ({self._time_limit:g} s); the worker is killed."
            self._activity.host_log("ERROR", text, function.name, message["invocation_id"])
            worker.kill()
            await worker.gone.wait()
            return {"ok": False, "error": text}
        self._supervisor.worked()
        return answer

    def _log_end(self, invocation: Invocation) -> None:
        outcome = "succeeded" if invocation.succeeded else f"failed: {invocation.error}"
        text = f"Executed {invocation.function} in {invocation.seconds * 1000:.0f} ms (id: {invocation.id}): {outcome}"
        level = "INFO" if invocation.succeeded else "ERROR"
        self._activity.host_log(level, text, invocation.function, invocation.id)


def _message(function: FunctionDescription, call: Call, invocation_id: str) -> Json:
    message: Json = {
        "type": "invoke",
        "invocation_id": invocation_id,
        "function_id": function.function_id,
        "inputs": call.inputs,
        "trigger_metadata": call.trigger_metadata,
        "trace_parent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00",
    }
    if call.retry:
        message["retry"] = {"retry_count": call.retry[0], "max_retry_count": call.retry[1]}
    return message


def _invocation(
    answer: Json, function: FunctionDescription, call: Call, invocation_id: str, started: datetime
) -> Invocation:
    return Invocation(
        id=invocation_id,
        function=function.name,
        reason=call.reason,
        started=started,
        ended=datetime.now(UTC),
        succeeded=answer["ok"],
        error=answer.get("error"),
        stack_trace=answer.get("stack_trace"),
        return_value=answer.get("return_value"),
        outputs=answer.get("outputs") or {},
    )
