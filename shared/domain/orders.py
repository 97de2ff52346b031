"""Standing orders: what a person decided about one target, and what holds until its time has come or a person ends it.

There are two. A trial switches keys off for a stated time, to find out who still needs them. A hold lets
rotations, ends of keys, trials and sunsets wait. Both are kept in the app's own storage and nowhere else: whoever may
write tags or secrets can neither begin nor end one (docs/decisions/0035). Only a trial that is open there lets this app
switch keys on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.keys import Fingerprint
from shared.domain.times import iso_duration, parse_duration
from shared.domain.told import ToldDeadline

SHORTEST_TRIAL, LONGEST_TRIAL, USUAL_TRIAL = timedelta(minutes=15), timedelta(days=7), timedelta(hours=4)
LONGEST_HOLD = timedelta(days=90)
FURTHEST_START = timedelta(days=90)  # how far ahead a trial may be planned
MOST_KNOWN = 5  # ids of requests that a target's orders remember, so that a repeated one does nothing


def trial_time(text: str) -> timedelta:
    """Return how long keys are off in a trial, from an ISO 8601 duration or a short one such as `4h`, in whole seconds.

    HTTP and the command line read it here. Raises ValueError for any other text, and if it is too short or too long.
    """
    length = timedelta(seconds=int(parse_duration(text).total_seconds()))
    if not SHORTEST_TRIAL <= length <= LONGEST_TRIAL:
        raise ValueError(f"{text!r} is not between {iso_duration(SHORTEST_TRIAL)} and {iso_duration(LONGEST_TRIAL)}")
    return length


class EndedBy(StrEnum):
    """What ended a trial, or why it was closed. The values are kept in a note and shown in answers."""

    TIME = "time"
    PERSON = "person"
    OTHERS = "others"
    NEVER_BEGUN = "never-begun"


@dataclass(frozen=True)
class Stop:
    """A person ends a trial before its time.

    by: Who did.
    why: The reason that was given. Empty without one.
    at: When, in UTC.
    despite_leak: Whether keys may be switched on although a key that leaked still has its value. Default: no.
    """

    by: str
    why: str
    at: datetime
    despite_leak: bool = False


@dataclass(frozen=True)
class Trial:
    """Keys are switched off for a stated time, and on again by themselves.

    id: What tells it apart: the id of the request that asked for it.
    by: Who asked for it. After a deployment: who armed the target.
    why: The reason that was given.
    starts: When it is to start at the earliest, in UTC. It starts later if it could not be announced in time.
    length: How long keys are off.
    despite: What the person knew and accepted: places that use a copy of a key. Empty if there are none.
    told: The accepted announcement of its start. None if none was accepted yet.
    begun: When this app was about to switch keys off, in UTC. None before that.
    off: When keys were known to be off, in UTC. None before that.
    told_start: Whether the announcement that it has started was accepted.
    stop: A person ended it before its time. None if nobody did.
    leaked: Keys that were reported as leaked while keys were off and could not be ended. Then it does not end by
        itself. Empty otherwise.
    tried: When switching keys on failed last, in UTC. None if it did not.
    ended: When keys were seen to be on again, in UTC. None before that.
    ended_by: What ended it. None before that.
    refused: How many calls with a key were refused while it ran. None if that is not known.
    proven: Whether the published key was proven after it.
    """

    id: str
    by: str
    why: str
    starts: datetime
    length: timedelta
    despite: tuple[str, ...] = ()
    told: ToldDeadline | None = None
    begun: datetime | None = None
    off: datetime | None = None
    told_start: bool = False
    stop: Stop | None = None
    leaked: frozenset[Fingerprint] = frozenset()
    tried: datetime | None = None
    ended: datetime | None = None
    ended_by: EndedBy | None = None
    refused: int | None = None
    proven: bool = False

    @property
    def is_planned(self) -> bool:
        """Whether it has not begun, and nobody has called it off."""
        return self.begun is None and self.stop is None

    @property
    def is_called_off(self) -> bool:
        """Whether a person ended it before it began."""
        return self.begun is None and self.stop is not None

    @property
    def is_open(self) -> bool:
        """Whether keys are off by it, or may be: it has begun and did not end."""
        return self.begun is not None and self.ended is None

    @property
    def may_be_off_again(self) -> bool:
        """Whether it has ended and the published key was not proven yet: a policy may switch keys off again."""
        return self.ended is not None and not self.proven

    @property
    def ends(self) -> datetime | None:
        """When it ends by itself, in UTC: counted from its beginning. None before it begins."""
        return self.begun + self.length if self.begun else None

    def is_over(self, now: datetime) -> bool:
        """Return whether keys are to be switched on: its time is over, or a person ended it."""
        return self.is_open and (self.stop is not None or (self.ends is not None and now >= self.ends))


@dataclass(frozen=True)
class Hold:
    """Rotations, ends of keys, trials and sunsets wait until a moment. A leak does not.

    until: When it ends by itself, in UTC.
    reason: Why, as a person said.
    by: Who asked for it.
    since: When, in UTC.
    id: The id of the request.
    """

    until: datetime
    reason: str
    by: str
    since: datetime
    id: str

    def is_on(self, now: datetime) -> bool:
        """Return whether it holds at this time."""
        return now < self.until

    @property
    def says(self) -> str:
        """The hold as part of a sentence."""
        by = f" by {self.by}" if self.by else ""
        return f"it is on hold until {self.until:%Y-%m-%d %H:%M} UTC{by} ({self.reason})"

    @property
    def means(self) -> str:
        """What the hold does, as part of a sentence."""
        return f"Rotations, ends of keys, trials and sunsets wait: {self.says}"


@dataclass(frozen=True)
class TrialCheck:
    """What was looked up before a trial, as sentences. All are empty if nobody looked, or nothing was found.

    blockers: What would make it irreversible.
    copies: The places that use a copy of a key of the account, and would be hurt at once.
    unseen: What could not be checked, each with the reason.
    """

    blockers: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Orders:
    """The standing orders about one target.

    trial: The trial that is planned, runs, or has ended and was not announced as ended. None without one.
    hold: The hold. It may have ended. None without one.
    known: The ids of the last requests about orders, the oldest first.
    """

    trial: Trial | None = None
    hold: Hold | None = None
    known: tuple[str, ...] = field(default=())

    def knows(self, id_: str | None) -> bool:
        """Return whether a request with this id was carried out already."""
        return id_ is not None and id_ in self.known

    def after(self, id_: str | None) -> Orders:
        """Return the same orders, with that request among those that are known."""
        return replace(self, known=(*self.known, id_)[-MOST_KNOWN:]) if id_ else self

    def hold_at(self, now: datetime) -> Hold | None:
        """Return the hold that is on at this time. None if none is."""
        return self.hold if self.hold and self.hold.is_on(now) else None

    @property
    def open_trial(self) -> Trial | None:
        """The trial that has begun and did not end. None if there is none."""
        return self.trial if self.trial and self.trial.is_open else None

    @property
    def are_empty(self) -> bool:
        """Whether nothing is ordered, so that no note needs to be kept."""
        return self.trial is None and self.hold is None
