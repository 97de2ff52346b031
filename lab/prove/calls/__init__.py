"""Fault injection in real processes: each outgoing call of each scene fails in each way, and every promise holds.

The function app runs in the local host, in a process of its own, and calls the emulated Azure over TLS. The calls of a
scene are recorded once without a fault. Then the scene is set up again for each call and each fault, played until the
app is at rest, and judged from outside (`watcher`, `promises`).

What it cannot see: two faults in one history, two processes at one target, and behaviour of Azure that the emulator
does not have. All scenes take several minutes on two cores; `--sample` plays fewer cases.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from lab.prove.calls.faults import ALL, SHORT, Call, Fault, pairs
from lab.prove.calls.figures import Figures, SceneFigures
from lab.prove.calls.scenes import SCENES
from lab.prove.calls.testbed import a_testbed
from lab.prove.calls.trial import Case, Result, play, record

__all__ = ["ALL", "SCENES", "SHORT", "Call", "Case", "Fault", "Figures", "Result", "SceneFigures", "run"]


def run(
    only: str | None = None,
    sample: int | None = None,
    faults: Sequence[Fault] = ALL,
    processes: int = 2,
    testbeds: int = 3,
) -> Figures:
    """Play every case and return the figures.

    only: The name of one scene. Default: all. Raises KeyError if there is no such scene.
    sample: How many cases of each scene to play, evenly spread. Default: all.
    faults: The faults to try.
    processes: How many processes play at the same time.
    testbeds: How many testbeds each process has. A case mostly waits (for a client's retry, for a lease), so one
        process can play several cases at the same time.
    """
    began = time.monotonic()
    names = [SCENES[only].name] if only else list(SCENES)
    calls = asyncio.run(_record(names))
    cases = {name: _spread([Case(name, *pair) for pair in pairs(calls[name], faults)], sample) for name in names}
    results = _play_all([case for name in names for case in cases[name]], processes, testbeds)
    figures = [_figures(name, sum(not call.next_tick for call in calls[name]), results) for name in names]
    failures = tuple(result for result in results if result.broken)
    return Figures(tuple(figures), failures, time.monotonic() - began)


async def _record(names: Iterable[str]) -> dict[str, tuple[Call, ...]]:
    async with a_testbed() as testbed:
        return {name: await record(testbed, SCENES[name]) for name in names}


def _spread(cases: list[Case], sample: int | None) -> list[Case]:
    if sample is None or sample >= len(cases):
        return cases
    return [cases[index * len(cases) // sample] for index in range(sample)]


def _play_all(cases: list[Case], processes: int, testbeds: int) -> list[Result]:
    """Distribute the cases in turn, so that the slow ones do not all end up in one process."""
    if processes == 1:
        return _play(cases, testbeds)
    shares = [cases[start::processes] for start in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return [result for share in pool.map(_play, shares, [testbeds] * processes) for result in share]


def _play(cases: list[Case], testbeds: int) -> list[Result]:
    return asyncio.run(_play_at(testbeds, cases))


async def _play_at(testbeds: int, cases: list[Case]) -> list[Result]:
    """Play the cases; each testbed takes the next one as soon as it is free."""
    remaining = iter(cases)

    async def play_next() -> list[Result]:
        async with a_testbed() as testbed:
            return [await play(testbed, case) for case in remaining]

    several = range(min(testbeds, len(cases)))
    shares = await asyncio.gather(*(play_next() for _ in several))
    return [result for share in shares for result in share]


def _figures(name: str, calls: int, results: Iterable[Result]) -> SceneFigures:
    mine = [result for result in results if result.case.scene == name]
    faults = len({result.case.fault.name for result in mine})
    return SceneFigures(name, calls, faults, len(mine), sum(not result.broken for result in mine))
