"""A function that blocks the event loop the first time it sees a message, and a patient one beside it."""

import asyncio
import threading

import azure.functions as func

app = func.FunctionApp()


@app.queue_trigger(arg_name="message", queue_name="slow", connection="AzureWebJobsStorage")
async def hang(message: func.QueueMessage) -> None:
    if message.dequeue_count == 1:
        threading.Event().wait()


@app.route("bystander", auth_level=func.AuthLevel.ANONYMOUS)
async def bystander(req: func.HttpRequest) -> func.HttpResponse:
    await asyncio.Event().wait()
    return func.HttpResponse("never")
