"""What `make run` prints: command lines for what is up, whole and true, so that each can be pasted as it stands.

The doors and their words come from the app's own description of them, the process from the host: nothing here has to
be kept in step by hand, and a test pastes every line.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from lab.demo.stage import ROOT, Stage
from shared.web.openapi import description

# What is sent to the doors that read a body, and what to know of it. Nothing is rotated by looking around.
_BODIES: dict[tuple[str, str], tuple[dict[str, object], str]] = {
    ("post", "/targets/{name}/rotate"): ({"dry_run": True}, " (a dry run; without dry_run it is done)"),
    ("post", "/targets/{name}/leak"): ({"key": "live", "reason": "a drill"}, " (ends the live key at once)"),
    ("put", "/targets/{name}/deployment"): ({"environment": "production", "soak": "PT1M"}, ""),
    ("post", "/rotate"): ({"targets": "all", "dry_run": True}, " (a dry run, too)"),
    ("post", "/deployments"): ({"environment": "production"}, ""),
}
_COMMANDS = (
    "doctor",
    "plan",
    "status",
    "deadlines",
    "audit",
    "rotate search --dry-run",
    "leak chat --key live --reason 'a drill'",
)


def what_to_type(stage: Stage, pid: int) -> str:
    """Everything, for a terminal. `pid` is the process that the app runs in. Words stand on lines of their own: not
    every shell takes a comment behind a command that is typed."""
    host, control = stage.host, stage.control_url
    return "\n".join(
        [
            "",
            f"The function app answers at {host.url}/api, the emulated Azure is steered at {control}.",
            "A day is a minute. 'search' begins with a fresh key, and can be rotated when its overlap is over.",
            "",
            "In a browser",
            f"    {host.url}/api/status?code={host.keys.default}",
            "",
            "THE HTTP DOORS",
            *_doors(stage),
            "",
            "THE COMMAND LINE, from another terminal; the file has all settings in it, and is gone when this ends",
            f"    cd {shlex.quote(str(ROOT))}",
            *(f"    {_python()} -m cli {one} --settings {shlex.quote(str(stage.settings_file))}" for one in _COMMANDS),
            "",
            "MAKE THINGS HAPPEN",
            *_happenings(control),
            "  The app is killed; the host starts it again and says as which process",
            f"    {how_to_kill(pid)}",
            "",
            "SEE WHAT HAPPENED: accepted announcements; every call; accounts and secrets, in the emulator's own marks",
            *(f"    curl -s {control}/{one}" for one in ("events", "journal", "state")),
            "",
            "Ctrl-C ends everything.",
            "",
        ]
    )


def how_to_kill(pid: int) -> str:
    """One process by its id: what else runs on this machine under the same name is none of our business."""
    return f"kill -9 {pid}"


def _doors(stage: Stage) -> Iterator[str]:
    for path, operations in description()["paths"].items():
        for method, facts in operations.items():
            if method == "parameters":
                continue
            body, more = _BODIES.get((method, path), (None, ""))
            key = "" if facts.get("security") == [] else f"-H 'x-functions-key: {stage.host.keys.default}' "
            yield f"  {facts['summary']}{more}"
            yield f"    curl -s {key}{_sent(method, body)}{stage.host.url}/api{path.replace('{name}', 'search')}"


def _sent(method: str, body: dict[str, object] | None) -> str:
    verb = "" if method == "get" else f"-X {method.upper()} "
    return verb + (f"-H 'content-type: application/json' -d '{json.dumps(body)}' " if body else "")


def _happenings(control: str) -> Iterator[str]:
    for words, path, body in (
        ("A third account is enrolled", "/accounts/tags", {"account": "legacy", "tags": {"key-rotation": "on"}}),
        ("Somebody regenerates a key in the portal", "/accounts/regenerate", {"account": "chat", "key": "key1"}),
        ("Event Grid is out", "/topics/outage", {"status": 503}),
        ("and back", "/topics/outage", {"status": None}),
    ):
        yield f"  {words}"
        yield f"    curl -s -X POST -d '{json.dumps(body)}' {control}{path}"


def _python() -> str:
    """This interpreter, by its shorter name where it is the repository's own."""
    here = Path(sys.executable)
    return shlex.quote(str(here.relative_to(ROOT) if here.is_relative_to(ROOT) else here))
