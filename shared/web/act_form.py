"""The form with which a person acts on one target, and the request that it makes.

A form carries, beside what a person fills in, three things that the page wrote into it: an id, so that sending it twice
acts once; a digest of the plan that was shown; and when that plan was shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from shared.domain.requests import DisarmRequest, Follow, Request, RequestKind
from shared.domain.times import sane
from shared.web.bodies import Arm, BadRequest, Leak, Rotate, request_id, why
from shared.web.forms import WrongField, as_moment, body_of, read_form, typed
from shared.web.orders_bodies import LiftHold, PlanTrial, SetHold, StopTrial

KINDS = (
    RequestKind.ROTATE,
    RequestKind.LEAK,
    RequestKind.ARM,
    RequestKind.DISARM,
    RequestKind.TRIAL,
    RequestKind.END_TRIAL,
    RequestKind.HOLD,
    RequestKind.LIFT_HOLD,
)
# What each act asks besides the reason, as the query of the page's address may say it as well.
ASKED = {
    RequestKind.ROTATE: ("endOtherKey",),
    RequestKind.LEAK: ("key", "wait"),
    RequestKind.ARM: ("environment", "then", "duration", "soak", "latest"),
    RequestKind.DISARM: (),
    RequestKind.TRIAL: ("duration", "start", "despiteCopies"),
    RequestKind.END_TRIAL: ("despiteLeak",),
    RequestKind.HOLD: ("until",),
    RequestKind.LIFT_HOLD: (),
}
CHECKS = ("endOtherKey", "despiteCopies", "despiteLeak")  # fields that are a box to tick
YES = "yes"
# Acts that take nothing away from anybody: they need no typed name.
_HARMLESS = (RequestKind.END_TRIAL, RequestKind.HOLD, RequestKind.LIFT_HOLD)
_BODIES: Mapping[RequestKind, type[Rotate | Leak | Arm | PlanTrial | StopTrial | SetHold | LiftHold]] = {
    RequestKind.ROTATE: Rotate,
    RequestKind.LEAK: Leak,
    RequestKind.ARM: Arm,
    RequestKind.TRIAL: PlanTrial,
    RequestKind.END_TRIAL: StopTrial,
    RequestKind.HOLD: SetHold,
    RequestKind.LIFT_HOLD: LiftHold,
}
_NEEDED = {  # what must be filled in before anything can be shown
    RequestKind.ARM: ("environment", "Say which deployment environment it waits for."),
    RequestKind.HOLD: ("until", "Say until when it is on hold."),
}
_MOMENTS = ("latest", "start", "until")
_NOT_SAID = "(not said yet)"  # stands for the reason of a hold in a dry run, and is never carried out
_WRITTEN = ("id", "plan", "shown")  # by the page itself
_TYPED = ("reason", "confirm")
_ID, _PLAN = re.compile(r"[0-9A-Za-z-]{1,64}"), re.compile(r"[0-9a-f]{64}|unseen")
_STALE = "A part of the form that the page wrote is missing or was changed. Open the page again."


def kind_of(act: str) -> RequestKind | None:
    """Return what a page is about, by the word in its path. None for any other word."""
    return next((kind for kind in KINDS if kind.value == act), None)


@dataclass(frozen=True)
class ActForm:
    """A form as far as it is filled in.

    kind: What is to be done.
    id: The id of the form. A form that is sent twice has the same id.
    asked: What the act asks besides the reason, by field: which key, or which deployment.
    reason: Why, as it was typed.
    confirm: The target's name, as it was typed.
    plan: The digest of the plan that was shown. Empty if none was.
    shown_at: When that plan was shown, in UTC. None if none was.
    only_shows: Whether the person asks only to see what would happen.
    """

    kind: RequestKind
    id: str
    asked: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    confirm: str = ""
    plan: str = ""
    shown_at: datetime | None = None
    only_shows: bool = True

    @classmethod
    def of_query(cls, kind: RequestKind, query: Mapping[str, str], invocation: str) -> Self:
        """Return the form of a page that is opened. Other parameters of the query are ignored.

        invocation: The id of the invocation that shows the page, which becomes the form's.
        """
        return cls(kind, invocation, _asked(kind, query))

    @classmethod
    def of_post(cls, kind: RequestKind, body: bytes, headers: Mapping[str, str]) -> Self:
        """Return the form that was sent. Raises BadRequest."""
        sent = read_form(body, headers, (*ASKED[kind], *_WRITTEN, *_TYPED, "do"))
        id_, plan, only_shows = sent.get("id", ""), sent.get("plan", ""), sent.get("do") == "show"
        shown_at = _moment(sent.get("shown", ""))
        if not _ID.fullmatch(id_) or not (only_shows or (_PLAN.fullmatch(plan) and shown_at)):
            raise BadRequest(422, "BadField", _STALE)
        reason, confirm = (typed(sent.get(name, "")) for name in _TYPED)
        return cls(kind, id_, _asked(kind, sent), reason, confirm, plan, shown_at, only_shows)

    @property
    def needs_name(self) -> bool:
        """Whether the person types the target's name to confirm."""
        return self.kind not in _HARMLESS

    @property
    def is_begun(self) -> bool:
        """Whether a person has filled in what the act asks, or has sent the form."""
        return any(self.asked.values()) or bool(self.reason or self.confirm)

    def request(self, by: str) -> Request:
        """Return the request that the form makes for this person. Raises WrongField.

        The reason may still be missing.
        """
        id_ = request_id({"idempotency-key": self.id}, "")
        if self.kind is RequestKind.DISARM:
            return DisarmRequest(reason=why(body_of(Rotate, {"reason": self.reason}).reason), by=by, id=id_)
        needed, says = _NEEDED.get(self.kind, ("", ""))
        if needed and not self.asked.get(needed):
            raise WrongField(needed, says)
        return body_of(_BODIES[self.kind], self._fields()).request(id_, by)

    def _fields(self) -> dict[str, Any]:
        """Return what was filled in as the body of the API has it."""
        given: dict[str, Any] = {name: _given(name, text) for name, text in self.asked.items() if text}
        if self.kind is RequestKind.ARM and given.get("then") != Follow.TRIAL:
            given.pop("duration", None)  # the page always asks for it, and only a trial has one
        missing = _NOT_SAID if self.kind is RequestKind.HOLD else ""
        return {"reason": self.reason or missing, **given}

    def wrong(self, name: str) -> dict[str, str]:
        """Return what must be corrected before anything is done, by field.

        name: The target's name, which the person types to confirm.
        """
        found = {}
        if not self.reason:
            found["reason"] = "Say why. Nothing was done."
        if not self.needs_name:
            return found
        if not self.confirm:
            found["confirm"] = f"Type {name} to confirm. Nothing was done."
        elif self.confirm.casefold() != name.casefold():
            found["confirm"] = f"This is not “{name}”. Nothing was done."
        return found

    def to_be_confirmed_again(self) -> Self:
        """Return the form as it is shown with another plan: with its reason, and without the confirmation."""
        return replace(self, confirm="")


def _asked(kind: RequestKind, given: Mapping[str, str]) -> dict[str, str]:
    asked = {name: typed(given.get(name, "")) for name in ASKED[kind]}
    if kind is RequestKind.LEAK:
        asked["key"] = asked["key"] or "live"
    for name in _MOMENTS:
        if asked.get(name):
            asked[name] = as_moment(asked[name])
    for name in CHECKS:
        if name in asked:
            asked[name] = YES if asked[name] in (YES, "true", "on") else ""
    return asked


def _given(name: str, text: str) -> str | bool:
    """Return what was filled in as a body has it."""
    return text == YES if name in CHECKS else text


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return sane(moment) if moment.tzinfo else None
    except ValueError:
        return None
