"""The lives that are recorded, as timetables. Day 0 is Monday, 2 March 2026, nine in the morning, UTC."""

import json
from typing import Any

from tests.recordings.lives_in_trouble import IN_TROUBLE
from tests.recordings.stage import Stage
from tests.recordings.steps import (
    ON,
    Life,
    account_id,
    asks,
    changes,
    event_grid_is,
    happens,
    looks_from_a_terminal,
    notice,
    passes,
    regenerates,
    sets,
    tick,
    types,
    until,
)
from tests.support.dates import days, hours, minutes

REGENERATED = "Microsoft.CognitiveServices/accounts/regenerateKey/action"
WINDOW = "Mon-Fri 09:00-16:00 Europe/Berlin"


def targets(*facts: dict[str, Any]) -> dict[str, str]:
    """Explicit targets, by their accounts' names."""
    return {"ROTATION_TARGETS": json.dumps([{**one, "account": account_id(one["account"])} for one in facts])}


def a_secret_by_hand(stage: Stage) -> None:
    key2 = stage.account("hand").keys["key2"].value
    stage.vault.set_secret("hand-key", key2, tags={"team": "billing"}, content_type="text/plain")


def a_secret_of_the_tutorial(stage: Stage) -> None:
    account = stage.account("tutorial")
    tags = {"CredentialId": "key1", "ProviderAddress": account.id, "ValidityPeriodDays": "60"}
    stage.vault.set_secret("tutorial-key", account.keys["key1"].value, tags=tags, expires=stage.now + days(60))


ADOPTION = Life(
    accounts={"chat": ON, "fresh": {}, "hand": ON, "tutorial": ON},
    settings=targets({"account": "fresh", "adopt": "rotate"}),
    steps=(
        happens("a secret is there that somebody made by hand", a_secret_by_hand),
        happens("a secret is there with the tags of the two-key tutorial", a_secret_of_the_tutorial),
        looks_from_a_terminal(),
        tick("the first tick adopts"),
        looks_from_a_terminal(),
        tick("another tick finds nothing to do"),
        until(1),
        asks("POST", "targets/chat/rotate", {"reason": "too early"}, "early"),
        types("rotate", "fresh", "--id", "f-1", "--reason", "a drill"),
        until(34),
    ),
)

SCHEDULE = Life(
    steps=(
        tick("the first tick adopts"),
        until(15),
        looks_from_a_terminal(),
        until(30),
        looks_from_a_terminal(),
        until(64),
        tick("at rest"),
        looks_from_a_terminal(),
    ),
)

WITH_A_WINDOW = Life(
    accounts={"chat": {}, "search": {}},
    settings=targets(
        {"account": "chat", "period": "P33D", "window": WINDOW, "owner": "chat-team", "sunset": "2027-06-30"},
        {"account": "search", "period": "P20D", "overlap": "P2D", "warnings": ["P7D", "P1D"], "proof": "prefer"},
    ),
    steps=(
        tick("the first tick adopts"),
        until(19, 8, 59),
        asks("POST", "targets/search/rotate", {"dry_run": True}),
        changes("the network is closed", "search", public_network_access="Disabled"),
        until(23, every=hours(6)),
        until(32),
        until(36, every=hours(6)),
        looks_from_a_terminal(),
        until(40, every=hours(12)),
    ),
)

BY_REQUEST = Life(
    accounts={"chat": ON, "search": ON},
    steps=(
        tick("the first tick adopts"),
        asks("POST", "targets/chat/rotate", {"reason": "too early"}, "too early"),
        until(31),
        asks("POST", "targets/chat/rotate", {"reason": "in the overlap"}, "in the overlap"),
        until(40),
        asks("POST", "targets/chat/rotate", {"reason": "a trial", "dry_run": True}),
        types("rotate", "chat", "--dry-run", "--reason", "a trial", "--id", "t-0"),
        asks("POST", "targets/chat/rotate", {"reason": "somebody left"}, "ticket 12"),
        asks("POST", "targets/chat/rotate", {"reason": "somebody left"}, "ticket 12"),
        asks("POST", "targets/chat/rotate", {"reason": "another one left"}, "ticket 13"),
        asks("POST", "targets/chat/rotate", {"reason": "another one left", "dry_run": True}, "ticket 13"),
        asks("POST", "rotate", {"targets": "all", "dry_run": True}),
        asks("POST", "rotate", {"targets": ["search"], "reason": "a drill"}, "drill 1"),
        until(44),
        asks("POST", "targets/chat/rotate", {"reason": "somebody left"}, "ticket 12"),
        types("rotate", "chat", "--id", "t-1", "--by", "ada", "--reason", "at a terminal"),
        types("rotate", "chat", "--id", "t-1", "--by", "ada", "--reason", "at a terminal"),
        looks_from_a_terminal(),
        until(80),
    ),
)

