"""`python -m lab.funchost --app DIR`: run a function app until SIGINT or SIGTERM."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import TextIO

from lab.funchost.activity import LogRecord
from lab.funchost.bindings import EventGridTrigger, FunctionDescription, HttpTrigger, QueueTrigger, TimerTrigger
from lab.funchost.errors import AppError, HostError
from lab.funchost.host import FunctionHost
from lab.funchost.options import HostKeys, HostOptions


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code: 0 after a requested stop, 1 if the app cannot run."""
    try:
        return asyncio.run(_run(_parser().parse_args(arguments)))
    except HostError as error:
        trace = getattr(error, "stack_trace", "") if isinstance(error, AppError) else ""
        _print(f"{trace}The app cannot run: {error}", sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.funchost", description=__doc__)
    parser.add_argument("--app", type=Path, default=Path(), help="folder with function_app.py and host.json")
    parser.add_argument("--settings", type=Path, help="a file like local.settings.json")
    parser.add_argument("--env", action="store_true", help="also use environment variables as app settings")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=7071, help="0 takes any free port")
    parser.add_argument("--host-id", help="part of the names of the timers' leases and status blobs")
    parser.add_argument("--lease-seconds", type=int, default=60, help="15 to 60; after a kill, timers wait this long")
    parser.add_argument("--take-over", action="store_true", help="break timer leases that another host still holds")
    parser.add_argument("--master-key", help="a key that is not given is generated and printed")
    parser.add_argument("--function-key")
    parser.add_argument("--eventgrid-key")
    parser.add_argument("--verbose", action="store_true", help="also show what the worker code itself logs")
    return parser


def _host(given: argparse.Namespace) -> FunctionHost:
    keys = {"master": given.master_key, "default": given.function_key, "eventgrid": given.eventgrid_key}
    options = HostOptions(
        address=given.address, port=given.port, lease_seconds=given.lease_seconds, take_over=given.take_over
    )
    return FunctionHost(
        given.app,
        settings_file=given.settings or _local_settings(given.app),
        with_environment=given.env,
        host_id=given.host_id,
        keys=HostKeys(**{name: key for name, key in keys.items() if key}),
        options=options,
        on_log=lambda record: _show(record, given.verbose),
    )


def _local_settings(app: Path) -> Path | None:
    path = app / "local.settings.json"
    return path if path.exists() else None


async def _run(given: argparse.Namespace) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with _host(given) as host:
        _print(f"Listening on {host.url} with {len(host.functions)} functions:")
        for function in host.functions:
            _print(f"  {function.name}: {_description(function, host)}")
        keys = host.keys
        _print(f"Keys: master {keys.master}  function {keys.default}  eventgrid {keys.eventgrid}")
        await stop.wait()
        _print("Stopping: no new runs start; running functions may finish.")
    return 0


def _description(function: FunctionDescription, host: FunctionHost) -> str:
    if function.disabled:
        return "disabled"
    match function.trigger:
        case TimerTrigger(schedule=schedule):
            return f"timer, {schedule.text}"
        case QueueTrigger(queue=queue):
            return f"queue, {queue}"
        case HttpTrigger(methods=methods, auth_level=level):
            return f"http, {' '.join(sorted(methods)) or 'any method'}, {level}, {host.link(function)}"
        case EventGridTrigger():
            return f"Event Grid, {host.url}/runtime/webhooks/eventgrid?functionName={function.name}"
    return f"NOT SERVED: {function.error}"


def _show(record: LogRecord, verbose: bool) -> None:
    if record.source == "system" and not verbose and record.level in ("DEBUG", "INFO"):
        return
    where = f"[{record.function or record.category}]"
    _print(f"{record.time:%H:%M:%S.%f}"[:-3] + f" {record.level:<8} {where} {record.message}")


def _print(text: str, stream: TextIO | None = None) -> None:
    print(text, file=stream or sys.stdout, flush=True)


if __name__ == "__main__":
    sys.exit(main())
