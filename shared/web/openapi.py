"""The HTTP doors described in OpenAPI 3.1, from the same types that read requests and form replies.

Paths and words stand here; what a body or an answer looks like comes from `bodies`, `report`, `deadlines` and
`replies`. Which role a door asks for, and its methods, are the door's own.
"""

from __future__ import annotations

from typing import Any, TypedDict

import msgspec

from shared.announce.deadlines import DeadlineData
from shared.domain.names import TARGET_NAME
from shared.turns.report import OutcomeData, RowData
from shared.version import VERSION
from shared.web import bodies
from shared.web.callers import Role
from shared.web.responses import PROBLEM, Heard, ProblemData

_REF = "#/components/schemas/{name}"


class Survey(TypedDict):
    """Every target, and what could not be enrolled."""

    targets: list[RowData]
    problems: list[ProblemData]


class Deadlines(TypedDict):
    """Every deadline to come, soonest first, and what could not be looked at."""

    deadlines: list[DeadlineData]
    problems: list[ProblemData]


class Accepted(TypedDict):
    """The targets that get a turn of their own, or would, and what could not be looked at."""

    targets: list[str]
    problems: list[ProblemData]


class Problem(TypedDict, total=False):
    """Problem details, RFC 9457; the title is the type's name. A turn that failed adds what is known of it."""

    title: str
    status: int
    detail: str


class Health(TypedDict):
    """That the app runs."""

    status: str


_TYPES: tuple[Any, ...] = (
    bodies.Rotate, bodies.Leak, bodies.RotateMany, bodies.Arm, bodies.Deployment,
    OutcomeData, RowData, Survey, Deadlines, Accepted, Heard, Problem, Health,
)  # fmt: skip
_NAME = {
    "name": "name",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": f"^{TARGET_NAME}$"},
    "description": "The target's name.",
}
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "maxLength": 255},
    "description": "The same key never rotates twice.",
}
_WORDS = {
    400: "The body is not JSON.",
    401: "Nobody knows who calls.",
    403: "The caller lacks the role.",
    404: "No such target.",
    405: "Another method is needed.",
    409: "Held back until `heldUntil`, another turn holds the target, a person must look, or the app only observes.",
    413: "The body is too large.",
    415: "The body is of another type than JSON.",
    422: "A field is wrong, and named.",
    502: "Azure or its network refuses what is needed; the next step says what to do.",
    503: "Azure did not answer, or a setting is wrong; the next step says what to do.",
}
_ALWAYS = (401, 403, 405, 503)
_READING = (400, 413, 415, 422)


def description() -> dict[str, Any]:
    """The whole document, JSON-ready."""
    _, schemas = msgspec.json.schema_components(_TYPES, ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Key rotation",
            "version": VERSION,
            "description": "See the targets, rotate, report a leak, wait for a deployment and say that it went live.",
        },
        "servers": [{"url": "/api"}],
        "paths": _paths(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "functionKey": {"type": "apiKey", "in": "header", "name": "x-functions-key"},
                "entra": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
        "security": [{"functionKey": []}, {"entra": []}],
    }


def _paths() -> dict[str, Any]:
    look, turn = (404, 409, 502), (404, 409, 502)
    return {
        "/targets": {"get": _see("listTargets", "Every target, what would be done now, and why", "Survey")},
        "/targets/{name}": _at_target(get=_see("seeTarget", "One target", "RowData", *look)),
        "/targets/{name}/rotate": _at_target(post=_act("rotate", "Rotate now", "Rotate", "OutcomeData", *turn)),
        "/targets/{name}/leak": _at_target(post=_act("reportLeak", "A key is out", "Leak", "OutcomeData", *turn)),
        "/targets/{name}/deployment": _at_target(
            put=_at_once(_act("arm", "Rotate after the next deployment", "Arm", "OutcomeData", *turn)),
            delete=_at_once(_act("disarm", "Wait for no deployment any more", None, "OutcomeData", *turn)),
        ),
        "/rotate": {"post": _act("rotateMany", "Rotate several targets", "RotateMany", "Accepted", 404)},
        "/deployments": {"post": _act("deployed", "A deployment went live", "Deployment", "Heard")},
        "/deadlines": {"get": _see("listDeadlines", "Every deadline to come", "Deadlines")},
        "/deadlines.ics": {"get": _calendar()},
        "/status": {"get": _page()},
        "/openapi.json": {"get": _see("describe", "This description", None)},
        "/health": {"get": {**_see("health", "That the app runs", "Health", always=()), "security": []}},
    }


def _at_target(**operations: dict[str, Any]) -> dict[str, Any]:
    return {"parameters": [_NAME], **operations}


def _see(
    id_: str, summary: str, answer: str | None, *statuses: int, always: tuple[int, ...] = _ALWAYS
) -> dict[str, Any]:
    good = _answer(summary, answer) if answer else {"description": summary, "content": {"application/json": {}}}
    return {
        "operationId": id_,
        "summary": summary,
        "description": f"Needs the role {Role.READER}." if always else "Open to everybody.",
        "responses": {"200": good, **_problems(*always, *statuses)},
    }


def _act(id_: str, summary: str, body: str | None, answer: str, *statuses: int) -> dict[str, Any]:
    reading = _READING if body else (422,)
    operation = {
        "operationId": id_,
        "summary": summary,
        "description": f"Needs the role {Role.OPERATOR}.",
        "parameters": [_IDEMPOTENCY],
        "responses": {
            "200": _answer("Done, or nothing to do, or what would be done.", answer),
            "202": _answer("Accepted, and going on without the caller.", answer),
            **_problems(*_ALWAYS, *reading, *statuses),
        },
    }
    if body is None:
        return operation
    content = {"application/json": {"schema": {"$ref": _REF.format(name=body)}}}
    return operation | {"requestBody": {"content": content, "required": body != bodies.Rotate.__name__}}


def _at_once(operation: dict[str, Any]) -> dict[str, Any]:
    """Done while the caller waits, or not at all."""
    del operation["responses"]["202"]
    return operation


def _calendar() -> dict[str, Any]:
    seen = _see("subscribe", "Every deadline to come, as a calendar", None)
    seen["responses"]["200"] = {
        "description": "iCalendar",
        "content": {"text/calendar": {"schema": {"type": "string"}}},
    }
    return seen


def _page() -> dict[str, Any]:
    seen = _see("status", "The survey as a page for people", None)
    html = {"text/html": {"schema": {"type": "string"}}}
    seen["responses"] |= {"200": {"description": "HTML", "content": html}}
    seen["responses"] |= {"503": {"description": f"{_WORDS[503]} A page, too.", "content": html}}
    return seen


def _answer(words: str, name: str) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": {"$ref": _REF.format(name=name)}}}}


def _problems(*statuses: int) -> dict[str, Any]:
    schema = {"$ref": _REF.format(name="Problem")}
    return {
        str(status): {"description": _WORDS[status], "content": {PROBLEM: {"schema": schema}}}
        for status in sorted(statuses)
    }
