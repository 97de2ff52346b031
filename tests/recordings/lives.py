"""The recorded lives, as timetables. Day 0 is Monday, 2 March 2026, nine in the morning, UTC."""

import json
from typing import Any

from lab.simulation.dates import days, hours
from tests.recordings.lives_of_fleets import OF_FLEETS
from tests.recordings.lives_over_weeks import OVER_WEEKS
from tests.recordings.lives_with_failures import WITH_FAILURES
from tests.recordings.stage import Stage
from tests.recordings.steps import (
    ON,
    Life,
    account_id,
    asks,
    changes,
    event_grid_is,
    happens,
    notice,
    regenerates,
    runs_every_read_only_command,
    tick,
    types,
    until,
)

REGENERATED = "Microsoft.CognitiveServices/accounts/regenerateKey/action"
WINDOW = "Mon-Fri 09:00-16:00 Europe/Berlin"


def targets(*facts: dict[str, Any]) -> dict[str, str]:
    """Return the setting of explicit targets; each is given by its account's name."""
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
        runs_every_read_only_command(),
        tick("the first tick adopts"),
        runs_every_read_only_command(),
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
        runs_every_read_only_command(),
        until(30),
        runs_every_read_only_command(),
        until(64),
        tick("at rest"),
        runs_every_read_only_command(),
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
        runs_every_read_only_command(),
        until(40, every=hours(12)),
    ),
)

BY_REQUEST = Life(
    accounts={"chat": ON, "search": ON},
    steps=(
        tick("the first tick adopts"),
        asks("POST", "targets/chat/rotate", {"reason": "too early"}, "too early"),
        until(30),
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
        runs_every_read_only_command(),
        until(76),
    ),
)

DRIFT = Life(
    steps=(
        tick("the first tick adopts"),
        until(5),
        regenerates("key2"),
        tick("the spare is another one"),
        regenerates("key1"),
        runs_every_read_only_command(),
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

BOTH_LEAKED = ("leak", "chat", "--key", "both", "--id", "l-3", "--by", "ada", "--reason", "nobody knows which")
LEAKS = Life(
    steps=(
        tick("the first tick adopts"),
        until(30),
        asks("POST", "targets/chat/leak", {"key": "live", "dry_run": True}),
        asks("POST", "targets/chat/leak", {"key": "previous", "reason": "found in a paste"}, "leak 1"),
        asks("POST", "targets/chat/leak", {"key": "previous", "reason": "found in a paste"}, "leak 1"),
        tick("at rest"),
        until(40),
        asks("POST", "targets/chat/leak", {"key": "live", "reason": "in a repository", "wait": "PT30S"}, "leak 2"),
        asks("POST", "targets/chat/leak", {"key": "live", "reason": "in a repository", "wait": "PT30S"}, "leak 2"),
        tick("at rest"),
        runs_every_read_only_command(),
        until(50),
        types(*BOTH_LEAKED),
        types(*BOTH_LEAKED, "--confirm", "chat"),
        types(*BOTH_LEAKED, "--confirm", "chat"),
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

LIVES: dict[str, Life] = {
    "adoption": ADOPTION,
    "schedule": SCHEDULE,
    "with-a-window": WITH_A_WINDOW,
    "by-request": BY_REQUEST,
    "drift": DRIFT,
    "leaks": LEAKS,
    **OVER_WEEKS,
    **WITH_FAILURES,
    **OF_FLEETS,
}
