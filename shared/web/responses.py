"""Outcomes, rows and errors as HTTP answers: status, JSON, and problem details (RFC 9457) for errors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import NotRequired, TypedDict

from shared.announce.deadlines import Deadline
from shared.decide.plan import Reason
from shared.domain.errors import (
    ConfirmFirst,
    DisputedName,
    DisputedSecret,
    FixConfiguration,
    GrantRole,
    LeaseHeld,
    LimitReached,
    OutOfScope,
    OutOfTime,
    PersonMustLook,
    ProofFailed,
    ProofImpossible,
    RotationError,
    Throttled,
    TryLater,
    UnexpectedAnswer,
    UnknownTarget,
)
from shared.domain.requests import Follow
from shared.fleet.deployments import Following
from shared.turns.message import Message
from shared.turns.report import Outcome, Result

PROBLEM = "application/problem+json"
# Every answer has these: no cache keeps it, and no browser takes it for something else than its type says.
SAFE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_STATUS: tuple[tuple[type[RotationError], int], ...] = (
    (UnknownTarget, 404),
    (DisputedName, 409),
    (DisputedSecret, 409),
    (ConfirmFirst, 409),
    (LimitReached, 429),
    (OutOfScope, 403),
    (OutOfTime, 202),
    (LeaseHeld, 409),
    (PersonMustLook, 409),
    (ProofImpossible, 502),
    (ProofFailed, 202),
    (UnexpectedAnswer, 502),
    (GrantRole, 502),
    (TryLater, 503),
    (FixConfiguration, 503),
)
_ARM = (
    "arm a target for it with PUT /api/targets/{name}/deployment or `python -m cli arm`, or tag its account "
    "key-rotation-after-deployment"
)
_A_PART = "a part of it could not be read."
_A_READER = "ask a person with the role Rotation.Reader which part: GET /api/targets shows it"


REPEAT = "ask again, with the same Idempotency-Key"


class ProblemData(TypedDict):
    """What could not be read or enrolled, why, and what a person should do."""

    error: str
    thing: str
    why: str
    nextStep: str


class FollowsData(TypedDict):
    """What follows a deployment at one target: as presumed from a listing, before its turn has looked.

    `at` is when it happens, or for `end` when both old values have ended. `heldBy` is the reason that holds it now.
    """

    target: str
    then: Follow
    says: str
    at: NotRequired[str]
    heldBy: NotRequired[Reason]
    heldUntil: NotRequired[str]


class Heard(TypedDict):
    """The targets that waited for a deployment to this environment, and what follows at each. If none did, how to make
    one wait. Only who may see the fleet is told what follows."""

    environment: str
    targets: list[str]
    follows: NotRequired[list[FollowsData]]
    problems: list[ProblemData]
    why: NotRequired[str]
    nextStep: NotRequired[str]


@dataclass(frozen=True)
class Reply:
    """An HTTP answer as plain data.

    status: The HTTP status.
    data: Data that becomes JSON, or a text that is sent as it is.
    kind: The content type.
    headers: More headers.
    queued: Messages for the turns that the request leads to.
    on_record: What the log's line about the act says beside the data, because the caller may not see it.
    done: What was done, in words for a page.
    """

    status: int
    data: object
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    queued: tuple[Message, ...] = ()
    on_record: Mapping[str, object] = field(default_factory=dict)
    done: tuple[str, ...] = ()

    @property
    def body(self) -> str:
        """The body as text."""
        return self.data if isinstance(self.data, str) else json.dumps(self.data, ensure_ascii=False)


def problem(status: int, title: str, detail: str, **more: object) -> Reply:
    """Return an HTTP answer in the form of problem details with more members. `type` is left out: the title is the
    type's name."""
    facts = {"title": title, "status": status, "detail": detail, **more}
    return Reply(status, {name: value for name, value in facts.items() if value is not None}, PROBLEM)


