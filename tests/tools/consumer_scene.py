"""An emulated Azure as a consumer sees it, and programs in other languages that run in it as its consumers."""

import json
import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lab.emulator.accounts import Account, Slot, fingerprint
from lab.emulator.directory import Identity
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.world import World

USER = {"name": "May call models", "permissions": [{"dataActions": ["Microsoft.CognitiveServices/accounts/OpenAI/*"]}]}
LEFT_OVER = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_KEY")
SECRET = "chat-key"
ROOT = Path(__file__).resolve().parents[2]
ANSWER = "This is the emulator. It runs no model."


@dataclass(frozen=True)
class Done:
    """A program that has ended: its exit code, and all that it printed."""

    code: int
    out: str
    errors: str


@dataclass
class Scene:
    """The emulated Azure with one account, one vault, and the identity `consumer`, which may call models.

    azure: The served world.
    folder: For files that programs of this scene need.
    trust: The variables that make a language trust the emulator, by the certificate file and a folder.
    hidden: Values that no program may print: the keys so far, and the variables that are left over.
    """

    azure: Azure
    folder: Path
    trust: Callable[[Path, Path], dict[str, str]]
    hidden: list[str] = field(default_factory=list, repr=False)

    @property
    def world(self) -> World:
        """The world that is served."""
        return self.azure.world

    @property
    def account(self) -> Account:
        """The only account."""
        return self.world.accounts.named("chat")

    @property
    def endpoint(self) -> str:
        """The endpoint of the account."""
        return self.world.endpoint(self.account)

    @property
    def vault_url(self) -> str:
        """The address of the vault."""
        return self.azure.settings["ROTATION_VAULT_URL"]

    def environment(self, identity: str | None, **more: str) -> dict[str, str]:
        """Return all variables of a program that runs as an identity of the world, and nothing of this process's."""
        given = {name: self.azure.settings[name] for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "NO_PROXY")}
        client = {} if identity is None else {"AZURE_CLIENT_ID": self.world.directory.identities[identity].client_id}
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "JAVA_HOME") if name in os.environ}
        return {**inherited, **given, **client, **self.trust(self.azure.ca_file, self.folder), **more}

    def left_over(self) -> dict[str, str]:
        """Return key variables that somebody forgot, each with a value of its own that opens nothing."""
        made = {name: secrets.token_hex(16) for name in LEFT_OVER}
        self.hidden.extend(made.values())
        return made

    def publish(self, slot: Slot) -> None:
        """Write the value of a key of the account into the secret."""
        self.world.vaults["keys"].set_secret(SECRET, self.account.keys[slot].value)

    def regenerate(self, slot: Slot) -> None:
        """Give a key of the account a new value. The old one is refused from now on."""
        self.world.accounts.regenerate(self.account.id, slot)
        self.hidden.append(self.account.keys[slot].value)

    def used_last(self, count: int = 1) -> set[str]:
        """Return the fingerprints of the keys of the last calls."""
        return {use.fingerprint for use in self.world.accounts.uses[-count:]}

    def is_used(self, slot: Slot, count: int = 50) -> bool:
        """Whether the last calls, as many as `count`, all carried the present value of a key."""
        return self.used_last(count) == {fingerprint(self.account.keys[slot].value)}

    def reads(self) -> int:
        """Return how often the vault has given out the secret."""
        return self.world.journal.count("kv.getSecret", effect=True)

    def run(self, command: list[str], environment: dict[str, str], folder: Path | None = None) -> Done:
        """Run a program to its end, check that it printed nothing hidden, and return what it said."""
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
        return self.checked(Done(done.returncode, done.stdout, done.stderr))

    def checked(self, done: Done) -> Done:
        """Return what a program said. Fails if a key or a token is in it."""
        printed = done.out + done.errors
        assert not any(value in printed for value in self.hidden)
        assert "eyJ" not in printed  # how each token begins
        return done


@contextmanager
def scene(folder: Path, trust: Callable[[Path, Path], dict[str, str]]) -> Iterator[Scene]:
    """Serve a world in which key 1 of the account is published."""
    world = World()
    world.add_vault("keys")
    world.accounts.add("chat")
    world.directory.add(Identity("consumer"))
    world.give_roles("consumer", [USER])
    with running_in_thread(world) as azure:
        made = Scene(azure, folder, trust)
        made.hidden.extend(key.value for key in made.account.keys.values())
        made.publish("key1")
        yield made


class Runner:
    """A runner of the load proof at work, as lab/prove/consumers starts it."""

    def __init__(self, command: list[str], environment: dict[str, str], scene: Scene) -> None:
        self._scene = scene
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in `stop` or `kill`
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        assert first == "ready\n", f"{first}{self._said()}"

    def stop(self) -> dict[str, Any]:
        """Close the input, wait for the end and return the line of results."""
        out, _ = self._process.communicate()
        said = self._said()
        self._errors.close()
        done = self._scene.checked(Done(self._process.returncode, out, said))
        assert done.code == 0, done.errors
        result: dict[str, Any] = json.loads(done.out)
        assert sum(result["latency_ms"].values()) == result["made"]
        return result

    def kill(self) -> None:
        """End the process if a test has not stopped it."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
        self._errors.close()

    def _said(self) -> str:
        self._errors.seek(0)
        return self._errors.read()


@contextmanager
def running(command: list[str], scene: Scene, *, max_age: float, callers: int = 8) -> Iterator[Runner]:
    """Start a runner with key variables that are left over, and yield it when each caller had an answer."""
    settings = {
        "OPENAI_BASE_URL": f"{scene.endpoint}openai/v1/", "VAULT_URL": scene.vault_url, "SECRET_NAME": SECRET,
        "DEPLOYMENT": "gpt-4o", "CONSUMERS": str(callers), "MAX_AGE_SECONDS": str(max_age), "PAUSE_MS": "5",
    }  # fmt: skip
    runner = Runner(command, scene.environment("app", **scene.left_over(), **settings), scene)
    try:
        yield runner
    finally:
        runner.kill()


def until(condition: Callable[[], bool], patience: float = 120.0) -> None:
    """Wait until a condition holds. Fails when the patience, in seconds, is over."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "the condition did not come true"
        time.sleep(0.02)


def until_calls(scene: Scene, count: int) -> None:
    """Wait until there were as many further calls of models with a key."""
    wanted = len(scene.world.accounts.uses) + count
    until(lambda: len(scene.world.accounts.uses) >= wanted)


def demand(lack: str | None) -> None:
    """Fail in CI if a toolchain is missing, and elsewhere skip the test and say what is missing."""
    if lack is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(lack)
