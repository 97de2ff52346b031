"""The HTTP routes described in OpenAPI 3.1.

Paths, methods and roles come from `routes`. The schemas of bodies and answers come from the types that read requests
and form replies. Only summaries and statuses stand here. Pages for people are left out: their forms are for browsers
alone, and a program has a route of the API for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import msgspec

from shared.announce.deadlines import DeadlineData
from shared.domain.names import TARGET_NAME
from shared.domain.readiness import Stage
from shared.turns.report import OutcomeData
from shared.version import VERSION, commit
from shared.web import bodies
from shared.web.asked import BY_ACCOUNT
from shared.web.callers import Role
from shared.web.copies_data import FleetCopies, OneCopies
from shared.web.many import BODIES, SELECTIONS, RotateMany
from shared.web.many_answers import Accepted, ManyList, ManyStatus
from shared.web.orders_bodies import FOLLOWING, LiftHold, PlanTrial, SetHold, StopTrial
from shared.web.readers_data import FleetReaders, OneReaders
from shared.web.readiness_data import FleetReadiness, OneReadiness
from shared.web.responses import PROBLEM, Heard, ProblemData
from shared.web.routes import ROUTES, Route
from shared.web.status_data import FleetData, OneTarget

_REF = "#/components/schemas/{name}"


class Deadlines(TypedDict):
    """Every deadline to come, soonest first, and what could not be read."""

    deadlines: list[DeadlineData]
    problems: list[ProblemData]


class Problem(TypedDict, total=False):
    """Problem details, RFC 9457. The title is the type's name. A failed turn adds what is known of it."""

    title: str
    status: int
    detail: str


class Health(TypedDict):
    """That the app runs. If invalid settings stop it, `status` is `stopped`, with the names of these settings."""

    status: str
    invalidSettings: NotRequired[list[str]]
    nextStep: NotRequired[str]


