"""Queue messages: one message, one target, one turn.

A message names its target. For a tagged account it carries the tags as the tick saw them, so that the turn need not
read the account again. They are valid for one hour: by then a later tick has queued newer tags. No member has the name
of the queue's own metadata (`id`, `dequeueCount` and the like), because the host would let it overwrite that
(docs/facts.md, Queues).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict, assert_never

from shared.domain.errors import FixConfiguration
from shared.domain.keys import Fingerprint
from shared.domain.many import request_of_many
from shared.domain.model import AccountId, Target
from shared.domain.requests import (
    ArmRequest,
    AwaitedDeployment,
    DeploymentRequest,
    DisarmRequest,
    EndTrialRequest,
    HoldRequest,
    LeakedKey,
    LeakRequest,
    LiftHoldRequest,
    Request,
    RequestKind,
    RotateRequest,
    TrialRequest,
)
from shared.domain.times import sane, sane_lead

BELIEVED_FOR = timedelta(hours=1)
WISH_LASTS = timedelta(hours=24)  # how long a request is tried again after it failed
MOST_TEXT = 200  # what stands in a tag must fit there
_ID = re.compile(r"[!-*,-~]{1,64}")  # it stands in tags between spaces and pluses, and must be read back from there
_FLAGS = ("crowded", "insists", "repeated", "troubled", "ordered")
_MEMBERS = {"target", "account", "tags", "asked", "request", *_FLAGS}
_NEXT = "nothing; the next check queues a new message. If a person wrote this one, correct it"


type _Ordering = Literal[RequestKind.TRIAL, RequestKind.END_TRIAL, RequestKind.HOLD, RequestKind.LIFT_HOLD]


class _Common(TypedDict):
    """The members that every kind of request has."""

    reason: str
    by: str
    id: str | None
    requested_at: datetime


@dataclass(frozen=True)
class About:
    """What a request is about.

    name: The target's name, as the caller or the settings have it.
    account: The account. None if it could not be found out yet: a name may lead to another one later.
    """

    name: str
    account: AccountId | None = None

    @classmethod
    def of(cls, target: Target) -> About:
        """Return the name and the account of a target."""
        return cls(target.name, target.account)

    def message(self, now: datetime, request: Request | None = None) -> Message:
        """Return the message of a request about it."""
        return Message(self.name, now, self.account, request=request)

    def __str__(self) -> str:
        return self.name if self.account is None else f"{self.name} ({self.account})"


@dataclass(frozen=True)
class Message:
    """A turn to be taken.

    target: The target's name.
    queued_at: When the message was queued, in UTC.
    account: The account. None for a target of the settings, and for a request whose account could not be found out.
    tags: The account's tags as the tick saw them. Without them the account is read.
    request: What was requested. None for a scheduled turn.
    crowded: Whether the same tick queued many turns, so that the brake applies.
    insists: Whether an event was the cause. Another turn that runs now may have observed the target too early, so the
        message must be offered again if the target is busy.
    repeated: Whether a tick queued it because a leak is still on record. The next tick does so again, so nothing else
        needs to keep it.
    troubled: Whether an earlier turn of the target failed, so that a note of it is to be removed when one ends well.
    ordered: Whether there are standing orders about the target, which its turn must read.
    """

    target: str
    queued_at: datetime
    account: AccountId | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    request: Request | None = None
    crowded: bool = False
    insists: bool = False
    repeated: bool = False
    troubled: bool = False
    ordered: bool = False

    @property
    def about(self) -> About:
        """What it is about."""
        return About(self.target, self.account)

    def text(self) -> str:
        """Return the message's body, as JSON."""
        body: dict[str, Any] = {"target": self.target, "asked": self.queued_at.isoformat()}
        if self.account is not None:
            body |= {"account": str(self.account), "tags": dict(self.tags)}
        body |= {
            name: True for name in ("crowded", "insists", "repeated", "troubled", "ordered") if getattr(self, name)
        }
        if self.request is not None:
            body["request"] = _request_text(self.request, self.queued_at)
        return json.dumps(body)

    def is_to_be_kept(self, now: datetime) -> bool:
        """Return whether the message must be queued again after it failed: a request, for a day. A tick queues its own
        messages again, and those of a request for many."""
        by_tick = self.repeated or request_of_many(self.request) is not None
        return self.request is not None and not by_tick and now - self.queued_at < WISH_LASTS

    def is_stale(self, now: datetime) -> bool:
        """Return whether the tags in the message are too old to be used."""
        return now - self.queued_at > BELIEVED_FOR


