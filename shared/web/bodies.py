"""What callers may send, as types. The same types read a request and describe it in OpenAPI.

An unknown field is refused by name, and so is a value of the wrong type or form. What a type can say is said here and
nowhere else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Self

import msgspec
from msgspec import Meta, Struct, field

from shared.domain import times
from shared.domain.keys import Fingerprint
from shared.domain.orders import USUAL_TRIAL, trial_time
from shared.domain.requests import (
    ArmRequest,
    AwaitedDeployment,
    DeploymentRequest,
    Follow,
    LeakedKey,
    LeakRequest,
    Request,
    RequestKind,
    RotateRequest,
    soak_time,
)
from shared.domain.text import plain, without_keys
from shared.domain.times import FIRST, LAST
from shared.web.body_fields import (
    Confirmed,
    DryRun,
    EndOther,
    Environment,
    FollowWord,
    KeyMark,
    Latest,
    NamesOnly,
    ReasonText,
    Soak,
    TrialTime,
    WaitTime,
)

MOST_BODY = 16 * 1024


class BadRequest(Exception):
    """The request cannot be read. Carries the HTTP status, and the title and the detail of the problem."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(title, detail)
        self.status, self.title, self.detail = status, title, detail


class Body(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The body of a request: a JSON object, declared as one. No body at all is read as an empty object."""

    @classmethod
    def read(cls, body: bytes, headers: Mapping[str, str]) -> Self:
        """Return the body of a request. Raises BadRequest, which names the field."""
        if len(body) > MOST_BODY:
            raise BadRequest(413, "BodyTooLarge", f"The body is longer than {MOST_BODY} bytes.")
        kind = headers.get("content-type", "")
        # A page of another site can send other types, or none, without the browser asking first (Fetch, CORS).
        if body.strip() and kind.split(";")[0].strip().lower() != "application/json":
            raise BadRequest(415, "NotJson", f"Content-Type is {kind[:80]!r}: send application/json.")
        try:
            return msgspec.json.decode(body if body.strip() else b"{}", type=cls)
        except msgspec.ValidationError as problem:
            raise BadRequest(422, "BadField", cls.in_words(problem)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise BadRequest(400, "NotJson", "The body is not JSON.") from None

    @classmethod
    def in_words(cls, problem: msgspec.ValidationError) -> str:
        """Return which field is invalid, and how it is written.

        The message shows no regular expression, and nothing that looks like a key: an unknown name or value may be a
        key that was pasted into the wrong place.
        """
        said = re.sub(r"Expected `[^`]*` matching regex '.*'", "The form is invalid", str(problem))
        return f"{without_keys(said)}.{cls._hint(said)}"

    @classmethod
    def _hint(cls, problem: str) -> str:
        """Return the description of the field that a message names. Empty if it names none."""
        return described_field(cls, problem)


def described_field(kind: type[Struct], problem: str) -> str:
    """Return the description of the field of a type that a message names, after a space. Empty if it names none."""
    field = re.search(r"`\$\.(\w+)", problem)
    facts = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"].get(field[1], {}) if field else {}
    words = [one["description"] for one in (facts, *facts.get("anyOf", ())) if "description" in one]
    return f" {words[0]}" if words else ""


class Rotate(Body, frozen=True, kw_only=True):
    """Rotate now."""

    reason: ReasonText = ""
    dry_run: DryRun = False
    end_other_key: EndOther = field(default=False, name="endOtherKey")
    confirm: Confirmed | None = None

    def request(self, id_: str, by: str) -> Request:
        more = ("end the other key",) if self.end_other_key else ()  # another request, which a first one confirms not
        mark = scoped(id_, RequestKind.ROTATE, *more)
        return RotateRequest(reason=why(self.reason), by=by, id=mark, end_other=self.end_other_key)


class Leak(Body, frozen=True, kw_only=True):
    """Report that a key has leaked: which one by a word, by its fingerprint, or by both."""

    key: (
        Annotated[
            LeakedKey,
            Meta(
                description="`live`: the published key. `previous`: the other key, which is the one before or one that "
                "waits to be published. `both`: also if you do not know which."
            ),
        ]
        | None
    ) = None
    fingerprint: KeyMark | None = None
    reason: ReasonText = ""
    dry_run: DryRun = False
    wait: WaitTime | None = None
    confirm: Confirmed | None = None

    def __post_init__(self) -> None:
        """Check that the report says which key it means. Raises ValueError."""
        if self.key is None and self.fingerprint is None:
            raise ValueError("Object missing required field `key`, or `fingerprint`")

    def request(self, id_: str, by: str) -> Request:
        wait = times.parse_duration(self.wait) if self.wait else timedelta(0)
        meant = Fingerprint(self.fingerprint) if self.fingerprint else None
        mark = scoped(id_, RequestKind.LEAK, self.key or meant or "")
        return LeakRequest(key=self.key, fingerprint=meant, reason=why(self.reason), by=by, id=mark, wait=wait)


class Arm(Body, frozen=True, kw_only=True):
    """Rotate after the next deployment, or do what else should follow it."""

    environment: Environment
    soak: Soak | None = None
    latest: Latest | None = None
    then: FollowWord = Follow.ROTATE
    duration: TrialTime | None = None
    reason: ReasonText = ""
    dry_run: DryRun = False
    confirm: Confirmed | None = None

    def __post_init__(self) -> None:
        """Check what no pattern can say: durations, and which fields go with which. Raises ValueError."""
        check_form("soak", soak_time, self.soak)
        check_form("duration", trial_time, self.duration)
        if self.duration is not None and self.then is not Follow.TRIAL:
            raise ValueError("Only a trial has a duration (`$.duration`): `then` must be `trial`")

    def request(self, id_: str, by: str) -> Request:
        latest = max(self.latest, FIRST) if self.latest and self.latest < LAST else None
        armed = AwaitedDeployment(
            self.environment,
            soak_time(self.soak) if self.soak else timedelta(0),
            latest.replace(microsecond=0) if latest else None,
            then=self.then,
            length=self._length,
        )
        return ArmRequest(reason=why(self.reason), by=by, id=scoped(id_, RequestKind.ARM), deployment=armed)

    @property
    def _length(self) -> timedelta | None:
        if self.then is not Follow.TRIAL:
            return None
        return trial_time(self.duration) if self.duration else USUAL_TRIAL


def check_form(name: str, read: Callable[[str], object], text: str | None) -> None:
    """Check a duration as tags and settings do. Raises ValueError, which names the field."""
    try:
        if text is not None:
            read(text)
    except ValueError:
        raise ValueError(f"The form is invalid - at `$.{name}`") from None


class Deployment(Body, frozen=True, kw_only=True):
    """Report that a deployment went live."""

    environment: Environment
    reason: ReasonText = ""
    dry_run: NamesOnly = False

    def request(self, id_: str, by: str, now: datetime) -> DeploymentRequest:
        armed = AwaitedDeployment(self.environment, deployed=now)
        mark = scoped(id_, RequestKind.DEPLOYED, self.environment.casefold())
        return DeploymentRequest(reason=why(self.reason), by=by, id=mark, deployment=armed)


def why(text: str) -> str:
    """Return a reason as tags, events and logs may show it. A caller may have pasted the leaked key into it."""
    return without_keys(plain(text))


def request_id(headers: Mapping[str, str], invocation: str) -> str:
    """Return the id of a request: a hash of its Idempotency-Key, or the id of the invocation if it has none.

    The hash keeps the caller's own text out of tags. Raises BadRequest if the key is longer than 255 characters.
    """
    key = headers.get("idempotency-key", "")
    if len(key) > 255:
        raise BadRequest(422, "BadHeader", "Idempotency-Key: is longer than 255 characters.")
    return hashlib.sha256(key.encode()).hexdigest()[:32] if key else invocation


def scoped(id_: str, *about: str) -> str:
    """Return the id of a request of this kind. The same Idempotency-Key on another kind of request is another id."""
    return hashlib.sha256("\n".join([*about, id_]).encode()).hexdigest()[:32]
