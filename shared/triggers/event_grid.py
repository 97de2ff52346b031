"""Events that Azure sends: each leads to a look at a target. One in the Event Grid schema is handed in as the type
that is named here, a CloudEvent as a type of its own; what is asked of them here, both have."""

from __future__ import annotations

from typing import List  # noqa: UP035 - the worker code refuses `Out[list[str]]`

import azure.functions as func

from shared.domain.names import QUEUE, STORAGE

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the SDK left it untyped


@blueprint.event_grid_trigger(arg_name="event")
@blueprint.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)
async def on_vault_event(event: func.EventGridEvent, turns: func.Out[List[str]]) -> None:  # noqa: UP006
    """SecretNearExpiry or SecretExpired: look at the target."""
    from shared.handlers import event_grid

    messages = await event_grid.vault_event(event.get_json())
    if messages:
        turns.set(messages)


@blueprint.event_grid_trigger(arg_name="event")
@blueprint.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)
async def on_account_event(event: func.EventGridEvent, turns: func.Out[List[str]]) -> None:  # noqa: UP006
    """Somebody regenerated a key: look now."""
    from shared.handlers import event_grid

    messages = await event_grid.account_event(event.get_json(), event.subject or "")
    if messages:
        turns.set(messages)
