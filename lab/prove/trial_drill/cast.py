"""Who takes part in the drill, and how long everything takes."""

from __future__ import annotations

from enum import StrEnum

from lab.prove.sunset.cast import Way
from lab.prove.sunset.consumers import Consumer

TRIED, DEPLOYED = "tried", "deployed"
HOUR = 3600.0
DAY = 24 * HOUR
TRIAL = 4 * HOUR  # how long keys are off
SOAK = 2 * DAY
DEAD = TRIAL + HOUR  # how long the app is dead: longer than what is left of the trial
UNTIL_KNOWN = 3.0  # seconds until the account's data plane knows that keys were switched; Azure needs some minutes
BEFORE_THE_END = 5.0  # seconds before the end of the first trial in which nothing is moved on any more
ENVIRONMENT = "production"


class Who(StrEnum):
    """The consumers."""

    KEYLESS = "keyless"
    FORGOTTEN = "forgotten"
    COPIED = "copied"
    READER = "reader"


WHO = {
    Who.KEYLESS: "calls the tried account by identity",
    Who.FORGOTTEN: "calls the tried account with a copied key",
    Who.COPIED: "calls the deployed account with a copied key",
    Who.READER: "calls the deployed account with the key in the vault",
}


def consumers() -> dict[Who, Consumer]:
    """Return the consumers, each in a network of its own. None has called yet."""
    ways = {
        Who.KEYLESS: (TRIED, Way.IDENTITY),
        Who.FORGOTTEN: (TRIED, Way.COPY),
        Who.COPIED: (DEPLOYED, Way.COPY),
        Who.READER: (DEPLOYED, Way.VAULT),
    }
    return {
        who: Consumer(account, way, network=f"127.1.{number}.")
        for number, (who, (account, way)) in enumerate(ways.items())
    }
