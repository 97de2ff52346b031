"""The worker process: indexing, logs, exits and restarts."""

import asyncio
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from lab.funchost import AppError, FunctionHost
from tests.lab.funchost.conftest import NO_STORAGE, settings_with, workers_of

SETTINGS = settings_with(NO_STORAGE)


async def test_every_function_is_indexed_and_an_invalid_one_has_an_error(host: FunctionHost) -> None:
    errors = {each.name: each.error for each in host.functions if each.error}
    assert set(errors) == {"invalid_schedule", "reserved", "unresolved", "unconnected"}
    assert "4 fields" in (errors["invalid_schedule"] or "")
    assert "NO_SUCH_SETTING" in (errors["unresolved"] or "")
    assert "NoSuchConnection" in (errors["unconnected"] or "")
    assert host.function("switched_off").disabled
    assert len(host.functions) == 18


@pytest.mark.parametrize(
    ("app", "expected"), [("broken_import", "a_module_that_does_not_exist"), ("two_apps", "More than one")]
)
async def test_an_app_that_cannot_be_indexed_does_not_start_and_its_error_is_shown(start_host, app, expected) -> None:
    with pytest.raises(AppError, match=expected) as caught:
        await start_host(app, SETTINGS)
    assert "Traceback" in caught.value.stack_trace


async def test_a_parameter_without_a_binding_fails_the_whole_app(start_host, tmp_path: Path) -> None:
    code = "import azure.functions as func\napp = func.FunctionApp()\n"
    code += "@app.timer_trigger(arg_name='timer', schedule='0 * * * * *')\ndef tick(other): ...\n"
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text(code)
    with pytest.raises(AppError, match="cannot load the tick function"):
        await start_host(tmp_path, SETTINGS)


async def test_a_folder_without_an_app_raises_an_app_error(start_host, tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    with pytest.raises(AppError, match=r"no function_app\.py"):
        await start_host(tmp_path, SETTINGS)


async def test_an_app_that_exits_during_import_raises_an_app_error(start_host, tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text("import os\nos._exit(5)\n")
    with pytest.raises(AppError, match="ended while it loaded"):
        await start_host(tmp_path, SETTINGS)


async def test_an_app_that_imports_too_slowly_raises_an_app_error(start_host, tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text("import threading\nthreading.Event().wait()\n")
    with pytest.raises(AppError, match="did not start within"):
        await start_host(tmp_path, SETTINGS, init_timeout=1)


async def test_a_returned_value_without_an_output_binding_fails_the_run(host: FunctionHost) -> None:
    invocation = await host.fire_timer("returns_a_value")
    assert not invocation.succeeded
    assert "without a $return binding" in (invocation.error or "")


async def test_log_records_carry_their_invocation_id(host: FunctionHost, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{host.url}/api/hello/bob") as response:
        assert response.status == 200
    async with http.get(f"{host.url}/api/threads") as response:
        assert response.status == 204
    greeting = await host.logged("greeting bob")
    ids = {each.function: each.id for each in host.activity.finished}
    assert (greeting.function, greeting.invocation_id, greeting.category) == ("hello", ids["hello"], "my.app")
    assert (await host.logged("from the function")).invocation_id == ids["threads"]
    assert (await host.logged("from another thread")).invocation_id is None


async def test_sys_exit_fails_all_running_invocations_and_another_worker_is_started(
    host: FunctionHost, http: aiohttp.ClientSession
) -> None:
    first = host.worker_pid
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(status_of(http, f"{host.url}/api/misbehave/wait"))
        await host.running("misbehave")
        exiting = group.create_task(status_of(http, f"{host.url}/api/misbehave/exit"))
    assert (waiting.result(), exiting.result()) == (500, 500)
    assert (await host.logged("exiting now")).source == "console"
    assert "exit code 3" in (await host.logged("The worker process ended")).message
    assert await host.worker_ready() != first
    assert await status_of(http, f"{host.url}/api/hello/bob") == 200


async def test_a_killed_worker_fails_its_invocations_and_is_replaced(
    host: FunctionHost, http: aiohttp.ClientSession
) -> None:
    first = host.worker_pid
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(status_of(http, f"{host.url}/api/misbehave/wait"))
        await host.running("misbehave")
        await host.kill_worker()
    assert waiting.result() == 500
    assert await status_of(http, f"{host.url}/api/hello/bob") == 200
    assert host.worker_pid not in (None, first)
    assert host.worker_starts == 2


async def test_the_host_replaces_a_worker_that_another_process_killed(host: FunctionHost) -> None:
    assert host.worker_pid is not None
    os.kill(host.worker_pid, signal.SIGKILL)
    assert "exit code -9" in (await host.logged("The worker process ended")).message
    assert (await host.invoke("at_start")).succeeded


async def test_the_host_gives_up_if_the_app_no_longer_loads(
    start_host, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text("import azure.functions as func\napp = func.FunctionApp()\n")
    host = await start_host(tmp_path, SETTINGS, start_attempts=2, restart_delay=0.01)
    (tmp_path / "function_app.py").write_text("raise RuntimeError('broken')\n")
    await host.kill_worker()
    with pytest.raises(AppError, match="broken"):
        await host.worker_ready()
    assert (host.status()["state"], host.worker_starts) == ("Error", 3)


async def test_the_worker_ends_when_the_host_stops(start_host) -> None:
    host = await start_host("every", SETTINGS, listeners=False)
    pid = host.worker_pid
    await host.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_stopping_during_a_worker_restart_leaves_no_process(host: FunctionHost) -> None:
    await host.kill_worker()
    await host.logged("starting another")
    await host.stop()
    assert workers_of(os.getpid()) == []


async def test_waiting_for_an_event_that_does_not_happen_raises_a_timeout_error(host: FunctionHost) -> None:
    with pytest.raises(TimeoutError):
        await host.invocations(1, limit=0.05)


async def test_an_invocation_has_its_start_and_end_time(host: FunctionHost) -> None:
    before = datetime.now(UTC)
    invocation = await host.fire_timer("at_start")
    assert before <= invocation.started <= invocation.ended <= datetime.now(UTC)
    assert (invocation.reason, invocation.succeeded) == ("run by hand", True)


async def status_of(http: aiohttp.ClientSession, url: str) -> int:
    """Return the status of the answer to a GET request."""
    async with http.get(url) as response:
        return response.status
