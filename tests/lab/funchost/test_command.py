"""The command `python -m lab.funchost`."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.lab.funchost.conftest import APPS, workers_of

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def command(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the command and kill it at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lab.funchost", *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until_line(process: asyncio.subprocess.Process, pattern: str) -> str:
    """Return the output up to a line that matches the pattern."""
    assert process.stdout is not None
    seen = []
    async with asyncio.timeout(30):
        while line := (await process.stdout.readline()).decode():
            seen.append(line)
            if re.search(pattern, line):
                return "".join(seen)
    raise AssertionError(f"no line matches {pattern}: {''.join(seen)}")


async def test_the_command_lists_functions_serves_them_and_stops_on_sigterm(
    settings: dict[str, str], tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"IsEncrypted": False, "Values": settings}))
    arguments = ("--app", str(APPS / "every"), "--settings", str(file), "--port", "0", "--function-key", "let-me-in")
    async with command(*arguments) as process:
        shown = await until_line(process, "Keys: ")
        url = re.search(r"http://127\.0\.0\.1:\d+", shown)
        assert url is not None
        assert f"hello: http, GET, anonymous, {url[0]}/api/hello/{{name:alpha}}" in shown
        assert "tick: timer, 0 0 3 1 Jan *" in shown
        assert "work: queue, work" in shown
        assert "invalid_schedule: NOT SERVED" in shown
        assert "switched_off: disabled" in shown
        async with http.get(f"{url[0]}/api/echo", headers={"x-functions-key": "let-me-in"}) as response:
            assert response.status == 207
        await until_line(process, r"Executed echo in \d+ ms")
        process.send_signal(signal.SIGTERM)
        await until_line(process, "Stopping")
        assert await process.wait() == 0


async def test_the_command_exits_with_1_and_shows_the_error_of_an_app_that_does_not_load() -> None:
    async with command("--app", str(APPS / "broken_import"), "--port", "0") as process:
        shown = await until_line(process, "The app cannot run: ModuleNotFoundError.*a_module_that_does_not_exist")
        assert "Traceback" in shown
        assert await process.wait() == 1


async def test_the_worker_ends_when_the_host_is_killed(settings: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"Values": settings}))
    async with command("--app", str(APPS / "every"), "--settings", str(file), "--port", "0") as process:
        await until_line(process, "Keys: ")
        (worker,) = workers_of(process.pid)
        descriptor = os.pidfd_open(worker)
        process.kill()
        loop, gone = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(descriptor, gone.set)
        try:
            await asyncio.wait_for(gone.wait(), 10)
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
