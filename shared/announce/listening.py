"""Who hears announcements: the event subscriptions of the topic, and whether their deliveries succeed.

Event Grid accepts events also if nobody subscribes to them (docs/facts.md, Listeners). So "accepted" does not mean that
anybody was told, and this module judges whether somebody can have been. It is pure: an adapter asks Azure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.announce.kinds import Kind

ENDS = frozenset({Kind.RETIREMENT_ANNOUNCED, Kind.SUNSET_ANNOUNCED})  # after these, keys stop working
_CONFIRMED, _UNCONFIRMED = "succeeded", "awaitingmanualaction"


@dataclass(frozen=True)
class EventSubscription:
    """One event subscription of the topic.

    name: Its name.
    state: Its provisioning state, as Azure writes it.
    types: The event types that it takes. None: all types.
    begins, ends: What the subject of an event must begin and end with. Empty: any subject.
    expires: When it expires, in UTC. None: never.
    delivered: How many deliveries succeeded in the last day.
    failed: How many attempts to deliver failed in the last day.
    """

    name: str
    state: str
    types: frozenset[str] | None = None
    begins: str = ""
    ends: str = ""
    expires: datetime | None = None
    delivered: int = 0
    failed: int = 0

    @property
    def fails(self) -> bool:
        """Whether deliveries were tried in the last day and none succeeded."""
        return self.failed > 0 and self.delivered == 0

    def deaf_because(self, now: datetime) -> str | None:
        """Return why it takes no announcement of an end, as the rest of a sentence. None if it takes them."""
        if self.state.casefold() == _UNCONFIRMED:
            return "its web hook never confirmed it"
        if self.state.casefold() != _CONFIRMED:
            return f"its state is {self.state}"
        if self.expires is not None and self.expires <= now:
            return f"it expired on {self.expires:%Y-%m-%d}"
        missing = sorted(ENDS - self.types) if self.types is not None else []
        return f"its filter leaves out {', '.join(missing)}" if missing else None

    def takes(self, subject: str) -> bool:
        """Return whether it takes events about this subject, the id of a secret. Case does not matter to Event Grid."""
        about = subject.casefold()
        return about.startswith(self.begins.casefold()) and about.endswith(self.ends.casefold())


@dataclass(frozen=True)
class Hearing:
    """What is known of the topic's listeners.

    now: When Azure was asked, in UTC.
    subscriptions: The event subscriptions of the topic. Empty if they are not known.
    unknown: Why they are not known, as a sentence. None if they are known.
    next_step: What makes them known. None if they are known.
    """

    now: datetime
    subscriptions: tuple[EventSubscription, ...] = ()
    unknown: str | None = None
    next_step: str | None = None

    @property
    def listening(self) -> tuple[EventSubscription, ...]:
        """The subscriptions through which announcements of an end are delivered."""
        return tuple(one for one in self.subscriptions if one.deaf_because(self.now) is None and not one.fails)

    @property
    def failing(self) -> tuple[EventSubscription, ...]:
        """The subscriptions that take such announcements, and to which no delivery succeeded in the last day."""
        return tuple(one for one in self.subscriptions if one.deaf_because(self.now) is None and one.fails)

    @property
    def nobody(self) -> str | None:
        """Why nobody hears any announcement of an end, as a sentence. None if somebody does, or if it is not known."""
        if self.unknown or self.listening:
            return None
        if not self.subscriptions:
            return "The topic has no event subscription, so announcements reach nobody."
        reasons = "; ".join(f"{one.name}: {self._reason(one)}" for one in self.subscriptions)
        return f"No event subscription of the topic takes announcements of an end ({reasons})."

    def unheard(self, subject: str) -> str | None:
        """Return why nobody is known to hear the end of this subject's key, as a sentence. None if somebody hears it.

        Filters by data are not evaluated: a subscription that has them counts as one that listens.
        """
        if self.unknown:
            return f"Whether anybody listens to announcements is not known: {self.unknown}"
        if self.nobody or any(one.takes(subject) for one in self.listening):
            return self.nobody
        return f"No event subscription of the topic takes events about {subject}."

    def _reason(self, one: EventSubscription) -> str:
        return one.deaf_because(self.now) or "no delivery succeeded in the last day"
