"""Measures leaks: how long until the leaked key is refused, and until the answer comes, in fleets of several sizes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lab.bench.fleets.bounds import LEAK_CALLS
from lab.bench.fleets.cases import Plan
from lab.bench.fleets.served import account_name
from lab.bench.fleets.site import Site, a_site
from shared.domain.keys import ApiKey

SIZES = (1, 20, 100)
LATENCY = 0.2
_SERVICES = ("arm.*", "kv.*", "aoai.*", "eg.*", "blob.*", "queue.*")
_LEAKED = "key1"  # the key that is published at the beginning
_REASON = "bench"
# A tick looks at every target: one that was ever looked at has the blob of its lease, which a leak need not make.
_SETTINGS = {"ROTATION_LOOK_EVERY": "PT10M"}


@dataclass(frozen=True)
class LeakRow:
    """One line of the table.

    subscriptions: How many subscriptions the fleet has. The account is in the last one.
    by: How the report names the target.
    ended: When the account refused the leaked key, in seconds after the report. None: it did not.
    answered: When the answer came, in seconds after the report.
    status: The answer's status.
    """

    subscriptions: int
    by: str
    ended: float | None
    answered: float
    status: int

    @property
    def needed(self) -> float:
        """The sum of the latencies of the calls that are needed, in seconds."""
        return LEAK_CALLS * LATENCY

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the line."""
        ended = "never" if self.ended is None else f"{self.ended:.1f} s"
        ratio = "-" if self.ended is None else f"{self.ended / self.needed:.2f}"
        answered = f"{self.answered:.1f} s ({self.status})"
        return (str(self.subscriptions), self.by, ended, answered, f"{self.needed:.1f} s", ratio)


async def leaks(sizes: Iterable[int] = SIZES) -> list[LeakRow]:
    """Measure leaks at each number of subscriptions, in a process that has handled one leak before."""
    return [row for size in sizes for row in await _at(size)]


async def _at(size: int) -> list[LeakRow]:
    # One account for each subscription, and two more in the last one for what is measured.
    plan = Plan(size + 2, size, days_ago=10, last=2, delays=dict.fromkeys(_SERVICES, LATENCY))
    async with a_site(plan, settings=_SETTINGS) as site:
        await site.tick(600)
        await _report(site, plan, 0, by_name=True)
        return [
            await _report(site, plan, size, by_name=True),
            await _report(site, plan, size + 1, by_name=False),
        ]


async def _report(site: Site, plan: Plan, number: int, *, by_name: bool) -> LeakRow:
    """Report the live key of an account as leaked."""
    before = await _account(site, number)
    mark = ApiKey(before["keys"][_LEAKED]["value"]).fingerprint
    path = f"targets/{before['name']}/leak" if by_name else f"targets/-/leak?account={before['id']}"
    began = time.time()
    status, _ = await site.post(path, {"reason": _REASON, **({"fingerprint": mark} if by_name else {"key": "live"})})
    answered = time.time() - began
    since = (await _account(site, number))["keys"][_LEAKED]["since"]
    by = "name and fingerprint" if by_name else "resource id"
    return LeakRow(plan.subscriptions, by, since - began if since > began else None, answered, status)


async def _account(site: Site, number: int) -> dict[str, Any]:
    accounts = (await site.look("/state?reveal=1"))["accounts"]
    found: dict[str, Any] = next(one for one in accounts if one["name"] == account_name(number))
    return found
