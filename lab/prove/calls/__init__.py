"""Every call, in real processes: each outgoing call of each scene goes wrong in each way, and every promise holds.

The function app runs in the local host as a process of its own, the emulated Azure is reached over TLS. A scene's
calls are recorded once, when nothing goes wrong; then the scene is set anew for each call and each fault, played
until the app is at rest, and judged from outside.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from lab.prove.calls.faults import ALL, SHORT, Call, Fault, pairs
from lab.prove.calls.figures import Figures, SceneFigures
from lab.prove.calls.place import a_place
from lab.prove.calls.scenes import SCENES
from lab.prove.calls.trial import Case, Result, play, record

__all__ = ["ALL", "SCENES", "SHORT", "Call", "Case", "Fault", "Figures", "Result", "SceneFigures", "run"]


def run(
    only: str | None = None,
    sample: int | None = None,
    faults: Sequence[Fault] = ALL,
    processes: int = 2,
    places: int = 3,
) -> Figures:
    """Play every case, or of each scene a sample of so many, evenly spread. A KeyError for a scene nobody knows.

    Much of a case is waiting (for a client that asks again, for a lease), so each process plays at several places.
    """
    began = time.monotonic()
    names = [SCENES[only].name] if only else list(SCENES)
    calls = asyncio.run(_record(names))
    cases = {name: _spread([Case(name, *pair) for pair in pairs(calls[name], faults)], sample) for name in names}
    results = _play_all([case for name in names for case in cases[name]], processes, places)
    figures = [_figures(name, len(calls[name]), results) for name in names]
    failures = tuple(result for result in results if result.broken)
    return Figures(tuple(figures), failures, time.monotonic() - began)


async def _record(names: Iterable[str]) -> dict[str, tuple[Call, ...]]:
    async with a_place() as place:
        return {name: await record(place, SCENES[name]) for name in names}


def _spread(cases: list[Case], sample: int | None) -> list[Case]:
    if sample is None or sample >= len(cases):
        return cases
    return [cases[index * len(cases) // sample] for index in range(sample)]


def _play_all(cases: list[Case], processes: int, places: int) -> list[Result]:
    """Cases are dealt like cards, so that slow ones do not gather in one process."""
    if processes == 1:
        return _play(cases, places)
    hands = [cases[start::processes] for start in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return [result for hand in pool.map(_play, hands, [places] * processes) for result in hand]


def _play(cases: list[Case], places: int) -> list[Result]:
    return asyncio.run(_play_at(places, cases))


async def _play_at(places: int, cases: list[Case]) -> list[Result]:
    """Each place takes the next case as soon as it is free."""
    pile = iter(cases)

    async def play_next() -> list[Result]:
        async with a_place() as place:
            return [await play(place, case) for case in pile]

    tables = range(min(places, len(cases)))
    hands = await asyncio.gather(*(play_next() for _ in tables))
    return [result for hand in hands for result in hand]


def _figures(name: str, calls: int, results: Iterable[Result]) -> SceneFigures:
    mine = [result for result in results if result.case.scene == name]
    faults = len({result.case.fault.name for result in mine})
    return SceneFigures(name, calls, faults, len(mine), sum(not result.broken for result in mine))
