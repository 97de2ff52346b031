"""The input of a function that a person or a test runs by hand.

It imitates `POST /admin/functions/<fn>` with the text `input` (docs/facts.md, HTTP). Timers are left to
`timers`.
"""

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
    """Return the call for a function with any trigger except a timer.

    text: A queue message, a request body, or an Event Grid event as JSON.
    url: The URL that an HTTP function sees.
    Raises ValueError if an Event Grid function gets a text that is not JSON.
    """
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
