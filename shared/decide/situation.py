"""What was observed of one target, with the questions that the policies ask of it answered once.

The published value decides which slot is live, never a label: labels can be wrong, values cannot. The label counts only
if the published value is neither of the two keys. The other slot, the spare, holds one of three things: a value that
somebody may still use (the previous key), a value that was recorded when the previous key was retired, or a fresh
value.

Dates are computed in `schedule`; what a new version carries over from this one, in `carried_over`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import Observation, Target
from shared.domain.orders import Hold, Trial
from shared.domain.publication import Marks, Publication, SecretState
from shared.domain.requests import AwaitedDeployment, Follow, Request, Requester, RequestKind
from shared.domain.scheduled import agreed_sunset


@dataclass(frozen=True)
class Situation:
    """One target at one moment.

    seen: What was observed of the account and the secret.
    target: The target's settings.
    now: The time, in UTC.
    request: What a person or a pipeline requested. None for a scheduled turn.
    retired: The value that this turn itself gave a slot to end the previous key. Nobody else can know that value, so it
        does not have to be published before it ends. None outside a turn.
    """

    seen: Observation
    target: Target
    now: datetime
    request: Request | None = None
    retired: Fingerprint | None = None

    @property
    def publication(self) -> Publication:
        """Return the published version. Raises LookupError if nothing is published; the first policies prevent that."""
        if self.seen.publication is None:
            raise LookupError(f"{self.target.name}: nothing is published")
        return self.seen.publication

    @property
    def marks(self) -> Marks:
        """Return the version's marks. Raises LookupError if it has none; the first policies prevent that."""
        if self.publication.marks is None:
            raise LookupError(f"{self.target.name}: the publication is not marked")
        return self.publication.marks

    @property
    def live(self) -> KeySlot:
        """The slot whose key is published; if the published value is neither key, the slot that its tag names."""
        return self.seen.live or self.publication.slot or KeySlot.KEY1

    @property
    def spare(self) -> KeySlot:
        """The slot that is not live."""
        return self.live.other

    @property
    def is_ours(self) -> bool:
        """Whether the secret says that it belongs to this target's account."""
        provider = self.seen.publication.provider if self.seen.publication else None
        return provider is not None and self.target.account.same_as(provider)

    @property
    def is_published(self) -> bool:
        """Whether a version is published that consumers can read."""
        return self.seen.publication is not None and self.seen.publication.state is SecretState.ACTIVE

    @property
    def is_marked_truly(self) -> bool:
        """Whether the version carries our marks and they fit the published value. If that works, they name another
        key, too."""
        marks, publication = self.publication.marks, self.publication
        if marks is None or (self.seen.live is not None and marks.previous is None and marks.spare is None):
            return False
        return marks.live == publication.value and publication.slot is self.live and self.is_ours

    @property
    def spare_in_use(self) -> bool:
        """Whether the spare still holds the previous key, which somebody may be using."""
        marks = self.publication.marks
        return marks is not None and marks.previous is not None and self._spare_value == marks.previous

    @property
    def spare_is_fresh(self) -> bool:
        """Whether the spare was regenerated and not published, by an interrupted turn or by hand. Both count alike."""
        return not self.spare_in_use and (self.marks.fresh or self.spare_is_unknown)

    @property
    def spare_is_unknown(self) -> bool:
        """Whether the spare holds a value that no mark names."""
        return self._spare_value not in (self.marks.previous, self.marks.spare)

    @property
    def overlap_runs(self) -> bool:
        """Whether the previous key is still promised to work."""
        return self.spare_in_use and self.marks.until is not None and self.now < self.marks.until

    @property
    def agreed_sunset(self) -> datetime | None:
        """The agreed end of all keys, in UTC. None if no date is agreed."""
        return agreed_sunset(self.target, self.seen.publication.marks if self.seen.publication else None)

    @property
    def trial(self) -> Trial | None:
        """The trial that is planned, runs, or has just ended. None without one."""
        return self.seen.orders.trial

    @property
    def hold(self) -> Hold | None:
        """The hold that is on now. None if none is."""
        return self.seen.orders.hold_at(self.now)

    @property
    def ends_as_agreed(self) -> bool:
        """Whether the previous key ends at a moment to which a person agreed beforehand, without a notice. Not if a
        later moment was announced since."""
        marks = self.marks
        told = marks.told.retirement
        return (
            marks.agreed and marks.until is not None and (told is None or told.deadline <= max(marks.until, self.now))
        )

    @property
    def awaited(self) -> AwaitedDeployment | None:
        """The deployment that the target waits for: by request, or always by its settings. None if it waits for
        none."""
        marks = self.publication.marks
        return (marks.awaited if marks else None) or self.target.after_deployment

    @property
    def is_answered(self) -> bool:
        """Whether this very request made the current version or one of the last before it."""
        marks = self.publication.marks
        return bool(self.request and self.request.id and marks and marks.requester.knows(self.request.id))

    @property
    def request_is_outdated(self) -> bool:
        """Whether the keys changed places after the request was made, so that its words mean other keys now."""
        marks, request = self.publication.marks, self.request
        if request is None or request.requested_at is None or marks is None or marks.last_rotation is None:
            return False
        return marks.last_rotation > request.requested_at

    def is_requested(self, kind: RequestKind) -> bool:
        """Whether a request of that kind is here and was not carried out yet."""
        return self.request is not None and self.request.kind is kind and not self.is_answered

    @property
    def next_requester(self) -> Requester:
        """Who wants the next version: a person, a deployment, or (with empty fields) only the schedule."""
        before, awaited = self.marks.requester, self.marks.awaited
        if self.request is not None:
            return self.request.requester.after(before)
        if awaited is None or awaited.deployed is None or awaited.then in (Follow.TRIAL, Follow.SUNSET):
            return Requester().after(before)
        return Requester(awaited.id, "deployment", f"deployment to {awaited.environment}").after(before)

    @property
    def _spare_value(self) -> Fingerprint:
        return self.seen.keys[self.spare]
