"""Starts the parts of a demo: the emulated Azure, the function app in the local host, and the consumers.

The emulated Azure and the consumers are processes of their own. Everything uses a temporary folder and is stopped at
the end of the block, also after an error.
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
    """The running parts of a demo.

    settings: The app's settings.
    control_url: The address of the emulated Azure's control interface.
    session: The HTTP session for it.
    host: The function host that runs the app.
    settings_file: A file with the app's settings, like local.settings.json.
    lines: What the consumers have printed, one JSON text per line.
    consumers: The process of the consumers. None until `start_consumers`.
    """

    settings: dict[str, str]
    control_url: str
    session: aiohttp.ClientSession
    host: FunctionHost
    settings_file: Path
    lines: list[str] = field(default_factory=list)
    consumers: asyncio.subprocess.Process | None = None

    async def get(self, path: str) -> dict[str, Any]:
        """GET a path of the control interface and return the JSON. Raises ClientResponseError for an error status."""
        async with self.session.get(f"{self.control_url}{path}") as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST JSON to a path of the control interface and return the JSON.

        Raises ClientResponseError for an error status.
        """
        async with self.session.post(f"{self.control_url}{path}", json=body) as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found

    def consumer_stats(self) -> list[dict[str, Any]]:
        """Return the consumers' latest figures, as `ConsumerStats` in `consumers`."""
        found: list[dict[str, Any]] = json.loads(self.lines[-1]) if self.lines else []
        return found


def page_address(stage: Stage) -> str:
    """Return the address of the app's page, with the function key that opens it."""
    return f"{stage.host.url}/api/status?code={stage.host.keys.default}"


@asynccontextmanager
async def set_stage(
    seed: Mapping[str, Any],
    app_settings: Mapping[str, str],
    *,
    port: int = 0,
    on_log: Callable[[LogRecord], None] | None = None,
) -> AsyncIterator[Stage]:
    """Start an emulated Azure and the app, and stop both at the end.

    seed: What the emulated Azure has at the beginning.
    app_settings: App settings in addition to those that say where Azure is.
    port: The function app's port; 0 means any free one.
    on_log: Called with each log record of the host.
    Raises RuntimeError if the emulator does not start and OSError if the port is in use.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="key-rotation-demo-")))
        found = await _start_emulator(folder, seed, stack)
        settings = {**found["settings"], **app_settings}
        session = await stack.enter_async_context(aiohttp.ClientSession())
        options = HostOptions(port=port, stop_timeout=5)
        host = FunctionHost(ROOT, settings=settings, host_id="demo", options=options, on_log=on_log)
        stage = Stage(settings, found["control_url"], session, host, _write_settings(folder, settings))
        await stack.enter_async_context(host)
        yield stage
        await _terminate(stage.consumers)


def _write_settings(folder: Path, settings: Mapping[str, str]) -> Path:
    """Write the settings like the Functions tools do, so that the project's command line can use them too."""
    path = folder / "local.settings.json"
    path.write_text(json.dumps({"IsEncrypted": False, "Values": settings}, indent=2))
    return path


async def _start_emulator(folder: Path, seed: Mapping[str, Any], stack: AsyncExitStack) -> dict[str, Any]:
    (folder / "seed.json").write_text(json.dumps(seed))
    output = folder / "azure.json"
    command = [sys.executable, "-m", "lab.emulator", "--seed", str(folder / "seed.json"), "--settings-out", str(output)]
    process = await asyncio.create_subprocess_exec(*command, "--ca-file", str(folder / "ca.pem"), cwd=ROOT)
    stack.push_async_callback(_terminate, process)
    while not output.exists():
        if process.returncode is not None:
            raise RuntimeError(
                f"the emulator ended with exit code {process.returncode} before it was ready; its output above says why"
            )
        await asyncio.sleep(0.05)
    found: dict[str, Any] = json.loads(output.read_text())
    return found


async def start_consumers(stage: Stage, folder: Path) -> None:
    """Start six consumers with an identity that may read secrets and nothing else."""
    await stage.post("/identities", {"name": "consumer"})
    await stage.post("/roles/define", {"identity": "consumer", "definitions": [READER]})
    state = await stage.get("/state")
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


async def _terminate(process: asyncio.subprocess.Process | None) -> None:
    if process is None or process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(25):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
