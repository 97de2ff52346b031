"""Requests: what people and pipelines ask for, and what a secret's version remembers of that.

A version remembers who requested it (`Requester`) and which deployment it waits for (`AwaitedDeployment`). Both are
tags (see `publication`), readable by everybody who may list secrets, so a name and a reason are cut to what fits there.
A version that waits for a deployment is replaced after it, or at the latest time that was agreed, whichever comes
first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from urllib.parse import quote, unquote

from shared.domain.keys import Fingerprint
from shared.domain.names import ENVIRONMENT_NAME, LONGEST_ENVIRONMENT
from shared.domain.times import from_seconds, iso_duration, parse_duration, sane_lead, seconds_text

LONGEST_SOAK = timedelta(days=30)
_NOBODY = "-"
_JOIN, _SHORT, _EARLIER = "+", 8, 4  # an id by its first eight characters, of the last four
KNOWN_IDS = 1 + _EARLIER  # requests that a version of a secret knows: the one that made it, and those before that
_BY, _WHY = 70, 100  # characters in the tag, beside an id of 32 and four short ones
LONGEST_TEXT = 256  # what a tag holds


def environment_name(text: str) -> str:
    """Return a deployment environment's name. Raises ValueError, showing the form that it has."""
    name = text.strip()
    if not re.fullmatch(ENVIRONMENT_NAME, name):
        raise ValueError(
            f"{text[:80]!r} is not an environment's name: letters, digits, dots, dashes and underscores, "
            f"{LONGEST_ENVIRONMENT} at most"
        )
    return name


def soak_time(text: str) -> timedelta:
    """Return how long after a deployment the rotation happens, from an ISO 8601 duration of at most 30 days.

    Fractions of a second are dropped.

    Tags, settings, HTTP and the command line all read it here. Raises ValueError for any other text.
    """
    soak = parse_duration(text)
    if soak > LONGEST_SOAK:
        raise ValueError(f"{text!r} is longer than {iso_duration(LONGEST_SOAK)}")
    return timedelta(seconds=int(soak.total_seconds()))  # as the tag holds it, so that asking again changes nothing


@dataclass(frozen=True)
class Requester:
    """Who requested a version, and why. All fields are empty if only the schedule did.

    id: The request's idempotency key. None if it has none.
    by: Who made the request.
    why: The reason that was given.
    earlier: The first characters of the ids that made earlier versions, so that a late repetition is recognised. A new
        request is taken for one of these by chance in one of a thousand million cases; a tag has no room for more.
    """

    id: str | None = None
    by: str = ""
    why: str = ""
    earlier: tuple[str, ...] = ()

    def knows(self, id_: str) -> bool:
        """Return whether a request with this id made this version or one of the last before it."""
        return self.id == id_ or id_[:_SHORT] in self.earlier

    def after(self, before: Requester) -> Requester:
        """Return the same requester for the version that follows one requested by `before`."""
        known = ((before.id[:_SHORT],) if before.id else ()) + before.earlier
        return replace(self, earlier=known[:_EARLIER])

    def text(self) -> str:
        """Return the value of the tag `request`. Empty if nobody requested the version."""
        words = [
            _JOIN.join([self.id or _NOBODY, *self.earlier]),
            _quoted(self.by) or _NOBODY,
            self.why[:_WHY],
        ]
        text = " ".join(words).strip()
        return "" if text == f"{_NOBODY} {_NOBODY}" else text.removesuffix(f" {_NOBODY}")[:LONGEST_TEXT]

    @classmethod
    def read(cls, text: str) -> Requester:
        """Read what `text` wrote. Any text can be read: the tag decides only whether an id is known."""
        ids, by, why = (*text.split(" ", 2), "", "", "")[:3]
        id_, *earlier = ids.split(_JOIN)
        return cls(
            None if id_ in ("", _NOBODY) else id_,
            "" if by == _NOBODY else unquote(by),
            why,
            tuple(one[:_SHORT] for one in earlier[:_EARLIER]),
        )


def _quoted(by: str) -> str:
    """Return a name without spaces, cut between two characters to what fits into the tag."""
    while len(quoted := quote(by, safe="@")) > _BY:
        by = by[:-1]
    return quoted


