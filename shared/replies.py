"""Facts and errors to HTTP: status, JSON, and problem details (RFC 9457) where something is wrong.

Also the other way round: a request's body into a `Request`, refusing by name what it does not know.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.errors import (
    FixConfiguration,
    GrantRole,
    LeaseHeld,
    PersonMustLook,
    ProofFailed,
    ProofImpossible,
    RotationError,
    TryLater,
    UnexpectedAnswer,
    UnknownTarget,
)
from shared.model import Request
from shared.report import Outcome, Result, Row

PROBLEM = "application/problem+json"
MOST_BODY = 16 * 1024
MOST_REASON = 200
_STATUS: tuple[tuple[type[RotationError], int], ...] = (
    (UnknownTarget, 404),
    (LeaseHeld, 409),
    (PersonMustLook, 409),
    (ProofImpossible, 502),
    (ProofFailed, 202),
    (UnexpectedAnswer, 502),
    (GrantRole, 502),
    (TryLater, 503),
    (FixConfiguration, 503),
)
_CODES = {error.__name__: status for error, status in _STATUS}


@dataclass(frozen=True)
class Reply:
    """An answer without a framework."""

    status: int
    data: object
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> str:
        return json.dumps(self.data, ensure_ascii=False)


class BadRequest(Exception):
    """What a caller sent is not a request. Carries the status and the words."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(title, detail)
        self.reply = problem(status, title, detail)


def problem(status: int, title: str, detail: str, **more: object) -> Reply:
    """A problem-details body. `type` is left out: the title is the type's name."""
    facts = {"title": title, "status": status, "detail": detail, **more}
    return Reply(status, {name: value for name, value in facts.items() if value is not None}, PROBLEM)


def of_error(error: RotationError) -> Reply:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 503)
    return problem(status, error.code, f"{error.thing}: {error.what}", nextStep=error.next_step)


def of_outcome(outcome: Outcome, now: datetime) -> Reply:
    """200 done or nothing to do, 202 still proving, 409 held back with the time or the holder, else why not."""
    if outcome.result is Result.HELD:
        until = outcome.held_until
        wait = {"Retry-After": str(max(1, int((until - now).total_seconds())))} if until else {}
        return Reply(409, _with_title(outcome, 409), PROBLEM, wait)
    if outcome.result is Result.BUSY:
        return Reply(409, _with_title(outcome, 409), PROBLEM, {"Retry-After": "15"})
    if outcome.result is not Result.FAILED:
        return Reply(200, outcome.data())
    status = _CODES.get(outcome.reason, 503)
    if status == 202:
        return Reply(202, outcome.data(), headers={"Location": f"/api/targets/{outcome.target}"})
    return Reply(status, _with_title(outcome, status), PROBLEM)


def _with_title(outcome: Outcome, status: int) -> dict[str, object]:
    return {"title": outcome.reason, "status": status, "detail": f"{outcome.target}: {outcome.why}", **outcome.data()}


def of_survey(rows: list[Row], problems: list[RotationError]) -> Reply:
    wrong = [{"error": one.code, "thing": one.thing, "why": one.what, "nextStep": one.next_step} for one in problems]
    return Reply(200, {"targets": [row.data() for row in rows], "problems": wrong})


def of_row(row: Row) -> Reply:
    return of_error(row.error) if row.error else Reply(200, row.data())


def read_rotate(body: bytes, headers: Mapping[str, str]) -> tuple[Request, bool]:
    """A request to rotate and whether it is a dry run. Raises BadRequest with the field named."""
    data = _json_object(body, headers.get("content-type", ""))
    unknown = sorted(set(data) - {"reason", "dry_run"})
    if unknown:
        names = ", ".join(unknown).encode("ascii", "backslashreplace").decode()[:200]  # a lone surrogate cannot be sent
        raise BadRequest(422, "UnknownField", f"{names}: not a field; known: reason, dry_run.")
    reason, dry_run = data.get("reason", ""), data.get("dry_run", False)
    if not isinstance(reason, str) or len(reason) > MOST_REASON or not reason.isprintable():
        raise BadRequest(422, "BadField", f"reason: is not printable text of at most {MOST_REASON} characters.")
    if not isinstance(dry_run, bool):
        raise BadRequest(422, "BadField", "dry_run: is neither true nor false.")
    return Request(reason=reason, id=_idempotency(headers.get("idempotency-key", ""))), dry_run


def _idempotency(key: str) -> str | None:
    """The caller's key as a short mark: what stands in a tag is ours to shape, not the caller's."""
    if len(key) > 255:
        raise BadRequest(422, "BadHeader", "Idempotency-Key: is longer than 255 characters.")
    return hashlib.sha256(key.encode()).hexdigest()[:32] if key else None


def _json_object(body: bytes, content_type: str) -> dict[str, Any]:
    if len(body) > MOST_BODY:
        raise BadRequest(413, "BodyTooLarge", f"The body is longer than {MOST_BODY} bytes.")
    if not body.strip():
        return {}
    if content_type.split(";")[0].strip().lower() not in ("application/json", ""):
        raise BadRequest(415, "NotJson", f"Content-Type is {content_type[:80]!r}: send application/json.")
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest(400, "NotJson", "The body is not JSON.") from None
    if not isinstance(data, dict):
        raise BadRequest(422, "NotAnObject", "The body is JSON but not an object.")
    return data
