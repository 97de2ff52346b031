"""Scenes: moments at which something is about to happen, each with the turn that makes it happen.

A scene is prepared once and copied for every interruption that a test tries.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from lab.simulation.builders import reports_leak, wants_rotation
from lab.simulation.dates import at, hours, minutes
from lab.simulation.stage import Stage, a_stage
from shared.domain.model import Adopt
from shared.domain.requests import LeakedKey, Request

_prepared: dict[str, Stage] = {}


@dataclass(frozen=True)
class Scene:
    """One scene.

    prepare: Makes the stage on which the turn begins.
    request: What the turn is asked for. None for a turn of the timer.
    versions: How many versions of the secret the turn adds.
    """

    prepare: Callable[[], Awaitable[Stage]]
    request: Request | None = None
    versions: int = 0

    async def open(self) -> Stage:
        """Return a fresh copy of the prepared stage."""
        name = f"{self.prepare.__name__}"
        if name not in _prepared:
            _prepared[name] = await self.prepare()
        return _prepared[name].copy()


async def _lived_until(moment: datetime, **facts: object) -> Stage:
    """A target adopted on day 0, with a tick every six hours until just before the moment. The clock is then there."""
    stage = a_stage(**facts)
    await stage.tick()
    await stage.until(moment - hours(6))
    stage.pass_time(hours(6))
    return stage


async def nothing_published() -> Stage:
    return a_stage()


async def nothing_published_and_strict() -> Stage:
    return a_stage(adopt=Adopt.ROTATE)


async def a_secret_made_by_hand() -> Stage:
    stage = a_stage()
    stage.vault.set_secret(stage.target.secret, stage.value("key2"), tags={"team": "billing"})
    stage.pass_time(minutes(30))
    return stage


async def first_rotation_due() -> Stage:
    return await _lived_until(at(day=30))


async def rotation_due() -> Stage:
    return await _lived_until(at(day=60))


async def overlap_over() -> Stage:
    return await _lived_until(at(day=33))


async def quiet() -> Stage:
    return await _lived_until(at(day=45))


async def overlap_running() -> Stage:
    return await _lived_until(at(day=31))


async def live_key_regenerated_by_hand() -> Stage:
    stage = await _lived_until(at(day=45))
    stage.regenerate_by_hand(stage.live)
    return stage


async def live_key_regenerated_during_the_overlap() -> Stage:
    stage = await _lived_until(at(day=31))
    stage.regenerate_by_hand(stage.live)
    return stage


async def both_keys_regenerated_during_the_overlap() -> Stage:
    stage = await _lived_until(at(day=31))
    stage.regenerate_by_hand("key1")
    stage.regenerate_by_hand("key2")
    return stage


async def sunset_reached() -> Stage:
    return await _lived_until(at(day=45), sunset=at(day=45))


async def keys_switched_off_by_policy() -> Stage:
    stage = await _lived_until(at(day=45))
    stage.switch_keys_off_by_hand()
    return stage


SCENES = {
    "adoption": Scene(nothing_published, versions=1),
    "strict adoption": Scene(nothing_published_and_strict, versions=1),
    "adoption in place": Scene(a_secret_made_by_hand),
    "first rotation": Scene(first_rotation_due, versions=1),
    "rotation": Scene(rotation_due, versions=1),
    "rotation on request": Scene(quiet, wants_rotation(), versions=1),
    "retirement": Scene(overlap_over),
    "drift healing": Scene(live_key_regenerated_by_hand, versions=1),
    "drift healing during the overlap": Scene(live_key_regenerated_during_the_overlap, versions=1),
    "drift healing when both keys changed": Scene(both_keys_regenerated_during_the_overlap, versions=1),
    "leak of the live key": Scene(quiet, reports_leak(), versions=1),
    "leak of the live key during the overlap": Scene(overlap_running, reports_leak(), versions=1),
    "leak of the live key with a wait": Scene(quiet, reports_leak(wait=minutes(5)), versions=1),
    "leak of the previous key": Scene(overlap_running, reports_leak(LeakedKey.PREVIOUS)),
    "leak of both keys": Scene(overlap_running, reports_leak(LeakedKey.BOTH), versions=1),
    "sunset": Scene(sunset_reached),
    "keys switched off by policy": Scene(keys_switched_off_by_policy),
}
