"""From the raw bindings that the worker reports to the triggers and outputs that this host serves.

It checks what the platform's host checks at indexing and leaves listening to the trigger modules. Its rule: what is
wrong with one function is told in `FunctionDescription.error` and breaks that function only; what is wrong with the
set of functions is an AppError.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.funchost.errors import AppError, BindingError
from lab.funchost.host_json import HostConfig
from lab.funchost.ncrontab import Schedule, parse_schedule, shortest_gap
from lab.funchost.routes import Route, parse_route
from lab.funchost.settings import is_true, lookup, resolve
from lab.funchost.wire import Json

_FUNCTION_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,127}")
_BINDING_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}|\$return")
_QUEUE_NAME = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_EXTENSION_BINDINGS = ("queueTrigger", "queue", "eventGridTrigger")


@dataclass(frozen=True, slots=True)
class TimerTrigger:
    name: str
    schedule: Schedule
    run_on_startup: bool
    use_monitor: bool


@dataclass(frozen=True, slots=True)
class QueueTrigger:
    name: str
    queue: str
    connection: str


@dataclass(frozen=True, slots=True)
class HttpTrigger:
    name: str
    route: Route
    methods: frozenset[str]
    auth_level: str


@dataclass(frozen=True, slots=True)
class EventGridTrigger:
    name: str


type Trigger = TimerTrigger | QueueTrigger | HttpTrigger | EventGridTrigger


@dataclass(frozen=True, slots=True)
class QueueOutput:
    name: str
    queue: str
    connection: str


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds between attempts grow from `first` to `longest`; a `count` of -1 is without end."""

    count: int
    first: float
    longest: float


@dataclass(frozen=True, slots=True)
class FunctionDescription:
    """A function as the host sees it. With an `error` it has no trigger and is never run."""

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
        return self.trigger is not None and not self.disabled


def describe(found: Iterable[Json], settings: Mapping[str, str], config: HostConfig) -> list[FunctionDescription]:
    """All functions that the worker found, in its order."""
    functions = list(found)
    names = [str(each["name"]).lower() for each in functions]
    twice = sorted({str(each["name"]) for each in functions if names.count(str(each["name"]).lower()) > 1})
    if twice:
        raise AppError(f"the app has more than one function named {', '.join(twice)}")
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
        raise BindingError(f"{name!r} cannot be the name of a function")
    for binding in raw:
        if not _BINDING_NAME.fullmatch(str(binding.get("name"))):
            raise BindingError(f"{binding.get('name')!r} cannot be the name of a binding")


def _check_extensions(raw: tuple[Json, ...], config: HostConfig) -> None:
    needing = sorted({each["type"] for each in raw if each["type"] in _EXTENSION_BINDINGS})
    if needing and not config.has_bundle:
        raise BindingError(f"{', '.join(needing)} is not registered: host.json names no extensionBundle")


def _is_output(binding: Json) -> bool:
    return bool(binding["direction"].upper() == "OUT" and binding["type"] != "http")


def _output(binding: Json, settings: Mapping[str, str]) -> QueueOutput:
    if binding["type"] != "queue":
        raise BindingError(f"this host has no output of type {binding['type']}")
    return QueueOutput(binding["name"], *_queue(binding, settings))


def _trigger(function: str, raw: tuple[Json, ...], settings: Mapping[str, str]) -> Trigger:
    inputs = [each for each in raw if each["direction"].upper() == "IN"]
    triggers = [each for each in inputs if each["type"].lower().endswith("trigger")]
    if len(triggers) != 1:
        raise BindingError(f"a function has one trigger, and this one has {len(triggers)}")
    if len(inputs) > 1:
        raise BindingError("this host has no input bindings besides the trigger")
    makers: dict[str, Callable[[Json, Mapping[str, str]], Trigger]] = {
        "timertrigger": _timer,
        "queuetrigger": _queue_trigger,
        "eventgridtrigger": _event_grid,
    }
    kind = triggers[0]["type"].lower()
    if kind == "httptrigger":
        return _http(function, triggers[0], raw, settings)
    if kind not in makers:
        raise BindingError(f"this host has no trigger of type {triggers[0]['type']}")
    return makers[kind](triggers[0], settings)


def _timer(binding: Json, settings: Mapping[str, str]) -> TimerTrigger:
    schedule = parse_schedule(resolve(str(binding.get("schedule") or ""), settings))
    monitor = binding.get("useMonitor")
    if monitor is None:  # for a shorter interval the platform keeps no status unless it is told to
        monitor = shortest_gap(schedule, datetime.now(UTC)) >= timedelta(minutes=1)
    return TimerTrigger(binding["name"], schedule, bool(binding.get("runOnStartup")), bool(monitor))


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
