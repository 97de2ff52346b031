"""The worker process: runs Microsoft's worker code on requests that the host sends over an inherited socket.

It is started as `python -P -m lab.funchost.worker FD PACKAGE_ROOT APP_DIR` and does what the platform's proxy process
does (docs/facts.md, Worker): set up `sys.path`, send log records to the host with their
invocation id, and pass each request to its handler. Decisions are left to the host.
"""

import asyncio
import logging
import os
import socket
import sys
import threading
from types import SimpleNamespace
from typing import Any

from lab.funchost import protos
from lab.funchost.channel import WorkerChannel
from lab.funchost.wire import Json, from_typed_data, to_typed_data

_SYSTEM_LOGGERS = ("azure.functions", "azure_functions_runtime", "funchost", "asyncio")


class HostLogHandler(logging.Handler):
    """Sends each log record to the host immediately, in the thread that logs it."""

    def __init__(self, channel: WorkerChannel, runtime: Any) -> None:  # noqa: ANN401
        super().__init__(logging.INFO)
        self._channel, self._runtime = channel, runtime

    def emit(self, record: logging.LogRecord) -> None:
        """Send the record. A record that cannot be formatted or sent does not raise."""
        try:
            self._channel.send(self._message(record))
        except OSError:
            return  # the host has ended, and the reader thread is about to end this process
        except Exception:  # noqa: BLE001 - a record that cannot be formatted must not fail the app
            self.handleError(record)

    def _message(self, record: logging.LogRecord) -> Json:
        return {
            "type": "log",
            "level": record.levelname,
            "category": record.name,
            "message": self.format(record),
            "time": record.created,
            "invocation_id": self._runtime.invocation_id_cv.get(),
            "system": record.name.startswith(_SYSTEM_LOGGERS),
        }


class Worker:
    """Starts each request as it arrives and answers it when it is done, in any order."""

    def __init__(self, channel: WorkerChannel, runtime: Any) -> None:  # noqa: ANN401
        self._channel, self._runtime = channel, runtime
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._handlers = {"init": self._init, "metadata": self._metadata, "load": self._load, "invoke": self._invoke}

    def read_requests(self) -> None:
        """Read requests until the host ends, then end this process.

        This runs in its own thread, so that a hanging app cannot keep the process alive.
        """
        while (message := self._channel.receive()) is not None:
            self._loop.call_soon_threadsafe(self._accept, message)
        sys.stdout.flush()
        os._exit(0)

    def _accept(self, message: Json) -> None:
        task = self._loop.create_task(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: Json) -> None:
        answer = await self._handlers[message["type"]](message)
        self._channel.send({"type": "answer", "id": message["id"], **answer})

    async def _init(self, message: Json) -> Json:
        request = SimpleNamespace(
            request=SimpleNamespace(
                worker_init_request=SimpleNamespace(
                    capabilities=message["capabilities"], function_app_directory=message["app_dir"]
                )
            ),
            properties={"host": "127.0.0.1", "protos": protos},
        )
        response = await self._runtime.worker_init_request(request)
        return {**_status(response), "worker_version": response.worker_metadata.worker_version}

    async def _metadata(self, _message: Json) -> Json:
        response = await self._runtime.functions_metadata_request(SimpleNamespace(properties={}))
        found = response.function_metadata_results
        return {**_status(response), "functions": None if found is None else [_function(each) for each in found]}

    async def _load(self, message: Json) -> Json:
        load = SimpleNamespace(function_id=message["function_id"])
        request = SimpleNamespace(request=SimpleNamespace(function_load_request=load), properties={})
        return _status(await self._runtime.function_load_request(request))

    async def _invoke(self, message: Json) -> Json:
        # The proxy process sets the id on the task too; otherwise records of async functions would have none.
        self._runtime.invocation_id_cv.set(message["invocation_id"])
        request = SimpleNamespace(request=SimpleNamespace(invocation_request=_invocation(message)), properties={})
        response = await self._runtime.invocation_request(request)
        outputs = {each.name: from_typed_data(each.data) for each in response.output_data or ()}
        return {**_status(response), "return_value": from_typed_data(response.return_value), "outputs": outputs}


def _invocation(message: Json) -> SimpleNamespace:
    retry = message.get("retry") or {"retry_count": 0, "max_retry_count": 0}
    return SimpleNamespace(
        invocation_id=message["invocation_id"],
        function_id=message["function_id"],
        input_data=[
            protos.ParameterBinding(name=name, data=to_typed_data(value)) for name, value in message["inputs"].items()
        ],
        trigger_metadata={name: to_typed_data(value) for name, value in message["trigger_metadata"].items()},
        trace_context=SimpleNamespace(trace_parent=message["trace_parent"], trace_state="", attributes={}),
        retry_context=SimpleNamespace(**retry, exception=None),
    )


def _status(response: Any) -> Json:  # noqa: ANN401 - any of the responses
    result = response.result
    if result.status == protos.StatusResult.Success:
        return {"ok": True}
    return {"ok": False, "error": result.exception.message, "stack_trace": result.exception.stack_trace}


def _function(metadata: Any) -> Json:  # noqa: ANN401
    retry = metadata.retry_options
    return {
        "name": metadata.name,
        "function_id": metadata.function_id,
        "script_file": metadata.script_file,
        "raw_bindings": list(metadata.raw_bindings),
        "retry": retry and {name: _seconds(getattr(retry, name)) for name in retry.fields},
    }


def _seconds(value: Any) -> Any:  # noqa: ANN401 - a duration becomes seconds, any other value is unchanged
    return value.total_seconds() if hasattr(value, "total_seconds") else value


def _arrange_path(package_root: str, app_dir: str) -> None:
    """Put the app's packages first and the app's folder last. This package's own folder was needed only to start."""
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != package_root]
    sys.path.insert(0, os.path.join(app_dir, ".python_packages", "lib", "site-packages"))
    sys.path.append(app_dir)
    own = os.environ.pop("FUNCHOST_APP_PYTHONPATH", None)
    os.environ.pop("PYTHONPATH", None)
    if own is not None:
        os.environ["PYTHONPATH"] = own


async def _serve(channel: WorkerChannel) -> None:
    import azure_functions_runtime as runtime  # type: ignore[import-untyped]  # after sys.path is arranged

    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(HostLogHandler(channel, runtime))
    runtime.start_threadpool_executor()
    worker = Worker(channel, runtime)
    threading.Thread(target=worker.read_requests, name="requests", daemon=True).start()
    channel.send({"type": "started"})
    await asyncio.Event().wait()


def main() -> None:
    """Run the worker until the host ends or the app exits, then end the process."""
    fd, package_root, app_dir = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    os.set_inheritable(fd, False)
    _arrange_path(package_root, app_dir)
    code = 1
    try:
        asyncio.run(_serve(WorkerChannel(socket.socket(fileno=fd))))
    except SystemExit as exiting:
        code = exiting.code if isinstance(exiting.code, int) else int(exiting.code is not None)
    finally:
        # A normal exit would wait for the thread pool, and the host must notice immediately.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
