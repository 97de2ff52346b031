"""What is announced: announcements, their stable ids and their form on the wire. Their words are in `kinds`.

An announcement's id follows from what it says (account, secret, key, deadline, lead), so a listener can ignore the
second copy: in CloudEvents, id and source together identify an event. The form is CloudEvents 1.0; each kind's `data`
has a JSON Schema in docs/schemas/. Which announcements are outstanding is decided in `outstanding`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shared.announce.kinds import AFTER_DEPLOYMENT, IDENTITY, ROLE, Kind, Words
from shared.domain.errors import RotationError
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import Target
from shared.domain.relative import counted, exact
from shared.domain.requests import AwaitedDeployment, Follow, Requester
from shared.domain.times import iso_duration

LONGEST_BY, LONGEST_WHY = 80, 100  # characters of a requester that an event shows, as its schema says


@dataclass(frozen=True)
class Announcement:
    """One event to send.

    kind: What kind of event it is.
    target: The target that it is about.
    slot: The slot of the key that it is about. None if it is about the whole target.
    value: The fingerprint of that key. None if it is about the whole target.
    deadline: When something will happen, in UTC. None if it already happened.
    lead: The lead time that was crossed. None for the first announcement of a deadline.
    happened_at: When something happened, in UTC. None if it is still to come, or if the time is not known.
    previous_until: Until when the previous key works. None if there is none.
    reason: Why something failed. None otherwise.
    next_step: What to do about the failure. None otherwise.
    occasion: What tells apart two events that are equal otherwise. Part of the id. None if nothing has to.
    unproven: Whether the key was published without a proof.
    requester: Who wanted what happened. Empty if the schedule did.
    after: The deployment that an announced rotation waits for. None if it waits for none.
    length: For a trial: how long keys are off. None for anything else.
    """

    kind: Kind
    target: Target
    slot: KeySlot | None = None
    value: Fingerprint | None = None
    deadline: datetime | None = None
    lead: timedelta | None = None
    happened_at: datetime | None = None
    previous_until: datetime | None = None
    reason: str | None = None
    next_step: str | None = None
    occasion: str | None = None
    unproven: bool = False
    requester: Requester = field(default_factory=Requester)
    after: AwaitedDeployment | None = None
    length: timedelta | None = None

    @property
    def id(self) -> str:
        """The event's id. Equal announcements have equal ids, whoever makes them and however often."""
        identity = [
            self.kind,
            str(self.target.account).casefold(),
            self.target.secret_url.casefold(),
            self.slot,
            self.value,
            self.deadline.isoformat() if self.deadline else None,
            self.lead.total_seconds() if self.lead is not None else None,
            self.occasion,
        ]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]

    def wire(self, now: datetime, page: str | None = None) -> dict[str, object]:
        """Return the CloudEvent as data that can become JSON.

        now: The time of sending, in UTC.
        page: Where a consumer reads how to call without a key. None: the event names no page.
        """
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": str(self.target.account),
            "subject": self.target.secret_url,
            "type": str(self.kind),
            "time": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": {name: value for name, value in self._data(page) if value is not None},
        }

    @property
    def _words(self) -> Words:
        return self.kind.words if self.after is None else AFTER_DEPLOYMENT[self.after.then]

    def _data(self, page: str | None) -> Iterator[tuple[str, object]]:
        yield "target", self.target.name
        yield "owner", self.target.owner
        yield "slot", self.slot
        yield "fingerprint", self.value
        yield "deadline", event_time(self.deadline)
        yield "leadTime", iso_duration(self.lead) if self.lead is not None else None
        yield "happenedAt", event_time(self.happened_at)
        yield "previousKeyWorksUntil", event_time(self.previous_until)
        yield "proven", False if self.unproven else None
        yield "reason", self.reason
        yield "nextStep", self.next_step
        yield "requestedBy", self.requester.by[:LONGEST_BY] or None
        yield "requestReason", self.requester.why[:LONGEST_WHY] or None
        yield "afterDeploymentTo", self.after.environment if self.after else None
        yield "soakTime", iso_duration(self.after.soak) if self.after and self.after.soak else None
        yield "whatFollows", self.after.then if self.after and self.after.then is not Follow.ROTATE else None
        length = self.length or (self.after.length if self.after else None)
        yield "trialLength", iso_duration(length) if length else None
        yield "whatHappens", self._words.happens
        yield "whoIsAffected", self._words.affected
        yield "whatStops", self._what_stops()
        yield "whatToDo", self._words.to_do.format(deadline=self._deadline)
        yield "instead", {"identity": IDENTITY, "role": ROLE} | ({"page": page} if page else {})

    @property
    def _deadline(self) -> str:
        return exact(self.deadline) if self.deadline else "the deadline"

    def _what_stops(self) -> str | None:
        """Return what stops and when. None if nothing does, or if it depends on a previous key and none is in use."""
        stops, until = self._words.stops, self.previous_until
        if stops is None or (until is None and "{until}" in stops):
            return None
        facts = {"deadline": self._deadline, "overlap": _at_least(self.target.cadence.overlap)}
        return stops.format(**facts, until=exact(until) if until else "")


def rotation_failed(target: Target, error: RotationError, now: datetime) -> Announcement:
    """Return the announcement of a failed turn. There is one id a day for each target, whatever failed first."""
    return Announcement(
        Kind.ROTATION_FAILED,
        target,
        happened_at=now,
        reason=f"{error.code}: {error.about(target.name)}",
        next_step=error.next_step,
        occasion=f"{now.astimezone(UTC):%Y-%m-%d}",
    )


def _at_least(length: timedelta) -> str:
    """Return a length in whole days, hours or minutes. It is never rounded up, because a consumer counts on it."""
    minutes = length // timedelta(minutes=1)
    if minutes < 60:
        return counted(minutes, "minute")
    days, over = divmod(minutes // 60, 24)
    return counted(days, "day") if not over else counted(minutes // 60, "hour")


def event_time(moment: datetime | None) -> str | None:
    """Return a time as events carry it: ISO 8601 in UTC, ending in Z. None stays None."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
