"""Settings in, a ready `Rotation` out: the only place that chooses real parts.

Nothing here happens at import; the first trigger that needs Azure pays for it. There is one credential, one pool
of connections and one client for each service in a process, all used from the worker's one event loop.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.rotation import Rotation

# Loggers that say at INFO what happens on every call: the worker sends every record to the host.
_TALKATIVE = ("azure", "msal", "aiohttp.access")


class _Process:
    """What this process has opened. The loop is kept beside it: a second loop (a test's) opens its own."""

    rotation: Rotation | None = None
    loop: asyncio.AbstractEventLoop | None = None


async def rotation() -> Rotation:
    """This process's `Rotation`, made on first use. Raises FixConfiguration with every problem in the settings."""
    loop = asyncio.get_running_loop()
    if _Process.rotation is None or _Process.loop is not loop:
        _Process.rotation, _Process.loop = build(os.environ), loop
    return _Process.rotation


def build(environment: Mapping[str, str]) -> Rotation:
    """A `Rotation` over the real parts. Must be called inside the event loop that will use it."""
    from shared.adapters.blob_failures import BlobFailures
    from shared.adapters.blob_lease import BlobLeases
    from shared.adapters.clock import RealClock
    from shared.adapters.connections import Connections
    from shared.adapters.event_grid import EventGrid, LogOnly
    from shared.adapters.identity import open_credential
    from shared.adapters.key_vault import KeyVault
    from shared.adapters.openai_accounts import OpenAIAccounts
    from shared.adapters.openai_endpoint import OpenAIEndpoint
    from shared.perform import Outside
    from shared.rotation import Rotation
    from shared.settings import read_settings

    settings = read_settings(environment)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    credential = open_credential(settings.client_id, environment)
    storage = credential
    if settings.storage.client_id not in (None, settings.client_id):
        storage = open_credential(settings.storage.client_id, environment)
    connections = Connections()
    outside = Outside(
        accounts=OpenAIAccounts(credential, settings.resource_manager, connections),
        endpoint=OpenAIEndpoint(connections),
        vault=KeyVault(credential, connections),
        clock=RealClock(),
    )
    announcer = EventGrid(credential, settings.topic, connections) if settings.topic else LogOnly()
    leases = BlobLeases(settings.storage, storage, connections)
    return Rotation(settings, outside, announcer, leases, BlobFailures(leases.service))
