"""How often an account is called with a key, in the few words that a table has room for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.readiness import WEEK, Stage, key_calls_by_week
from shared.domain.relative import counted
from shared.domain.usage import Usage
from shared.readiness.kinds import Entry

NOT_KNOWN = "?"
SAME = "no change"
_MANY = 10  # times as many; from then on a percentage says nothing


@dataclass(frozen=True)
class CallsChange:
    """How the calls with a key of the last seven days differ from those of the seven days before.

    arrow: `▼` for fewer, `▲` for more. Empty for as many.
    says: By how much, in words: "40 % less", "new this week".
    """

    arrow: str
    says: str


@dataclass(frozen=True)
class KeyUse:
    """How an account is called with a key.

    calls: The calls of the last seven days: "1,204", or "?" where nobody knows. Never 0 because a log is missing.
    says: What stands below: "3 callers", "no logs".
    change: How that differs from the week before. None if that is not known, or if there were no calls.
    last_at: When the last call with a key was made, in UTC. None if none was seen.
    """

    calls: str
    says: str
    change: CallsChange | None = None
    last_at: datetime | None = None

    @property
    def is_known(self) -> bool:
        """Whether the number is known."""
        return self.calls != NOT_KNOWN


def key_use_of(entry: Entry | None) -> KeyUse:
    """Return how an account is called with a key.

    entry: What the last survey found. None if it did not see the account.
    """
    if entry is None:
        return KeyUse(NOT_KNOWN, "not in the last survey")
    usage = entry.usage
    if not entry.key_auth and (usage is None or not usage.with_key):
        return KeyUse("none", "accepts no keys")
    if usage is None:
        return KeyUse(NOT_KNOWN, "no logs")
    calls = key_calls_by_week(usage)[0]
    if not usage.with_key and entry.readiness.stage is Stage.UNKNOWN:
        return KeyUse(NOT_KNOWN, "its logs do not tell")
    return KeyUse(f"{calls:,}", _callers(usage), change_of(usage), usage.last_key_call)


def change_of(usage: Usage) -> CallsChange | None:
    """Return how the calls with a key of the last seven days differ from those of the seven days before.

    None without any calls in both, if the span does not hold both, or if there is a gap in the log of either.
    """
    last, before = key_calls_by_week(usage)
    both = replace(usage, since=usage.until - 2 * WEEK)
    if (not last and not before) or usage.since > both.since or both.silence() is not None:
        return None
    says = _by_how_much(last, before)
    return CallsChange("" if says == SAME else "▼" if last < before else "▲", says)


def _by_how_much(last: int, before: int) -> str:
    if not before:
        return "new this week"
    if not last:
        return "none any more"
    if last >= _MANY * before:
        return f"{last // before} times as many"
    percent = round(100 * abs(last - before) / before)
    return f"{percent} % {'more' if last > before else 'less'}" if percent else SAME


def _callers(usage: Usage) -> str:
    if not usage.with_key:
        return f"none in {counted((usage.until - usage.since).days, 'day')}"
    return counted(max(1, usage.different_callers), "caller")
