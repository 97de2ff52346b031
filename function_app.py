"""The doorways: who are you, what do you want, here is the answer.

Nothing of Azure and nothing of ours is imported until a trigger needs it, so that starting costs no more than the
Functions SDK itself. The timer never runs on start-up: a deployment is not a reason to rotate. Every HTTP door but
`health` asks for a function key, and for the identity that App Service authentication demands where it is on.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, List  # noqa: UP035 - see `tick`

import azure.functions as func

if TYPE_CHECKING:
    from shared.replies import Reply

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

QUEUE = "key-rotation-turns"
STORAGE = "AzureWebJobsStorage"
# The host resolves the name; where nobody set it, a function with an unresolved name would be left out in silence.
SCHEDULE = "%ROTATION_SCHEDULE%" if os.environ.get("ROTATION_SCHEDULE") else "0 */10 * * * *"


@app.timer_trigger(arg_name="timer", schedule=SCHEDULE, run_on_startup=False)
@app.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)
async def tick(timer: func.TimerRequest, turns: func.Out[List[str]]) -> None:  # noqa: UP006
    """Look cheaply, and queue a turn for each target that needs one.

    The worker code refuses `Out[list[str]]` when it indexes (azure-functions-runtime 1.3.0), hence `List`.
    """
    from shared import doorways

    # The SDK's declared type leaves this out; what the worker hands in has it.
    status = getattr(timer, "schedule_status", None) or {}
    messages = await doorways.tick(status.get("Last"), past_due=timer.past_due)
    if messages:
        turns.set(messages)


@app.queue_trigger(arg_name="message", queue_name=QUEUE, connection=STORAGE)
async def turn(message: func.QueueMessage) -> None:
    """One message, one target, one turn."""
    from shared import doorways

    await doorways.turn(message.get_body(), message.dequeue_count or 1)


@app.queue_trigger(arg_name="message", queue_name=f"{QUEUE}-poison", connection=STORAGE)
@app.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)
async def turn_poison(message: func.QueueMessage, turns: func.Out[str]) -> None:
    """A turn that was given up: say so, with the reason, and keep a person's request."""
    from shared import doorways

    again = await doorways.turn_poison(message.get_body())
    if again is not None:
        turns.set(again)


@app.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def health(req: func.HttpRequest) -> func.HttpResponse:
    """That the app runs, and nothing else."""
    return func.HttpResponse('{"status": "running"}', mimetype="application/json")


@app.route("targets", methods=["GET"])
async def targets(req: func.HttpRequest) -> func.HttpResponse:
    """The survey: every target, what would be done now, and why."""
    from shared import doorways

    return _response(await doorways.targets())


@app.route("targets/{name}", methods=["GET"])
async def target(req: func.HttpRequest) -> func.HttpResponse:
    """One line of the survey."""
    from shared import doorways

    return _response(await doorways.target(req.route_params["name"]))


@app.route("targets/{name}/rotate", methods=["POST"])
@app.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)
async def rotate(req: func.HttpRequest, turns: func.Out[str], context: func.Context) -> func.HttpResponse:
    """Rotate now, or say what would be done."""
    from shared import doorways

    reply, message = await doorways.rotate(req.route_params["name"], req.get_body(), req.headers, context.invocation_id)
    if message is not None:
        turns.set(message)
    return _response(reply)


def _response(reply: Reply) -> func.HttpResponse:
    return func.HttpResponse(reply.body, status_code=reply.status, mimetype=reply.kind, headers=dict(reply.headers))
