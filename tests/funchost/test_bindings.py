"""Indexing: what the host makes of raw bindings."""

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
    return {"name": name, "function_id": name, "raw_bindings": [json.dumps(each) for each in bindings]}


def one(name: str, *bindings: dict[str, Any], config: HostConfig = BUNDLED, **settings: str) -> FunctionDescription:
    return describe([found(name, *bindings)], settings, config)[0]


def test_a_timer_keeps_a_status_from_one_minute_on_unless_told_otherwise() -> None:
    def monitored(**members: Any) -> bool:
        trigger = one("f", {**TIMER, **members}).trigger
        assert isinstance(trigger, TimerTrigger)
        return trigger.use_monitor

    assert monitored()
    assert not monitored(schedule="*/30 * * * * *")
    assert monitored(schedule="*/30 * * * * *", useMonitor=True)
    assert not monitored(useMonitor=False)


def test_an_http_function_without_route_has_its_name_as_one_and_asks_for_a_key() -> None:
    trigger = one("Fetch", {**HTTP, "route": None}, RETURN).trigger
    assert isinstance(trigger, HttpTrigger)
    assert (trigger.route.template, trigger.auth_level, trigger.methods) == ("Fetch", "function", frozenset())


@pytest.mark.parametrize(
    ("name", "bindings", "told"),
    [
        ("host", [TIMER], "name of a function"),
        ("1st", [TIMER], "name of a function"),
        ("a.b", [TIMER], "name of a function"),
        ("f", [{**TIMER, "name": "a b"}], "name of a binding"),
        ("f", [{**TIMER, "schedule": "nonsense"}], "schedule"),
        ("f", [{**TIMER, "schedule": "%GONE%"}], "GONE"),
        ("f", [{**QUEUE, "queueName": "No_Good"}], "name of a queue"),
        ("f", [{**HTTP, "route": "runtime/x"}, RETURN], "belongs to the host"),
        ("f", [HTTP], "http output"),
        ("f", [], "one trigger"),
        ("f", [TIMER, QUEUE], "one trigger"),
        ("f", [{**QUEUE, "type": "blobTrigger"}], "no trigger of type blobTrigger"),
        ("f", [TIMER, {"direction": "OUT", "type": "table", "name": "o"}], "no output of type table"),
        ("f", [TIMER, {"direction": "IN", "type": "blob", "name": "o"}], "input bindings"),
    ],
)
def test_a_function_that_cannot_be_served_says_why_and_stops_no_other(
    name: str, bindings: list[dict[str, Any]], told: str
) -> None:
    broken, sound = describe([found(name, *bindings), found("sound", TIMER)], {}, BUNDLED)
    assert told in (broken.error or "")
    assert not broken.active
    assert sound.active


def test_without_an_extension_bundle_queues_are_not_known_but_timers_and_http_are() -> None:
    assert "extensionBundle" in (one("f", QUEUE, config=BARE).error or "")
    output = {"direction": "OUT", "type": "queue", "name": "o", "queueName": "done", "connection": "C"}
    assert "extensionBundle" in (one("f", TIMER, output, config=BARE).error or "")
    assert one("f", TIMER, config=BARE).active
    assert one("f", HTTP, RETURN, config=BARE).active


def test_two_functions_of_one_name_stop_the_app() -> None:
    with pytest.raises(AppError, match="more than one function named Same, same"):
        describe([found("Same", TIMER), found("same", TIMER)], {}, BUNDLED)


def test_a_setting_disables_a_function() -> None:
    function = one("f", TIMER, **{"AzureWebJobs.f.Disabled": "true"})
    assert function.disabled
    assert not function.active
    assert not one("f", TIMER, **{"AzureWebJobs.f.Disabled": "false"}).disabled
