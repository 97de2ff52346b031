"""Runs `main` in this process against the emulated Azure, which another thread serves over TLS."""

import gc
import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.core.pipeline.transport import AsyncHttpTransport

import shared.turns.perform
import shared.turns.proof
from cli.__main__ import main
from lab.emulator.accounts import Account
from lab.emulator.seed import VAULT
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.topics import Topic
from lab.emulator.world import World
from lab.simulation.published import publish_as_rotated
from lab.simulation.tripwire import no_key_is_ever_shown, planted_key, wire
from shared.domain.names import STORAGE
from shared.settings.environment import NAMES
from tests.support.answering import answering

__all__ = ["answering", "no_key_is_ever_shown"]  # the second is an autouse fixture

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Printed:
    """What one command printed, and its exit code.

    code: The exit code.
    out: Standard output.
    err: Standard error.
    """

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """The lines of standard output."""
        return self.out.splitlines()


@dataclass
class Terminal:
    """A terminal and an emulated Azure: run commands, change the settings, change the accounts and the vault."""

    azure: Azure
    monkeypatch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    _plain: dict[str, str] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.azure.world

    def type(self, *words: str) -> Printed:
        """Run a command. The tripwire checks that nothing it prints holds a key."""
        self.plant()
        code = main(words)
        printed = self.capture.readouterr()
        self.plant()
        wire.hear(printed.out, printed.err)
        return Printed(code, printed.out, printed.err)

    def json(self, *words: str) -> Printed:
        """Run a command with `--json`."""
        return self.type(*words, "--json")

    def plant(self) -> None:
        """Tell the tripwire which keys there are now."""
        wire.plant(*(key.value for account in self.world.accounts for key in account.keys.values()))

    def set(self, **settings: str | None) -> None:
        """Change settings in the environment. None removes one."""
        for name, text in settings.items():
            self.monkeypatch.delenv(name, raising=False) if text is None else self.monkeypatch.setenv(name, text)

    def account(self, name: str = "chat") -> Account:
        """Return an account of the emulated Azure."""
        return self.world.accounts.named(name)

    @property
    def vault(self) -> Any:
        """The emulated vault."""
        return self.world.vaults[VAULT]

    @property
    def topic(self) -> Topic:
        """The emulated topic."""
        return self.world.topics["announcements"]

    def works(self, name: str = "chat") -> bool:
        """Return whether the account accepts the key that the vault holds (P1)."""
        value = self.vault.get_secret(f"{name}-key").value
        return self.world.accounts.key_accepted(self.account(name), value)

    def publish(self, name: str = "chat", *, days_ago: float, period: float = 30, **changes: Any) -> None:
        """Publish key 1 as a rotation some days ago would have: key 2 is the spare, and everything is announced."""
        since = datetime.now(UTC) - timedelta(days=days_ago)
        publish_as_rotated(self.world, self.account(name), since, period=timedelta(days=period), vault=VAULT, **changes)

    def begin_afresh(self, name: str = "chat") -> None:
        """Enrol the account so that it begins with a fresh key, and run its first turn."""
        facts = {"account": self.account(name).id, "adopt": "rotate", "owner": "a", "sunset": "2099-12-31"}
        self.set(ROTATION_TARGETS=json.dumps([facts]))
        self.type("rotate", name)


def add(world: World, name: str, **facts: Any) -> Account:
    """Add an account whose keys the tripwire recognizes."""
    return world.accounts.add(name, key1=planted_key(), key2=planted_key(), **facts)


@pytest.fixture
def azure() -> Iterator[Azure]:
    """An emulated Azure with two accounts that are enrolled by a tag."""
    world = World()
    world.add_vault(VAULT)
    world.add_topic("announcements").subscribe("team")
    for name in ("chat", "search"):
        add(world, name, tags={"key-rotation": "on", "key-rotation-owner": f"{name}-team"})
    with running_in_thread(world) as served:
        yield served


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Azure clients retry without delay, and a proof gives up after a fraction of a second."""

    async def sleep(self: AsyncHttpTransport, duration: float) -> None:
        pass

    monkeypatch.setattr(AsyncHttpTransport, "sleep", sleep)
    for name in ("PATIENCE", "LONG_PATIENCE"):
        monkeypatch.setattr(shared.turns.perform, name, timedelta(seconds=0.4))
    monkeypatch.setattr(shared.turns.proof, "PATIENCE", timedelta(seconds=0.4))


@pytest.fixture
def terminal(azure: Azure, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    """A terminal with the settings of the emulated Azure and no others.

    At its end it collects what ended with the event loops of its commands: a TLS connection whose loop ends while it is
    being closed says so once it is collected, in whatever test runs then.
    """
    for name in (*NAMES, STORAGE):
        monkeypatch.delenv(name, raising=False)
    for name, text in azure.settings.items():
        monkeypatch.setenv(name, text)
    for name in ("azure", "msal", "aiohttp.access"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.WARNING)
    yield Terminal(azure, monkeypatch, capsys)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
