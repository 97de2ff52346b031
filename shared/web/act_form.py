"""The form with which a person acts on one target, and the request that it makes.

A form carries, beside what a person fills in, three things that the page wrote into it: an id, so that sending it twice
acts once; a digest of the plan that was shown; and when that plan was shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from shared.domain.requests import DisarmRequest, Request, RequestKind
from shared.domain.times import sane
from shared.web.bodies import Arm, BadRequest, Leak, Rotate, request_id, why
from shared.web.forms import WrongField, as_moment, body_of, read_form, typed

KINDS = (RequestKind.ROTATE, RequestKind.LEAK, RequestKind.ARM, RequestKind.DISARM)
# What each act asks besides the reason, as the query of the page's address may say it as well.
ASKED = {
    RequestKind.ROTATE: (),
    RequestKind.LEAK: ("key", "wait"),
    RequestKind.ARM: ("environment", "soak", "latest"),
    RequestKind.DISARM: (),
}
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
    def is_begun(self) -> bool:
        """Whether a person has filled in what the act asks, or has sent the form."""
        return any(self.asked.values()) or bool(self.reason or self.confirm)

    def request(self, by: str) -> Request:
        """Return the request that the form makes for this person. Raises WrongField.

        The reason may still be missing.
        """
        id_ = request_id({"idempotency-key": self.id}, "")
        given = {name: text for name, text in self.asked.items() if text}
        match self.kind:
            case RequestKind.LEAK:
                return body_of(Leak, {"reason": self.reason, **given}).request(id_, by)
            case RequestKind.ARM:
                if "environment" not in given:
                    raise WrongField("environment", "Say which deployment environment it waits for.")
                return body_of(Arm, {"reason": self.reason, **given}).request(id_, by)
            case RequestKind.DISARM:
                return DisarmRequest(reason=why(body_of(Rotate, {"reason": self.reason}).reason), by=by, id=id_)
            case _:
                return body_of(Rotate, {"reason": self.reason}).request(id_, by)

    def wrong(self, name: str) -> dict[str, str]:
        """Return what must be corrected before anything is done, by field.

        name: The target's name, which the person types to confirm.
        """
        found = {}
        if not self.reason:
            found["reason"] = "Say why. Nothing was done."
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
    if asked.get("latest"):
        asked["latest"] = as_moment(asked["latest"])
    return asked


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return sane(moment) if moment.tzinfo else None
    except ValueError:
        return None
