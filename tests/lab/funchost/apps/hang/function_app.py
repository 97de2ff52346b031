"""An app with a queue function that blocks the event loop on a message's first attempt, and an HTTP function that never
returns.
"""

import asyncio
import threading

import azure.functions as func

app = func.FunctionApp()


@app.queue_trigger(arg_name="message", queue_name="slow", connection="AzureWebJobsStorage")
async def hang(message: func.QueueMessage) -> None:
    """Block the event loop on a message's first attempt."""
    if message.dequeue_count == 1:
        threading.Event().wait()


@app.route("bystander", auth_level=func.AuthLevel.ANONYMOUS)
async def bystander(req: func.HttpRequest) -> func.HttpResponse:
    """Wait without end, but without blocking the event loop."""
    await asyncio.Event().wait()
    return func.HttpResponse("never")
