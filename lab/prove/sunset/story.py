"""Play the drill day by day, and note what was seen from outside the app."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lab.prove.sunset.cast import FIRST_WAYS, PARTS, Part, Timetable, Way
from lab.prove.sunset.consumers import Consumer, calling, refusal
from lab.prove.sunset.counted import calls_of_readiness
from lab.prove.sunset.site import TOPIC, UNTIL_OFF, VAULT, Site, a_site, until

CHECKS_EVERY = 600.0  # seconds
NEVER = datetime.max.replace(tzinfo=UTC)
EACH_DAY = 2  # requests that each client makes at least on each day


@dataclass(frozen=True)
class Told:
    """One event that Event Grid accepted.

    day: On which day it happened.
    part: The account that it is about.
    kind: The event's type without its prefix.
    """

    day: int
    part: Part
    kind: str


@dataclass
class Played:
    """What was seen of a drill.

    timetable: What was played.
    consumers: The consumers with their figures.
    began: Noon of the first day, in UTC.
    told: The events about all accounts, in order.
    stages: The stage of each account on each day, as the app's readiness says.
    since: The moment since when an account is keyless, as the app's readiness says on each day that it is.
    before: The answer of readiness about the forgotten job's account, on the day before the date.
    fleet: The answer of readiness about all accounts, on that day.
    reasons: Why the keys of an account have not ended on the date, as the app says of each.
    says: The sentence about each account on that date.
    refusals: How each account answers the first key of the drill on the last day.
    published: Which accounts have an enabled secret on the last day.
    published_anew: Whether the secret was enabled again after the check that saw keys on again.
    token_at_region: How the account without custom subdomain answers a token on the last day.
    asked: How many calls readiness made on each day, by their names in words.
    asked_again: The same for another check ten minutes later, on the day after the date.
    asked_by_a_look: The same for the answer that lists all targets, on that day.
    seconds: How long the drill took.
    """

    timetable: Timetable
    consumers: dict[Part, Consumer]
    began: datetime = NEVER
    told: list[Told] = field(default_factory=list)
    stages: dict[int, dict[Part, str]] = field(default_factory=dict)
    since: dict[Part, dict[int, datetime]] = field(default_factory=lambda: {part: {} for part in PARTS})
    before: dict[str, Any] = field(default_factory=dict)
    fleet: dict[str, Any] = field(default_factory=dict)
    reasons: dict[Part, str] = field(default_factory=dict)
    says: dict[Part, str] = field(default_factory=dict)
    refusals: dict[Part, str] = field(default_factory=dict)
    token_at_region: str = ""
    published: set[Part] = field(default_factory=set)
    published_anew: bool = False
    asked: list[Counter[str]] = field(default_factory=list)
    asked_again: Counter[str] = field(default_factory=Counter)
    asked_by_a_look: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def days_of(self, part: Part, kind: str) -> list[int]:
        """Return the days on which an account had an event of a kind."""
        return [one.day for one in self.told if (one.part, one.kind) == (part, kind)]


async def play(timetable: Timetable, clients: int = 3) -> Played:
    """Play the whole drill with this many clients of each consumer."""
    began = time.monotonic()
    consumers = {part: Consumer(part, way) for part, way in FIRST_WAYS.items()}
    played = Played(timetable, consumers)
    async with a_site(timetable) as site:
        played.began = site.began
        await site.check()  # publishes the keys that consumers read
        async with calling(site.azure, list(consumers.values()), clients):
            for _ in _days(site, timetable):
                _what_happens(site, played)
                await _calls_of_a_day(played, clients)
                await _check(site, played)
        await _at_the_end(site, played)
    played.seconds = time.monotonic() - began
    return played


def _days(site: Site, timetable: Timetable) -> Iterator[int]:
    while site.day < timetable.end:
        site.next_day()
        yield site.day


def _what_happens(site: Site, played: Played) -> None:
    """Let people do what the timetable says for this day, before the check."""
    timetable, consumers = played.timetable, played.consumers
    if site.day == timetable.early:
        consumers[Part.EARLY].way = Way.IDENTITY
    if site.day == timetable.late:
        consumers[Part.LATE].way = Way.IDENTITY
    if site.day == timetable.at_last:
        consumers[Part.FORGOTTEN].way = Way.IDENTITY
    if site.day == timetable.agreed:
        for part in PARTS:
            account = site.account(part)
            tags = {**account.tags, "key-rotation-sunset": site.date(timetable.sunset)}
            site.azure.world.accounts.update(account.id, {"tags": tags})
    if site.day == timetable.back:
        site.azure.world.accounts.update(site.account(Part.KEYLESS).id, {"disable_local_auth": False})
        site.later(UNTIL_OFF)  # until its data plane knows


async def _calls_of_a_day(played: Played, clients: int) -> None:
    """Wait until every consumer has made its requests of the day."""
    before = {part: one.made.total() for part, one in played.consumers.items()}
    least = EACH_DAY * clients
    await until(lambda: all(one.made.total() >= before[part] + least for part, one in played.consumers.items()))


async def _check(site: Site, played: Played) -> None:
    """Let the app check, and note what it and Azure say."""
    await site.check()
    played.asked.append(calls_of_readiness(site.asked()))
    _note_events(site, played)
    await _note_readiness(site, played)
    if site.day == played.timetable.sunset + 1:
        await _check_again(site, played)


async def _check_again(site: Site, played: Played) -> None:
    """Let the app check once more ten minutes later, and show its list of targets, to see what each costs."""
    site.later(CHECKS_EVERY)
    await site.check()
    played.asked_again = calls_of_readiness(site.asked())
    seen = len(site.asked())
    await site.get("targets")
    played.asked_by_a_look = calls_of_readiness(site.asked()[seen:])


async def _note_readiness(site: Site, played: Played) -> None:
    """Note what the app's HTTP routes say."""
    fleet = await site.get("readiness")
    accounts = {one["target"]: one for one in fleet["accounts"] if "target" in one}
    played.stages[site.day] = {part: accounts[part]["stage"] for part in PARTS if part in accounts}
    for part in PARTS:
        if "keylessSince" in accounts.get(part, {}):
            played.since[part][site.day] = datetime.fromisoformat(accounts[part]["keylessSince"])
    if site.day == played.timetable.sunset - 1:
        played.fleet, played.before = fleet, await site.get(f"targets/{Part.FORGOTTEN}/readiness")
    if site.day == played.timetable.sunset:
        seen = {part: await site.get(f"targets/{part}") for part in PARTS}
        played.reasons = {part: one["reason"] for part, one in seen.items()}
        played.says = {part: one["says"] for part, one in seen.items()}
    if site.day == played.timetable.back:
        played.published_anew = _is_published(site, Part.KEYLESS)


def _note_events(site: Site, played: Played) -> None:
    accepted = site.azure.world.topics[TOPIC].events[len(played.told) :]
    for one in accepted:
        part, kind = Part(one["source"].rpartition("/")[2]), one["type"].removeprefix("KeyRotation.")
        played.told.append(Told(site.day, part, kind))


async def _at_the_end(site: Site, played: Played) -> None:
    """Show each account its own keys once more, and a token to the one that takes none. The app is at rest."""
    for part in PARTS:
        account = site.account(part)
        played.refusals[part] = await refusal(site.azure, account, account.keys["key1"].value)
        if _is_published(site, part):
            played.published.add(part)
    played.token_at_region = await refusal(site.azure, site.account(Part.REGIONAL))


def _is_published(site: Site, part: Part) -> bool:
    """Return whether the latest version of an account's secret is enabled."""
    return site.azure.world.vaults[VAULT].secrets[f"{part}-key"].versions[-1].enabled
