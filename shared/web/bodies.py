"""What callers may send, as types: the same ones read a request and describe it (OpenAPI).

A field that nobody knows is refused and named, as is a value of another kind or form. What can be said by a type is
said here and nowhere else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

import msgspec
from msgspec import Meta, Struct

from shared.domain import times
from shared.domain.names import ENVIRONMENT_NAME, TARGET_NAME
from shared.domain.requests import (
    ArmRequest,
    AwaitedDeployment,
    DeploymentRequest,
    LeakedKey,
    LeakRequest,
    Request,
    RequestKind,
    RotateRequest,
)
from shared.domain.text import plain, without_keys
from shared.domain.times import FIRST, LAST

MOST_BODY = 16 * 1024
MOST_TARGETS = 200
_END = r"$(?!\n)"  # the end also for a regular expression that would let a last line break through
_SOAK = r"^(P([1-9]|[12][0-9]|30)D|PT([1-9][0-9]?|[1-6][0-9][0-9]|7[01][0-9]|720)H|PT[1-9][0-9]{0,3}M)" + _END
_WAIT = r"^(PT([1-9][0-9]?|1[01][0-9]|120)S|PT[12]M)" + _END

type ReasonText = Annotated[
    str,
    Meta(
        max_length=200,
        description="Why. Stands in the answer and the log; where another key is published for it, its first 100 "
        "characters stand in the event and a tag.",
    ),
]
type DryRun = Annotated[bool, Meta(description="Say what would be done, and do nothing.")]
type NamesOnly = Annotated[bool, Meta(description="Say which targets would get a turn, and do nothing.")]
type Environment = Annotated[
    str,
    Meta(
        pattern=f"^{ENVIRONMENT_NAME}" + _END,
        description="The deployment environment, such as production: at most 40 letters, digits, dots, dashes and "
        "underscores, a letter or digit first. Compared without case.",
    ),
]
type Name = Annotated[
    str,
    Meta(
        pattern=f"^{TARGET_NAME}" + _END,
        description="A target's name: at most 63 letters, digits and dashes, a letter or digit first.",
    ),
]
type Names = Annotated[list[Name], Meta(min_length=1, max_length=MOST_TARGETS, description="Targets by name.")]
type Soak = Annotated[
    str,
    Meta(
        pattern=_SOAK,
        description="How long after the deployment: whole days, hours or minutes, such as P1D, PT2H or PT90M; at most "
        "30 days, as P30D or PT720H.",
    ),
]
type WaitTime = Annotated[
    str,
    Meta(
        pattern=_WAIT,
        description="How long a leaked live key is left once its successor is published: whole seconds or minutes, "
        "such as PT30S; at most two minutes, PT2M.",
    ),
]
type Latest = Annotated[
    datetime,
    Meta(
        tz=True,
        description="When it happens anyway, without a deployment: date, time and zone, such as 2027-01-31T18:00:00Z.",
    ),
]


class BadRequest(Exception):
    """What a caller sent is not a request. Carries the status, a title and the words."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(title, detail)
        self.status, self.title, self.detail = status, title, detail


