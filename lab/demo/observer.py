"""Watches a demo from outside the app: the events that the emulated Azure accepted and the changes of its keys.

The app is not asked. Rotations and announcements are seen as events, and a regeneration as a new value in an account's
key slot. Checking the promises is left to `verdict`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lab.demo import scene
from lab.demo.stage import Stage

SIGNS = {
    "KeyAdopted": ("A", "adopted: key 1 is published unchanged"),
    "RotationAnnounced": ("w", "rotation announced"),
    "KeyRotated": ("R", "rotated"),
    "RetirementAnnounced": ("·", "retirement of the previous key announced"),
    "KeyRetired": ("x", "previous key retired: its value no longer works"),
    "DriftHealed": ("H", "drift healed: the new value is published"),
    "RotationFailed": ("F", "a turn failed"),
}


@dataclass(frozen=True)
class Moment:
    """Something that happened.

    day: When, in days since the demo began.
    account: The account that it concerns; empty for all.
    sign: Its character on the timeline.
    words: Its description.
    """

    day: float
    account: str
    sign: str
    words: str


@dataclass(frozen=True)
class AcceptedEvent:
    """An event that Event Grid accepted.

    kind: The event type without its prefix.
    account: The account that it concerns.
    at: When it was accepted, in seconds since 1970.
    data: The event's data.
    """

    kind: str
    account: str
    at: float
    data: dict[str, Any]

    def time_of(self, name: str) -> float | None:
        """Return the time in this field of the data, in seconds since 1970. None if the field is missing or empty."""
        text = self.data.get(name)
        return datetime.fromisoformat(str(text)).timestamp() if text else None


@dataclass
class Observer:
    """Everything that was seen so far.

    stage: What is watched.
    began: When the demo began, in seconds since 1970.
    moments: What the picture shows.
    events: The events that Event Grid accepted.
    regenerated: Account, slot and time of each regeneration.
    incidents: Name and time of each incident that has happened.
    """

    stage: Stage
    began: float
    moments: list[Moment] = field(default_factory=list)
    events: list[AcceptedEvent] = field(default_factory=list)
    regenerated: list[tuple[str, str, float]] = field(default_factory=list)
    incidents: list[tuple[str, float]] = field(default_factory=list)
    _since: int = 0
    _known: dict[tuple[str, str], float] = field(default_factory=dict)

    def day(self, at: float) -> float:
        """Return a time, in seconds since 1970, as days since the demo began."""
        return (at - self.began) / scene.DAY

    async def observe(self) -> None:
        """Read the emulated Azure and add what is new."""
        state = await self.stage.get("/state")
        for account in state["accounts"]:
            for slot, key in account["keys"].items():
                self._notice_key(account["name"], slot, float(key["since"]))
        for one in (await self.stage.get(f"/events?since={self._since}"))["events"]:
            self._since = max(self._since, one["seq"])
            self._notice_event(one["event"], float(one["time"]))

    def incident(self, incident: scene.Incident, at: float) -> None:
        """Add an incident that has happened."""
        self.incidents.append((incident.name, at))
        self.moments.append(Moment(self.day(at), incident.account, "!", incident.words))

    def _notice_key(self, account: str, slot: str, since: float) -> None:
        known = self._known.get((account, slot))
        self._known[account, slot] = since
        if known is not None and known != since:
            self.regenerated.append((account, slot, since))

    def _notice_event(self, event: dict[str, Any], at: float) -> None:
        kind = event["type"].removeprefix("KeyRotation.")
        account = event["source"].rsplit("/", 1)[-1]
        announced = AcceptedEvent(kind, account, at, event["data"])
        self.events.append(announced)
        sign, words = SIGNS.get(kind, ("?", kind))
        happened = announced.time_of("happenedAt") or at
        if at - happened > scene.DAY:
            words += f" (accepted on day {self.day(at):.1f})"
        deadline = announced.time_of("deadline")
        ahead = f", {(deadline - at) / scene.DAY:.1f} days ahead" if deadline else ""
        slot = f" ({event['data']['slot']})" if "slot" in event["data"] else ""
        self.moments.append(Moment(self.day(happened), account, sign, f"{words}{slot}{ahead}"))
