"""Measures turns from the emulated Azure's journal: the calls that each kind of turn makes, and the time it takes.

Time is given as a multiple of the time that Azure itself takes.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta

from lab.bench.fleet import _close
from lab.emulator.journal import Entry
from lab.emulator.serve import Azure, in_environment, running
from lab.emulator.world import World
from shared.domain.model import Target
from shared.domain.requests import LeakedKey, LeakRequest, Request, RotateRequest
from shared.fleet.rotation import Rotation
from shared.wiring import build

CHAT = "chat"
# About as long as Azure takes; the measurement is about what is added to it.
SECONDS = {"arm.*": 0.3, "kv.*": 0.1, "aoai.models": 0.15, "eg.publish": 0.1, "blob.*": 0.03}
MOST = 13


async def turns() -> list[str]:
    """Take one turn of each kind and return the lines to print."""
    world = World()
    world.add_vault("keys")
    world.add_topic("announcements")
    world.accounts.add(CHAT, tags={"key-rotation": "on", "key-rotation-period": "P30D"})
    async with running(world) as azure:
        with in_environment(azure):
            return await _all(world, azure)


async def _all(world: World, azure: Azure) -> list[str]:
    rotation = build(azure.settings)
    target = (await rotation.fleet.enrolled())[0][0].target
    lines = [await _turn("adopts, as the first in its process and storage account,", azure, rotation, target)]
    for operation, seconds in SECONDS.items():
        world.faults.add(operation, "delay", seconds=seconds, times=0)
    lines.append(await _turn("has nothing to do", azure, rotation, target))
    leak = LeakRequest(key=LeakedKey.PREVIOUS, reason="bench", by="bench")
    lines.append(await _turn("retires a leaked previous key", azure, rotation, target, leak))
    # As the schedule makes it. A request with a caller's name makes one more call, which puts the name on the lease.
    scheduled = RotateRequest(reason="bench")
    lines.append(await _turn("rotates", azure, rotation, target, scheduled))
    lines.append(await _turn("is held back", azure, rotation, target, RotateRequest(reason="bench", by="bench")))
    await _close(rotation)
    return lines


def _challenged(entry: Entry) -> bool:
    """Return True for the vault's 401 to a client's first request, with which Key Vault says where to get a token."""
    return entry.service == "kv" and entry.status == 401


async def _turn(what: str, azure: Azure, rotation: Rotation, target: Target, request: Request | None = None) -> str:
    azure.world.journal.clear()
    began = time.perf_counter()
    outcome = await rotation.turn(target, request)
    took = timedelta(seconds=time.perf_counter() - began).total_seconds()
    entries = [one for one in azure.world.journal.entries if one.service != "identity" and not _challenged(one)]
    azures = sum((one.done or one.time) - one.time for one in entries)
    kinds = Counter(one.service for one in entries)
    parts = ", ".join(f"{name} {count}" for name, count in sorted(kinds.items()))
    share = f", {took / azures:.2f} times Azure's own time" if azures > 0.2 else ""
    return f"turn: a turn that {what} ({outcome.reason}) makes {len(entries)} calls ({parts}; allowed: {MOST}){share}"
