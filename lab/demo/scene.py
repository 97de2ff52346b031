"""What `make demo` plays: a day is a second, three accounts, three incidents.

Only durations are short; nothing is faked. The app gets the settings that an operator would set, in seconds instead of
days. Two accounts are enrolled by a tag, one by ROTATION_TARGETS. Running it is left to `stage`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

DAYS = 100
DAY = 1.0
SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
VAULT = "shared-vault"
PERIODS = {"chat": 30, "search": 20, "batch": 25}
NOTICE_DAYS = 1
# A real model needs time to answer; without this delay the consumers would only measure this machine.
SLOW_ANSWERS = {"operation": "aoai.chat", "effect": "delay", "seconds": 0.05, "times": 0}


@dataclass(frozen=True)
class Incident:
    """An event that disturbs the app.

    day: The day on which it happens.
    name: Its name in the code.
    words: Its description on the screen.
    account: The account that it concerns. Default: all.
    """

    day: float
    name: str
    words: str
    account: str = ""


KILL = Incident(
    18.0,
    "kill",
    "the app was killed during a rotation, after regenerateKey; its leases run out after 15 s, here 15 days",
    "search",
)
OUTAGE = Incident(48.0, "outage", "Event Grid answers 503 for ten days")
OUTAGE_ENDS = Incident(58.0, "outage-ends", "Event Grid works again")
PORTAL = Incident(70.0, "portal", "a person regenerates the live key in the portal", "chat")
INCIDENTS = (KILL, OUTAGE, OUTAGE_ENDS, PORTAL)


def seed() -> dict[str, Any]:
    """Return what the emulated Azure has at the beginning."""
    return {
        "subscription": SUBSCRIPTION,
        "accounts": [
            {
                "name": "chat",
                "resource_group": "prod",
                "tags": {"key-rotation": "on", "key-rotation-owner": "chat-team"},
            },
            {
                "name": "search",
                "resource_group": "prod",
                "tags": {"key-rotation": "on", "key-rotation-period": "PT20S", "key-rotation-owner": "search-team"},
            },
            {"name": "batch", "resource_group": "prod", "tags": {"team": "data"}},
        ],
        "vaults": [{"name": VAULT}],
        "topics": [{"name": "key-rotation", "listeners": ["teams"]}],
    }


def settings() -> dict[str, str]:
    """Return the app's settings, without those that say where Azure is."""
    batch = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/prod/providers/Microsoft.CognitiveServices/accounts/batch"
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "ROTATION_SCHEDULE": "* * * * * *",
        "ROTATION_PERIOD": "PT30S",
        "ROTATION_OVERLAP": "PT3S",
        "ROTATION_CONSUMER_LAG": "PT2S",
        "ROTATION_WARNINGS": "PT14S,PT7S,PT2S",
        "ROTATION_NOTICE": "PT1S",
        "ROTATION_LOOK_EVERY": "PT1S",
        "ROTATION_TARGETS": json.dumps([{"account": batch, "period": "PT25S", "owner": "data-team@example.com"}]),
    }
