"""The Event Grid triggers: events of Azure, each of which leads to a check of a target.

The worker hands in an event in the Event Grid schema as the type that is named here, and a CloudEvent as another type.
Both have the members that are read here.
"""

from __future__ import annotations

from typing import List  # noqa: UP035 - see `timer_and_queue.tick`

import azure.functions as func

from shared.domain.names import QUEUE, STORAGE

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the SDK has no types for it


@blueprint.event_grid_trigger(arg_name="event")
@blueprint.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)
async def on_vault_event(event: func.EventGridEvent, turns: func.Out[List[str]]) -> None:  # noqa: UP006
    """An Event Grid trigger: Key Vault reports SecretNearExpiry or SecretExpired: queue a turn for the target."""
    from shared.handlers import event_grid

    messages = await event_grid.vault_event(event.get_json())
    if messages:
        turns.set(messages)


@blueprint.event_grid_trigger(arg_name="event")
@blueprint.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)
async def on_account_event(event: func.EventGridEvent, turns: func.Out[List[str]]) -> None:  # noqa: UP006
    """An Event Grid trigger: Azure Resource Manager reports a regenerated key: queue a turn for the account's
    target."""
    from shared.handlers import event_grid

    messages = await event_grid.account_event(event.get_json(), event.subject or "")
    if messages:
        turns.set(messages)
