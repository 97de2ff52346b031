"""The processes beside the app that a measurement needs: the emulated Azure, and Azurite if it is installed."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lab.bench.fleets.cases import Plan

ROOT = Path(__file__).resolve().parents[3]
_PAUSE = 0.05
_PORTS = range(20_000, 30_000)  # below those that Linux gives to whoever asks for any
# Not a secret: every Azurite has this account and this key.
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass(frozen=True)
class ServedAzure:
    """An emulated Azure in another process.

    settings: The settings that an app needs to use it.
    control: The address of its control interface.
    """

    settings: dict[str, str]
    control: str


@asynccontextmanager
async def an_azure(plan: Plan) -> AsyncIterator[ServedAzure]:
    """Serve what a plan says until the block ends. Raises RuntimeError if the process ends before it is ready."""
    with tempfile.TemporaryDirectory(prefix="key-rotation-bench-") as folder:
        given, output = Path(folder) / "plan.json", Path(folder) / "settings.json"
        plan.write(given)
        command = [sys.executable, "-m", "lab.bench.fleets.served", str(given), str(output)]
        async with _process(command) as process:
            while not output.exists():
                if process.returncode is not None:
                    raise RuntimeError("the emulated Azure did not start; its output above says why")
                await asyncio.sleep(_PAUSE)
            found = json.loads(output.read_text())
            yield ServedAzure(found["settings"], found["control"])


@asynccontextmanager
async def a_storage(azurite: str | None) -> AsyncIterator[dict[str, str]]:
    """Run Azurite, if there is one, until the block ends. Yields the settings with which an app uses it, or none.

    azurite: The command that starts it.
    """
    if azurite is None:
        yield {}
        return
    blob, queue, table = _free_ports(3)
    ports = ["--blobPort", str(blob), "--queuePort", str(queue), "--tablePort", str(table)]
    options = ["--silent", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]
    async with _process([azurite, *options, *ports]) as process:
        await _listening(blob, process)
        await _listening(queue, process)
        addresses = f"BlobEndpoint=http://127.0.0.1:{blob}/{_ACCOUNT};QueueEndpoint=http://127.0.0.1:{queue}/{_ACCOUNT}"
        connection = f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_KEY};{addresses}"
        yield {"AzureWebJobsStorage": connection}


@asynccontextmanager
async def _process(command: list[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    # What they say in the middle of a table is of no use. Errors go to another stream.
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _free_ports(count: int) -> list[int]:
    """Return ports that are free now, and that the system does not give to somebody else a moment later."""
    free: list[int] = []
    for port in secrets.SystemRandom().sample(_PORTS, len(_PORTS)):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            free.append(port)
        if len(free) == count:
            break
    return free


async def _listening(port: int, process: asyncio.subprocess.Process) -> None:
    """Return when the process listens on a port of this machine. Raises RuntimeError if it has ended."""
    while process.returncode is None:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(_PAUSE)
    raise RuntimeError("Azurite did not start; its output above says why")
