"""Event Grid topics: what was accepted, in order, and when.

Nothing is delivered anywhere; a test reads the list. A topic that is out answers every publish with a status.
"""

from dataclasses import dataclass, field
from typing import Any

from lab.emulator.clock import Clock
from lab.emulator.errors import AzureError

BATCH_BYTES = 1024 * 1024
BATCH_EVENTS = 5000


@dataclass(frozen=True, slots=True)
class Accepted:
    """One event the topic has taken."""

    seq: int
    time: float
    event: dict[str, Any]


@dataclass
class Topic:
    """One custom topic with the CloudEvents input schema."""

    name: str
    clock: Clock
    subscription: str
    resource_group: str = "emulated"
    outage: int | None = None
    accepted: list[Accepted] = field(default_factory=list)
    batches: int = 0

    @property
    def id(self) -> str:
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.EventGrid/topics/{self.name}"

    @property
    def events(self) -> list[dict[str, Any]]:
        return [one.event for one in self.accepted]

    def publish(self, events: list[dict[str, Any]]) -> None:
        """Take a batch whole or not at all."""
        if self.outage is not None:
            raise AzureError(self.outage, "ServiceUnavailable", "The topic cannot take events at the moment.")
        for number, event in enumerate(events):
            reason = unfit(event)
            if reason:
                raise AzureError(
                    400,
                    "BadRequest",
                    f"This resource is configured for CloudEvents 1.0; event {number}: {reason}.",
                )
        if len(events) > BATCH_EVENTS:
            raise AzureError(413, "PayloadTooLarge", f"A batch holds at most {BATCH_EVENTS} events.")
        now = self.clock.now()
        first = len(self.accepted) + 1
        self.accepted += [Accepted(first + number, now, event) for number, event in enumerate(events)]
        self.batches += 1


def unfit(event: object) -> str:
    """Why something is not a CloudEvent 1.0, or nothing."""
    if not isinstance(event, dict):
        return "it is not an object"
    for name in ("id", "source", "type", "specversion"):
        if not isinstance(event.get(name), str) or not event[name]:
            return f"{name} is missing or not a text"
    if event["specversion"] != "1.0":
        return "specversion is not 1.0"
    if "data" in event and "data_base64" in event:
        return "it has both data and data_base64"
    wrong = [
        name
        for name in event
        if not (name.isascii() and name.isalnum() and name == name.lower()) and name != "data_base64"
    ]
    return f"attribute name {wrong[0]!r} is not lower case letters and digits" if wrong else ""
