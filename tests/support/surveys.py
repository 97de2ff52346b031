"""Surveys of readiness: accounts, usages and entries to build one from, and fakes of everything that it asks."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from lab.simulation.builders import an_account_id
from lab.simulation.dates import START
from lab.simulation.stage import Stage
from shared.domain.errors import RotationError
from shared.domain.model import AccountId
from shared.domain.readiness import Readiness, readiness_of, unknown
from shared.domain.usage import DayOfCalls, IdentityCaller, KeyCaller, Usage
from shared.fleet.rotation import Rotation
from shared.ports import Account
from shared.readiness.kinds import Entry, Survey
from shared.readiness.ports import IdentitiesSeen, LogSetting, ReadOnly, Seen
from shared.settings.call_log import CallLog

NOW = START + timedelta(days=40)
LOOK_BACK = timedelta(days=35)
SILENT = unknown("no call of any kind was logged", "send its log")


def an_id(name: str) -> AccountId:
    """Return the id of an account of this name."""
    return an_account_id(name)


def an_account(name: str, **facts: Any) -> Account:
    """Return an account as a listing shows it: with keys on, and a custom subdomain."""
    return Account(**{"id": an_id(name), "endpoint": "", "key_auth": True, "tags": {}, "kind": "OpenAI"} | facts)


def days_of(calls: int, identity: int = 5, until: datetime = NOW) -> tuple[DayOfCalls, ...]:
    """Return 35 days, each with so many calls."""
    first = (until - LOOK_BACK).date()
    return tuple(DayOfCalls(first + timedelta(days=number), calls, identity) for number in range(36))


def a_usage(calls: int = 0, callers: int = 1, until: datetime = NOW, **facts: Any) -> Usage:
    """Return how an account was called: with so many calls with a key on each day, by so many callers."""
    last = until - timedelta(hours=3) if calls else None
    shown = tuple(
        KeyCaller(f"203.0.{one}.*", "app", 36 * calls // callers, until - timedelta(hours=3)) for one in range(callers)
    )
    plain = Usage(
        until - LOOK_BACK, until, days_of(calls, until=until), shown if calls else (), last_key_call=last,
        identities=(IdentityCaller("0" * 8, 180, until),), last_identity_call=until,
    )  # fmt: skip
    return replace(plain, **facts)


def an_entry(name: str, usage: Usage | None = None, *, without: Readiness = SILENT, **facts: Any) -> Entry:
    """Return the entry of an account with the verdict that follows."""
    key_auth, takes = facts.get("key_auth", True), facts.get("takes_identity", True)
    verdict = readiness_of(key_auth=key_auth, takes_identity=takes, usage=usage, without=without)
    return Entry(an_id(name), verdict, usage=usage, **facts)


def a_survey(*entries: Entry, at: datetime = NOW, **facts: Any) -> Survey:
    """Return a survey whose logs answered."""
    plain = {"since": at - LOOK_BACK, "until": at, "scope": "1 subscription", "entries": entries}
    return Survey(at, **plain | facts)


@dataclass
class InMemory:
    """What a blob of the app's storage holds, and how often it was read and written."""

    data: bytes | None = None
    version: int = 0
    reads: int = 0
    writes: int = 0
    lost: int = 0

    async def read(self) -> tuple[bytes, str] | None:
        self.reads += 1
        return None if self.data is None else (self.data, str(self.version))

    async def write(self, data: bytes, tag: str | None) -> bool:
        self.writes += 1
        if self.lost or tag != (None if self.data is None else str(self.version)):
            self.lost -= 1
            return False
        self.data, self.version = data, self.version + 1
        return True


@dataclass
class FakeLogs:
    """The logs of calls: what they tell of each account by its name, or why they do not."""

    told: Mapping[str, Usage] = field(default_factory=dict)
    error: RotationError | None = None
    queries: int = 0

    async def usages(self) -> Mapping[str, Usage]:
        return {str(an_id(name)).casefold(): usage for name, usage in self._answer().items()}

    async def usage(self, account: AccountId) -> Usage | None:
        return self._answer().get(account.name)

    def _answer(self) -> Mapping[str, Usage]:
        self.queries += 1
        if self.error is not None:
            raise self.error
        return self.told


@dataclass
class FakeReads:
    """What is seen beyond the targets: accounts, their diagnostic settings, and no application."""

    accounts_seen: Sequence[Account] = ()
    settings: Mapping[str, Sequence[LogSetting]] = field(default_factory=dict)
    problems: tuple[RotationError, ...] = ()
    refuses: RotationError | None = None
    asked: list[str] = field(default_factory=list)
    listed: int = 0

    async def accounts(self) -> Seen:
        self.listed += 1
        return Seen(tuple(self.accounts_seen), "1 subscription of the settings", self.problems)

    async def of(self, account: AccountId) -> Sequence[LogSetting]:
        await asyncio.sleep(0)
        self.asked.append(account.name)
        if self.refuses is not None:
            raise self.refuses
        return self.settings.get(account.name, ())

    async def around(self, account: AccountId) -> IdentitiesSeen:
        return IdentitiesSeen()

    @property
    def read_only(self) -> ReadOnly:
        """The three ports as one."""
        return ReadOnly(self, self, self)


def surveying(stage: Stage, logs: FakeLogs | None, surveys: InMemory | None = None) -> Rotation:
    """Return the application on a stage, with these logs and with places where surveys and weeks are kept."""
    app = stage.rotation()
    call_log = CallLog(("00000000-0000-0000-0000-00000000000a",), LOOK_BACK) if logs else None
    places = {"surveys": InMemory() if surveys is None else surveys, "weeks": InMemory()}
    outside: Any = {"logs": logs, **places}
    return Rotation(replace(stage.settings, call_log=call_log), replace(app.outside, **outside))
