"""Runs one function once: hands the worker its inputs, enforces functionTimeout, records what came of it.

It leaves outputs to `outputs` and triggers to their modules. Its rule: an Invocation always comes back; what goes
wrong with the function, the worker or an output is in it.
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
    async def send(self, function: FunctionDescription, values: dict[str, Json | None]) -> None: ...


@dataclass(frozen=True, slots=True)
class Call:
    """Why and with what a function is run."""

    reason: str
    inputs: dict[str, Json | None]
    trigger_metadata: dict[str, Json] = field(default_factory=dict)
    retry: tuple[int, int] | None = None


class Invoker:
    """`run` runs a function; any number run at the same time."""

    def __init__(
        self, supervisor: Supervisor, activity: Activity, outputs: OutputSender, time_limit: float | None
    ) -> None:
        self._supervisor, self._activity, self._outputs = supervisor, activity, outputs
        self._time_limit = time_limit

    async def run(self, function: FunctionDescription, call: Call) -> Invocation:
        invocation_id, started = str(uuid.uuid4()), datetime.now(UTC)
        self._activity.begin(invocation_id, function.name)
        say = f"Executing {function.name} (reason: {call.reason}, id: {invocation_id})"
        self._activity.host_log("INFO", say, function.name, invocation_id)
        answer: Json = {"ok": False, "error": "the host stopped while the function was running"}
        try:
            answer = await self._answer(function, call, invocation_id)
        finally:
            invocation = _invocation(answer, function, call, invocation_id, started)
            self._tell(invocation)
            self._activity.end(invocation)
        return invocation

    async def _answer(self, function: FunctionDescription, call: Call, invocation_id: str) -> Json:
        try:
            answer = await self._ask(_message(function, call, invocation_id), function)
            if answer["ok"]:
                values = {**answer["outputs"], "$return": answer["return_value"]}
                await self._outputs.send(function, values)
        except HostError as error:
            return {"ok": False, "error": str(error)}
        return answer

    async def _ask(self, message: Json, function: FunctionDescription) -> Json:
        worker = await self._supervisor.worker()
        try:
            answer = await worker.request(message, self._time_limit)
        except TimeoutError:
            say = f"{function.name} ran longer than functionTimeout ({self._time_limit:g} s); the worker is killed."
            self._activity.host_log("ERROR", say, function.name, message["invocation_id"])
            worker.kill()
            await worker.gone.wait()
            return {"ok": False, "error": say}
        self._supervisor.worked()
        return answer

    def _tell(self, invocation: Invocation) -> None:
        outcome = "succeeded" if invocation.succeeded else f"failed: {invocation.error}"
        say = f"Executed {invocation.function} in {invocation.seconds * 1000:.0f} ms (id: {invocation.id}): {outcome}"
        level = "INFO" if invocation.succeeded else "ERROR"
        self._activity.host_log(level, say, invocation.function, invocation.id)


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
