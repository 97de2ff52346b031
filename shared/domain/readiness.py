"""Whether an account can do without keys: one verdict, for readiness, page, audit, plan and the end of all keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from shared.domain.relative import counted, exact, length_in_words
from shared.domain.usage import SHORTEST_SPAN, Usage

WEEK = timedelta(days=7)
MOST_NAMED = 3  # callers in a sentence
NO_LOGS = "no log of its calls is configured"
SET_WORKSPACE = "set ROTATION_LOG_WORKSPACE_ID, and send the account's RequestResponse log to that workspace"
SEND_LOG = "send the account's RequestResponse log to the workspace"
ADD_SUBDOMAIN = (
    "give the account a custom subdomain, which cannot be taken away and changes its endpoint; then give every app the "
    "new endpoint"
)


class Verdict(StrEnum):
    """Whether an account can do without keys. The words are public."""

    KEYLESS = "keyless"
    READY = "ready"
    USED = "used"
    CANNOT = "cannot-take-an-identity"
    UNKNOWN = "unknown"


class Stage(StrEnum):
    """How far an account is on its way out of keys. The words are public; a fleet is counted by them."""

    KEYLESS = "keyless"
    READY = "ready"
    MOVING = "moving"
    NOT_STARTED = "not-started"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        """The stage as people read it: "not started"."""
        return self.value.replace("-", " ")


class Trend(StrEnum):
    """How the calls with a key of the last seven days compare with those of the seven days before. Public words."""

    NONE = "none"
    FALLING = "falling"
    STEADY = "steady"
    RISING = "rising"


@dataclass(frozen=True)
class Readiness:
    """Whether an account can do without keys, and why.

    verdict: The answer in one word.
    stage: How far it is on its way.
    says: The answer as it stands after the account's name and a colon: "used by 2 callers".
    next_step: What to do about it. Empty if there is nothing to do.
    detail: Who called last and when, as part of a sentence. Empty if that says nothing more.
    """

    verdict: Verdict
    stage: Stage
    says: str
    next_step: str = ""
    detail: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether all keys may end, as far as the logs tell."""
        return self.verdict in (Verdict.READY, Verdict.KEYLESS)


KEYLESS = Readiness(Verdict.KEYLESS, Stage.KEYLESS, "keyless")
CANNOT = Readiness(
    Verdict.CANNOT,
    Stage.NOT_STARTED,
    "cannot take an identity: it has no custom subdomain, so Azure refuses Entra tokens there",
    ADD_SUBDOMAIN,
)


def unknown(because: str, next_step: str) -> Readiness:
    """Return the verdict that it is not known, with the reason as it stands after "unknown because"."""
    return Readiness(Verdict.UNKNOWN, Stage.UNKNOWN, f"unknown because {because}", next_step)


def readiness_of(*, key_auth: bool, takes_identity: bool, usage: Usage | None, without: Readiness) -> Readiness:
    """Return whether an account can do without keys.

    key_auth: Whether it accepts keys.
    takes_identity: Whether it accepts Entra tokens, which needs a custom subdomain.
    usage: How it was called. None if no call of any kind was logged.
    without: The verdict if nothing was logged.
    """
    if not key_auth:
        return KEYLESS
    if not takes_identity:
        return CANNOT
    return without if usage is None else _by_calls(usage)


def _by_calls(usage: Usage) -> Readiness:
    if usage.with_key:
        stage = Stage.MOVING if usage.by_identity else Stage.NOT_STARTED
        who = counted(max(1, usage.different_callers), "caller", "callers")
        ask = "ask the callers to move to a managed identity; an owner can check one known call first"
        return Readiness(Verdict.USED, stage, f"used by {who}", ask, _who(usage))
    if usage.unclear:
        calls = counted(usage.unclear, "call was", "calls were")
        return unknown(f"{calls} logged without the properties that would name a caller", SEND_LOG)
    why = _missing(usage)
    if why:
        span = length_in_words(max(usage.until - usage.since, SHORTEST_SPAN))
        return unknown(
            why, f"check that its log is still switched on, and that the workspace keeps its rows for {span} at least"
        )
    return Readiness(Verdict.READY, Stage.READY, "ready")


def _missing(usage: Usage) -> str:
    """Return why no logged call with a key does not say that there was none. Empty if it does."""
    if usage.until - usage.since < SHORTEST_SPAN:
        return f"its log was asked for less than {length_in_words(SHORTEST_SPAN)}"
    gap = usage.silence()
    if gap is not None:
        return f"nothing was logged from {gap[0]} to {gap[1]}"
    silent, days = usage.silent_days()
    return f"nothing was logged on {silent} of {days} days" if usage.is_mostly_silent else ""


def _who(usage: Usage) -> str:
    """Return who made most of the calls with a key, and when the last one was made."""
    named = ", ".join(one.says for one in usage.callers[:MOST_NAMED])
    more = usage.different_callers - min(MOST_NAMED, len(usage.callers))
    others = f" and {counted(more, 'other', 'others')}" if named and more > 0 else ""
    last = f"the last call was made on {exact(usage.last_key_call)}" if usage.last_key_call else ""
    return "; ".join(filter(None, (f"{named}{others}", last)))


def trend_of(usage: Usage) -> Trend:
    """Return how the calls with a key of the last seven days compare with those of the seven days before them."""
    last, before = key_calls_by_week(usage)
    if not last and not before:
        return Trend.NONE
    if 4 * last < 3 * before:
        return Trend.FALLING
    return Trend.RISING if 3 * last > 4 * before else Trend.STEADY


def key_calls_by_week(usage: Usage) -> tuple[int, int]:
    """Return how many calls with a key the last seven days of the span had, and how many the seven days before them."""
    last = sum(one.with_key for one in usage.days if one.day > (usage.until - WEEK).date())
    before = sum(
        one.with_key for one in usage.days if (usage.until - 2 * WEEK).date() < one.day <= (usage.until - WEEK).date()
    )
    return last, before
