"""What we announce: which announcements are owed, their stable ids and their wire form.

An announcement's id follows from what it says (account, secret, key, deadline, lead), so a listener can ignore
the second copy: CloudEvents makes id and source together the identity of an event. Announcing is at least once;
what was accepted is noted afterwards (`settled`), and losing the note only repeats it. The wire form is
CloudEvents 1.0; each type's `data` has a JSON Schema in docs/schemas/.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from shared import cadence
from shared.durations import iso
from shared.errors import RotationError
from shared.keys import Fingerprint, KeySlot
from shared.model import Target
from shared.publication import Marks, Origin
from shared.situation import Situation
from shared.telling import Happened, Telling, Told


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


_ORIGINS = {
    Origin.ADOPTED: Kind.KEY_ADOPTED,
    Origin.ROTATED: Kind.KEY_ROTATED,
    Origin.HEALED: Kind.DRIFT_HEALED,
}
_DEBTS = {
    Happened.ADOPTED: Kind.KEY_ADOPTED,
    Happened.ROTATED: Kind.KEY_ROTATED,
    Happened.HEALED: Kind.DRIFT_HEALED,
    Happened.ENDED: Kind.KEY_RETIRED,
}
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


@dataclass(frozen=True)
class Announcement:
    """One thing to say. `value` is the fingerprint of the key it is about; `deadline` and `lead` stand where
    something is still to come; `reason` and `next_step` where something went wrong, once for each `occasion`."""

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
        what, consumer = _WORDS[self.kind]
        yield "target", self.target.name
        yield "owner", self.target.owner
        yield "slot", self.slot
        yield "fingerprint", self.value
        yield "deadline", _text(self.deadline)
        yield "leadTime", iso(self.lead) if self.lead is not None else None
        yield "happenedAt", _text(self.happened_at)
        yield "previousKeyWorksUntil", _text(self.previous_until)
        yield "proven", False if self.unproven else None
        yield "reason", self.reason
        yield "nextStep", self.next_step
        yield "whatHappens", what
        yield "whatToDo", consumer


def owed(at: Situation) -> tuple[Announcement, ...]:
    """Everything that should be announced about a target now and was not yet accepted."""
    marks = _standing(at)
    if marks is None:
        return ()
    if not at.seen.key_auth:
        return tuple(_last_words(at, marks)) if at.is_ours else ()
    if not at.is_published or at.seen.live is None or not at.is_marked_truly:
        return ()
    return (*_debts(at, marks), *_events(at, marks), *_deadlines(at, marks))


def _standing(at: Situation) -> Marks | None:
    """The marks, as far as what they say was told still stands. Where somebody has switched keys on again, or taken
    the sunset back, the end counts as untold, so that it is announced anew before it can come."""
    marks = at.seen.publication.marks if at.seen.publication else None
    if marks is None or not at.seen.key_auth:
        return marks
    taken_back = marks.told.key_auth_off or at.target.sunset is None
    told = replace(marks.told, key_auth_off=False, sunset=None if taken_back else marks.told.sunset)
    return replace(marks, told=told)


def _last_words(at: Situation, marks: Marks) -> Iterator[Announcement]:
    """Keys are off: what is still owed from before, and that they are off. A second end is a second event."""
    yield from _debts(at, marks)
    if not marks.told.origin:
        yield _origin(at, marks)
    if not marks.told.key_auth_off:
        occasion = f"{marks.live} {_text(at.publication.updated)}"
        yield Announcement(Kind.KEY_AUTH_DISABLED, at.target, occasion=occasion)


def _origin(at: Situation, marks: Marks) -> Announcement:
    until = marks.until if at.seen.key_auth and at.spare_in_use else None
    return Announcement(
        _ORIGINS[marks.origin],
        at.target,
        at.live,
        marks.live,
        happened_at=marks.since,
        previous_until=until,
        unproven=marks.unproven,
    )


def _debts(at: Situation, marks: Marks) -> Iterator[Announcement]:
    for debt in marks.told.debts:
        yield Announcement(_DEBTS[debt.happened], at.target, debt.slot, debt.value, happened_at=debt.at)


def _events(at: Situation, marks: Marks) -> Iterator[Announcement]:
    if not marks.told.origin:
        yield _origin(at, marks)
    if marks.previous is not None and not at.spare_in_use:
        yield Announcement(Kind.KEY_RETIRED, at.target, at.spare, marks.previous)


def _deadlines(at: Situation, marks: Marks) -> Iterator[Announcement]:
    rhythm, told, slack = at.target.cadence, marks.told, cadence.sending(at.target.cadence)
    due = at.rotation_expected
    rung = cadence.rung_owed(due, rhythm.warnings, told.rotation, at.now, at_once=False, slack=slack)
    if rung:
        yield _announced(Kind.ROTATION_ANNOUNCED, at.target, rung, at.live, marks.live)
    ending = cadence.ending_at(marks, rhythm, at.now) if at.spare_in_use and not marks.leaked else None
    if ending is not None:
        leads = [lead for lead in rhythm.warnings if lead <= ending - marks.since]
        rung = cadence.rung_owed(ending, leads, told.retirement, at.now, at_once=True, slack=slack)
        if rung:
            yield _announced(Kind.RETIREMENT_ANNOUNCED, at.target, rung, at.spare, marks.previous)
    if at.target.sunset is not None:
        deadline = cadence.sunset_at(at.target.sunset, told.sunset, rhythm, at.now)
        rung = cadence.rung_owed(deadline, rhythm.warnings, told.sunset, at.now, at_once=True, slack=slack)
        if rung:
            yield _announced(Kind.SUNSET_ANNOUNCED, at.target, rung)


def _announced(
    kind: Kind,
    target: Target,
    rung: cadence.Owed,
    slot: KeySlot | None = None,
    value: Fingerprint | None = None,
) -> Announcement:
    return Announcement(kind, target, slot, value, deadline=rung.deadline, lead=rung.lead)


def in_time(at: Situation, said: Announcement, accepted: datetime) -> bool:
    """Whether an end that was accepted at that moment kept the notice (P3). One whose sending took too long counts as
    not announced, and is announced again with a later deadline. One that was told before may be repeated late."""
    if said.kind not in (Kind.RETIREMENT_ANNOUNCED, Kind.SUNSET_ANNOUNCED) or said.deadline is None:
        return True
    told = at.told().retirement if said.kind is Kind.RETIREMENT_ANNOUNCED else at.told().sunset
    known = told is not None and told.deadline == said.deadline
    return known or said.deadline - accepted >= at.target.cadence.notice


def settled(at: Situation, accepted: Iterable[Announcement] = ()) -> Marks:
    """The marks with what was accepted noted on them: the reverse of `owed`. Raises LookupError without marks."""
    marks = _standing(at) or at.marks
    for said in accepted:
        marks = _settle(at, marks, said)
    return marks


def _settle(at: Situation, marks: Marks, said: Announcement) -> Marks:
    told = marks.told
    remaining = tuple(
        d for d in told.debts if (_DEBTS[d.happened], d.slot, d.value) != (said.kind, said.slot, said.value)
    )
    told = replace(told, debts=remaining)
    if said.kind is _ORIGINS[marks.origin] and said.value == marks.live:
        told = replace(told, origin=True)
    elif said.kind is Kind.KEY_RETIRED and said.value == marks.previous:
        spare, fresh = at.seen.keys[at.spare], at.spare_is_for_a_rotation
        marks = replace(marks, previous=None, until=None, leaked=False, spare=spare, fresh=fresh)
    elif said.deadline is not None:
        told = _tell_deadline(told, said, cadence.Owed(said.deadline, said.lead).telling())
    elif said.kind is Kind.KEY_AUTH_DISABLED:
        told = replace(told, key_auth_off=True)
    return replace(marks, told=told)


def _tell_deadline(told: Told, said: Announcement, telling: Telling) -> Told:
    if said.kind is Kind.ROTATION_ANNOUNCED:
        return replace(told, rotation=telling)
    if said.kind is Kind.RETIREMENT_ANNOUNCED:
        return replace(told, retirement=telling)
    return replace(told, sunset=telling)


def failed(target: Target, error: RotationError, now: datetime) -> Announcement:
    """A turn that could not be carried out: one event a day for each target, whatever is said first."""
    return Announcement(
        Kind.ROTATION_FAILED,
        target,
        happened_at=now,
        reason=f"{error.code}: {error.what}",
        next_step=error.next_step,
        occasion=f"{now.astimezone(UTC):%Y-%m-%d}",
    )


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