_TYPES: tuple[Any, ...] = (
    bodies.Rotate, bodies.Leak, RotateMany, bodies.Arm, bodies.Deployment,
    PlanTrial, StopTrial, SetHold, LiftHold,
    OutcomeData, OneTarget, FleetData, FleetReadiness, OneReadiness, Deadlines,
    FleetReaders, OneReaders, FleetCopies, OneCopies,
    Accepted, ManyStatus, ManyList, Heard, Problem, Health,
)  # fmt: skip
_OPTIONAL = (bodies.Rotate, StopTrial, LiftHold)  # bodies that need not be sent
_NAME = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": f"^({TARGET_NAME}|{BY_ACCOUNT})$"},
    "description": "The target's name, or `-` for the target of the account that `account` names.",
}
_ACCOUNT_ID = (
    "^/subscriptions/[0-9a-f-]{36}/resourceGroups/[A-Za-z0-9_.()-]{1,90}"
    "/providers/Microsoft.CognitiveServices/accounts/[A-Za-z0-9][A-Za-z0-9_.-]{1,63}$"
)
_ACCOUNT = {
    "name": "account",
    "in": "query",
    "schema": {"type": "string", "pattern": _ACCOUNT_ID},
    "description": "With `-` in place of a name: the resource id of the account.",
}
_FILTERS = {
    "q": "with this in their name, account, resource group or owner",
    "owner": "of this owner; `-` for those without one",
    "group": "of this resource group",
    "subscription": "of the subscription with this id",
}
_ACCOUNTS = {
    "q": "Only accounts with this in their name, resource id or owner.",
    "owner": "Only accounts of this owner; `-` for those without one.",
    "stage": "Only accounts at this stage.",
    "page": "The page of the accounts, from 1.",
}
_PAGE_OF = {"page": "The page of the accounts, from 1."}
_PRINCIPAL = {"principal": "Only whether the person or program with this object id can read them, groups included."}
_WORDS_OF = {"stage": list(Stage)}  # the words that a parameter may have, where there are only some
_ROTATION = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    "description": "The id of a request for many, as its answer named it.",
}
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "maxLength": 255},
    "description": "The same key never rotates twice.",
}
_WORDS = {
    400: "The body is not JSON.",
    401: "The caller is not signed in.",
    403: "The caller lacks the role, is limited to other scopes, or a browser acts for another site.",
    404: "No target has this name, or the account is not enrolled.",
    405: "The route has no such method; the header Allow lists those it has.",
    409: "Held back until `heldUntil`, another turn holds the target, a person must decide, the app only observes, "
    "several accounts have this name or this secret, a fingerprint is not that of the key that is meant, or the "
    "request must be confirmed.",
    413: "The body is too large.",
    415: "The body is not declared as JSON.",
    422: "A field is invalid; the detail names it.",
    429: "People have asked for as many rotations, leaks, trials and holds in this hour as the settings allow; "
    "Retry-After says until when. The first leak of a target is never refused so, nor is the end of a trial or a hold.",
    502: "Azure or its network refused a call; the next step says what to do.",
    503: "Azure did not answer, or a setting is invalid; the next step says what to do.",
}
_ALWAYS = (401, 403, 405, 503)
_READING = (400, 413, 415, 422)


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document, ready for JSON."""
    _, schemas = msgspec.json.schema_components(_TYPES, ref_template=_REF)
    schemas["Leak"]["anyOf"] = [  # no type can say that one of two fields is required
        {"required": [name], "properties": {name: {"type": "string"}}} for name in ("key", "fingerprint")
    ]
    schemas["Arm"]["anyOf"] = FOLLOWING
    schemas["RotateMany"]["anyOf"], schemas["Select"]["anyOf"] = BODIES, SELECTIONS
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Key rotation",
            "version": VERSION,
            "x-commit": commit() or "unknown",
            "description": "See the targets, rotate, report a leak, wait for a deployment, report that it went live.",
        },
        "servers": [{"url": "/api"}],
        "paths": {f"/{route.path}": _path(route) for route in ROUTES.values() if not route.page},
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "functionKey": {"type": "apiKey", "in": "header", "name": "x-functions-key"},
                "entra": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
        "security": [{"functionKey": []}, {"entra": []}],
    }


def _path(route: Route) -> dict[str, Any]:
    path: dict[str, Any] = {"parameters": [_NAME, _ACCOUNT]} if "{name}" in route.path else {}
    path |= {"parameters": [_ROTATION]} if "{id}" in route.path else {}
    for method, operation in route.operations.items():
        role = route.role_of(method)
        path[method.lower()] = {
            "operationId": operation,
            "description": f"Needs the role {Role(role).words}." if role else "Open to every caller.",
            **_OPERATIONS[operation],
            **({} if role else {"security": []}),
        }
    return path


def _see(summary: str, answer: dict[str, Any], *statuses: int) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": answer, **_problems(*statuses)}}


def _chosen(operation: dict[str, Any]) -> dict[str, Any]:
    """Return an operation whose query can choose targets."""
    return _queried(operation, {name: f"Only targets {what}." for name, what in _FILTERS.items()})


def _queried(operation: dict[str, Any], described: Mapping[str, str]) -> dict[str, Any]:
    """Return an operation whose query can have these parameters."""
    return {**operation, "parameters": [_parameter(name, words) for name, words in described.items()]}


def _parameter(name: str, words: str) -> dict[str, Any]:
    schema = {"type": "string"} | ({"enum": _WORDS_OF[name]} if name in _WORDS_OF else {})
    return {"name": name, "in": "query", "schema": schema, "description": words}


def _act(
    summary: str, body: type[bodies.Body] | None, answer: type[Any], *statuses: int, queued: bool = True
) -> dict[str, Any]:
    """An operation that changes something. Without `queued` it is done while the caller waits, or not at all."""
    good = {"200": _answer("Done, or nothing to do, or what would be done.", answer)}
    if queued:
        good["202"] = _answer("Accepted; it goes on without the caller.", answer)
    operation = {
        "summary": summary,
        "parameters": [_IDEMPOTENCY],
        "responses": {**good, **_problems(*_ALWAYS, *(_READING if body else (422,)), *statuses)},
    }
    if body is not None:
        content = {"application/json": {"schema": _ref(body)}}
        operation["requestBody"] = {"content": content, "required": body not in _OPTIONAL}
    return operation


def _answer(words: str, kind: type[Any]) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": _ref(kind)}}}


def _text(words: str, kind: str) -> dict[str, Any]:
    return {"description": words, "content": {kind: {"schema": {"type": "string"}}}}


def _problems(*statuses: int) -> dict[str, Any]:
    content = {PROBLEM: {"schema": _ref(Problem)}}
    return {str(status): {"description": _WORDS[status], "content": content} for status in sorted(statuses)}


def _ref(kind: type[Any]) -> dict[str, str]:
    return {"$ref": _REF.format(name=kind.__name__)}


def _page() -> dict[str, Any]:
    """The status page: also an error is answered with a page."""
    page = _see("All targets as a page for people", _text("HTML", "text/html"), *_ALWAYS)
    page["responses"]["503"] = _text(f"{_WORDS[503]} The answer is a page, too.", "text/html")
    return page


def _health() -> dict[str, Any]:
    """Health: invalid settings are no problem of the caller, so the answer has the same form."""
    health = _see("Whether the app runs and its settings are valid", _answer("The app runs", Health))
    health["responses"]["503"] = _answer("Invalid settings stop the app: it answers and does nothing else.", Health)
    return health


_TARGETS = "Every target, what would be done now, and why"
_DEADLINES = "Every deadline to come"
_MANY = "The requests for many of the last 30 days"
_ONE_OF_MANY = "How far a request for many has come"
_READINESS = "Who still uses keys, and which accounts can do without"
_ONE_READINESS = "Who still uses the keys of one target, and what holds their end back"
_READERS = "Who can read the keys of the accounts in sight"
_ONE_READERS = "Who can read the keys of one target, and the roles to use instead"
_COPIES = "Where copies of the keys of the accounts in sight lie"
_ONE_COPIES = "Where copies of the keys of one target lie, and what happens to each"
_DESCRIBED = {"description": "This description", "content": {"application/json": {}}}
_TURN = (404, 409, 502)
_OPERATIONS = {
    "listTargets": _see(_TARGETS, _answer(_TARGETS, FleetData), *_ALWAYS),
    "seeTarget": _see("One target", _answer("One target", OneTarget), *_ALWAYS, *_TURN, 422),
    "seeReadiness": _queried(_see(_READINESS, _answer(_READINESS, FleetReadiness), *_ALWAYS, 422), _ACCOUNTS),
    "seeReadinessOf": _see(_ONE_READINESS, _answer(_ONE_READINESS, OneReadiness), *_ALWAYS, *_TURN, 422),
    "seeReaders": _queried(_see(_READERS, _answer(_READERS, FleetReaders), *_ALWAYS, 422), _PAGE_OF),
    "seeReadersOf": _queried(_see(_ONE_READERS, _answer(_ONE_READERS, OneReaders), *_ALWAYS, *_TURN, 422), _PRINCIPAL),
    "seeCopies": _queried(_see(_COPIES, _answer(_COPIES, FleetCopies), *_ALWAYS), _PAGE_OF),
    "seeCopiesOf": _see(_ONE_COPIES, _answer(_ONE_COPIES, OneCopies), *_ALWAYS, *_TURN, 422),
    "rotate": _act("Rotate now", bodies.Rotate, OutcomeData, *_TURN, 429),
    "reportLeak": _act("Report that a key has leaked", bodies.Leak, OutcomeData, *_TURN, 429),
    "arm": _act("Say what follows the next deployment", bodies.Arm, OutcomeData, *_TURN, queued=False),
    "disarm": _act("Wait for no deployment any more", None, OutcomeData, *_TURN, queued=False),
    "planTrial": _act(
        "Plan a trial: keys are off for a stated time", PlanTrial, OutcomeData, *_TURN, 429, queued=False
    ),
    "stopTrial": _act("End a trial, or call one off", StopTrial, OutcomeData, *_TURN, queued=False),
    "setHold": _act(
        "Let rotations, ends of keys, trials and sunsets wait", SetHold, OutcomeData, *_TURN, 429, queued=False
    ),
    "liftHold": _act("End a hold", LiftHold, OutcomeData, *_TURN, queued=False),
    "rotateMany": _act("Rotate several targets, or end their leaked keys", RotateMany, Accepted, 404, 409, 429),
    "listRotations": _see(_MANY, _answer(_MANY, ManyList), *_ALWAYS),
    "seeRotation": _see(_ONE_OF_MANY, _answer(_ONE_OF_MANY, ManyStatus), *_ALWAYS, 404),
    "stopRotation": _act("Stop a request for many", None, ManyStatus, 404, queued=False),
    "deployed": _act("Report that a deployment went live", bodies.Deployment, Heard),
    "listDeadlines": _chosen(_see(_DEADLINES, _answer(_DEADLINES, Deadlines), *_ALWAYS)),
    "subscribe": _chosen(_see(f"{_DEADLINES}, as a calendar", _text("iCalendar", "text/calendar"), *_ALWAYS)),
    "status": _page(),
    "describe": _see("This description", _DESCRIBED, *_ALWAYS),
    "health": _health(),
}
