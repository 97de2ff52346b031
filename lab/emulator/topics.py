"""Event Grid custom topics: which events were accepted, in order, and when.

No event leaves the emulator: a test reads the list, and an event subscription only counts its deliveries. A topic with
an outage answers every publish with that status. `surfaces.event_grid` checks the request size and the caller's rights.
"""

from dataclasses import dataclass, field
from typing import Any

from lab.emulator.clock import Clock
from lab.emulator.errors import AzureError

# docs/facts.md, Events.
BATCH_BYTES = 1024 * 1024
BATCH_EVENTS = 5000
# CloudEvents 1.0: an attribute is a text, a whole number or a truth value, and these are texts.
_ATTRIBUTE = str | int | None
_TEXTS = ("subject", "time", "datacontenttype", "dataschema", "data_base64")


@dataclass(frozen=True, slots=True)
class Accepted:
    """One event that a topic accepted.

    seq: The number of the event within its topic, counted from 1.
    time: When it was accepted, in seconds since 1970.
    event: The CloudEvent as it was sent.
    """

    seq: int
    time: float
    event: dict[str, Any]


@dataclass
class Subscriber:
    """One event subscription of a topic.

    name: Its name.
    state: Its provisioning state. `AwaitingManualAction`: its web hook never confirmed it.
    types: The event types that it takes. None: all types.
    begins, ends: What a subject must begin and end with. Empty: any subject.
    expires: When it expires, in ISO 8601. None: never.
    broken: Whether its endpoint refuses every delivery.
    deliveries: The time of each delivery, and whether it worked.
    """

    name: str
    state: str = "Succeeded"
    types: tuple[str, ...] | None = None
    begins: str = ""
    ends: str = ""
    expires: str | None = None
    broken: bool = False
    deliveries: list[tuple[float, bool]] = field(default_factory=list)

    def takes(self, event: dict[str, Any]) -> bool:
        """Return whether its filter lets an event through."""
        subject = str(event.get("subject") or "").lower()
        typed = self.types is None or event["type"] in self.types
        return typed and subject.startswith(self.begins.lower()) and subject.endswith(self.ends.lower())


@dataclass
class Topic:
    """One custom topic with the CloudEvents input schema.

    name: The topic name.
    clock: The world's clock.
    subscription: The subscription id.
    resource_group: The resource group. Default `emulated`.
    outage: The HTTP status that answers every publish, or None if the topic works.
    accepted: The accepted events, oldest first.
    batches: How many batches were accepted.
    subscribers: Its event subscriptions.
    """

    name: str
    clock: Clock
    subscription: str
    resource_group: str = "emulated"
    outage: int | None = None
    accepted: list[Accepted] = field(default_factory=list)
    batches: int = 0
    subscribers: list[Subscriber] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The ARM resource id."""
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.EventGrid/topics/{self.name}"

    @property
    def events(self) -> list[dict[str, Any]]:
        """The accepted events without number and time."""
        return [one.event for one in self.accepted]

    def publish(self, events: list[dict[str, Any]]) -> None:
        """Accept a batch of events, all of them or none.

        Raises AzureError with the outage's status, 400 if an event is not a valid CloudEvent 1.0, and 413 if there are
        more than BATCH_EVENTS (docs/facts.md, Events).
        """
        if self.outage is not None:
            raise AzureError(self.outage, "ServiceUnavailable", "The topic cannot take events at the moment.")
        for number, event in enumerate(events):
            reason = invalid_because(event)
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
        for one in self.subscribers:
            one.deliveries += [(now, not one.broken) for event in events if one.takes(event)]

    def subscribe(self, name: str, **facts: Any) -> Subscriber:  # noqa: ANN401
        """Create an event subscription, or replace the one of that name. `facts` are further fields of `Subscriber`."""
        self.subscribers = [one for one in self.subscribers if one.name != name]
        self.subscribers.append(Subscriber(name, **facts))
        return self.subscribers[-1]


def invalid_because(event: object) -> str:
    """Return why `event` is not a valid CloudEvent 1.0, or an empty string if it is."""
    if not isinstance(event, dict):
        return "it is not an object"
    for name in ("id", "source", "type", "specversion"):
        if not isinstance(event.get(name), str) or not event[name]:
            return f"{name} is missing or not a text"
    mistyped = [name for name, value in event.items() if name != "data" and not isinstance(value, _ATTRIBUTE)]
    mistyped += [name for name in _TEXTS if not isinstance(event.get(name), str | None)]
    if mistyped:
        return f"{mistyped[0]} has a type that no attribute has"
    if event["specversion"] != "1.0":
        return "specversion is not 1.0"
    if "data" in event and "data_base64" in event:
        return "it has both data and data_base64"
    invalid = [
        name
        for name in event
        if not (name.isascii() and name.isalnum() and name == name.lower()) and name != "data_base64"
    ]
    return f"attribute name {invalid[0]!r} is not lower case letters and digits" if invalid else ""
