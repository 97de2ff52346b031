"""The emulated clock, log workspace and Event Grid topic behind the ports `Clock`, `CallLogs`, `Announcer` and
`Listeners`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from lab.emulator.call_log import LoggedRow
from lab.emulator.topics import Subscriber
from lab.simulation.azure_errors import translated
from lab.simulation.interruptions import Killed
from shared.announce.announcements import Announcement
from shared.announce.listening import EventSubscription, Hearing
from shared.domain.errors import RotationError
from shared.domain.model import AccountId
from shared.domain.refusal import Call
from shared.domain.usage import DayOfCalls, Usage

if TYPE_CHECKING:
    from lab.simulation.runner import Runner

RENEW_EVERY = timedelta(seconds=5)
LOOK_BACK = timedelta(days=35)  # as far back as the application asks by default
LATE = timedelta(minutes=15)  # rows that are younger may be missing (docs/facts.md, Logs)


class SimulatedClock:
    """The world's frozen clock. Sleeping moves it forward and renews the leases that the runner holds."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def now(self) -> datetime:
        """Return the world's time."""
        return self._runner.world.clock.utcnow()

    async def sleep(self, time: timedelta) -> None:
        """Move the clock on. Raises Killed if the process is dead."""
        if self._runner.dead:
            raise Killed
        while time > timedelta(0):
            step = min(time, RENEW_EVERY)
            self._runner.world.clock.advance(step.total_seconds())
            self._runner.leases.renew()
            time -= step


class SimulatedLogs:
    """The world's only log workspace."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def usage(self, account: AccountId) -> Usage | None:
        """Return how the account was called. None if no call of any kind was logged."""
        return (await self._ask()).get(str(account).casefold())

    async def usages(self) -> dict[str, Usage]:
        """Return how every account was called of which anything was logged, by its id in lower case."""
        return await self._ask()

    async def _ask(self) -> dict[str, Usage]:
        workspace = self._runner.world.workspace
        with translated(f"workspace {workspace.id}", "count calls", Call.QUERY_LOGS):
            return await self._runner.call("logs.query", workspace.id, self._usages)

    def _usages(self) -> dict[str, Usage]:
        until = self._runner.world.clock.utcnow() - LATE
        calls: dict[str, dict[str, list[LoggedRow]]] = {}
        for number, row in enumerate(self._runner.world.workspace.calls):
            if (until - LOOK_BACK).timestamp() <= row.time < until.timestamp():
                of_account = calls.setdefault(row.account.casefold(), {})
                of_account.setdefault(row.correlation or f"row {number}", []).append(row)
        return {account: _usage(list(found.values()), until) for account, found in calls.items()}


def _usage(calls: Sequence[Sequence[LoggedRow]], until: datetime) -> Usage:
    """Return the usage of one account, from the rows of each of its calls."""
    days: dict[date, list[int]] = {}
    for rows in calls:
        counts = days.setdefault(datetime.fromtimestamp(rows[0].time, UTC).date(), [0, 0])
        by_identity, lists = any(row.caller for row in rows), any(row.lists_models for row in rows)
        counts[1] += by_identity
        counts[0] += not by_identity and not lists
    return Usage(until - LOOK_BACK, until, tuple(DayOfCalls(day, *both) for day, both in sorted(days.items())))


class SimulatedAnnouncer:
    """The world's only topic."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def announce(self, announcements: Sequence[Announcement], now: datetime) -> None:
        """Publish all announcements in one call. Raises a RotationError if the topic refuses or does not answer."""
        topic = next(iter(self._runner.world.topics.values()))
        events = [announcement.wire(now) for announcement in announcements]
        with translated(topic.name, "announce", Call.PUBLISH_EVENTS):
            await self._runner.call("eg.publish", topic.id, lambda: topic.publish(events))


class SimulatedListeners:
    """The event subscriptions of the world's only topic."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def hearing(self, now: datetime) -> Hearing:
        """Return the event subscriptions with their deliveries of the last day, or why they are not known."""
        topic = next(iter(self._runner.world.topics.values()))
        try:
            with translated(topic.name, "see who listens to it", Call.LIST_LISTENERS):
                found = await self._runner.call("arm.listEventSubscriptions", topic.id, lambda: list(topic.subscribers))
        except RotationError as error:
            return Hearing(now, unknown=error.what, next_step=error.next_step)
        return Hearing(now, tuple(_subscription(one, now) for one in found))


def _subscription(one: Subscriber, now: datetime) -> EventSubscription:
    recent = [worked for time, worked in one.deliveries if time >= now.timestamp() - 86400]
    types = frozenset(one.types) if one.types is not None else None
    counts = recent.count(True), recent.count(False)
    return EventSubscription(one.name, one.state, types, one.begins, one.ends, None, *counts)
