"""What a survey of readiness found: an entry for each account, and a row of counts for each week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.errors import RotationError
from shared.domain.model import AccountId
from shared.domain.readiness import Readiness, Stage
from shared.domain.usage import Usage


@dataclass(frozen=True)
class Entry:
    """One account on its way out of keys.

    account: The account.
    readiness: Whether it can do without keys.
    target: The name of the target that it is. None if nobody enrolled it.
    owner: Who answers for it. None if nobody is named.
    usage: How it was called. None if that is not known, or if it accepts no keys any more and nobody asked.
    key_auth: Whether it accepts keys.
    takes_identity: Whether it accepts Entra tokens.
    keyless_since: Since when it accepts no keys, in UTC. None if it does, or if that is not known.
    sunset: When all its keys are agreed to end, in UTC. None if no date is agreed.
    by_logs: Whether the verdict follows from its logs: from their rows, or from what is missing in them although the
        account was seen. Only such a verdict holds its keys' end back until the next survey.
    """

    account: AccountId
    readiness: Readiness
    target: str | None = None
    owner: str | None = None
    usage: Usage | None = None
    key_auth: bool = True
    takes_identity: bool = True
    keyless_since: datetime | None = None
    sunset: datetime | None = None
    by_logs: bool = False

    @property
    def name(self) -> str:
        """What people call it: the target's name, or the account's if nobody enrolled it."""
        return self.target or self.account.name


@dataclass(frozen=True)
class Survey:
    """What one survey found.

    asked_at: When it was made, in UTC.
    since: Where the span begins that the logs were asked for, in UTC. None if they were not asked.
    until: Where that span ends, in UTC. None if they were not asked.
    scope: Which accounts were looked for, in words: "2 subscriptions", "management group prod".
    entries: The accounts.
    problems: Why something could not be seen. What is in it is missing above, or unknown.
    """

    asked_at: datetime
    since: datetime | None = None
    until: datetime | None = None
    scope: str = ""
    entries: tuple[Entry, ...] = ()
    problems: tuple[RotationError, ...] = field(default_factory=tuple)

    def of(self, account: AccountId) -> Entry | None:
        """Return the entry of an account. None if it has none."""
        return next((one for one in self.entries if one.account.same_as(str(account))), None)

    def by_account(self) -> dict[str, Entry]:
        """Return the entries by the ids of their accounts, in lower case."""
        return {str(one.account).casefold(): one for one in self.entries}

    def counts(self) -> dict[Stage, int]:
        """Return how many accounts are at each stage, in the order of the stages."""
        found = Counter(one.readiness.stage for one in self.entries)
        return {stage: found[stage] for stage in Stage}

    @property
    def key_calls(self) -> int:
        """How many calls with a key all accounts received within the span."""
        return sum(one.usage.with_key for one in self.entries if one.usage is not None)


@dataclass(frozen=True)
class Week:
    """What the fleet looked like in one week. A week that nobody recorded has none, and is a gap in the chart.

    name: The ISO week: `2026-W48`.
    counts: How many accounts were at each stage.
    key_calls: How many calls with a key were logged in the seven days before.
    whole: Whether everything could be seen. If not, a better survey of the same week takes its place.
    """

    name: str
    counts: Mapping[Stage, int]
    key_calls: int
    whole: bool = True

    def is_better_than(self, other: Week) -> bool:
        """Return whether this row takes the place of another one of the same week, which did not see everything."""
        return not other.whole and (self.whole or sum(self.counts.values()) > sum(other.counts.values()))
