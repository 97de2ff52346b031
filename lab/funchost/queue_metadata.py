"""The trigger metadata of a queue message: what the worker gets besides the body.

A trap of the Functions host is imitated on purpose: if the body is a JSON object, its top-level members overwrite the
metadata of the same name, ignoring case. A message with a member `id` has that value as its id (docs/facts.md,
Queues).
"""

import json
from datetime import datetime
from typing import Any

from azure.storage.queue import QueueMessage

from lab.funchost.wire import Json, bytes_value


def body_value(body: bytes) -> Json:
    """Return the body as a typed value: a string if it is UTF-8, otherwise bytes."""
    try:
        return {"string": body.decode()}
    except UnicodeDecodeError:
        return bytes_value(body)


def trigger_metadata(message: QueueMessage, body: bytes) -> dict[str, Json]:
    """Return the metadata of a message as typed values by name, with the body's members applied."""
    facts: dict[str, Json] = {
        "QueueTrigger": body_value(body),
        "Id": {"string": str(message.id)},
        "DequeueCount": {"json": json.dumps(message.dequeue_count)},
        "PopReceipt": {"string": str(message.pop_receipt)},
        "InsertionTime": _moment(message.inserted_on),
        "ExpirationTime": _moment(message.expires_on),
        "NextVisibleTime": _moment(message.next_visible_on),
    }
    return overwritten(facts, body)


def overwritten(facts: dict[str, Json], body: bytes) -> dict[str, Json]:
    """Return the metadata with the members of a JSON object body applied.

    A name keeps the spelling that it has in `facts`.
    """
    content = _object(body)
    spelling: dict[str, str] = {name.lower(): name for name in facts}
    changed: dict[str, Json] = {spelling.get(name.lower(), name): _value(value) for name, value in content.items()}
    return {**facts, **changed}


def _object(body: bytes) -> dict[str, Any]:
    try:
        content: Any = json.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _value(value: Any) -> Json:  # noqa: ANN401 - any JSON value
    return {"string": value} if isinstance(value, str) else {"json": json.dumps(value)}


def _moment(moment: datetime | None) -> Json:
    return {"json": json.dumps(moment.strftime("%Y-%m-%dT%H:%M:%S+00:00") if moment else None)}
