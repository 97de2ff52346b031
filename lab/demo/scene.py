"""What is played: a day is a second, three accounts, three incidents. Only durations are short; nothing is faked.

The app gets the settings an operator would set, in seconds where an operator writes days. Two accounts are enrolled
by a tag, one by ROTATION_TARGETS.
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
# A model takes its time; without this the consumers would measure nothing but this machine.
SLOW_ANSWERS = {"operation": "aoai.chat", "effect": "delay", "seconds": 0.05, "times": 0}


@dataclass(frozen=True)
class Incident:
    """Something that goes wrong on a day, and how it is told on the screen."""

    day: float
    name: str
    words: str
    account: str = ""


KILL = Incident(
    18.0,
    "kill",
    "the app was killed in mid-rotation, after regenerateKey; its leases end by themselves in 15 s, here 15 days",
    "search",
)
OUTAGE = Incident(48.0, "outage", "Event Grid answers 503 for ten days")
OUTAGE_ENDS = Incident(58.0, "outage-ends", "Event Grid is back")
PORTAL = Incident(70.0, "portal", "somebody regenerates the live key in the portal", "chat")
INCIDENTS = (KILL, OUTAGE, OUTAGE_ENDS, PORTAL)


def seed() -> dict[str, Any]:
    """The emulated Azure at the beginning."""
    return {
        "subscription": SUBSCRIPTION,
        "accounts": [
            {"name": "chat", "resource_group": "prod", "tags": {"key-rotation": "on"}},
            {
                "name": "search",
                "resource_group": "prod",
                "tags": {"key-rotation": "on", "key-rotation-period": "PT20S"},
            },
            {"name": "batch", "resource_group": "prod", "tags": {"team": "data"}},
        ],
        "vaults": [{"name": VAULT}],
        "topics": [{"name": "key-rotation"}],
    }


def settings() -> dict[str, str]:
    """The app's settings, beside those that say where Azure is."""
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
