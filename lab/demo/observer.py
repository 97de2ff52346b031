"""Watches from outside: what the emulated Azure was asked and accepted, as moments on a day.

Nothing is asked of the app. Rotations and announcements are seen as events; regenerations as the change of an
account's own keys; the slots' values are known by the emulator's fingerprints.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lab.demo import scene
from lab.demo.stage import Stage

SIGNS = {
    "KeyAdopted": ("A", "adopted: key 1 is published as it stands"),
    "RotationAnnounced": ("w", "rotation announced"),
    "KeyRotated": ("R", "rotated"),
    "RetirementAnnounced": ("·", "the end of the previous key announced"),
    "KeyRetired": ("x", "the old value has ended, retired"),
    "DriftHealed": ("H", "healed: the new value is published"),
    "RotationFailed": ("F", "a turn failed"),
}


@dataclass(frozen=True)
class Moment:
    """Something that was seen: when, of which account, and how it looks on a timeline and in words."""

    day: float
    account: str
    sign: str
    words: str


@dataclass(frozen=True)
class Announced:
    """An accepted event."""

    kind: str
    account: str
    at: float
    data: dict[str, Any]

    def moment_of(self, name: str) -> float | None:
        text = self.data.get(name)
        return datetime.fromisoformat(str(text)).timestamp() if text else None


@dataclass
class Witness:
    """Everything seen so far."""

    stage: Stage
    began: float
    moments: list[Moment] = field(default_factory=list)
    events: list[Announced] = field(default_factory=list)
    regenerated: list[tuple[str, str, float]] = field(default_factory=list)
    incidents: list[tuple[str, float]] = field(default_factory=list)
    _since: int = 0
    _known: dict[tuple[str, str], float] = field(default_factory=dict)

    def day(self, at: float) -> float:
        return (at - self.began) / scene.DAY

    async def look(self) -> None:
        """Take in what is new."""
        state = await self.stage.ask("/state")
        for account in state["accounts"]:
            for slot, key in account["keys"].items():
                self._notice_key(account["name"], slot, float(key["since"]))
        for one in (await self.stage.ask(f"/events?since={self._since}"))["events"]:
            self._since = max(self._since, one["seq"])
            self._notice_event(one["event"], float(one["time"]))

    def incident(self, incident: scene.Incident, at: float) -> None:
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
        announced = Announced(kind, account, at, event["data"])
        self.events.append(announced)
        sign, words = SIGNS.get(kind, ("?", kind))
        happened = announced.moment_of("happenedAt") or at
        if at - happened > scene.DAY:
            words += f" (said on day {self.day(at):.1f}, when it could be)"
        deadline = announced.moment_of("deadline")
        ahead = f", {(deadline - at) / scene.DAY:.1f} days ahead" if deadline else ""
        slot = f" ({event['data']['slot']})" if "slot" in event["data"] else ""
        self.moments.append(Moment(self.day(happened), account, sign, f"{words}{slot}{ahead}"))
