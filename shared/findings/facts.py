"""What is known of a fleet when findings are made of it: rows, problems, and what the app has on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from shared.announce.listening import Hearing
from shared.domain.errors import RotationError
from shared.domain.throttle import Throttle
from shared.findings.kinds import Finding
from shared.fleet.pace import USUAL
from shared.readiness.kinds import Entry, Survey
from shared.settings.environment import Settings
from shared.turns.message import Message
from shared.turns.report import Row
from shared.turns.secret_notes import SecretNote
from shared.turns.trouble import Troubles

RED_AFTER = timedelta(hours=1)  # without a check; the alert `no-tick` waits as long


@dataclass(frozen=True)
class Checks:
    """When the checks ran.

    last_at: When the last one began, in UTC. None if none has left a view.
    every: The time between two checks.
    """

    last_at: datetime | None = None
    every: timedelta = USUAL

    @property
    def next_at(self) -> datetime | None:
        """When the next one is expected, in UTC. None if none has run."""
        return self.last_at + self.every if self.last_at else None

    def are_late(self, now: datetime) -> bool:
        """Return whether two of them should have begun since the last one."""
        return self.last_at is not None and now - self.last_at > 2 * self.every

    def have_stopped(self, now: datetime) -> bool:
        """Return whether none has begun for an hour, or for four times the usual pause if that is longer."""
        return self.last_at is not None and now - self.last_at > max(RED_AFTER, 4 * self.every)


@dataclass(frozen=True)
class Facts:
    """What is known of a fleet. Findings are made of it and of nothing else.

    settings: The app's settings.
    now: The time, in UTC.
    rows: The targets.
    problems: Why accounts could not be enrolled, or subscriptions, vaults or notes not be read.
    left: The ids of the accounts that are not enrolled any more, in lower case.
    owing: Since which check announcements about an account are outstanding, in UTC, by its id in lower case.
    seen_at: When the last check began, in UTC. None if none is known.
    leaks: The leaks on record.
    written: What is noted of secrets that somebody else writes too, by the secret's address in lower case.
    throttles: Where Azure asks to wait.
    of_many: The findings about requests for many accounts.
    hearing: Who listens to announcements. None if no topic is set.
    checks: When checks ran. None if it is not asked, as for a single target that was observed just now.
    troubles: The targets whose turns fail. A row that a check has seen carries the error of its turns itself.
    observed: Whether the targets were observed just now, and not taken from what a check has seen.
    viewed_at: When the check began whose view the rows are from, in UTC. None if they were listed or observed now.
    whole_at: Since when every subscription and vault was seen to its end, in UTC. None if one never was.
    survey: What the last survey of readiness found, as it counts now. None if none is kept.
    without_log: The ids of the accounts that log their calls nowhere, in lower case, as far as that survey asked.
    """

    settings: Settings
    now: datetime
    rows: list[Row]
    problems: list[RotationError] = field(default_factory=list)
    left: frozenset[str] = frozenset()
    owing: Mapping[str, datetime] = field(default_factory=dict)
    seen_at: datetime | None = None
    leaks: list[Message] = field(default_factory=list)
    written: Mapping[str, SecretNote] = field(default_factory=dict)
    throttles: tuple[Throttle, ...] = ()
    of_many: list[Finding] = field(default_factory=list)
    hearing: Hearing | None = None
    checks: Checks | None = None
    troubles: Troubles = field(default_factory=Troubles)
    observed: bool = False
    viewed_at: datetime | None = None
    whole_at: datetime | None = None
    survey: Survey | None = None
    without_log: frozenset[str] = frozenset()

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        return self.survey.by_account() if self.survey else {}

    def entry_of(self, account: object) -> Entry | None:
        """Return what the last survey of readiness found of an account. None if nothing is known."""
        return self._entries.get(str(account).casefold())

    def is_long_unseen(self, shown_at: datetime | None) -> bool:
        """Return whether what was shown at this moment, and cannot be read now, was not seen for an hour."""
        return shown_at is not None and self.now - shown_at > RED_AFTER

    def owing_since(self, account: object) -> datetime | None:
        """Return since which check announcements about an account are outstanding, in UTC.

        None if there are none, or if no check has begun since: the turn that follows a check announces them.
        """
        since = self.owing.get(str(account).casefold())
        return since if since is not None and self.seen_at is not None and since < self.seen_at else None
