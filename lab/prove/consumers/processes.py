"""The processes of the consumers: they are started, watched and ended, and their figures are read."""

from __future__ import annotations

import asyncio
import json
import os
import re
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from lab.emulator.accounts import Account
from lab.prove.consumers.kinds import Start, trust
from lab.prove.consumers.site import Site, identity_of
from lab.prove.consumers.timetable import Timetable

ROOT = Path(__file__).resolve().parents[3]
INHERITED = ("PATH", "HOME", "JAVA_HOME", "LANG", "TMPDIR")
UNTIL_READY = 400.0  # real seconds; many processes start at once
UNTIL_ENDED = 120.0
LONGEST_LINE = 2**24
LONG_WORD = re.compile(r"\S{32,}")


@dataclass
class Figures:
    """What one process reports at its end.

    made: Requests made. A request that was repeated counts once.
    repeated: Requests that went out again after a 401.
    failed: The error of each request that failed for its caller.
    latency_ms: How many requests took each whole number of milliseconds.
    """

    made: int = 0
    repeated: int = 0
    failed: list[str] = field(default_factory=list)
    latency_ms: dict[int, int] = field(default_factory=dict)


@dataclass
class Consumer:
    """One process of consumers.

    kind: What kind it is.
    account: The account that it calls.
    callers: How many callers it has.
    max_age: For how many seconds it uses a key that it has read.
    figures: What it reported at its end. None until then, and if it reported nothing.
    problem: What went wrong with the process itself. Empty: nothing.
    said: The end of what it wrote to standard error, without words that are long enough to be a key.
    """

    kind: str
    account: Account
    callers: int
    max_age: float
    figures: Figures | None = None
    problem: str = ""
    said: str = ""
    _process: asyncio.subprocess.Process | None = None
    _errors: IO[str] | None = None

    @property
    def identity(self) -> str:
        """The name of its identity."""
        return identity_of(self.account.name, self.kind)

    async def start(self, command: tuple[str, ...], environment: Mapping[str, str], errors: IO[str]) -> None:
        """Start the process and return when each of its callers had an answer. Raises RuntimeError if it ends first."""
        pipe, self._errors = asyncio.subprocess.PIPE, errors
        self._process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=errors, limit=LONGEST_LINE
        )
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), UNTIL_READY)
        if line != b"ready\n":
            raise RuntimeError(f"The consumers {self.identity} did not start: {self._said()}")

    async def stop(self) -> None:
        """Let its callers end, and read what it reports."""
        if (process := self._process) is None or process.stdout is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            text = await asyncio.wait_for(process.stdout.read(), UNTIL_ENDED)
            code = await asyncio.wait_for(process.wait(), UNTIL_ENDED)
            self.figures, self.said = _figures(text), self._said()[-300:].strip()
            self.problem = f"it ended with code {code}: {self._said()}" if code else ""
        except (TimeoutError, ValueError) as error:
            self.problem = f"it reported nothing that can be read ({type(error).__name__}): {self._said()}"

    async def end(self) -> None:
        """Kill the process if it still runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def _said(self) -> str:
        if self._errors is None:
            return ""
        self._errors.seek(0)
        return LONG_WORD.sub("...", self._errors.read()[-2000:])


@asynccontextmanager
async def calling(site: Site, timetable: Timetable, kinds: Mapping[str, Start]) -> AsyncIterator[list[Consumer]]:
    """Let consumers of all kinds call all accounts until the block ends, and read their figures then.

    Raises RuntimeError if a process does not start, and what a kind raises whose toolchain is missing.
    """
    callers = timetable.callers(len(kinds))
    made = [
        Consumer(kind, account, callers, timetable.age(number))
        for number, account in enumerate(site.accounts)
        for kind in kinds
    ]
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="load-proof-trust-")))
        trusting = trust(site.azure.ca_file, folder)
        commands = {kind: stack.enter_context(start()) for kind, start in kinds.items()}
        async with asyncio.TaskGroup() as group:
            for one in made:
                stack.push_async_callback(one.end)
                errors = stack.enter_context(tempfile.TemporaryFile("w+"))  # noqa: SIM115 - the stack closes it
                environment = _environment(site, timetable, one) | trusting
                group.create_task(one.start(commands[one.kind], environment, errors))
        yield made
        await asyncio.gather(*(one.stop() for one in made))


def _environment(site: Site, timetable: Timetable, one: Consumer) -> dict[str, str]:
    given = {
        name: site.azure.settings[name] for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "NO_PROXY", "no_proxy")
    }
    return {
        **{name: os.environ[name] for name in INHERITED if name in os.environ},
        **given,
        "OPENAI_BASE_URL": f"{site.world.endpoint(one.account)}openai/v1/",
        "VAULT_URL": site.azure.settings["ROTATION_VAULT_URL"],
        "SECRET_NAME": f"{one.account.name}-key",
        "DEPLOYMENT": "gpt-4o",
        "CONSUMERS": str(one.callers),
        "MAX_AGE_SECONDS": str(one.max_age),
        "PAUSE_MS": str(timetable.pause_ms),
        "AZURE_CLIENT_ID": site.world.directory.identities[one.identity].client_id,
    }


def _figures(text: bytes) -> Figures:
    """Return the figures in the last line of a text. Raises ValueError if there are none."""
    try:
        read = json.loads(text.splitlines()[-1])
        latency = {int(ms): int(many) for ms, many in read["latency_ms"].items()}
        return Figures(int(read["made"]), int(read["repeated"]), list(map(str, read["failed"])), latency)
    except (IndexError, KeyError, TypeError, AttributeError) as error:
        raise ValueError("there are no figures in what it printed") from error
