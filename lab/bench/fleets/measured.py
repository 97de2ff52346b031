"""Measures one fleet: ticks until the work is done, and counts in the emulated Azure's records what was done."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lab.bench.fleets.bounds import WRITES, Bound, azure_bound
from lab.bench.fleets.cases import Case
from lab.bench.fleets.served import vault_of
from lab.bench.fleets.site import Site, a_site

_AZURE = ("arm", "kv", "aoai", "eg")
_LIMIT = 3600.0
type Record = Mapping[str, Any]


@dataclass(frozen=True)
class Figures:
    """What happened in one measurement.

    rotated: How many targets got a new version of their secret.
    looked: How many targets had their keys listed.
    given_up: How many messages were moved to the poison queue.
    failed: How many targets were announced as failed.
    calls: How many calls Azure answered, storage and tokens left out.
    refused: How many of them with 429.
    writes: How many writes each subscription did.
    seconds: How long it took, from the tick to the last call.
    ticks: How many ticks it took.
    """

    rotated: int
    looked: int
    given_up: int
    failed: int
    calls: int
    refused: int
    writes: Mapping[str, int]
    seconds: float
    ticks: int = 1


@dataclass(frozen=True)
class FleetRow:
    """One line of the table.

    case: The fleet.
    instances: How many instances the app had.
    figures: What happened.
    bound: What it is compared with.
    """

    case: Case
    instances: int
    figures: Figures
    bound: Bound

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the line."""
        found, bound = self.figures, self.bound
        share = 100 * found.refused / found.calls if found.calls else 0
        return (
            self.case.title,
            str(self.instances),
            str(self.case.due) if self.case.due else "-",
            f"{found.rotated} rotated" if self.case.due else f"{found.looked} looked at",
            f"{found.given_up} / {found.failed}",
            f"{found.refused} of {found.calls} ({share:.1f} %)",
            f"{found.seconds:.0f} s" + (f" in {found.ticks} ticks" if found.ticks > 1 else ""),
            f"{bound.azure:.0f} s",
            "-" if bound.machine is None else f"{bound.machine:.0f} s",
            self._ratio(),
        )

    def _ratio(self) -> str:
        """Return how the time compares with the bound, if all were rotated and there is a bound."""
        if self.figures.rotated < self.case.due:
            return "not all"
        return f"{self.figures.seconds / self.bound.seconds:.2f}" if self.bound.seconds else "-"


async def measure(case: Case, instances: int, azurite: str | None, *, machine: bool = True) -> FleetRow:
    """Measure a fleet with so many instances of the app.

    azurite: The command that starts Azurite, or None.
    machine: Measure first what this machine takes without limits.
    """
    alone = None
    if machine:
        alone = (await _run(replace(case, plan=case.plan.alone()), instances, azurite)).seconds
    figures = await _run(case, instances, azurite)
    return FleetRow(case, instances, figures, Bound(azures_bound(case, figures), alone))


def azures_bound(case: Case, figures: Figures) -> float:
    """Return what Azure allows at best for the targets that are due; if none is, for the writes that were made."""
    plan = case.plan
    if not case.due:
        return azure_bound(figures.writes.values(), (), pages=case.pages)
    numbers = range(plan.accounts - case.due, plan.accounts)
    writes = Counter(plan.subscription(number) for number in numbers)
    versions = Counter(vault_of(plan, number) for number in numbers)
    each = [count * WRITES for count in writes.values()]
    return azure_bound(each, versions.values(), others=plan.others, pages=case.pages)


async def _run(case: Case, instances: int, azurite: str | None) -> Figures:
    async with a_site(case.plan, instances, azurite=azurite) as site:
        took, rotated = 0.0, -1
        for ticks in range(1, case.ticks + 1):
            began = time.time()
            await site.tick(_LIMIT)
            entries = (await site.look("/journal"))["entries"]
            took += _ended(entries, began) - began
            figures = await _figures(site, entries, took, ticks)
            if figures.rotated in (case.due, rotated):
                break
            rotated = figures.rotated
        return figures


async def _figures(site: Site, entries: Iterable[Record], took: float, ticks: int) -> Figures:
    events = (await site.look("/events"))["events"]
    return counted(entries, events, given_up=site.given_up(), took=took, ticks=ticks)


def counted(entries: Iterable[Record], events: Iterable[Record], *, given_up: int, took: float, ticks: int) -> Figures:
    """Return the figures of a measurement from Azure's records of calls and events."""
    calls = [one for one in entries if one["service"] in _AZURE and one["status"] != 401]
    failed = {one["event"]["source"] for one in events if one["event"]["type"] == "KeyRotation.RotationFailed"}
    return Figures(
        rotated=_targets(calls, "kv.setSecret"),
        looked=_targets(calls, "arm.listKeys"),
        given_up=given_up,
        failed=len(failed),
        calls=len(calls),
        refused=sum(one["status"] == 429 for one in calls),
        writes=Counter(_subscription(one) for one in calls if _is_write(one)),
        seconds=took,
        ticks=ticks,
    )


def _targets(calls: Iterable[Record], operation: str) -> int:
    """Return for how many targets an operation was carried out."""
    return len({one["target"] for one in calls if one["operation"] == operation and one["effect"]})


def _ended(entries: Iterable[Record], began: float) -> float:
    """Return when the last call to Azure was answered."""
    return max((one["done"] or one["time"] for one in entries if one["service"] in _AZURE), default=began)


def _is_write(one: Record) -> bool:
    return one["operation"] in ("arm.listKeys", "arm.regenerateKey", "arm.updateAccount") and one["effect"]


def _subscription(one: Record) -> str:
    return str(one["target"]).split("/")[2]
