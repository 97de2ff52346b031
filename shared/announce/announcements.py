"""What we announce: its kinds, its words, its stable id and its wire form. What is owed when, says `outstanding`.

An announcement's id follows from what it says (account, secret, key, deadline, lead), so a listener can ignore
the second copy: CloudEvents makes id and source together the identity of an event. The wire form is
CloudEvents 1.0; each type's `data` has a JSON Schema in docs/schemas/.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from shared.domain.errors import RotationError
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import Target
from shared.domain.requests import AwaitedDeployment, Requester
from shared.domain.times import iso_duration


class Kind(StrEnum):
    """The types on the wire. Public names."""

    KEY_ADOPTED = "KeyRotation.KeyAdopted"
    ROTATION_ANNOUNCED = "KeyRotation.RotationAnnounced"
    KEY_ROTATED = "KeyRotation.KeyRotated"
    RETIREMENT_ANNOUNCED = "KeyRotation.RetirementAnnounced"
    KEY_RETIRED = "KeyRotation.KeyRetired"
    DRIFT_HEALED = "KeyRotation.DriftHealed"
    ROTATION_FAILED = "KeyRotation.RotationFailed"
    SUNSET_ANNOUNCED = "KeyRotation.SunsetAnnounced"
    KEY_AUTH_DISABLED = "KeyRotation.KeyAuthDisabled"


_WORDS = {
    Kind.KEY_ADOPTED: (
        "The account's key is now published in Key Vault and will be rotated on a schedule.",
        "Read the key from the vault, without a version, and read it again regularly; better, move to Entra ID.",
    ),
    Kind.ROTATION_ANNOUNCED: (
        "At the deadline another key is published. The one published now keeps working for the overlap after it.",
        "Nothing, if you read the key from the vault without a version. A copied key must be replaced in time.",
    ),
    Kind.KEY_ROTATED: (
        "Another key is published. The one before it keeps working until its own announced end.",
        "Nothing, if you read the key from the vault regularly. A copied key must be replaced now.",
    ),
    Kind.RETIREMENT_ANNOUNCED: (
        "At the deadline the key in this slot stops working for everybody who still holds it.",
        "Make sure that you use the key that the vault holds now; restart what has read it only once.",
    ),
    Kind.KEY_RETIRED: (
        "The key in this slot has stopped working.",
        "If your calls are answered with 401, read the key from the vault again.",
    ),
    Kind.DRIFT_HEALED: (
        "Somebody else regenerated the live key. Its new value is published.",
        "Read the key from the vault again if your calls are answered with 401.",
    ),
    Kind.ROTATION_FAILED: (
        "A turn failed. The published key was not changed by the step that failed.",
        "Nothing. The owner of the rotation should read the reason and the runbook.",
    ),
    Kind.SUNSET_ANNOUNCED: (
        "At the deadline the account stops accepting keys altogether.",
        "Move to Entra ID (a managed identity) before the deadline.",
    ),
    Kind.KEY_AUTH_DISABLED: (
        "The account does not accept keys any more and the published secret is disabled.",
        "Call with Entra ID. An owner of the account can switch keys on again.",
    ),
}

_WAITING = (
    "After the next deployment to the environment named, and at the deadline without one, another key is published. "
    "The one published now keeps working for the overlap after it.",
    "Deploy when you are ready, and say so (POST /api/deployments) if your pipeline does not.",
)


@dataclass(frozen=True)
class Announcement:
    """One thing to say. `value` is the fingerprint of the key it is about; `deadline` and `lead` stand where
    something is still to come; `reason` and `next_step` where something went wrong, once for each `occasion`.
    `asked` is who wanted what happened; `after` the deployment that an announced rotation waits for."""

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
        """Stable: the same announcement has the same id, whoever makes it and however often."""
        says = [
            self.kind,
            str(self.target.account).casefold(),
            self.target.secret_url.casefold(),
            self.slot,
            self.value,
            self.deadline.isoformat() if self.deadline else None,
            self.lead.total_seconds() if self.lead is not None else None,
            self.occasion,
        ]
        return hashlib.sha256(json.dumps(says).encode()).hexdigest()[:32]

    def wire(self, now: datetime) -> dict[str, object]:
        """The CloudEvent, as JSON-ready data."""
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
        what, consumer = _WORDS[self.kind] if self.after is None else _WAITING
        yield "target", self.target.name
        yield "owner", self.target.owner
        yield "slot", self.slot
        yield "fingerprint", self.value
        yield "deadline", text_of(self.deadline)
        yield "leadTime", iso_duration(self.lead) if self.lead is not None else None
        yield "happenedAt", text_of(self.happened_at)
        yield "previousKeyWorksUntil", text_of(self.previous_until)
        yield "proven", False if self.unproven else None
        yield "reason", self.reason
        yield "nextStep", self.next_step
        yield "requestedBy", self.requester.by or None
        yield "requestReason", self.requester.why or None
        yield "afterDeploymentTo", self.after.environment if self.after else None
        yield "soakTime", iso_duration(self.after.soak) if self.after and self.after.soak else None
        yield "whatHappens", what
        yield "whatToDo", consumer


def failed(target: Target, error: RotationError, now: datetime) -> Announcement:
    """A turn that could not be carried out: one event a day for each target, whatever is said first."""
    return Announcement(
        Kind.ROTATION_FAILED,
        target,
        happened_at=now,
        reason=f"{error.code}: {error.about(target.name)}",
        next_step=error.next_step,
        occasion=f"{now.astimezone(UTC):%Y-%m-%d}",
    )


def text_of(moment: datetime | None) -> str | None:
    """A time on the wire: ISO 8601 in UTC, ending in Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
