"""Reads the raw bindings that the worker reports into the triggers and outputs that this host serves.

It makes the checks that the Functions host makes at indexing (docs/facts.md, Index) and leaves listening to the
trigger modules. An error in one function is kept in `FunctionDescription.error` and disables that function only. An
error in the set of functions raises AppError.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.funchost.errors import AppError, BindingError
from lab.funchost.host_json import HostConfig
from lab.funchost.ncrontab import Schedule, is_due_within_a_minute, parse_schedule
from lab.funchost.routes import Route, parse_route
from lab.funchost.settings import is_true, lookup, resolve
from lab.funchost.wire import Json

_FUNCTION_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,127}")
_BINDING_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}|\$return")
_QUEUE_NAME = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_EXTENSION_BINDINGS = ("queueTrigger", "queue", "eventGridTrigger")


@dataclass(frozen=True, slots=True)
class TimerTrigger:
    """A timer trigger.

    name: The name of the binding, which is the function's argument.
    schedule: When the timer is due.
    run_on_startup: Also run when the host starts.
    use_monitor: Keep a status blob and make up for a missed run. Never for a timer that is due more than once a minute.
    """

    name: str
    schedule: Schedule
    run_on_startup: bool
    use_monitor: bool


@dataclass(frozen=True, slots=True)
class QueueTrigger:
    """A queue trigger.

    name: The name of the binding, which is the function's argument.
    queue: The queue's name, in lower case and with settings resolved.
    connection: The name of the connection, as in `storage.resolve_connection`.
    """

    name: str
    queue: str
    connection: str


@dataclass(frozen=True, slots=True)
class HttpTrigger:
    """An HTTP trigger.

    name: The name of the binding, which is the function's argument.
    route: The route below the route prefix. Default: the function's name.
    methods: The HTTP methods in upper case. An empty set means every method.
    auth_level: "anonymous", "function" or "admin".
    """

    name: str
    route: Route
    methods: frozenset[str]
    auth_level: str


@dataclass(frozen=True, slots=True)
class EventGridTrigger:
    """An Event Grid trigger.

    name: The name of the binding, which is the function's argument.
    """

    name: str


type Trigger = TimerTrigger | QueueTrigger | HttpTrigger | EventGridTrigger


@dataclass(frozen=True, slots=True)
class QueueOutput:
    """An output binding to a queue.

    name: The name of the binding, or "$return" for the return value.
    queue: The queue's name, in lower case and with settings resolved.
    connection: The name of the connection, as in `storage.resolve_connection`.
    """

    name: str
    queue: str
    connection: str


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A function's retry policy.

    count: The greatest number of retries; -1 means no limit.
    first: Seconds before the first retry.
    longest: The longest pause between two attempts, in seconds. Pauses double up to it; with `first` they stay equal.
    """

    count: int
    first: float
    longest: float


@dataclass(frozen=True, slots=True)
class FunctionDescription:
    """A function as the host sees it.

    name: The function's name.
    function_id: The worker's id for it.
    raw_bindings: The bindings as the worker reported them.
    trigger: What starts it. None if the function cannot be served.
    outputs: Its output bindings to queues.
    retry: Its retry policy. None if it has none.
    disabled: True if the setting `AzureWebJobs.<function>.Disabled` disables it.
    error: Why the function cannot be served. None if it can.
    script_file: The file that defines it.
    """

    name: str
    function_id: str
    raw_bindings: tuple[Json, ...] = ()
    trigger: Trigger | None = None
    outputs: tuple[QueueOutput, ...] = ()
    retry: RetryPolicy | None = None
    disabled: bool = False
    error: str | None = None
    script_file: str = field(default="", compare=False)

    @property
    def active(self) -> bool:
        """True if the function can be served and is not disabled."""
        return self.trigger is not None and not self.disabled


def describe(found: Iterable[Json], settings: Mapping[str, str], config: HostConfig) -> list[FunctionDescription]:
    """Return a description of each function that the worker found, in the worker's order.

    Raises AppError if two functions have the same name, ignoring case.
    """
    functions = list(found)
    names = [str(each["name"]).lower() for each in functions]
    duplicates = sorted({str(each["name"]) for each in functions if names.count(str(each["name"]).lower()) > 1})
    if duplicates:
        raise AppError(f"the app has more than one function named {', '.join(duplicates)}")
    return [_function(each, settings, config) for each in functions]


