"""A deterministic emulated Azure: fixed host names, numbered keys and ids, and a clock that stands still.

Event ids and sealed tags are calculated from addresses, keys and times. So each of these must be the same in every run,
or recordings could not be compared.
"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from itertools import count
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit
from uuid import UUID

import aiohttp.web_response
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

from lab.emulator import accounts, call_log, directory, vaults
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.world import World
from lab.simulation.dates import START
from shared.adapters import account_hosts

VAULT, TOPIC = "keys", "announcements"
OTHER_SUBSCRIPTION = "00000000-0000-4000-8000-000000000002"
ADDRESSES = {
    "arm": "management.emulated",
    "aoai": "openai.emulated",
    "eg": "events.emulated",
    "blob": "blob.emulated",
    "queue": "queue.emulated",
    "logs": "logs.emulated",
    VAULT: "keys.vault.azure.net",
}
MOST_KEYS = 100


def key_number(number: int) -> str:
    """Return the key with this number: 84 characters, as in Azure, that look random."""
    text = f"the recorded key {number}".encode()
    return (sha256(text).hexdigest() + sha256(text + b"!").hexdigest())[:84]


def key_called(mark: str) -> str:
    """Return the key with this fingerprint of the emulator, which is all that a recording contains."""
    return next(key for key in map(key_number, range(MOST_KEYS)) if accounts.fingerprint(key) == mark)


def is_emulated(url: str) -> bool:
    """Return whether the address is one of the emulated ones, which are all on this machine."""
    return urlsplit(url).hostname in ADDRESSES.values()


class Addresses(AbstractResolver):
    """Resolves the emulated host names to ports of this machine. Other names do not exist."""

    ports: dict[str, int] = {}  # noqa: RUF012 - one world is served at a time

    def __init__(self, **_: Any) -> None:
        pass

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host not in self.ports:
            raise OSError(f"{host} does not exist")
        here = "127.0.0.1"
        return [ResolveResult(hostname=host, host=here, port=self.ports[host], family=family, proto=0, flags=0)]

    async def close(self) -> None:
        pass


@contextmanager
def without_chance() -> Iterator[None]:
    """Number keys, versions and identities in the order in which the emulator makes them, until the block ends."""
    keys, ids = count(), count(1)
    numbered = SimpleNamespace(uuid4=lambda: UUID(int=next(ids)))
    certify = trustme.CA.issue_cert
    with ExitStack() as stack:
        for thing, name, instead in (
            (accounts, "new_key", lambda: key_number(next(keys))),
            (accounts, "uuid", numbered),
            (vaults, "uuid", numbered),
            (directory, "uuid", numbered),
            (call_log, "uuid", numbered),
            (aiohttp, "DefaultResolver", Addresses),
            (account_hosts, "is_loopback", is_emulated),
            (trustme.CA, "issue_cert", lambda self, *names: certify(self, *names, *ADDRESSES.values())),
        ):
            stack.enter_context(patch.object(thing, name, instead))
        yield


def a_world() -> World:
    """Return a world with a vault, a topic and the clock at the start."""
    world = World()
    world.clock.freeze(START)
    world.add_vault(VAULT)
    world.add_topic(TOPIC).subscribe("team")
    return world


@contextmanager
def served(world: World) -> Iterator[Azure]:
    """Serve the world under fixed host names. All services show the time of the world's clock."""
    said = patch.object(
        aiohttp.web_response, "rfc822_formatted_time", lambda: f"{world.clock.utcnow():%a, %d %b %Y %H:%M:%S} GMT"
    )
    with said, running_in_thread(world) as azure:
        _name(azure)
        yield azure


def _name(azure: Azure) -> None:
    """Replace each address in the app's settings by a fixed name."""
    vault = azure.world.vaults[VAULT]
    urls = {**azure.urls, VAULT: vault.url}
    Addresses.ports = {name: int(urls[service].rsplit(":", 1)[1]) for service, name in ADDRESSES.items()}
    azure.world.inference_url = f"https://{ADDRESSES['aoai']}"
    vault.url = f"https://{ADDRESSES[VAULT]}"
    for service, name in ADDRESSES.items():
        for setting, text in azure.settings.items():
            azure.settings[setting] = text.replace(urls[service], f"https://{name}")
