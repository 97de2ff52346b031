"""Accounts with a past, for scenes: their keys were published and announced as the app would have done it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from lab.emulator.accounts import Account
from lab.emulator.world import World
from lab.simulation.published import publish_as_rotated
from shared.domain.told import Told, ToldDeadline

DAY = timedelta(days=1)
PERIOD, OVERLAP, WARNINGS = 30 * DAY, 3 * DAY, (14 * DAY, 7 * DAY, DAY)
SUBSCRIPTIONS = tuple(f"{number}a2b3c4d-0000-4000-8000-00000000000{number}" for number in range(1, 5))
APPS = ("chat", "search", "vision", "claims", "docs", "speech", "tickets", "orders", "wiki", "legal")
PLACES = ("de", "fr", "uk", "nl", "es")
STAGES = ("prod", "test", "dev")
AGES = 2900  # hundredths of a day, so that no rotation is due


def names(number: int) -> list[str]:
    """Return so many names: the first ones are those of apps, then an app's name with a place, then a number."""
    plain, placed = list(APPS), [f"{app}-{place}" for place in PLACES for app in APPS]
    numbered = (f"{app}-{place}-{round_:03}" for round_ in count(1) for place in PLACES for app in APPS)
    found = [*plain, *placed][:number]
    while len(found) < number:
        found.append(next(numbered))
    return found


def add_fleet(world: World, number: int, subscriptions: Sequence[str] = SUBSCRIPTIONS) -> list[Account]:
    """Add so many healthy accounts, of several teams, groups and subscriptions. One in eleven has no owner."""
    added = []
    for place, name in enumerate(names(number)):
        age = (place * 7919 + 1200) % AGES / 100
        owner = None if place % 11 == 9 else f"{name.partition('-')[0]}-team@example.com"
        group = f"{name.partition('-')[0]}-{STAGES[place % 7 % 3]}"
        subscription = subscriptions[place % len(subscriptions)]
        added.append(add(world, name, age, owner, resource_group=group, subscription=subscription))
    return added


def add(
    world: World, name: str, days_ago: float, owner: str | None = None, told: dict[str, Any] | None = None, **facts: Any
) -> Account:
    """Add an enrolled account whose key 1 went live so many days ago, with everything announced that was due.

    told: Other fields of `Told`.
    facts: Fields of `Account`.
    """
    tags = {"key-rotation": "on", **({"key-rotation-owner": owner} if owner else {}), **facts.pop("tags", {})}
    account = world.accounts.add(name, tags=tags, **facts)
    publish(world, account, days_ago, told)
    return account


def publish(world: World, account: Account, days_ago: float, told: dict[str, Any] | None = None) -> None:
    """Publish key 1 of an account as a rotation did so many days ago. During the overlap key 2 still works."""
    now = datetime.now(UTC)
    since = (now - days_ago * DAY).replace(microsecond=0)
    rotation, overlap = since + PERIOD, since + OVERLAP
    facts: dict[str, Any] = {"rotation": _told(rotation, WARNINGS, now), **(told or {})}
    if now < overlap:
        facts = {"retirement": _told(overlap, (DAY,), now) or ToldDeadline(overlap), **facts}
    marked = {"until": overlap} if now < overlap else {}
    publish_as_rotated(world, account, since, told=Told(origin=True, **facts), **marked)


def _told(deadline: datetime, leads: Sequence[timedelta], now: datetime) -> ToldDeadline | None:
    lead = min((one for one in leads if deadline - one <= now), default=None)
    return ToldDeadline(deadline, lead) if lead is not None else None