class Follow(StrEnum):
    """What follows an awaited deployment. The values are public: requests and the tag `armed` use them.

    ROTATE: Another key is published, and the one before keeps working for its overlap.
    END: Another key is published, and both old values have ended when the soak time is over.
    TRIAL: Keys are switched off for a stated time, and on again.
    SUNSET: All keys end.
    """

    ROTATE = "rotate"
    END = "end"
    TRIAL = "trial"
    SUNSET = "sunset"


@dataclass(frozen=True)
class AwaitedDeployment:
    """A deployment after which something happens to a key.

    environment: The name of the deployment environment, compared without case.
    soak: How long after the deployment it is due. Default: immediately. For `end`: when both old values have ended.
    latest: When it is due without a deployment, in UTC. None: a rotation when the period ends, anything else never.
    deployed: When the deployment went live, in UTC. None while it is awaited.
    id: The id of the request that reported the deployment. None while it is awaited.
    then: What follows. Default: a rotation.
    length: For a trial: how long keys are off. None for anything else.
    """

    environment: str
    soak: timedelta = timedelta(0)
    latest: datetime | None = None
    deployed: datetime | None = None
    id: str | None = None
    then: Follow = Follow.ROTATE
    length: timedelta | None = None

    @property
    def due(self) -> datetime | None:
        """When it is due, as far as this is known, in UTC. None if neither a deployment nor a latest time is known."""
        after_soak = self.deployed + self.soak if self.deployed else None
        return min((moment for moment in (after_soak, self.latest) if moment), default=None)

    def rotates_from(self, overlap: timedelta) -> datetime | None:
        """Return from when on it makes a rotation due, in UTC. None if it makes none due, or not yet.

        overlap: How long readers of the vault have to move to another key. What ends both old values begins so long
            before the soak time is over, but not before the deployment.
        """
        if self.then is Follow.ROTATE:
            return self.due
        if self.then is not Follow.END or self.due is None:
            return None
        return max(self.due - overlap, self.deployed) if self.deployed else self.due - overlap

    def time_of_readers(self, overlap: timedelta) -> timedelta:
        """Return how long readers of the vault have at least to move to the key that `end` publishes."""
        return min(self.soak, overlap) if self.deployed else overlap

    @property
    def wanted(self) -> AwaitedDeployment:
        """What was agreed, without what became of it."""
        return replace(self, deployed=None, id=None)

    def waits_for(self, environment: str) -> bool:
        """Return whether a deployment to that environment is the awaited one. Names are compared without case."""
        return self.environment.casefold() == environment.casefold()

    def text(self) -> str:
        """Return the value of the tag `armed`."""
        words = [self.environment, f"soak={int(self.soak.total_seconds())}"]
        words += [f"latest={seconds_text(self.latest)}"] if self.latest else []
        words += [f"deployed={seconds_text(self.deployed)}"] if self.deployed else []
        words += [f"id={self.id}"] if self.id else []
        words += [f"then={self.then}"] if self.then is not Follow.ROTATE else []
        words += [f"for={int(self.length.total_seconds())}"] if self.length else []
        return " ".join(words)

    @classmethod
    def read(cls, text: str) -> AwaitedDeployment:
        """Read what `text` wrote. Raises ValueError or KeyError for what it cannot read."""
        environment, *more = text.split(" ")
        words = dict(word.split("=", 1) for word in more)
        return cls(
            environment_name(environment),
            sane_lead(int(words["soak"])),
            from_seconds(words["latest"]) if "latest" in words else None,
            from_seconds(words["deployed"]) if "deployed" in words else None,
            words.get("id"),
            Follow(words.get("then", Follow.ROTATE)),
            sane_lead(int(words["for"])) if "for" in words else None,
        )


class RequestKind(StrEnum):
    """What a person or a pipeline can request. The values are public: messages, ids and lease signatures use them."""

    ROTATE = "rotate"
    LEAK = "leak"
    ARM = "arm"
    DISARM = "disarm"
    DEPLOYED = "deployed"
    TRIAL = "trial"
    END_TRIAL = "end-trial"
    HOLD = "hold"
    LIFT_HOLD = "lift-hold"