class Body(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A request's body: a JSON object; none at all is an empty one."""

    @classmethod
    def read(cls, body: bytes, headers: Mapping[str, str]) -> Self:
        """Raises BadRequest with the field named."""
        if len(body) > MOST_BODY:
            raise BadRequest(413, "BodyTooLarge", f"The body is longer than {MOST_BODY} bytes.")
        kind = headers.get("content-type", "")
        if body.strip() and kind.split(";")[0].strip().lower() not in ("application/json", ""):
            raise BadRequest(415, "NotJson", f"Content-Type is {kind[:80]!r}: send application/json.")
        try:
            return msgspec.json.decode(body if body.strip() else b"{}", type=cls)
        except msgspec.ValidationError as problem:
            raise BadRequest(422, "BadField", cls.in_words(problem)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise BadRequest(400, "NotJson", "The body is not JSON.") from None

    @classmethod
    def in_words(cls, problem: msgspec.ValidationError) -> str:
        """What is wrong with which field, for people: a regular expression is none of their words, and a name or value
        that nobody knows may be a key that was pasted into the wrong place."""
        said = re.sub(r"Expected `[^`]*` matching regex '.*'", "Another form is wanted", str(problem))
        return f"{without_keys(said)}.{cls._hint(said)}"

    @classmethod
    def _hint(cls, problem: str) -> str:
        """What the field that a problem names is for and how it is written, in the words of its own description."""
        field = re.search(r"`\$\.(\w+)", problem)
        facts = msgspec.json.schema(cls)["$defs"][cls.__name__]["properties"].get(field[1], {}) if field else {}
        words = [one["description"] for one in (facts, *facts.get("anyOf", ())) if "description" in one]
        return f" {words[0]}" if words else ""


class Rotate(Body, frozen=True, kw_only=True):
    """Rotate now."""

    reason: ReasonText = ""
    dry_run: DryRun = False

    def request(self, id_: str, by: str) -> Request:
        return RotateRequest(reason=why(self.reason), by=by, id=scoped(id_, RequestKind.ROTATE))


class Leak(Body, frozen=True, kw_only=True):
    """A key is out."""

    key: Annotated[
        LeakedKey,
        Meta(
            description="`live` is the published one; `previous` the other key: the one before, or one that waits to "
            "be published; `both` also where nobody knows."
        ),
    ]
    reason: ReasonText = ""
    dry_run: DryRun = False
    wait: WaitTime | None = None

    def request(self, id_: str, by: str) -> Request:
        wait = times.parse_duration(self.wait) if self.wait else timedelta(0)
        mark = scoped(id_, RequestKind.LEAK, self.key)
        return LeakRequest(key=LeakedKey(self.key), reason=why(self.reason), by=by, id=mark, wait=wait)


class RotateMany(Body, frozen=True, kw_only=True):
    """Rotate several targets, each in a turn of its own."""

    targets: Annotated[
        Names | Literal["all"],
        Meta(
            description="Names of targets (at most 63 letters, digits and dashes, a letter or digit first), or `all`, "
            "which needs the reader's role, too: the answer names them."
        ),
    ]
    reason: ReasonText = ""
    dry_run: NamesOnly = False

    def request(self, id_: str, by: str) -> Request:
        return RotateRequest(reason=why(self.reason), by=by, id=scoped(id_, RequestKind.ROTATE))


class Arm(Body, frozen=True, kw_only=True):
    """Rotate after the next deployment."""

    environment: Environment
    soak: Soak | None = None
    latest: Latest | None = None
    reason: ReasonText = ""

    def request(self, id_: str, by: str) -> Request:
        soak = times.parse_duration(self.soak) if self.soak else timedelta(0)
        latest = max(self.latest, FIRST) if self.latest and self.latest < LAST else None
        armed = AwaitedDeployment(self.environment, soak, latest.replace(microsecond=0) if latest else None)
        return ArmRequest(reason=why(self.reason), by=by, id=scoped(id_, RequestKind.ARM), deployment=armed)


class Deployment(Body, frozen=True, kw_only=True):
    """A deployment went live."""

    environment: Environment
    reason: ReasonText = ""
    dry_run: NamesOnly = False

    def request(self, id_: str, by: str, now: datetime) -> Request:
        armed = AwaitedDeployment(self.environment, deployed=now)
        mark = scoped(id_, RequestKind.DEPLOYED, self.environment.casefold())
        return DeploymentRequest(reason=why(self.reason), by=by, id=mark, deployment=armed)


def why(text: str) -> str:
    """A reason as it may stand in a tag, an event and a log: somebody who reports a leak may well paste what leaked."""
    return without_keys(plain(text))


def request_id(headers: Mapping[str, str], invocation: str) -> str:
    """The caller's Idempotency-Key as a short mark: what stands in a tag is ours to shape, not the caller's. Without
    one, this invocation. Raises BadRequest."""
    key = headers.get("idempotency-key", "")
    if len(key) > 255:
        raise BadRequest(422, "BadHeader", "Idempotency-Key: is longer than 255 characters.")
    return hashlib.sha256(key.encode()).hexdigest()[:32] if key else invocation


def scoped(id_: str, *about: str) -> str:
    """The mark of a request for this and nothing else: the same key under another wish is another request."""
    return hashlib.sha256("\n".join([*about, id_]).encode()).hexdigest()[:32]
