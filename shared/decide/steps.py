"""The kinds of step that a plan can hold: what to do, never with which key value.

A step can be met twice without harm (P5). It only touches the spare, or the previous key once its overlap is over, or
it writes again what is already true.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.orders import EndedBy, Orders
from shared.domain.publication import Marks, Origin
from shared.domain.requests import AwaitedDeployment, Requester
from shared.domain.told import Told


@dataclass(frozen=True)
class Regenerate:
    """Give the slot a new value. The old value stops working immediately.

    slot: The slot to regenerate.
    noted: Whether the app notes this in its own storage, because nothing is published whose tags could remember it.
        Default: no.
    """

    slot: KeySlot
    noted: bool = False

    def __str__(self) -> str:
        return f"regenerate {self.slot}"

    @property
    def words(self) -> str:
        """The step as people read it in a plan."""
        return f"regenerate {self.slot.words}"

    @property
    def past(self) -> str:
        """The step as people read it once it was done."""
        return f"regenerated {self.slot.words}"


@dataclass(frozen=True)
class Prove:
    """Have the account's own endpoint accept the slot's key, repeatedly, before it is published (P4).

    slot: The slot whose key is proven.
    patient: Whether to wait longer, because giving up early would mean another key the next time. Default: no.
    """

    slot: KeySlot
    patient: bool = False

    def __str__(self) -> str:
        return f"prove {self.slot}"

    @property
    def words(self) -> str:
        """The step as people read it in a plan."""
        return f"prove {self.slot.words}"

    @property
    def past(self) -> str:
        """The step as people read it once it was done."""
        return f"proved {self.slot.words}"


@dataclass(frozen=True)
class Publish:
    """Write a new version of the secret: the slot's key and its facts, in one call.

    slot: The slot whose key is published.
    origin: What made the version.
    previous: The other slot's value, if somebody may still use it. None if nobody can.
    overlap: How long `previous` keeps working after the moment of writing. Default: not at all.
    until: Until when `previous` was promised to work; the later of this and `overlap` counts. None: no promise yet.
    leaked: Whether `previous` leaked, so that it ends without an announcement.
    spare: The other slot's value, if nobody can know it. Never together with `previous`.
    fresh: Whether `spare` waits to be published, instead of being the value of a retirement.
    resumed: Whether the slot's key existed before this plan, so that it was not regenerated for it.
    since: When the key's period began. None: with this version, which is the rule.
    copied: Whether the app keeps a copy of the version's marks, because somebody else may take them away.
    rotated: When the keys last changed places, for a version that does not exchange them.
    requester: Who wants this version.
    awaited: The deployment after which this version's key is replaced. None if it waits for none.
    told: Which announcements count as accepted for the new version, and which are outstanding.
    agreed: Whether a person agreed beforehand that `previous` ends at `until`, so that its end waits for no notice.
    """

    slot: KeySlot
    origin: Origin
    previous: Fingerprint | None = None
    overlap: timedelta = timedelta(0)
    until: datetime | None = None
    leaked: bool = False
    spare: Fingerprint | None = None
    fresh: bool = False
    resumed: bool = False
    since: datetime | None = None
    copied: bool = False
    rotated: datetime | None = None
    requester: Requester = field(default_factory=Requester)
    awaited: AwaitedDeployment | None = None
    told: Told = field(default_factory=Told)
    agreed: bool = False

    @property
    def request(self) -> str | None:
        """The id of the request that this version answers. None if nobody requested it."""
        return self.requester.id

    def __str__(self) -> str:
        return f"publish {self.slot} ({self.origin})"

    @property
    def words(self) -> str:
        """The step as people read it in a plan."""
        return f"publish {self.slot.words}"

    @property
    def past(self) -> str:
        """The step as people read it once it was done."""
        return f"published {self.slot.words}" + (" (healed)" if self.origin is Origin.HEALED else "")


@dataclass(frozen=True)
class Mark:
    """Write our tags on the current version, whose value is right already.

    slot: The slot whose key the version holds.
    marks: The facts to write.
    """

    slot: KeySlot
    marks: Marks

    def __str__(self) -> str:
        return f"mark the current version as {self.slot}"

    @property
    def words(self) -> str:
        """The step as people read it in a plan."""
        return "note it in the tags of the published version"

    @property
    def past(self) -> str:
        """The step as people read it once it was done."""
        return "noted it in the tags of the published version"


@dataclass(frozen=True)
class Watch:
    """Ask the account whether it still accepts a leaked value: once before it is regenerated, then until it is refused.

    slot: The slot that held the leaked value.
    """

    slot: KeySlot

    def __str__(self) -> str:
        return f"watch the leaked {self.slot}"

    @property
    def words(self) -> str:
        """The step as people read it in a plan."""
        return f"watch the leaked {self.slot.words} until it is refused"

    @property
    def past(self) -> str:
        """The step as people read it once it was done."""
        return f"watched the leaked {self.slot.words}"


@dataclass(frozen=True)
class Wait:
    """Leave consumers the stated least time before a leaked key ends.

    time: How long to wait.
    """

    time: timedelta

    def __str__(self) -> str:
        return f"wait {int(self.time.total_seconds())} s"

    @property
    def words(self) -> str:
        """The step as people read it in a plan."""
        return f"wait {int(self.time.total_seconds())} s"

    @property
    def past(self) -> str:
        """The step as people read it once it was done."""
        return f"waited {int(self.time.total_seconds())} s"


@dataclass(frozen=True)
class DisableKeyAuth:
    """Switch keys off on the account. A person can switch them on again."""

    def __str__(self) -> str:
        return "disable key authentication"

    @property
    def words(self) -> str:
        """The step as people read it in a plan."""
        return "switch keys off on the account"

    @property
    def past(self) -> str:
        """The step as people read it once it was done."""
        return "switched keys off on the account"


@dataclass(frozen=True)
class Withdraw:
    """Disable the published version: it holds a key that nothing accepts."""

    def __str__(self) -> str:
        return "withdraw the publication"

    @property
    def words(self) -> str:
        """The step as people read it in a plan."""
        return "disable the published version"

    @property
    def past(self) -> str:
        """The step as people read it once it was done."""
        return "disabled the published version"


@dataclass(frozen=True)
class NoteKeysOff:
    """Note since when keys are off, because nobody but this app remembers that."""

    def __str__(self) -> str:
        return "note that keys are off"

    @property
    def words(self) -> str:
        """The step as people read it in a plan."""
        return "note since when keys are off"

    @property
    def past(self) -> str:
        """The step as people read it once it was done."""
        return "noted since when keys are off"


@dataclass(frozen=True)
class KeepOrders:
    """Write the standing orders in the app's own storage.

    orders: The orders from now on.
    what: What changes, as people read it after "note".
    """

    orders: Orders
    what: str

    def __str__(self) -> str:
        return f"note {self.what}"

    @property
    def words(self) -> str:
        """The step as people read it in a plan."""
        return f"note {self.what}"

    @property
    def past(self) -> str:
        """The step as people read it once it was done."""
        return f"noted {self.what}"


@dataclass(frozen=True)
class BeginTrial:
    """Note that a trial begins, and switch keys off. It is met twice if a turn was interrupted between the two."""

    def __str__(self) -> str:
        return "begin the trial"

    @property
    def words(self) -> str:
        """The step as people read it in a plan."""
        return "switch keys off for the trial"

    @property
    def past(self) -> str:
        """The step as people read it once it was done."""
        return "switched keys off for the trial"


@dataclass(frozen=True)
class EndTrial:
    """Switch keys on, see that they are, and note that the trial has ended.

    ended_by: What ends it.
    """

    ended_by: EndedBy

    def __str__(self) -> str:
        return "end the trial"

    @property
    def words(self) -> str:
        """The step as people read it in a plan."""
        return "switch keys on again"

    @property
    def past(self) -> str:
        """The step as people read it once it was done."""
        return "switched keys on again"


@dataclass(frozen=True)
class EndWhileOff:
    """Regenerate leaked keys while keys are off. If the answer shows that a leaked value is still there, its slot is
    regenerated as well. If Azure refuses that, the trial is noted to wait for a person.

    slots: The slots to regenerate, as the secret names them.
    values: The values that must be gone.
    keeps: The value that the other slot must still have. If it does not, the secret named the wrong slot, and that one
        is regenerated as well. None if both slots are regenerated, or nobody knows.
    request: The id of the report, so that a repeated one regenerates nothing. None if it has none.
    """

    slots: tuple[KeySlot, ...]
    values: frozenset[Fingerprint]
    keeps: Fingerprint | None = None
    request: str | None = None

    def __str__(self) -> str:
        return f"regenerate {' and '.join(self.slots)} while keys are off"

    @property
    def words(self) -> str:
        """The step as people read it in a plan."""
        return f"regenerate {' and '.join(slot.words for slot in self.slots)} while keys are off"

    @property
    def past(self) -> str:
        """The step as people read it once it was done."""
        return f"regenerated {' and '.join(slot.words for slot in self.slots)} while keys were off"


Step = (
    Regenerate
    | Prove
    | Publish
    | Mark
    | Watch
    | Wait
    | DisableKeyAuth
    | Withdraw
    | NoteKeysOff
    | KeepOrders
    | BeginTrial
    | EndTrial
    | EndWhileOff
)
