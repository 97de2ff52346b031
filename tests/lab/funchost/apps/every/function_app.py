"""An app with a function for every trigger, and for every kind of failure that leaves the other functions working."""

import asyncio
import json
import logging
import os
import sys
import threading
from pathlib import Path

import azure.functions as func

app = func.FunctionApp()


@app.timer_trigger(arg_name="timer", schedule="%TICK%", use_monitor=True)
@app.queue_output(arg_name="seen", queue_name="seen", connection="AzureWebJobsStorage")
def tick(timer: func.TimerRequest, seen: func.Out[str]) -> None:
    """Send the timer's payload to a queue."""
    facts = {"past_due": timer.past_due, "status": timer.schedule_status, "schedule": timer.schedule}
    seen.set(json.dumps(facts, indent=2))


@app.timer_trigger(arg_name="timer", schedule="0 0 3 1 Jan *", run_on_startup=True)
async def at_start(timer: func.TimerRequest) -> None:
    """Run when the host starts."""
    logging.info("at start, past due %s", timer.past_due)


@app.timer_trigger(arg_name="timer", schedule="0 0 3 1 Jan *")
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00")
def always_fails(timer: func.TimerRequest, context: func.Context) -> None:
    """Fail on each of three attempts."""
    raise RuntimeError(f"attempt {context.retry_context.retry_count} of {context.retry_context.max_retry_count}")


@app.timer_trigger(arg_name="timer", schedule="every now and then")
def invalid_schedule(timer: func.TimerRequest) -> None:
    """Not served: its schedule is invalid."""
    raise AssertionError("this function is not served")


@app.timer_trigger(arg_name="timer", schedule="0 0 3 1 Jan *")
def returns_a_value(timer: func.TimerRequest):
    """Fail: the returned value has no output binding."""
    return "a value without an output binding"


@app.queue_trigger(arg_name="message", queue_name="%WORK_QUEUE%", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="done", queue_name="done", connection="AzureWebJobsStorage")
async def work(message: func.QueueMessage, done: func.Out[str]) -> None:
    """Send what arrived to a queue, or fail if the message says so."""
    text = message.get_body().decode()
    done.set(json.dumps({"body": text, "id": message.id, "count": message.dequeue_count}, indent=1))
    if "fail" in text:
        raise ValueError("failed as requested")


@app.queue_trigger(arg_name="message", queue_name="numbers", connection="Other")
@app.queue_output(arg_name="$return", queue_name="done", connection="AzureWebJobsStorage")
def split(message: func.QueueMessage) -> str:
    """Return a JSON list, which becomes one message per element."""
    return json.dumps([{"n": n} for n in range(int(message.get_body()))])


@app.route("hello/{name:alpha}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def hello(req: func.HttpRequest) -> func.HttpResponse:
    """Answer without a key."""
    logging.getLogger("my.app").info("greeting %s", req.route_params["name"])
    return func.HttpResponse(f"hello {req.route_params['name']}")


@app.route("echo", auth_level=func.AuthLevel.FUNCTION)
def echo(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with the request and the environment of the app."""
    facts = {
        "method": req.method,
        "headers": dict(req.headers),
        "params": dict(req.params),
        "body": req.get_body().decode(),
        "cwd": str(Path.cwd()),
        "path": [sys.path[0], sys.path[-1]],
        "environment": dict(os.environ),
    }
    response = func.HttpResponse(json.dumps(facts), status_code=207, mimetype="application/json")
    response.headers["X-Own"] = "yes"
    response.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly; SameSite=Lax")
    response.headers.add("Set-Cookie", "b=2; Max-Age=60")
    return response


@app.route("locked", auth_level=func.AuthLevel.ADMIN)
def locked(req: func.HttpRequest) -> func.HttpResponse:
    """Answer to the master key only."""
    return func.HttpResponse("open")


@app.route("misbehave/{kind}", auth_level=func.AuthLevel.ANONYMOUS)
async def misbehave(req: func.HttpRequest):
    """Exit, return an invalid value, wait without end, or raise."""
    kind = req.route_params["kind"]
    if kind == "exit":
        print("exiting now", flush=True)  # noqa: T201 - goes to the console, not to the log
        sys.exit(3)
    if kind == "dict":
        return {"not": "a response"}
    if kind == "none":
        return None
    if kind == "wait":
        await asyncio.Event().wait()
    raise LookupError("a secret that callers must not see")


@app.route("threads", auth_level=func.AuthLevel.ANONYMOUS)
def threads(req: func.HttpRequest) -> func.HttpResponse:
    """Log from the function's own thread and from another one."""
    logging.info("from the function")
    thread = threading.Thread(target=lambda: logging.info("from another thread"))
    thread.start()
    thread.join()
    return func.HttpResponse(status_code=204)


@app.event_grid_trigger(arg_name="event")
def on_event(event: func.EventGridEvent) -> None:
    """Log an event in the Event Grid schema, or fail if the event says so."""
    logging.info("event %s of %s", event.id, event.event_type)
    if event.get_json().get("fail"):
        raise ValueError("failed as requested")


@app.event_grid_trigger(arg_name="event")
async def on_cloud_event(event: func.CloudEvent) -> None:
    """Log an event in the CloudEvents schema."""
    logging.info("cloud event %s of %s", event.id, event.type)


@app.route("admin/secrets", auth_level=func.AuthLevel.ANONYMOUS)
def reserved(req: func.HttpRequest) -> func.HttpResponse:
    """Not served: its route is reserved for the host."""
    return func.HttpResponse("never served")


@app.queue_trigger(arg_name="message", queue_name="%NO_SUCH_SETTING%", connection="AzureWebJobsStorage")
def unresolved(message: func.QueueMessage) -> None:
    """Not served: its queue's name refers to a missing setting."""
    raise AssertionError("this function is not served")


@app.queue_trigger(arg_name="message", queue_name="elsewhere", connection="NoSuchConnection")
def unconnected(message: func.QueueMessage) -> None:
    """Not served: its connection has no settings."""
    raise AssertionError("this function is not served")


@app.queue_trigger(arg_name="message", queue_name="switched-off", connection="AzureWebJobsStorage")
def switched_off(message: func.QueueMessage) -> None:
    """Never run: a setting disables it."""
    raise AssertionError("this function is disabled")
