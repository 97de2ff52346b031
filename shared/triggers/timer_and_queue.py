"""The timer trigger and the queue triggers.

The timer never runs on start-up, because a deployment of this app is no reason to rotate.
"""

from __future__ import annotations

import os

import azure.functions as func

from shared.domain.names import QUEUE, STORAGE

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the SDK has no types for it
# The host resolves the name. If the setting is missing, the host would leave the function out without an error.
SCHEDULE = "%ROTATION_SCHEDULE%" if os.environ.get("ROTATION_SCHEDULE") else "0 */10 * * * *"


@blueprint.timer_trigger(arg_name="timer", schedule=SCHEDULE, run_on_startup=False)
async def tick(timer: func.TimerRequest) -> None:
    """The timer trigger: check all targets cheaply, and queue a turn for each target that needs one.

    It has no output binding: such a binding knows no delay, and sends its messages one after another (docs/facts.md,
    Queues).
    """
    from shared.handlers import timer_and_queue

    # The SDK's declared type does not have this attribute, but the worker's object does.
    status = getattr(timer, "schedule_status", None) or {}
    await timer_and_queue.tick(status.get("Last"), status.get("Next"), past_due=timer.past_due)


@blueprint.queue_trigger(arg_name="message", queue_name=QUEUE, connection=STORAGE)
async def turn(message: func.QueueMessage) -> None:
    """The queue trigger: take one turn for the target of one message."""
    from shared.handlers import timer_and_queue

    await timer_and_queue.turn(message.get_body(), message.dequeue_count or 1)


@blueprint.queue_trigger(arg_name="message", queue_name=f"{QUEUE}-poison", connection=STORAGE)
@blueprint.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)
async def turn_poison(message: func.QueueMessage, turns: func.Out[str]) -> None:
    """The trigger of the poison queue: report a turn that was given up, with the reason, and queue a person's request
    again."""
    from shared.handlers import timer_and_queue

    again = await timer_and_queue.turn_poison(message.get_body())
    if again is not None:
        turns.set(again)