def _function(found: Json, settings: Mapping[str, str], config: HostConfig) -> FunctionDescription:
    raw = tuple(json.loads(text) for text in found["raw_bindings"])
    base: dict[str, Any] = {
        "name": found["name"],
        "function_id": found["function_id"],
        "raw_bindings": raw,
        "script_file": found.get("script_file") or "",
        "disabled": is_true(lookup(settings, f"AzureWebJobs.{found['name']}.Disabled")),
    }
    try:
        _check_names(found["name"], raw)
        _check_extensions(raw, config)
        trigger = _trigger(found["name"], raw, settings)
        outputs = tuple(_output(each, settings) for each in raw if _is_output(each))
        return FunctionDescription(**base, trigger=trigger, outputs=outputs, retry=_retry(found.get("retry")))
    except BindingError as error:
        return FunctionDescription(**base, error=str(error))


def _check_names(name: str, raw: tuple[Json, ...]) -> None:
    if not _FUNCTION_NAME.fullmatch(name) or name.lower() == "host":
        raise BindingError(f"{name!r} cannot be the name of a function; use letters, digits, - and _")
    for binding in raw:
        if not _BINDING_NAME.fullmatch(str(binding.get("name"))):
            raise BindingError(f"{binding.get('name')!r} cannot be the name of a binding; use letters, digits and _")


def _check_extensions(raw: tuple[Json, ...], config: HostConfig) -> None:
    used = sorted({each["type"] for each in raw if each["type"] in _EXTENSION_BINDINGS})
    if used and not config.has_bundle:
        raise BindingError(f"{', '.join(used)} is not available: add extensionBundle to host.json")


def _is_output(binding: Json) -> bool:
    return bool(binding["direction"].upper() == "OUT" and binding["type"] != "http")


def _output(binding: Json, settings: Mapping[str, str]) -> QueueOutput:
    if binding["type"] != "queue":
        raise BindingError(f"this host does not support outputs of type {binding['type']}")
    return QueueOutput(binding["name"], *_queue(binding, settings))


def _trigger(function: str, raw: tuple[Json, ...], settings: Mapping[str, str]) -> Trigger:
    inputs = [each for each in raw if each["direction"].upper() == "IN"]
    triggers = [each for each in inputs if each["type"].lower().endswith("trigger")]
    if len(triggers) != 1:
        raise BindingError(f"a function needs exactly one trigger, and this one has {len(triggers)}")
    if len(inputs) > 1:
        raise BindingError("this host does not support input bindings besides the trigger")
    parsers: dict[str, Callable[[Json, Mapping[str, str]], Trigger]] = {
        "timertrigger": _timer,
        "queuetrigger": _queue_trigger,
        "eventgridtrigger": _event_grid,
    }
    kind = triggers[0]["type"].lower()
    if kind == "httptrigger":
        return _http(function, triggers[0], raw, settings)
    if kind not in parsers:
        raise BindingError(f"this host does not support triggers of type {triggers[0]['type']}")
    return parsers[kind](triggers[0], settings)


def _timer(binding: Json, settings: Mapping[str, str]) -> TimerTrigger:
    schedule = parse_schedule(resolve(str(binding.get("schedule") or ""), settings))
    # The Functions host switches it off for such a timer, even if the function asks for it (docs/facts.md, Timers).
    monitor = binding.get("useMonitor") is not False and not is_due_within_a_minute(schedule)
    return TimerTrigger(binding["name"], schedule, bool(binding.get("runOnStartup")), monitor)


def _queue_trigger(binding: Json, settings: Mapping[str, str]) -> QueueTrigger:
    return QueueTrigger(binding["name"], *_queue(binding, settings))


def _event_grid(binding: Json, _settings: Mapping[str, str]) -> EventGridTrigger:
    return EventGridTrigger(binding["name"])


def _queue(binding: Json, settings: Mapping[str, str]) -> tuple[str, str]:
    queue = resolve(str(binding.get("queueName") or ""), settings).lower()
    if not _QUEUE_NAME.fullmatch(queue):
        raise BindingError(f"{queue!r} cannot be the name of a queue")
    return queue, resolve(str(binding.get("connection") or "AzureWebJobsStorage"), settings)


def _http(function: str, binding: Json, raw: tuple[Json, ...], settings: Mapping[str, str]) -> HttpTrigger:
    if not any(each["type"] == "http" and each["direction"].upper() == "OUT" for each in raw):
        raise BindingError("an HTTP function needs an http output")
    given = binding.get("route")
    methods = frozenset(str(each).upper() for each in binding.get("methods") or ())
    level = str(binding.get("authLevel") or "function").lower()
    return HttpTrigger(binding["name"], parse_route(resolve(given or function, settings)), methods, level)


def _retry(found: Json | None) -> RetryPolicy | None:
    if not found:
        return None
    if found["retry_strategy"] == "fixed_delay":
        return RetryPolicy(found["max_retry_count"], found["delay_interval"], found["delay_interval"])
    first, longest = found["minimum_interval"] or 0, found["maximum_interval"] or 0
    return RetryPolicy(found["max_retry_count"], first, longest)
