"""Every command line that `make run` prints can be pasted into a shell and works."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from itertools import takewhile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab.demo.stage import ROOT, Stage, set_stage
from lab.demo.stay import PAUSE, SEED, SETTINGS, _follow
from lab.demo.to_type import what_to_type
from shared.web import routes
from shared.web.openapi import openapi_document

BASH = shutil.which("bash") or "/bin/bash"
ROUTES = {
    f"{method.upper()} {path}" for path, operations in openapi_document()["paths"].items() for method in operations
    if method != "parameters"
}  # fmt: skip


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """The stage of `make run`, without ticks of its own, because a tick's turn could hold a target during a test."""
    async with set_stage(SEED, SETTINGS | {"ROTATION_SCHEDULE": "0 0 3 1 1 *"}) as up:
        await up.host.fire_timer("tick")
        await up.host.idle()
        yield up


async def pasted(line: str) -> tuple[int | None, str]:
    """Run a line in a shell that knows nothing about the emulated Azure. Return the exit code and the output."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        BASH, "-c", line, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the lines call curl")
async def test_every_printed_line_works_when_it_is_pasted(stage: Stage) -> None:
    pid = await stage.host.worker_ready()
    lines = [line.strip() for line in what_to_type(stage, pid).splitlines() if line.startswith("    ")]
    called, folder = set(), ""
    for line in lines:
        if line.startswith("curl "):
            code, output = await pasted(f"{line} -o /dev/null -w '%{{http_code}}'")
            assert (code, output) in [(0, "200"), (0, "202")], f"{line}: {output}"
            called.add(route(line))
        elif line.startswith("cd "):
            folder = line
        elif " -m cli " in line:
            code, output = await pasted(f"{folder} && {line}")
            assert code in (0, 3), f"{line}: {output}"
    of_auditors = {f"GET /{one.path}" for one in routes.ROUTES.values() if one.role == routes.AUDITOR}
    assert called >= {one for one in ROUTES if "{id}" not in one} - of_auditors  # no function key opens these
    assert [line for line in lines if "kill" in line] == [f"kill -9 {pid}"]  # no other process is named
    assert await pasted(f"kill -9 {pid}") == (0, "")
    await stage.host.logged("The worker process ended")
    assert await stage.host.worker_ready() != pid


def route(line: str) -> str:
    """Return the route that a line calls, as the OpenAPI description names it."""
    method = re.search(r"-X ([A-Z]+)", line)
    path = line.rpartition("/api")[2].replace("/targets/search", "/targets/{name}")
    return f"{method[1] if method else 'GET'} {path}"


async def test_a_new_kill_command_is_printed_when_the_app_runs_in_another_process(
    capsys: pytest.CaptureFixture[str],
) -> None:
    host: Any = SimpleNamespace(worker_pid=1)
    following = asyncio.create_task(_follow(SimpleNamespace(host=host), 1))  # type: ignore[arg-type]
    for pid in (1, None, 2):
        host.worker_pid = pid
        await asyncio.sleep(2 * PAUSE)
    following.cancel()
    assert capsys.readouterr().out == "The app restarted in another process: kill -9 2\n"


def test_make_run_prints_its_text_first_and_deletes_its_settings_at_the_end() -> None:
    command = [sys.executable, "-m", "lab.demo.stay"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            printed = "".join(takewhile(lambda line: not line.startswith("Ctrl-C"), process.stdout or ()))
            named = re.search(r"--settings (\S+)", printed)
            assert named is not None
            assert Path(named[1]).is_file()
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()  # reads the rest, because printing to a closed pipe would fail
    assert process.returncode == 0
    assert not Path(named[1]).exists()
