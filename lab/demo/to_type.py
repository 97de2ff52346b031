"""The text that `make run` prints: complete command lines that can be pasted as they are.

Routes and their summaries come from the app's own OpenAPI description, and the process id from the host, so nothing
here has to be updated by hand. A test runs every line.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab.demo.stage import ROOT, Stage, page_address
from shared.web.openapi import openapi_document
from shared.web.routes import AUDITOR, ROUTES

_TOMORROW = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
# The body for each route that needs one, and a remark for the reader. What would keep the others from working is a dry
# run.
_BODIES: dict[tuple[str, str], tuple[dict[str, object], str]] = {
    ("post", "/targets/{name}/rotate"): ({"dry_run": True}, " (a dry run; without dry_run it rotates)"),
    ("post", "/targets/{name}/leak"): (
        {"key": "live", "reason": "a drill"},
        " (regenerates the live key; the old value stops working)",
    ),
    ("put", "/targets/{name}/deployment"): ({"environment": "production", "soak": "PT1M"}, ""),
    ("put", "/targets/{name}/trial"): (
        {"dry_run": True},
        " (a dry run; without it, and with confirm, it begins after its announcement)",
    ),
    ("put", "/targets/{name}/hold"): (
        {"until": _TOMORROW, "reason": "a drill", "dry_run": True},
        " (a dry run; without dry_run it begins)",
    ),
    ("post", "/rotate"): ({"targets": "all", "dry_run": True}, " (also a dry run)"),
    ("post", "/deployments"): ({"environment": "production"}, ""),
}
_OF_AUDITORS = {f"/{route.path}" for route in ROUTES.values() if route.role == AUDITOR}  # no function key opens these
_COMMANDS = (
    "doctor",
    "plan",
    "status",
    "deadlines",
    "audit",
    "rotate search --dry-run",
    "leak chat --key live --reason 'a drill'",
    "trial chat --dry-run",
    f"hold chat --until {_TOMORROW} --reason 'a drill' --dry-run",
)


def what_to_type(stage: Stage, pid: int) -> str:
    """Return the whole text. `pid` is the process in which the app runs.

    Explanations have lines of their own, because not every shell accepts a comment after a typed command.
    """
    host, control = stage.host, stage.control_url
    return "\n".join(
        [
            "",
            f"The function app answers at {host.url}/api. The emulated Azure is controlled at {control}.",
            "A day is a minute. 'search' begins with a fresh key and can be rotated when its overlap is over.",
            "",
            "In a browser",
            f"    {page_address(stage)}",
            "",
            "HTTP ROUTES",
            *_routes(stage),
            "",
            "COMMANDS, in another terminal; the settings file is deleted when this program ends",
            f"    cd {shlex.quote(str(ROOT))}",
            *(f"    {_python()} -m cli {one} --settings {shlex.quote(str(stage.settings_file))}" for one in _COMMANDS),
            "",
            "INCIDENTS TO TRY",
            *_incidents(control),
            "  Kill the app; the host restarts it and prints the new process id",
            f"    {how_to_kill(pid)}",
            "",
            "SEE WHAT HAPPENED: accepted announcements; every call; accounts and secrets (keys as fingerprints)",
            *(f"    curl -s {control}/{one}" for one in ("events", "journal", "state")),
            "",
            "Ctrl-C stops everything.",
            "",
        ]
    )


def how_to_kill(pid: int) -> str:
    """Return a command that kills this process only, even if other processes on the machine have the same name."""
    return f"kill -9 {pid}"


def _routes(stage: Stage) -> Iterator[str]:
    for path, operations in openapi_document()["paths"].items():
        for method, facts in operations.items():
            if method == "parameters" or "{id}" in path or path in _OF_AUDITORS:  # an id comes with an answer
                continue
            body, more = _BODIES.get((method, path), (None, ""))
            key = "" if facts.get("security") == [] else f"-H 'x-functions-key: {stage.host.keys.default}' "
            yield f"  {facts['summary']}{more}"
            yield f"    curl -s {key}{_options(method, body)}{stage.host.url}/api{path.replace('{name}', 'search')}"


def _options(method: str, body: dict[str, object] | None) -> str:
    verb = "" if method == "get" else f"-X {method.upper()} "
    return verb + (f"-H 'content-type: application/json' -d '{json.dumps(body)}' " if body else "")


def _incidents(control: str) -> Iterator[str]:
    for words, path, body in (
        ("Enrol a third account", "/accounts/tags", {"account": "legacy", "tags": {"key-rotation": "on"}}),
        (
            "Regenerate a key, as a person does in the portal",
            "/accounts/regenerate",
            {"account": "chat", "key": "key1"},
        ),
        ("Take Event Grid down", "/topics/outage", {"status": 503}),
        ("Bring Event Grid back", "/topics/outage", {"status": None}),
    ):
        yield f"  {words}"
        yield f"    curl -s -X POST -d '{json.dumps(body)}' {control}{path}"


def _python() -> str:
    """Return this interpreter's path, relative to the repository if it is inside."""
    here = Path(sys.executable)
    return shlex.quote(str(here.relative_to(ROOT) if here.is_relative_to(ROOT) else here))
