"""Sets the stage: the emulated Azure as one process, the function app in the local host, consumers as a third.

Everything lives in a temporary folder and ends with the block, also when something in between fails.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from lab.funchost.activity import LogRecord
from lab.funchost.host import FunctionHost
from lab.funchost.options import HostOptions

ROOT = Path(__file__).resolve().parents[2]
READER = {
    "name": "Secret reader",
    "permissions": [{"dataActions": ["Microsoft.KeyVault/vaults/secrets/getSecret/action"]}],
}


@dataclass
class Stage:
    """What is up: the app's host, the consumers, and the control surface of the emulated Azure."""

    settings: dict[str, str]
    control_url: str
    session: aiohttp.ClientSession
    host: FunctionHost
    settings_file: Path
    lines: list[str] = field(default_factory=list)
    consumers: asyncio.subprocess.Process | None = None

    async def ask(self, path: str) -> dict[str, Any]:
        async with self.session.get(f"{self.control_url}{path}") as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found

    async def tell(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self.session.post(f"{self.control_url}{path}", json=body) as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found

    def lives(self) -> list[dict[str, Any]]:
        """The consumers' last word."""
        found: list[dict[str, Any]] = json.loads(self.lines[-1]) if self.lines else []
        return found


@asynccontextmanager
async def set_stage(
    seed: Mapping[str, Any], own: Mapping[str, str], *, port: int = 0, on_log: Callable[[LogRecord], None] | None = None
) -> AsyncIterator[Stage]:
    """An emulated Azure that begins as `seed` says, and the app with settings of its `own` on top of where it is."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="key-rotation-demo-")))
        told = await _start_emulator(folder, seed, stack)
        settings = {**told["settings"], **own}
        session = await stack.enter_async_context(aiohttp.ClientSession())
        options = HostOptions(port=port, stop_timeout=5)
        host = FunctionHost(ROOT, settings=settings, host_id="demo", options=options, on_log=on_log)
        stage = Stage(settings, told["control_url"], session, host, _write_settings(folder, settings))
        await stack.enter_async_context(host)
        yield stage
        await _end(stage.consumers)


def _write_settings(folder: Path, settings: Mapping[str, str]) -> Path:
    """As the Functions tools write them, so that the command line can be given them, too."""
    path = folder / "local.settings.json"
    path.write_text(json.dumps({"IsEncrypted": False, "Values": settings}, indent=2))
    return path


async def _start_emulator(folder: Path, seed: Mapping[str, Any], stack: AsyncExitStack) -> dict[str, Any]:
    (folder / "seed.json").write_text(json.dumps(seed))
    told = folder / "azure.json"
    command = [sys.executable, "-m", "lab.emulator", "--seed", str(folder / "seed.json"), "--settings-out", str(told)]
    process = await asyncio.create_subprocess_exec(*command, "--ca-file", str(folder / "ca.pem"), cwd=ROOT)
    stack.push_async_callback(_end, process)
    while not told.exists():
        if process.returncode is not None:
            raise RuntimeError(f"the emulator ended with {process.returncode} before it was up")
        await asyncio.sleep(0.05)
    found: dict[str, Any] = json.loads(told.read_text())
    return found


async def start_consumers(stage: Stage, folder: Path) -> None:
    """Six consumers that may read secrets and nothing else."""
    await stage.tell("/identities", {"name": "consumer"})
    await stage.tell("/roles/define", {"identity": "consumer", "definitions": [READER]})
    state = await stage.ask("/state")
    client_id = next(one["client_id"] for one in state["identities"] if one["name"] == "consumer")
    place = folder / "consumers.json"
    place.write_text(
        json.dumps(
            {
                "vault": stage.settings["ROTATION_VAULT_URL"],
                "client_id": client_id,
                "endpoints": {one["name"]: one["endpoint"] for one in state["accounts"]},
                "slowest": 1.5,
            }
        )
    )
    stage.consumers = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "lab.demo.consumers",
        str(place),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env=_environment(stage),
    )
    asyncio.get_running_loop().create_task(_read(stage))


def _environment(stage: Stage) -> dict[str, str]:
    trust = stage.settings["SSL_CERT_FILE"]
    names = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE")
    given = {name: stage.settings[name] for name in names}
    return {**os.environ, **given, "REQUESTS_CA_BUNDLE": trust, "PYTHONPATH": str(ROOT)}


async def _read(stage: Stage) -> None:
    process = stage.consumers
    if process is None or process.stdout is None:
        return
    async for line in process.stdout:
        stage.lines.append(line.decode())


async def _end(process: asyncio.subprocess.Process | None) -> None:
    if process is None or process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(25):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