class LeakedKey(StrEnum):
    """Which key leaked: the published one, the other one, or both (also if nobody knows which)."""

    LIVE = "live"
    PREVIOUS = "previous"
    BOTH = "both"


@dataclass(frozen=True, kw_only=True)
class RequestBase:
    """What every request says.

    reason: Why, in the caller's words. Empty if the caller gave no reason.
    by: Who made the request, as reports name them. Empty for a request that a test or the schedule makes.
    id: The idempotency key. A request with the same id never rotates twice. None if the request has no id.
    requested_at: When the request was made, in UTC. None if it is carried out at once. A queued request that is older
        than the last rotation means the keys of its own time.
    """

    kind: ClassVar[RequestKind]
    reason: str = ""
    by: str = ""
    id: str | None = None
    requested_at: datetime | None = None

    @property
    def requester(self) -> Requester:
        """Who made the request and why, as a version's tags remember it."""
        return Requester(self.id, self.by, self.reason)


@dataclass(frozen=True, kw_only=True)
class RotateRequest(RequestBase):
    """Rotate now.

    end_other: Whether the value that the other key has now may end with it, although it was promised to work. Default:
        no, then the rotation waits.
    """

    kind = RequestKind.ROTATE
    end_other: bool = False


@dataclass(frozen=True, kw_only=True)
class LeakRequest(RequestBase):
    """A key has leaked: make it stop working.

    key: Which key leaked. Default: the live key. None if only the fingerprint says it.
    fingerprint: The key that the caller means, if they said so. If `key` means another one, nothing is done.
    wait: The least time that a leaked live key still works after its successor was published. Default: none.
    values: The reported keys, once a turn has seen which these are: from then on the report means no other. Empty
        before that.
    """

    kind = RequestKind.LEAK
    key: LeakedKey | None = LeakedKey.LIVE
    fingerprint: Fingerprint | None = None
    wait: timedelta = timedelta(0)
    values: frozenset[Fingerprint] = frozenset()


@dataclass(frozen=True, kw_only=True)
class ArmRequest(RequestBase):
    """Rotate after the next deployment.

    deployment: The deployment to wait for.
    """

    kind = RequestKind.ARM
    deployment: AwaitedDeployment


@dataclass(frozen=True, kw_only=True)
class DisarmRequest(RequestBase):
    """Wait for no deployment any more."""

    kind = RequestKind.DISARM


@dataclass(frozen=True, kw_only=True)
class DeploymentRequest(RequestBase):
    """A deployment went live.

    deployment: The environment, and when the deployment went live.
    """

    kind = RequestKind.DEPLOYED
    deployment: AwaitedDeployment


@dataclass(frozen=True, kw_only=True)
class TrialRequest(RequestBase):
    """Switch keys off for a stated time, and on again.

    length: How long keys are off.
    starts: When they are switched off at the earliest, in UTC. None: as soon as the notice allows.
    despite_copies: Whether it may start although places are known that use a copy of a key. Default: no.
    """

    kind = RequestKind.TRIAL
    length: timedelta
    starts: datetime | None = None
    despite_copies: bool = False


@dataclass(frozen=True, kw_only=True)
class EndTrialRequest(RequestBase):
    """End a trial now, or call off one that has not started.

    despite_leak: Whether keys may be switched on although a key that leaked still has its value. Default: no.
    """

    kind = RequestKind.END_TRIAL
    despite_leak: bool = False


@dataclass(frozen=True, kw_only=True)
class HoldRequest(RequestBase):
    """Let rotations, ends of keys, trials and sunsets wait.

    until: When the hold ends by itself, in UTC.
    """

    kind = RequestKind.HOLD
    until: datetime


@dataclass(frozen=True, kw_only=True)
class LiftHoldRequest(RequestBase):
    """End a hold now."""

    kind = RequestKind.LIFT_HOLD


Request = (
    RotateRequest
    | LeakRequest
    | ArmRequest
    | DisarmRequest
    | DeploymentRequest
    | TrialRequest
    | EndTrialRequest
    | HoldRequest
    | LiftHoldRequest
)
