"""What is announced: the kinds of event, their words, their stable ids and their form on the wire.

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
from enum import StrEnum
from typing import Self

from shared.domain.errors import RotationError
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import Target
from shared.domain.requests import AwaitedDeployment, Requester
from shared.domain.times import iso_duration


class Kind(StrEnum):
    """The kinds of event, by their public names, each with its words for consumers. A kind without words is an error.

    what_happens: What happens, or happened.
    what_to_do: What a consumer should do about it.
    """

    what_happens: str
    what_to_do: str

    def __new__(cls, name: str, what_happens: str, what_to_do: str) -> Self:
        kind = str.__new__(cls, name)
        kind._value_ = name
        kind.what_happens, kind.what_to_do = what_happens, what_to_do
        return kind

    KEY_ADOPTED = (
        "KeyRotation.KeyAdopted",
        "The account's key is now published in Key Vault and will be rotated on a schedule.",
        "Read the key from the vault, without a version, and read it again regularly. Better: move to Entra ID.",
    )
    ROTATION_ANNOUNCED = (
        "KeyRotation.RotationAnnounced",
        "At the deadline another key is published. The key published now keeps working for the overlap after that.",
        "Nothing, if you read the key from the vault without a version. Replace a copied key in time.",
    )
    KEY_ROTATED = (
        "KeyRotation.KeyRotated",
        "Another key is published. The previous key keeps working until its own announced end.",
        "Nothing, if you read the key from the vault regularly. Replace a copied key now.",
    )
    RETIREMENT_ANNOUNCED = (
        "KeyRotation.RetirementAnnounced",
        "At the deadline the key in this slot stops working for everybody who still uses it.",
        "Make sure that you use the key that the vault holds now. Restart apps that read it only once, and refresh Key "
        "Vault references.",
    )
    KEY_RETIRED = (
        "KeyRotation.KeyRetired",
        "The key in this slot has stopped working.",
        "If your calls get the status 401, read the key from the vault again. A Key Vault reference of App Service "
        "keeps the old key for up to a day, also after a restart: refresh it.",
    )
    DRIFT_HEALED = (
        "KeyRotation.DriftHealed",
        "The live key was regenerated outside this app. Its new value is published.",
        "If your calls get the status 401, read the key from the vault again. A Key Vault reference of App Service "
        "keeps the old key for up to a day, also after a restart: refresh it.",
    )
    ROTATION_FAILED = (
        "KeyRotation.RotationFailed",
        "A turn failed. The step that failed did not change the published key.",
        "Nothing. The owner of the rotation should read the reason and the runbook.",
    )
    SUNSET_ANNOUNCED = (
        "KeyRotation.SunsetAnnounced",
        "At the deadline the account stops accepting keys.",
        "Move to Entra ID (a managed identity) before the deadline.",
    )
    DEADLINE_WITHDRAWN = (
        "KeyRotation.DeadlineWithdrawn",
        "What was announced for the deadline does not happen. If it is to happen later, it is announced anew.",
        "Nothing. The key goes on working until another end is announced.",
    )
    KEY_AUTH_DISABLED = (
        "KeyRotation.KeyAuthDisabled",
        "The account does not accept keys any more, and the published secret is disabled.",
        "Call with Entra ID. An owner of the account can switch keys on again.",
    )
    KEY_AUTH_ENABLED = (
        "KeyRotation.KeyAuthEnabled",
        "Somebody switched the account's keys on again after they had ended. The key is published anew.",
        "Nothing, if you call with Entra ID. The owner of the account should find out who did it.",
    )


_AFTER_DEPLOYMENT = (
    "After the next deployment to the named environment, or at the deadline without one, another key is published. "
    "The key published now keeps working for the overlap after that.",
    "Deploy when you are ready, and report it (POST /api/deployments) if your pipeline does not.",
)


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

    def wire(self, now: datetime) -> dict[str, object]:
        """Return the CloudEvent as data that can become JSON. `now` is the time of sending, in UTC."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": str(self.target.account),
            "subject": self.target.secret_url,
            "type": str(self.kind),
            "time": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": {name: value for name, value in self._data() if value is not None},
        }

    def _data(self) -> Iterator[tuple[str, object]]:
        words = (self.kind.what_happens, self.kind.what_to_do) if self.after is None else _AFTER_DEPLOYMENT
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
        yield "requestedBy", self.requester.by or None
        yield "requestReason", self.requester.why or None
        yield "afterDeploymentTo", self.after.environment if self.after else None
        yield "soakTime", iso_duration(self.after.soak) if self.after and self.after.soak else None
        yield "whatHappens", words[0]
        yield "whatToDo", words[1]


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


def event_time(moment: datetime | None) -> str | None:
    """Return a time as events carry it: ISO 8601 in UTC, ending in Z. None stays None."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
