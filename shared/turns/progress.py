"""What a turn has done so far, and what became of its announcements: both are added to its outcome, however it ends."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from shared.decide.steps import Publish, Regenerate, Step
from shared.domain.errors import RotationError
from shared.domain.keys import Fingerprint, KeySlot
from shared.turns.execution import Execution
from shared.turns.proof import Ending
from shared.turns.report import Outcome


@dataclass
class Progress:
    """What a turn has done so far, however it ends.

    done: The steps that were carried out.
    unproven: For each key that was published without a proof, why.
    endings: For each slot with a leaked value, how that value ended.
    dropped: Outstanding announcements that no tag has room for, in words.
    retired: The value that the turn gave a slot to end a key. None if the turn ended none.
    early: The keys that ended while they were promised to work, in words.
    """

    done: list[Step] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    endings: dict[KeySlot, Ending] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    retired: Fingerprint | None = None
    early: list[str] = field(default_factory=list)

    def add(self, execution: Execution) -> None:
        """Add what one plan's execution has done."""
        self.done.extend(execution.done)
        self.endings |= execution.endings
        self.retired = _retired(execution) or self.retired
        self.unproven.extend(proof.detail for proof in execution.proofs if not proof.proven)
        published = [step for step in execution.begun if isinstance(step, Publish)]
        self.dropped.extend(str(carried) for step in published for carried in step.told.dropped)

    def added_to(self, outcome: Outcome) -> Outcome:
        """Return the outcome with this progress added."""
        return replace(
            outcome,
            done=tuple(str(step) for step in self.done),
            did=tuple(step.past for step in self.done),
            unproven=tuple(self.unproven),
            endings=tuple(self.endings.values()),
            dropped=tuple(self.dropped),
            early=tuple(self.early),
        )


@dataclass(frozen=True)
class Announcing:
    """What became of a turn's announcements.

    accepted: The kinds that were accepted.
    outstanding: The kinds that were not accepted.
    problem: Why some are outstanding, or will be sent again. None if all went well.
    """

    accepted: tuple[str, ...] = ()
    outstanding: tuple[str, ...] = ()
    problem: RotationError | None = None

    def added_to(self, outcome: Outcome) -> Outcome:
        """Return the outcome with this added."""
        problem = f"{self.problem.thing}: {self.problem.what}" if self.problem else None
        step = outcome.next_step or (self.problem.next_step if self.problem else None)
        return replace(outcome, announced=self.accepted, outstanding=self.outstanding, untold=problem, next_step=step)


def _retired(execution: Execution) -> Fingerprint | None:
    """Return the value of the slot that was regenerated last, unless it was published after that. Nobody else has seen
    it."""
    last = next((step for step in reversed(execution.done) if isinstance(step, Regenerate | Publish)), None)
    return execution.keys[last.slot].fingerprint if isinstance(last, Regenerate) else None
