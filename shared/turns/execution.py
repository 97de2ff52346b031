"""The steps of one plan while they are carried out: what they need, and what they have done so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from shared.decide.steps import Step
from shared.domain.errors import PersonMustLook
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import Target
from shared.domain.publication import Marks, Publication
from shared.ports import Lease, Outside
from shared.turns.authentic import sealed_for
from shared.turns.observe import ObservedKeys
from shared.turns.orders import KeptOrders
from shared.turns.own_writes import OwnWrites
from shared.turns.proof import Ending, Proof
from shared.turns.timed_lease import TimedLease


@dataclass
class Execution:
    """The steps of one plan while they are carried out.

    target: The target.
    observed: What was observed, and the keys as they are now.
    lease: The hold on the target.
    outside: The parts that call Azure.
    orders: The standing orders about the target.
    until: When no further step may begin, in UTC. None: the time does not matter.
    writes: What the turn has written so far, here and in earlier plans.
    begun: The steps that were begun.
    done: The steps that were carried out.
    proofs: The proofs that were made.
    endings: For each slot with a leaked value, how that value ended.
    ended: The values that this turn regenerated, kept so that it can try whether they are refused.
    """

    target: Target
    observed: ObservedKeys
    lease: Lease
    outside: Outside
    orders: KeptOrders
    until: datetime | None = None
    writes: OwnWrites = field(default_factory=OwnWrites)
    begun: list[Step] = field(default_factory=list)
    done: list[Step] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    endings: dict[KeySlot, Ending] = field(default_factory=dict)
    ended: dict[KeySlot, ApiKey] = field(default_factory=dict)

    @property
    def begin(self) -> Lease:
        """What must allow another step to begin: the lease, and the time that is left."""
        return TimedLease(self.lease, self.outside.clock, self.until, self.target.name) if self.until else self.lease

    @property
    def keys(self) -> dict[KeySlot, ApiKey]:
        """Both keys as they are now, masked."""
        return self.observed.keys

    @property
    def where(self) -> str:
        """The account's endpoint. Raises PersonMustLook if the account names none."""
        if not self.observed.seen.endpoint:
            raise PersonMustLook(self.target.name, f"account {self.target.account} has no endpoint.")
        return self.observed.seen.endpoint

    def sealed(self, marks: Marks, slot: KeySlot) -> Marks:
        """Return marks with their seals, for a version that holds that slot's key."""
        return sealed_for(self.target, marks, slot, self.where, self.keys)

    @property
    def publication(self) -> Publication:
        """The published version. Raises LookupError if there is none, which the plan must prevent."""
        if self.observed.seen.publication is None:
            raise LookupError(f"{self.target.name}: a step needs a publication and none was seen")
        return self.observed.seen.publication
