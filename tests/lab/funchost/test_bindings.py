"""Indexing: what the host reads from raw bindings, and what it refuses."""

import json
from typing import Any

import pytest

from lab.funchost.bindings import FunctionDescription, HttpTrigger, TimerTrigger, describe
from lab.funchost.errors import AppError
from lab.funchost.host_json import HostConfig, QueueConfig

BUNDLED = HostConfig(None, "api", True, QueueConfig())
BARE = HostConfig(None, "api", False, QueueConfig())
TIMER = {"direction": "IN", "type": "timerTrigger", "name": "t", "schedule": "0 * * * * *"}
QUEUE = {"direction": "IN", "type": "queueTrigger", "name": "m", "queueName": "work", "connection": "C"}
HTTP = {"direction": "IN", "type": "httpTrigger", "name": "req", "route": "x"}
RETURN = {"direction": "OUT", "type": "http", "name": "$return"}


def found(name: str, *bindings: dict[str, Any]) -> dict[str, Any]:
    """Return a function as the worker reports it."""
    return {"name": name, "function_id": name, "raw_bindings": [json.dumps(each) for each in bindings]}


def one(name: str, *bindings: dict[str, Any], config: HostConfig = BUNDLED, **settings: str) -> FunctionDescription:
    """Return the description of a function that has these bindings."""
    return describe([found(name, *bindings)], settings, config)[0]


def test_a_timer_keeps_a_status_unless_it_is_due_more_than_once_in_every_minute() -> None:
    def monitored(**members: Any) -> bool:
        trigger = one("f", {**TIMER, **members}).trigger
        assert isinstance(trigger, TimerTrigger)
        return trigger.use_monitor

    assert monitored()
    assert not monitored(schedule="*/30 * * * * *")
    assert not monitored(schedule="*/30 * * * * *", useMonitor=True)
    assert monitored(schedule="*/30 0 * * * *")
    assert not monitored(useMonitor=False)


def test_an_http_function_without_a_route_uses_its_name_and_needs_a_key() -> None:
    trigger = one("Fetch", {**HTTP, "route": None}, RETURN).trigger
    assert isinstance(trigger, HttpTrigger)
    assert (trigger.route.template, trigger.auth_level, trigger.methods) == ("Fetch", "function", frozenset())


@pytest.mark.parametrize(
    ("name", "bindings", "expected"),
    [
        ("host", [TIMER], "name of a function"),
        ("1st", [TIMER], "name of a function"),
        ("a.b", [TIMER], "name of a function"),
        ("f", [{**TIMER, "name": "a b"}], "name of a binding"),
        ("f", [{**TIMER, "schedule": "nonsense"}], "schedule"),
        ("f", [{**TIMER, "schedule": "%GONE%"}], "GONE"),
        ("f", [{**QUEUE, "queueName": "No_Good"}], "name of a queue"),
        ("f", [{**HTTP, "route": "runtime/x"}, RETURN], "reserved for the host"),
        ("f", [HTTP], "http output"),
        ("f", [], "one trigger"),
        ("f", [TIMER, QUEUE], "one trigger"),
        ("f", [{**QUEUE, "type": "blobTrigger"}], "triggers of type blobTrigger"),
        ("f", [TIMER, {"direction": "OUT", "type": "table", "name": "o"}], "outputs of type table"),
        ("f", [TIMER, {"direction": "IN", "type": "blob", "name": "o"}], "input bindings"),
    ],
)
def test_an_invalid_function_has_an_error_and_does_not_affect_others(
    name: str, bindings: list[dict[str, Any]], expected: str
) -> None:
    broken, valid = describe([found(name, *bindings), found("valid", TIMER)], {}, BUNDLED)
    assert expected in (broken.error or "")
    assert not broken.active
    assert valid.active


def test_queues_need_an_extension_bundle_and_timers_and_http_do_not() -> None:
    assert "extensionBundle" in (one("f", QUEUE, config=BARE).error or "")
    output = {"direction": "OUT", "type": "queue", "name": "o", "queueName": "done", "connection": "C"}
    assert "extensionBundle" in (one("f", TIMER, output, config=BARE).error or "")
    assert one("f", TIMER, config=BARE).active
    assert one("f", HTTP, RETURN, config=BARE).active


def test_two_functions_with_the_same_name_raise_an_app_error() -> None:
    with pytest.raises(AppError, match="more than one function named Same, same"):
        describe([found("Same", TIMER), found("same", TIMER)], {}, BUNDLED)


def test_a_setting_disables_a_function() -> None:
    function = one("f", TIMER, **{"AzureWebJobs.f.Disabled": "true"})
    assert function.disabled
    assert not function.active
    assert not one("f", TIMER, **{"AzureWebJobs.f.Disabled": "false"}).disabled
