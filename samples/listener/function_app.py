"""A listener: posts each announcement that concerns a team to the team's channel, in plain words.

Copy this folder into a function app of your own and subscribe it to the topic (CloudEvents schema):

    az eventgrid event-subscription create --name announcements --source-resource-id <the topic's resource id> \\
      --endpoint-type azurefunction --endpoint <function app's resource id>/functions/on_announcement \\
      --event-delivery-schema CloudEventSchemaV1_0

Two settings: TEAM_WEBHOOK is the address that it posts to. OWNERS, if set, are the owners (separated by commas) whose
announcements it posts; the default is all.

Whoever knows that address can post to the channel, so it is a secret. It lies in a vault, and the setting only refers
to it: App Service reads the secret with the function app's identity, which needs Key Vault Secrets User on it.
README.md beside this file has the commands.

A second function, `on_rotation`, wakes programs that would keep an old key for hours. It is subscribed apart, so that a
channel that is down wakes nothing twice, and the other way round. The setting WAKE says what to wake: see wake.py.

Event Grid may deliver an event more than once and in any order. An announcement keeps its id, so this listener
remembers the ids that it has posted and ignores repeats.
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
REFERENCE = "@Microsoft.KeyVault("
_seen: dict[str, None] = {}  # of this instance only; another instance may post an announcement again, which is harmless


@app.event_grid_trigger(arg_name="event")
def on_announcement(event: func.EventGridEvent) -> None:
    """Post one announcement, unless it was posted before or concerns other teams."""
    data = getattr(event, "data", None) or event.get_json()
    text = sentence(str(getattr(event, "type", "")), data)
    if event.id in _seen or not concerns_us(data):
        return
    post(text)
    _seen[event.id] = None
    if len(_seen) > MOST_REMEMBERED:
        _seen.pop(next(iter(_seen)))


@app.event_grid_trigger(arg_name="event")
def on_rotation(event: func.EventGridEvent) -> None:
    """Wake every program of WAKE that uses the target of this event, if another key was published."""
    from azure.identity import ManagedIdentityCredential  # only here: without WAKE the listener needs no identity
    from wake import wake_all

    with ManagedIdentityCredential(client_id=os.environ.get("AZURE_CLIENT_ID")) as credential:
        data = getattr(event, "data", None) or event.get_json()
        wake_all(str(getattr(event, "type", "")), event.id, data, lambda scope: credential.get_token(scope).token)


def concerns_us(data: dict[str, Any]) -> bool:
    """Return True if OWNERS is not set or names the announcement's owner."""
    owners = [one.strip() for one in os.environ.get("OWNERS", "").split(",") if one.strip()]
    return not owners or data.get("owner") in owners


def sentence(kind: str, data: dict[str, Any]) -> str:
    """Return the text to post, line by line: what happened and when, who is affected, what stops, and what to do.

    kind: The event's type. data: The event's data, as in docs/events.md.
    """
    when = data.get("deadline") or data.get("happenedAt") or "now"
    lines = [f"{data['target']}: {kind.rpartition('.')[2]} ({when})", data["whatHappens"]]
    labels = {"whoIsAffected": "Affected", "whatStops": "What stops", "whatToDo": "What to do", "reason": "Reason"}
    lines += [f"{label}: {data[field]}" for field, label in labels.items() if data.get(field)]
    page = data.get("instead", {}).get("page")
    lines += [f"Without a key: {page}"] if page else []
    return "\n".join(lines)


def webhook() -> str:
    """Return the address to post to. Raises ValueError if App Service could not read it from the vault."""
    address = os.environ["TEAM_WEBHOOK"].strip()  # a secret made from a file may end with a line break
    if address.startswith(REFERENCE):  # App Service leaves a reference that it cannot follow as it is
        raise ValueError("TEAM_WEBHOOK: App Service could not read the secret. Does the app's identity have the right?")
    return address


class NotDelivered(Exception):
    """The channel answered with success, and its text says something else."""


def post(text: str) -> None:
    """Post a text to the channel.

    Raises URLError if that fails, and NotDelivered if the channel only seems to accept it. Then the function fails, so
    that Event Grid delivers the announcement again.
    """
    body = json.dumps({"text": text}).encode()
    request = urllib.request.Request(webhook(), body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - the operator sets the address
        said = answer.read(100_000).decode("utf-8", "replace").strip()
        if not accepts(said):
            raise NotDelivered(f"the channel answered {answer.status}: {said[:200]}")
        logging.info("posted to the team's channel: %s", answer.status)


def accepts(said: str) -> bool:
    """Return whether the body of a successful answer says that the message was delivered.

    Teams can answer 200 with the sentence "Webhook message delivery failed ...". A message that was delivered is
    answered with nothing, `1` (Teams), `ok` (Slack) or JSON that names no error.
    """
    if said.lower() in ("", "1", "ok", "accepted"):
        return True
    try:
        body = json.loads(said)
    except ValueError:
        return False
    return isinstance(body, dict) and "error" not in body and body.get("ok") is not False