DRIFT = Life(
    steps=(
        tick("the first tick adopts"),
        until(5),
        regenerates("key2"),
        tick("the spare is another one"),
        regenerates("key1"),
        looks_from_a_terminal(),
        tick("the live key is healed"),
        tick("at rest"),
        until(41),
        regenerates("key2"),
        notice("on_account_event", {"operationName": REGENERATED, "resourceUri": account_id("chat")}),
        until(61),
        regenerates("key1"),
        regenerates("key2"),
        asks("GET", "targets/chat"),
        tick("both keys were regenerated"),
        notice("on_vault_event", {"VaultName": "keys", "ObjectName": "chat-key"}),
        until(92),
        regenerates("key1"),
        regenerates("key2"),
        tick("both keys were regenerated in the overlap"),
        until(96),
        tick("at rest"),
    ),
)

LEAKS = Life(
    steps=(
        tick("the first tick adopts"),
        until(31),
        asks("POST", "targets/chat/leak", {"key": "live", "dry_run": True}),
        asks("POST", "targets/chat/leak", {"key": "previous", "reason": "found in a paste"}, "leak 1"),
        asks("POST", "targets/chat/leak", {"key": "previous", "reason": "found in a paste"}, "leak 1"),
        tick("at rest"),
        until(40),
        asks("POST", "targets/chat/leak", {"key": "live", "reason": "in a repository", "wait": "PT30S"}, "leak 2"),
        asks("POST", "targets/chat/leak", {"key": "live", "reason": "in a repository", "wait": "PT30S"}, "leak 2"),
        tick("at rest"),
        looks_from_a_terminal(),
        until(50),
        types("leak", "chat", "--key", "both", "--id", "l-3", "--by", "ada", "--reason", "nobody knows which"),
        types("leak", "chat", "--key", "both", "--id", "l-3", "--by", "ada", "--reason", "nobody knows which"),
        tick("at rest"),
        until(60),
        event_grid_is("down"),
        asks("POST", "targets/chat/leak", {"key": "live"}, "leak 4"),
        until(62),
        event_grid_is("up"),
        tick("what was owed is told"),
        until(100),
    ),
)

PRODUCTION = {"environment": "production"}
DEPLOYMENTS = Life(
    accounts={"chat": ON, "tagged": {"tags": {"key-rotation": "on", "key-rotation-after-deployment": "staging PT1H"}}},
    steps=(
        tick("the first tick adopts"),
        until(34),
        asks("PUT", "targets/chat/deployment", {**PRODUCTION, "soak": "PT2H", "reason": "quarterly"}, "arm 1"),
        looks_from_a_terminal(),
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
        until(75),
    ),
)


def a_call(stage: Stage, caller: str = "") -> None:
    stage.world.workspace.note(stage.account().id, caller=caller)


SUNSET = Life(
    accounts={"chat": {"tags": {**ON["tags"], "key-rotation-sunset": "2026-04-20"}}},
    settings={"ROTATION_LOG_WORKSPACE_ID": "<workspace>"},
    steps=(
        happens("a call without a key", lambda stage: a_call(stage, "an object id")),
        tick("the first tick adopts"),
        until(26),
        happens("a call with a key", a_call),
        until(46),
        happens("a call with a key", a_call),
        looks_from_a_terminal(),
        until(51),
        happens("a call without a key", lambda stage: a_call(stage, "an object id")),
        looks_from_a_terminal(),
        until(56),
        tick("keys are off, the secret is withdrawn"),
        looks_from_a_terminal(),
        asks("POST", "targets/chat/rotate", {}, "after the end"),
        asks("POST", "targets/chat/leak", {"key": "both"}, "leaked after the end"),
        changes("somebody switches keys on again", disable_local_auth=False),
        tick("keys are on again, the secret is not"),
        happens("the secret is enabled", lambda stage: stage.vault.update_secret("chat-key", enabled=True)),
        changes("the date is taken back", tags=ON["tags"]),
        tick("all is back"),
        until(60),
        changes("somebody switches keys off", disable_local_auth=True),
        tick("keys are off by hand"),
        looks_from_a_terminal(),
        changes("somebody switches keys on again", disable_local_auth=False),
        until(70),
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
        looks_from_a_terminal(),
        regenerates("key2"),
        tick("drift is healed, untold"),
        asks("POST", "targets/chat/leak", {"key": "both", "reason": "in the outage"}, "leak 1"),
        until(62),
        looks_from_a_terminal(),
        event_grid_is("up"),
        tick("all is told"),
        until(100),
        sets(EVENT_GRID_TOPIC_ENDPOINT=None),
        until(126),
        looks_from_a_terminal(),
    ),
)

LIVES: dict[str, Life] = {
    "adoption": ADOPTION,
    "schedule": SCHEDULE,
    "with-a-window": WITH_A_WINDOW,
    "by-request": BY_REQUEST,
    "drift": DRIFT,
    "leaks": LEAKS,
    "deployments": DEPLOYMENTS,
    "sunset": SUNSET,
    "outage": OUTAGE,
    **IN_TROUBLE,
}
