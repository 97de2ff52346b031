"""What a function is given when a person or a test runs it out of turn: the text `input` of the admin interface."""

import json
import uuid
from datetime import UTC, datetime, timedelta

from lab.funchost.bindings import FunctionDescription, HttpTrigger, QueueTrigger
from lab.funchost.http_messages import http_value
from lab.funchost.invoker import Call
from lab.funchost.queue_metadata import body_value, overwritten
from lab.funchost.webhooks import event_call
from lab.funchost.wire import Json

REASON = "run by hand"


def manual_call(function: FunctionDescription, text: str, url: str) -> Call:
    """The call for a function of any trigger but a timer; a ValueError when the text cannot be its input."""
    trigger = function.trigger
    if isinstance(trigger, QueueTrigger):
        body = text.encode()
        return Call(REASON, {trigger.name: body_value(body)}, overwritten(_facts(body), body))
    if isinstance(trigger, HttpTrigger):
        headers = {"content-type": "application/json"}
        value = http_value("POST", url, headers, {}, text.encode(), {})
        return Call(REASON, {trigger.name: value})
    return event_call(function, json.loads(text))


def _facts(body: bytes) -> dict[str, Json]:
    now = datetime.now(UTC)
    return {
        "QueueTrigger": body_value(body),
        "Id": {"string": str(uuid.uuid4())},
        "DequeueCount": {"json": "1"},
        "PopReceipt": {"string": ""},
        "InsertionTime": _moment(now),
        "ExpirationTime": _moment(now + timedelta(days=7)),
        "NextVisibleTime": _moment(now + timedelta(minutes=10)),
    }


def _moment(moment: datetime) -> Json:
    return {"json": json.dumps(moment.strftime("%Y-%m-%dT%H:%M:%S+00:00"))}
