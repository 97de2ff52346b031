"""What `make run` prints can be pasted: every line is, in a shell, against what is up."""

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
from shared.web.openapi import description

BASH = shutil.which("bash") or "/bin/bash"
DOORS = {
    f"{method.upper()} {path}" for path, operations in description()["paths"].items() for method in operations
    if method != "parameters"
}  # fmt: skip


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """As `make run` sets it, but with no tick of its own accord: a turn in between would hold a target."""
    async with set_stage(SEED, SETTINGS | {"ROTATION_SCHEDULE": "0 0 3 1 1 *"}) as up:
        await up.host.fire_timer("tick")
        await up.host.idle()
        yield up


async def pasted(line: str) -> tuple[int | None, str]:
    """The exit code and what was said, in a shell that was told nothing of the emulated Azure."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        BASH, "-c", line, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


@pytest.mark.skipif(shutil.which("curl") is None, reason="the lines call curl")
async def test_every_line_does_what_it_says_when_it_is_pasted(stage: Stage) -> None:
    pid = await stage.host.worker_ready()
    lines = [line.strip() for line in what_to_type(stage, pid).splitlines() if line.startswith("    ")]
    called, there = set(), ""
    for line in lines:
        if line.startswith("curl "):
            code, said = await pasted(f"{line} -o /dev/null -w '%{{http_code}}'")
            assert (code, said) in [(0, "200"), (0, "202")], f"{line}: {said}"
            called.add(door(line))
        elif line.startswith("cd "):
            there = line
        elif " -m cli " in line:
            code, said = await pasted(f"{there} && {line}")
            assert code in (0, 3), f"{line}: {said}"
    assert called >= DOORS
    assert [line for line in lines if "kill" in line] == [f"kill -9 {pid}"]  # nobody else's process has that id
    assert await pasted(f"kill -9 {pid}") == (0, "")
    await stage.host.logged("The worker process ended")
    assert await stage.host.worker_ready() != pid


def door(line: str) -> str:
    """The door that a line knocks at, as the description has it."""
    method = re.search(r"-X ([A-Z]+)", line)
    path = line.rpartition("/api")[2].replace("/targets/search", "/targets/{name}")
    return f"{method[1] if method else 'GET'} {path}"


async def test_another_process_is_named_as_soon_as_the_app_runs_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    host: Any = SimpleNamespace(worker_pid=1)
    following = asyncio.create_task(_follow(SimpleNamespace(host=host), 1))  # type: ignore[arg-type]
    for pid in (1, None, 2):
        host.worker_pid = pid
        await asyncio.sleep(2 * PAUSE)
    following.cancel()
    assert capsys.readouterr().out == "The app runs again, as another process: kill -9 2\n"


def test_it_is_printed_first_and_its_settings_are_gone_afterwards() -> None:
    command = [sys.executable, "-m", "lab.demo.stay"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            printed = "".join(takewhile(lambda line: not line.startswith("Ctrl-C"), process.stdout or ()))
            named = re.search(r"--settings (\S+)", printed)
            assert named is not None
            assert Path(named[1]).is_file()
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()  # who prints for nobody fails
    assert process.returncode == 0
    assert not Path(named[1]).exists()