def status_of(error: RotationError) -> int:
    """Return the HTTP status that answers this error; 503 for an error without a status of its own."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 503)


def of_error(error: RotationError, *, names: bool = False) -> Reply:
    """Return the HTTP answer to an error: a problem.

    `names` says whether the caller may know which targets there are. Then an unknown name is answered with those names,
    what several accounts claim with these accounts, and what is out of the caller's scopes with account and scopes.
    """
    status = status_of(error)
    known = list(error.known) if names and isinstance(error, UnknownTarget) else None
    meant = list(error.accounts) if isinstance(error, FixConfiguration | OutOfScope) else []
    scopes = list(error.scopes) if names and isinstance(error, OutOfScope) else None
    more = {"nextStep": error.next_step, "known": known, "accounts": meant or None if names else None, "scopes": scopes}
    facts = problem(status, error.code, f"{error.thing}: {error.what}", **more)
    on_record = {"accounts": meant} if isinstance(error, OutOfScope) else {}
    return replace(facts, headers=retry_after([error]), on_record=on_record)


def retry_after(errors: Iterable[RotationError]) -> dict[str, str]:
    """Return the header that says when to ask again, as a date: when the last of these waits ends. Empty if none."""
    waits = [error for error in errors if isinstance(error, Throttled | LimitReached)]
    moments = [error.until for error in waits if error.until is not None]
    if not moments:
        return {}
    last = max(moments).astimezone(UTC) + timedelta(seconds=1)  # the date has whole seconds
    return {"Retry-After": format_datetime(last.replace(microsecond=0), usegmt=True)}


def of_outcome(outcome: Outcome, now: datetime, *, goes_on: bool = True) -> Reply:
    """Return the HTTP answer to an outcome.

    200: done, or nothing to do. 202: a later turn goes on with it. 409: held back, with the time or the holder. 503:
    Azure asked to wait, with the time. Any other status: the error's own. Without `goes_on` no later turn goes on with
    it, so that 202 becomes 503.
    """
    if isinstance(outcome.error, Throttled):
        return Reply(503, _with_title(outcome, 503), PROBLEM, retry_after([outcome.error]))
    if outcome.result is Result.HELD:
        until = outcome.held_until
        wait = {"Retry-After": str(max(1, int((until - now).total_seconds())))} if until else {}
        return Reply(409, _with_title(outcome, 409), PROBLEM, wait)
    if outcome.result is Result.BUSY:
        return Reply(409, _with_title(outcome, 409), PROBLEM, {"Retry-After": "15"})
    if outcome.result is not Result.FAILED:
        return Reply(200, outcome.data())
    status = status_of(outcome.error) if outcome.error else 503
    if status == 202 and not goes_on:
        status = 503
    if status == 202:
        return Reply(202, outcome.data(), headers={"Location": f"/api/targets/{outcome.target}"})
    return Reply(status, _with_title(outcome, status), PROBLEM)


def _with_title(outcome: Outcome, status: int) -> dict[str, object]:
    return {"title": outcome.reason, "status": status, "detail": f"{outcome.target}: {outcome.why}", **outcome.data()}


def of_deadlines(found: list[Deadline], problems: list[RotationError]) -> Reply:
    """Return the HTTP answer with all deadlines."""
    return Reply(200, {"deadlines": [one.data() for one in found], "problems": problems_data(problems)})


def problems_data(problems: list[RotationError]) -> list[ProblemData]:
    """Return the problems of an HTTP answer as JSON: what could not be read or enrolled, and what to do about it."""
    return [ProblemData(error=one.code, thing=one.thing, why=one.what, nextStep=one.next_step) for one in problems]


def deployment_data(
    environment: str,
    waiting: list[str],
    problems: list[RotationError],
    left_out: list[RotationError] | None = None,
    follows: Iterable[Following] = (),
    *,
    names: bool = True,
) -> Heard:
    """Return the body of the HTTP answer to a reported deployment: which targets waited for it, and what follows.

    If none did, the answer says so: otherwise a pipeline that names the wrong environment would look correct for ever.
    `names` says whether the caller may know which accounts there are. `left_out` are problems that name none.
    """
    seen = [*(problems if names else _unnamed(problems)), *(left_out or [])]
    said = Heard(environment=environment, targets=waiting, problems=problems_data(seen))
    told = [follows_data(one) for one in follows] if names else []
    if told:
        said["follows"] = told
    if not waiting:
        some = " that could be read" if problems else ""
        some += " within the scopes of this caller" if left_out else ""
        said["why"] = f"No target{some} waits for a deployment to {environment}."
        said["nextStep"] = _ARM
    return said


def follows_data(one: Following) -> FollowsData:
    """Return what follows a deployment at one target as JSON."""
    data = FollowsData(target=one.target, then=one.then, says=one.says)
    if one.at is not None:
        data["at"] = one.at.isoformat()
    if one.held_by is not None:
        data["heldBy"] = one.held_by
    if one.held_until is not None:
        data["heldUntil"] = one.held_until.isoformat()
    return data


def _unnamed(problems: list[RotationError]) -> list[RotationError]:
    """Return the problems without their things, for a caller who may not see the fleet: only the kinds remain."""
    return [type(one)("the fleet", _A_PART, _A_READER) for one in problems]


def next_step_to_repeat(error: RotationError) -> str:
    """Return the next step of an HTTP caller whose request failed and is not queued: no later check carries it out."""
    return REPEAT if error.resolves_itself else f"{error.next_step}; then {REPEAT}"
