"""Events that Azure sends, in the Event Grid schema or as CloudEvents: each leads to a look at a target."""

from __future__ import annotations

from typing import List  # noqa: UP035 - the worker code refuses `Out[list[str]]`

import azure.functions as func

from doors import QUEUE, STORAGE

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the SDK left it untyped


@blueprint.event_grid_trigger(arg_name="event")
@blueprint.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)
async def on_vault_event(event: func.EventGridEvent, turns: func.Out[List[str]]) -> None:  # noqa: UP006
    """SecretNearExpiry or SecretExpired: look at the target."""
    from shared.doorways import notices

    messages = await notices.vault_event(_data(event))
    if messages:
        turns.set(messages)


@blueprint.event_grid_trigger(arg_name="event")
@blueprint.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)
async def on_account_event(event: func.EventGridEvent, turns: func.Out[List[str]]) -> None:  # noqa: UP006
    """Somebody regenerated a key: look now."""
    from shared.doorways import notices

    messages = await notices.account_event(_data(event), event.subject or "")
    if messages:
        turns.set(messages)


def _data(event: func.EventGridEvent) -> object:
    """The event's data, in either schema: the worker hands in a CloudEvent of its own where one was sent."""
    data = getattr(event, "data", None)
    return data if data is not None else event.get_json()
