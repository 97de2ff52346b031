"""One drill: it sets up the scenario, reports the leak over HTTP, and measures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import aiohttp

from lab.emulator.accounts import Lag
from lab.emulator.directory import Identity
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.world import World
from lab.funchost.host import FunctionHost
from lab.prove.drill.consumers import Figures, consumers
from lab.simulation.published import publish_as_rotated

ROOT = Path(__file__).resolve().parents[3]
CHAT = "chat"
# Response times of Azure in seconds. Without them the drill would measure this machine only.
SECONDS = {"arm.regenerateKey": 0.8, "arm.listKeys": 0.2, "kv.*": 0.1, "aoai.models": 0.15, "eg.publish": 0.1}
SECONDS |= {"aoai.chat": 0.05}
SETTINGS = {"ROTATION_SCHEDULE": "0 0 0 1 1 *", "FUNCTIONS_WORKER_RUNTIME": "python"}
APP = ("arm.*", "kv.*", "aoai.models", "eg.*", "blob.*", "identity.*")
CONSUMER = "consumer"
READER = {
    "name": "Secret reader",
    "permissions": [{"dataActions": ["Microsoft.KeyVault/vaults/secrets/getSecret/action"]}],
}


class Scenario(StrEnum):
    """What else happens when the leak is reported."""

    QUIET = "nothing else is going on"
    OVERLAP = "the overlap of a rotation runs"
    STUCK = "a scheduled turn holds the target and waits for an answer"
    PROVING = "a scheduled turn holds the target and is proving its key"


AGES = {Scenario.OVERLAP: 1, Scenario.STUCK: 31, Scenario.PROVING: 31}  # days that key 1 has been live
HOLDING = {Scenario.STUCK: "arm.regenerateKey", Scenario.PROVING: "aoai.models"}


@dataclass(frozen=True)
class Drill:
    """The result of one drill.

    scenario: What else happened.
    status: The HTTP status of the answer to the report.
    report: The body of that answer.
    took: Seconds until the answer.
    azure: The sum of Azure's own response times to the app meanwhile, in seconds.
    consumers: The results of the consumers' requests.
    leaked_is_refused: Whether the leaked key was refused at the end.
    broken: What failed, in words.
    """

    scenario: Scenario
    status: int
    report: dict[str, Any]
    took: float
    azure: float
    consumers: Figures
    leaked_is_refused: bool
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        leaked = self.report.get("leakedKeys") or [{}]
        return (
            f"{self.scenario}: answered {self.status} after {self.took:.1f} s, of which Azure's own answers "
            f"{self.azure:.1f} s ({self.took / self.azure:.2f} times); last accepted {leaked[0].get('lastAccepted')}, "
            f"refused from {leaked[0].get('refusedFrom')}; consumers made {self.consumers.made} requests, "
            f"{self.consumers.repeated} repeated after a 401, {len(self.consumers.failed)} failed"
        )


async def drill(scenario: Scenario, many: int = 4, stuck: float = 30.0) -> Drill:
    """Play this scenario with this many consumers. What failed is listed in `broken`.

    stuck: For how many seconds Azure does not answer in the scenario in which it does not.
    """
    with running_in_thread(_world()) as azure:
        async with FunctionHost(ROOT, settings={**azure.settings, **SETTINGS}) as host, aiohttp.ClientSession() as http:
            leaked = azure.world.accounts.named(CHAT).keys["key1"].value
            _set_up(scenario, azure, stuck)
            with consumers(azure, CHAT, CONSUMER, many) as figures:
                await _until(lambda: figures.made >= 3 * many)
                if scenario in HOLDING:
                    await _start_a_long_turn(host, azure, HOLDING[scenario])
                seen, began = len(azure.world.journal.entries), time.monotonic()
                status, report = await _report(host, http)
                took = time.monotonic() - began
                answers = _answers(azure, seen)
                made = figures.made
                await _until(lambda: figures.made >= made + 3 * many)
            await host.idle(60)
            account = azure.world.accounts.named(CHAT)
            refused = not azure.world.accounts.key_accepted(account, leaked)
            works = azure.world.accounts.key_accepted(account, _published(azure))
            return Drill(
                scenario, status, report, took, answers, figures, refused, _broken(status, figures, refused, works)
            )


def _world() -> World:
    """Return a world with an account that still accepts an old key for a second after it was regenerated."""
    world = World()
    world.add_vault("keys")
    world.add_topic("announcements")
    world.accounts.add(CHAT, tags={"key-rotation": "on"}, lag=Lag(old_for=1.0))
    world.directory.add(Identity(CONSUMER))
    world.give_roles(CONSUMER, [READER])
    return world


def _set_up(scenario: Scenario, azure: Azure, stuck: float) -> None:
    """Publish key 1 as live for ten days, or for longer than its period if the scenario needs a scheduled turn."""
    account = azure.world.accounts.named(CHAT)
    since = datetime.now(UTC) - timedelta(days=AGES.get(scenario, 10))
    overlap: dict[str, Any] = {"until": since + timedelta(days=3)} if scenario is Scenario.OVERLAP else {}
    publish_as_rotated(azure.world, account, since, **overlap)
    for operation, seconds in SECONDS.items():
        azure.world.faults.add(operation, "delay", seconds=seconds, times=0)
    if scenario is Scenario.STUCK:
        azure.world.faults.add("arm.regenerateKey", "delay", seconds=stuck, when="after")
    if scenario is Scenario.PROVING:
        account.lag.new_after = 8.0


async def _start_a_long_turn(host: FunctionHost, azure: Azure, operation: str) -> None:
    await host.fire_timer("tick")
    await _until(lambda: any(True for _ in azure.world.journal.find(operation)))


def _published(azure: Azure) -> str:
    return str(azure.world.vaults["keys"].get_secret(f"{CHAT}-key").value)


async def _report(host: FunctionHost, http: aiohttp.ClientSession) -> tuple[int, dict[str, Any]]:
    url, headers = f"{host.url}/api/targets/{CHAT}/leak", {"x-functions-key": host.keys.default}
    body = {"key": "live", "reason": "found in a public repository"}
    async with http.post(url, json=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


def _answers(azure: Azure, seen: int) -> float:
    """Return the sum of Azure's response times to the app's calls, in seconds."""
    entries = azure.world.journal.entries[seen:]
    ours = [entry for entry in entries if fnmatch_any(entry.operation, APP) and entry.caller != CONSUMER]
    return sum((entry.done or entry.time) - entry.time for entry in ours)


def fnmatch_any(text: str, patterns: tuple[str, ...]) -> bool:
    """Return whether the text matches one of these shell patterns."""
    return any(fnmatchcase(text, pattern) for pattern in patterns)


async def _until(is_true: Callable[[], bool], limit: float = 60) -> None:
    async with asyncio.timeout(limit):
        while not is_true():  # noqa: ASYNC110 - other threads change it
            await asyncio.sleep(0.02)


def _broken(status: int, figures: Figures, refused: bool, works: bool) -> list[str]:
    found = [] if status == 200 else [f"the leak was answered {status}"]
    found += [f"a consumer failed: {what}" for what in figures.failed]
    found += [] if refused else ["the leaked key is still accepted"]
    return found + ([] if works else ["the published key is not accepted"])
