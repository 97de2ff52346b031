"""The fleets that are measured, and what the emulated Azure of each has."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

LATENCY = 0.05  # seconds; about what Azure takes within a region
# So many turns may begin at once, without a pace, in one subscription and in one vault (docs/decisions).
IN_SUBSCRIPTION, IN_VAULT = 40, 20


@dataclass(frozen=True)
class Plan:
    """What an emulated Azure has. Accounts are spread over subscriptions and vaults in turn.

    accounts: How many accounts there are. Each is enrolled and has a published key.
    subscriptions: How many subscriptions they are in.
    vaults: How many vaults hold their secrets.
    days_ago: When their keys were published, in days. At 31 a rotation is due.
    strangers: How many more secrets the first vault has that are not the app's. They come first in its listing.
    last: How many of the last accounts have their own subscription, the last one.
    delays: How long calls take, in seconds, by operation. Wildcards are allowed.
    limits: Whether Azure's rate limits apply.
    others: How many versions a second another program writes into the first vault.
    """

    accounts: int
    subscriptions: int = 1
    vaults: int = 1
    days_ago: float = 31
    strangers: int = 0
    last: int = 0
    delays: dict[str, float] = field(default_factory=dict)
    limits: bool = True
    others: float = 0

    def alone(self) -> Self:
        """Return the same without limits, spread so far that the app need not spread its turns over time."""
        return replace(
            self,
            subscriptions=max(self.subscriptions, -(-self.accounts // IN_SUBSCRIPTION)),
            vaults=self.vaults if self.strangers else max(self.vaults, -(-self.accounts // IN_VAULT)),
            limits=False,
            others=0,
        )

    def subscription(self, number: int) -> str:
        """Return the id of the subscription of an account, by the account's number from 0."""
        place = self.subscriptions - 1 if number >= self.accounts - self.last else number % self.subscriptions
        return f"00000000-0000-4000-8000-{place:012x}"

    def write(self, path: Path) -> None:
        """Write the plan to a file."""
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the plan that a file holds."""
        kept: dict[str, Any] = json.loads(path.read_text())
        return cls(**kept)


@dataclass(frozen=True)
class Case:
    """One fleet that is measured.

    name: What `--only` calls it.
    title: What the table calls it.
    plan: What its Azure has.
    due: How many targets are due. 0: the tick only looks at them, because it is the first.
    ticks: How many ticks it may take. The bench does not wait between them.
    pages: How long the pages take that must be read one after another, in seconds.
    """

    name: str
    title: str
    plan: Plan
    due: int
    ticks: int = 1
    pages: float = 0


def cases(*, full: bool) -> list[Case]:
    """Return the fleets to measure: at their full sizes, or at sizes that take a few minutes together."""
    one, two, ten, vault = (500, 1000, 2000, 300) if full else (120, 200, 300, 60)
    secrets, first = (10_000, 6000) if full else (500, 300)
    everywhere = {operation: LATENCY for operation in ("arm.*", "kv.*", "aoai.*", "eg.*")}
    pages = {**everywhere, "kv.listSecrets": 0.15 - LATENCY}
    due = 10
    in_one_vault = Plan(vault, 10, delays=everywhere)
    return [
        _many("one", one, 1, everywhere),
        _many("two", two, 2, everywhere),
        _many("ten", ten, 10, everywhere),
        Case("vault", f"{vault} due in one vault", in_one_vault, vault),
        # 24 of the 30 versions a second that a vault allows are written by another program.
        Case("shared", f"{vault} due in one vault that another program uses", replace(in_one_vault, others=24), vault),
        Case(
            "pages",
            f"{due} due, {secrets:,} secrets in the vault, 150 ms a page",
            Plan(due, strangers=secrets - due, delays=pages),
            due,
            ticks=5,
            pages=-(-secrets // 25) * 0.15,
        ),
        Case("first", f"first tick over {first:,} accounts", Plan(first, days_ago=12, delays=everywhere), 0),
    ]


def _many(name: str, due: int, subscriptions: int, delays: dict[str, float]) -> Case:
    """Return a fleet in which all are due, with a vault for each subscription."""
    where = "one subscription" if subscriptions == 1 else f"{subscriptions} subscriptions"
    return Case(name, f"{due:,} due in {where}", Plan(due, subscriptions, subscriptions, delays=delays), due)
