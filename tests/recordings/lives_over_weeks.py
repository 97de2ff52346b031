"""Recorded lives over weeks: awaited deployments, a sunset, and a long outage of Event Grid."""

from lab.simulation.dates import hours, minutes
from tests.recordings.stage import Stage
from tests.recordings.steps import (
    ON,
    Life,
    asks,
    changes,
    event_grid_is,
    happens,
    passes,
    regenerates,
    runs_every_read_only_command,
    sets,
    tick,
    types,
    until,
)

PRODUCTION = {"environment": "production"}
DEPLOYMENTS = Life(
    accounts={"chat": ON, "tagged": {"tags": {"key-rotation": "on", "key-rotation-after-deployment": "staging PT1H"}}},
    steps=(
        tick("the first tick adopts"),
        until(34),
        asks("PUT", "targets/chat/deployment", {**PRODUCTION, "soak": "PT2H", "reason": "quarterly"}, "arm 1"),
        runs_every_read_only_command(),
        asks("DELETE", "targets/chat/deployment", None, "disarm 1"),
        asks("DELETE", "targets/chat/deployment", None, "disarm 2"),
        types("arm", "chat", "--environment", "Production", "--soak", "PT2H", "--id", "a-2"),
        types("deployed", "--environment", "nowhere", "--id", "d-0"),
        asks("POST", "deployments", {"environment": "nowhere"}),
        asks("POST", "deployments", {**PRODUCTION, "dry_run": True}),
        asks("POST", "deployments", {**PRODUCTION, "reason": "release 7"}, "release 7"),
        asks("POST", "deployments", {**PRODUCTION, "reason": "release 7"}, "release 7"),
        passes(hours(1)),
        tick("the soak time is not over"),
        passes(minutes(61)),
        tick("the soak time is over"),
        asks("POST", "deployments", {"environment": "staging", "reason": "release 8"}, "release 8"),
        passes(minutes(61)),
        tick("the tagged account follows its deployment"),
        until(40),
        asks("PUT", "targets/chat/deployment", {**PRODUCTION, "latest": "2026-04-14T12:00:00Z"}, "arm 3"),
        until(43, 12),
        tick("the latest moment has come"),
        types("arm", "chat", "--environment", "production", "--id", "a-4"),
        types("disarm", "chat", "--id", "x-4"),
        until(66),
    ),
)


def a_call(stage: Stage, caller: str = "") -> None:
    stage.world.workspace.note(stage.account().id, caller=caller, ago=3600)


SUNSET = Life(
    accounts={"chat": {"tags": {**ON["tags"], "key-rotation-sunset": "2026-04-20"}}},
    settings={"ROTATION_LOG_WORKSPACE_ID": "<workspace>", "ROTATION_LOG_LOOK_BACK": "P7DT1H"},
    steps=(
        happens("a call without a key", lambda stage: a_call(stage, "an object id")),
        tick("the first tick adopts"),
        until(26),
        happens("a call with a key", a_call),
        until(46),
        happens("a call with a key", a_call),
        runs_every_read_only_command(),
        until(51),
        happens("a call without a key", lambda stage: a_call(stage, "an object id")),
        runs_every_read_only_command(),
        until(56),
        tick("keys are off, the secret is withdrawn"),
        runs_every_read_only_command(),
        asks("POST", "targets/chat/rotate", {}, "after the end"),
        asks("POST", "targets/chat/leak", {"key": "both", "confirm": "chat"}, "leaked after the end"),
        changes("somebody switches keys on again", disable_local_auth=False),
        tick("keys are on again, the secret is not"),
        happens("the secret is enabled", lambda stage: stage.vault.update_secret("chat-key", enabled=True)),
        changes("the date is taken back", tags=ON["tags"]),
        tick("all is back"),
        until(60),
        changes("somebody switches keys off", disable_local_auth=True),
        tick("keys are off by hand"),
        runs_every_read_only_command(),
        changes("somebody switches keys on again", disable_local_auth=False),
        until(63),
    ),
)

OUTAGE = Life(
    steps=(
        event_grid_is("down"),
        tick("the first tick adopts, untold"),
        until(20),
        event_grid_is("up"),
        until(22),
        event_grid_is("down"),
        until(48),
        runs_every_read_only_command(),
        regenerates("key2"),
        tick("drift is healed, untold"),
        asks("POST", "targets/chat/leak", {"key": "both", "reason": "in the outage", "confirm": "chat"}, "leak 1"),
        until(62),
        runs_every_read_only_command(),
        event_grid_is("up"),
        tick("all is told"),
        until(100),
        sets(EVENT_GRID_TOPIC_ENDPOINT=None),
        until(112),
        runs_every_read_only_command(),
    ),
)

OVER_WEEKS: dict[str, Life] = {"deployments": DEPLOYMENTS, "sunset": SUNSET, "outage": OUTAGE}
