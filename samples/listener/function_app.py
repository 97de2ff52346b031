"""A listener: tells a team's channel what concerns it, once for each announcement, in time and in words.

Copy this folder into a function app of your own and subscribe it to the topic (CloudEvents schema):

    az eventgrid event-subscription create --name announcements --source-resource-id <the topic's resource id> \\
      --endpoint-type azurefunction --endpoint <function app's resource id>/functions/on_announcement \\
      --event-delivery-schema CloudEventSchemaV1_0

TEAM_WEBHOOK is where it posts; OWNERS, if set, the owners it cares for. Event Grid may deliver an event more than once
and in any order: an announcement's id is the same each time, so whatever keeps the ids it has seen tells it once.
"""

from __future__ import annotations

import json
import logging
import os
import urllib.request
from typing import Any

import azure.functions as func

app = func.FunctionApp()
MOST_REMEMBERED = 1000
_seen: dict[str, None] = {}  # of this instance; another one may repeat an announcement, which harms nobody


@app.event_grid_trigger(arg_name="event")
def on_announcement(event: func.EventGridEvent) -> None:
    """One announcement."""
    data = getattr(event, "data", None) or event.get_json()
    words = sentence(str(getattr(event, "type", "")), data)
    if event.id in _seen or not concerns_us(data):
        return
    tell(words)
    _seen[event.id] = None
    if len(_seen) > MOST_REMEMBERED:
        _seen.pop(next(iter(_seen)))


def concerns_us(data: dict[str, Any]) -> bool:
    owners = [one.strip() for one in os.environ.get("OWNERS", "").split(",") if one.strip()]
    return not owners or data.get("owner") in owners


def sentence(kind: str, data: dict[str, Any]) -> str:
    """What happens, when, and what to do about it, on one line for each."""
    when = data.get("deadline") or data.get("happenedAt") or "now"
    lines = [f"{data['target']}: {kind.rpartition('.')[2]} ({when})", data["whatHappens"], data["whatToDo"]]
    lines += [f"Reason: {data['reason']}"] if data.get("reason") else []
    return "\n".join(lines)


def tell(words: str) -> None:
    """Post to the channel. An error is raised, so that Event Grid delivers the announcement again."""
    body = json.dumps({"text": words}).encode()
    request = urllib.request.Request(os.environ["TEAM_WEBHOOK"], body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - the address is the operator's own
        logging.info("told the team: %s", answer.status)