def read_message(body: bytes) -> Message:
    """Read a queue message. Raises FixConfiguration, naming what is wrong with it."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise FixConfiguration("queue message", "it is not JSON.", _NEXT) from None
    if not isinstance(data, dict) or not isinstance(data.get("target"), str):
        raise FixConfiguration("queue message", "it is not an object with a target.", _NEXT)
    thing = f"queue message for {data['target'][:64]!r}"
    unknown = sorted(set(data) - _MEMBERS)
    if unknown:
        names = ", ".join(unknown).encode("ascii", "backslashreplace").decode()[:200]  # a lone surrogate cannot be sent
        raise FixConfiguration(thing, f"it has unknown members: {names}.", _NEXT)
    try:
        return Message(
            data["target"],
            _moment(data["asked"]),
            _account(data),
            _tags(data),
            _request(data.get("request"), _moment(data["asked"])),
            data.get("crowded") is True,
            data.get("insists") is True,
            data.get("repeated") is True,
            data.get("troubled") is True,
            data.get("ordered") is True,
        )
    except (KeyError, ValueError, TypeError, OverflowError) as problem:
        raise FixConfiguration(thing, f"it cannot be read: {problem}.", _NEXT) from problem


def _moment(text: object) -> datetime:
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError("asked has no time zone")
    return sane(moment)


def _account(data: Mapping[str, Any]) -> AccountId | None:
    return AccountId.parse(str(data["account"])) if data.get("account") is not None else None


def _tags(data: Mapping[str, Any]) -> dict[str, str]:
    tags = data.get("tags", {})
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise ValueError("tags is not an object of texts")
    return tags


def _request(data: object, queued_at: datetime) -> Request | None:
    if data is None:
        return None
    if not isinstance(data, dict):
        raise ValueError("request is not an object")  # noqa: TRY004 - every problem of a message is a ValueError
    kind, common = RequestKind(str(data.get("wish"))), _common(data, queued_at)
    match kind:
        case RequestKind.ROTATE:
            return RotateRequest(**common, end_other=data.get("end_other") is True)
        case RequestKind.LEAK:
            return _leak(common, data)
        case RequestKind.ARM:
            return ArmRequest(**common, deployment=_deployment(data))
        case RequestKind.DISARM:
            return DisarmRequest(**common)
        case RequestKind.DEPLOYED:
            return DeploymentRequest(**common, deployment=_deployment(data))
        case _:
            return _order(kind, common, data)


def _order(kind: _Ordering, common: _Common, data: Mapping[str, Any]) -> Request:
    """Return a request for a standing order, or for its end."""
    match kind:
        case RequestKind.TRIAL:
            starts = _moment(data["starts"]) if data.get("starts") else None
            despite = data.get("despite") is True
            return TrialRequest(**common, length=_seconds(data["length"]), starts=starts, despite_copies=despite)
        case RequestKind.END_TRIAL:
            return EndTrialRequest(**common, despite_leak=data.get("despite") is True)
        case RequestKind.HOLD:
            return HoldRequest(**common, until=_moment(data["until"]))
        case RequestKind.LIFT_HOLD:
            return LiftHoldRequest(**common)
        case _:
            assert_never(kind)


def _leak(common: _Common, data: Mapping[str, Any]) -> LeakRequest:
    """A report that names a fingerprint and was not seen by a turn yet has it among its values as well, because earlier
    releases go by these alone."""
    mark = data.get("fingerprint")
    fingerprint = Fingerprint(mark) if isinstance(mark, str) else None
    key = None if fingerprint and "key" not in data else LeakedKey(str(data.get("key", LeakedKey.LIVE)))
    values = frozenset[Fingerprint]() if fingerprint else _values(data)
    wait = _seconds(data.get("wait", 0))
    return LeakRequest(**common, key=key, fingerprint=fingerprint, wait=wait, values=values)


def _common(data: Mapping[str, Any], queued_at: datetime) -> _Common:
    texts = {name: data.get(name) or "" for name in ("reason", "by", "request_id")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("request holds something that is not text")
    if any(len(text) > MOST_TEXT for text in texts.values()):
        raise ValueError(f"request holds a text of more than {MOST_TEXT} characters")
    texts = {name: text.encode(errors="replace").decode() for name, text in texts.items()}  # half a character is none
    if texts["request_id"] and not _ID.fullmatch(texts["request_id"]):
        raise ValueError("request_id is not of 64 characters at most, without spaces and pluses")
    made = _moment(data["made"]) if "made" in data else queued_at
    return _Common(reason=texts["reason"], by=texts["by"], id=texts["request_id"] or None, requested_at=made)


def _seconds(wait: object) -> timedelta:
    if not isinstance(wait, int):
        raise ValueError("wait is not a number of seconds")  # noqa: TRY004
    return sane_lead(wait)


def _values(data: Mapping[str, Any]) -> frozenset[Fingerprint]:
    values = data.get("values") or []
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise ValueError("values is not a list of texts")
    return frozenset(map(Fingerprint, values))


def _deployment(data: Mapping[str, Any]) -> AwaitedDeployment:
    if not data.get("armed"):
        raise ValueError("request names no deployment")
    return AwaitedDeployment.read(str(data["armed"]))


def _request_text(request: Request, queued_at: datetime) -> dict[str, Any]:
    """The member `made` says when a request was made whose messages ticks queue later. Earlier releases ignore it."""
    leak = request if isinstance(request, LeakRequest) else None
    meant = {leak.fingerprint} if leak and leak.fingerprint and not leak.values else set()
    key = {} if leak and leak.key is None else {"key": leak.key if leak else LeakedKey.LIVE}
    deployment = request.deployment if isinstance(request, ArmRequest | DeploymentRequest) else None
    earlier = request.requested_at if request_of_many(request) is not None else None
    made = {"made": earlier.isoformat()} if earlier and earlier != queued_at else {}
    return {
        "wish": request.kind,
        **key,
        "reason": request.reason,
        "by": request.by,
        "request_id": request.id,
        "wait": int(leak.wait.total_seconds()) if leak else 0,
        "values": sorted(leak.values or meant) if leak else [],
        "armed": deployment.text() if deployment else None,
        **({"fingerprint": leak.fingerprint} if leak and meant else {}),
        **made,
        **_of_orders(request),
    }


def _of_orders(request: Request) -> dict[str, Any]:
    """Return the members that only requests for a trial, a hold or the end of the other key have."""
    match request:
        case RotateRequest(end_other=True):
            return {"end_other": True}
        case TrialRequest():
            starts = request.starts.isoformat() if request.starts else None
            return {"length": int(request.length.total_seconds()), "starts": starts, "despite": request.despite_copies}
        case EndTrialRequest():
            return {"despite": request.despite_leak}
        case HoldRequest():
            return {"until": request.until.isoformat()}
        case _:
            return {}
