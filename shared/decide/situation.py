"""An observation, with the questions that every policy asks of it answered once.

Which slot is live is found by comparing values, never by trusting a label; the label counts only when the
published value is neither of the two keys. What the other slot holds is one of three things: a value somebody
may still be using, a value that was noted when the previous key was retired, or a fresh one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from shared.decide import cadence
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import Observation, Target
from shared.domain.publication import Marks, Origin, Publication, SecretState
from shared.domain.requests import AwaitedDeployment, Request, Requester, RequestKind
from shared.domain.told import CarriedOver, Happened, Told

_OWED_FOR = {
    Origin.ADOPTED: Happened.ADOPTED,
    Origin.ROTATED: Happened.ROTATED,
    Origin.HEALED: Happened.HEALED,
}


@dataclass(frozen=True)
class Situation:
    """What was seen, of which target, when, and what was asked for. `retired` is a turn's own knowledge of the value
    that it has given a slot to end the one before it: nobody else can have seen that."""

    seen: Observation
    target: Target
    now: datetime
    request: Request | None = None
    retired: Fingerprint | None = None

    @property
    def publication(self) -> Publication:
        """Raises LookupError where nothing is published; the first policies see to that."""
        if self.seen.publication is None:
            raise LookupError(f"{self.target.name}: nothing is published")
        return self.seen.publication

    @property
    def marks(self) -> Marks:
        """Raises LookupError where the version is not marked; the first policies see to that."""
        if self.publication.marks is None:
            raise LookupError(f"{self.target.name}: the publication is not marked")
        return self.publication.marks

    @property
    def live(self) -> KeySlot:
        return self.seen.live or self.publication.slot or KeySlot.KEY1

    @property
    def spare(self) -> KeySlot:
        return self.live.other

    @property
    def is_ours(self) -> bool:
        """The secret says that it belongs to this target's account."""
        provider = self.seen.publication.provider if self.seen.publication else None
        return provider is not None and self.target.account.same_as(provider)

    @property
    def is_published(self) -> bool:
        return self.seen.publication is not None and self.seen.publication.state is SecretState.ACTIVE

    @property
    def is_marked_truly(self) -> bool:
        """Our marks are there and fit the value that is published."""
        marks, publication = self.publication.marks, self.publication
        if marks is None or (marks.previous is None and marks.spare is None):
            return False
        return marks.live == publication.value and publication.slot is self.live and self.is_ours

    @property
    def spare_in_use(self) -> bool:
        """The spare still has the value that somebody may be using."""
        marks = self.publication.marks
        return marks is not None and marks.previous is not None and self._spare_value == marks.previous

    @property
    def spare_is_fresh(self) -> bool:
        """The spare was regenerated and not published: by a turn that was cut off, or by hand, which is as good."""
        return not self.spare_in_use and (self.marks.fresh or self.spare_is_unknown)

    @property
    def spare_is_unknown(self) -> bool:
        """The spare has a value that was never noted."""
        return self._spare_value not in (self.marks.previous, self.marks.spare)

    @property
    def is_answered(self) -> bool:
        """The current version was made by this very request."""
        marks = self.publication.marks
        return bool(self.request and self.request.id and marks and marks.requester.knows(self.request.id))

    @property
    def request_is_outdated(self) -> bool:
        """The request was made before the keys last changed places: what it spoke of has moved on."""
        marks, request = self.publication.marks, self.request
        if request is None or request.requested_at is None or marks is None or marks.last_rotation is None:
            return False
        return marks.last_rotation > request.requested_at

    @property
    def awaited(self) -> AwaitedDeployment | None:
        """The deployment that is waited for: somebody asked, or this target always does."""
        marks = self.publication.marks
        return (marks.awaited if marks else None) or self.target.after_deployment

    @property
    def next_requester(self) -> Requester:
        """Who wants the version that is about to follow this one: a person, a deployment, or only the schedule."""
        before, armed = self.marks.requester, self.marks.awaited
        if self.request is not None:
            return self.request.requester.after(before)
        if armed is None or armed.deployed is None:
            return Requester().after(before)
        return Requester(armed.id, "deployment", f"deployment to {armed.environment}").after(before)

    def is_requested(self, kind: RequestKind) -> bool:
        return self.request is not None and self.request.kind is kind and not self.is_answered

    @property
    def overlap_runs(self) -> bool:
        return self.spare_in_use and self.marks.until is not None and self.now < self.marks.until

    @property
    def rotation_expected(self) -> datetime:
        """When the next scheduled rotation can be: due and inside the window, and not before the previous key ends."""
        rhythm = self.target.cadence
        due = cadence.rotation_at(self.marks, rhythm)
        if not self.spare_in_use or self.marks.leaked:
            return due
        return max(due, cadence.ending_at(self.marks, rhythm, self.now) or due)

    @property
    def end_is_announced(self) -> bool:
        """P3 allows the previous key to go: its end was accepted in time, or it leaked."""
        marks = self.marks
        if marks.leaked or not self.spare_in_use or marks.until is None:
            return True
        return cadence.announced_in_time(marks.told.retirement, marks.until, self.now)

    def carried_over_now(self) -> tuple[CarriedOver, ...]:
        """What a new version must carry on because the present one could not get it accepted: how that one came
        to be, and the end of the previous key that the new version is about to bring, or that came unannounced."""
        marks = self.marks
        carried_over = list(marks.told.carried_over)
        if not marks.told.origin:
            carried_over.append(CarriedOver(_OWED_FOR[marks.origin], self.live, marks.live, marks.since))
        return tuple(carried_over)

    @property
    def previous_key_end(self) -> tuple[CarriedOver, ...]:
        """The end of the key that the marks call the previous one, to be told by marks that do not name it any more."""
        previous = self.marks.previous
        return (CarriedOver(Happened.ENDED, self.spare, previous, self.now),) if previous is not None else ()

    def carried_over_with_previous_end(self) -> tuple[CarriedOver, ...]:
        """What is owed by now, and the end of the previous key, for a version that takes the spare into use."""
        return self.carried_over_now() + self.previous_key_end

    @property
    def _spare_value(self) -> Fingerprint:
        return self.seen.keys[self.spare]

    def told(self) -> Told:
        """What was told and still stands. Where somebody has switched keys on again, or taken the sunset back, the end
        of keys counts as untold, so that it is announced anew before it can come."""
        told = self.seen.publication.told if self.seen.publication else Told()
        if not self.seen.key_auth:
            return told
        taken_back = told.key_auth_off or self.target.sunset is None
        sunset, ends = None if taken_back else told.sunset, told.ends + told.key_auth_off
        return replace(told, key_auth_off=False, sunset=sunset, ends=ends)
