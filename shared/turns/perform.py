"""Do: carry out a plan's steps in order, one small function for each kind. Judges nothing.

Before every step the lease is checked, so a turn that lost its target stops before the next effect. The first
step that fails ends the turn; the next look decides again. Keys pass through here masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import assert_never

from shared.decide.steps import DisableKeyAuth, Mark, Prove, Publish, Regenerate, Step, Wait, Watch, Withdraw
from shared.domain.errors import OutOfTime, PersonMustLook, ProofFailed
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import Target
from shared.domain.publication import Marks, Publication
from shared.ports import Clock, Lease, Outside
from shared.turns.observe import ObservedKeys
from shared.turns.proof import LONG_PATIENCE, PATIENCE, Ending, Proof, prove, see_refused, try_once


@dataclass(frozen=True)
class TimedLease:
    """A lease under which nothing is begun after a moment: whoever waits for the turn's answer waits no longer."""

    lease: Lease
    clock: Clock
    until: datetime
    target: str

    def check(self) -> None:
        self.lease.check()
        if self.clock.now() >= self.until:
            raise OutOfTime(self.target, "the turn came as far as its time allowed, and goes on in another.")


@dataclass
class Execution:
    """One target's turn while steps are carried out: what was looked at, and the keys as they are now. `ended` are
    the values that this turn has regenerated, kept to be tried until it is over."""

    target: Target
    observed: ObservedKeys
    lease: Lease
    outside: Outside
    until: datetime | None = None
    begun: list[Step] = field(default_factory=list)
    done: list[Step] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    endings: dict[KeySlot, Ending] = field(default_factory=dict)
    ended: dict[KeySlot, ApiKey] = field(default_factory=dict)

    @property
    def begin(self) -> Lease:
        """What allows another step to begin: the lease, and the time there is."""
        return TimedLease(self.lease, self.outside.clock, self.until, self.target.name) if self.until else self.lease

    @property
    def keys(self) -> dict[KeySlot, ApiKey]:
        return self.observed.keys

    @property
    def where(self) -> str:
        """Where the account answers. Raises PersonMustLook for an account that names no endpoint."""
        if not self.observed.seen.endpoint:
            raise PersonMustLook(self.target.name, f"account {self.target.account} names no endpoint.")
        return self.observed.seen.endpoint

    @property
    def publication(self) -> Publication:
        if self.observed.seen.publication is None:
            raise LookupError(f"{self.target.name}: a step needs a publication and none was seen")
        return self.observed.seen.publication


async def perform(steps: Sequence[Step], execution: Execution) -> None:
    """Carry out the steps, noting in `execution` what was begun and what was done. Raises the first failure."""
    for step in steps:
        execution.begin.check()
        execution.begun.append(step)
        await _carry_out(step, execution)
        execution.done.append(step)
        execution.lease.check()  # what was done without the lease must be looked at again soon: the turn fails


async def _carry_out(step: Step, execution: Execution) -> None:
    match step:
        case Regenerate(slot):
            execution.ended[slot] = execution.keys[slot]
            execution.observed.keys = dict(await execution.outside.accounts.regenerate(execution.target.account, slot))
        case Watch(slot):
            await _watch(slot, execution)
        case Prove(slot, patient):
            await _prove(slot, LONG_PATIENCE if patient else PATIENCE, execution)
        case Publish():
            await _publish(step, execution)
        case Mark(slot, marks):
            marks = replace(marks, sealed_endpoint=execution.keys[slot].seal(execution.where))
            await execution.outside.vault.note(execution.target, execution.publication, slot, marks)
        case Wait(time):
            await execution.outside.clock.sleep(time)
        case DisableKeyAuth():
            await execution.outside.accounts.disable_key_auth(execution.target.account)
        case Withdraw():
            await execution.outside.vault.withdraw(execution.target, execution.publication)
        case _:
            assert_never(step)


async def _watch(slot: KeySlot, execution: Execution) -> None:
    """Before its regeneration a leaked value is tried once, after it until it is refused: the latest answer counts."""
    before = execution.endings.get(slot, Ending(slot))
    outside, value = execution.outside, execution.ended.get(slot)
    if value is None:
        execution.endings[slot] = await try_once(
            execution.keys[slot], execution.where, before, outside.endpoint, outside.clock
        )
    else:
        execution.endings[slot] = await see_refused(value, execution.where, before, outside.endpoint, outside.clock)


async def _prove(slot: KeySlot, patience: timedelta, execution: Execution) -> None:
    """Prove where the account answers. An address that came from a tag may be out of date: before giving up, the
    account is asked."""
    try:
        proof = await _proof_at(execution.where, slot, patience, execution)
    except ProofFailed:
        endpoint = (await execution.outside.accounts.read(execution.target.account)).endpoint
        if endpoint == execution.where:
            raise
        execution.observed = ObservedKeys(replace(execution.observed.seen, endpoint=endpoint), execution.keys)
        proof = await _proof_at(endpoint, slot, patience, execution)
    execution.proofs.append(proof)


async def _proof_at(where: str, slot: KeySlot, patience: timedelta, execution: Execution) -> Proof:
    key, outside, lease = execution.keys[slot], execution.outside, execution.begin
    return await prove(key, where, execution.target, outside.endpoint, outside.clock, lease, patience)


async def _publish(step: Publish, execution: Execution) -> None:
    """The overlap starts when the new version is written, not when it was planned: consumers get all of it."""
    key = execution.keys[step.slot]
    written = execution.outside.clock.now()
    until = max(written + step.overlap, step.until or written) if step.previous else None
    marks = Marks(
        live=key.fingerprint,
        origin=step.origin,
        since=written,
        resumed=step.resumed,
        rotated=step.rotated,
        previous=step.previous,
        until=until,
        leaked=step.leaked,
        spare=step.spare,
        fresh=step.fresh,
        sealed_endpoint=key.seal(execution.where),
        unproven=bool(execution.proofs) and not execution.proofs[-1].proven,
        requester=step.requester,
        awaited=step.awaited,
        told=step.told,
    )
    others = execution.observed.seen.publication.others if execution.observed.seen.publication else {}
    await execution.outside.vault.publish(execution.target, key, step.slot, marks, others)


def after(execution: Execution) -> ObservedKeys | None:
    """The observation as the steps have left it, where that is certain without another call: new fingerprints
    from the answers of regenerating. What was written, or may have been, is never presumed: then there is none."""
    unanswered = [step for step in execution.begun[len(execution.done) :] if isinstance(step, Regenerate)]
    if unanswered or not all(isinstance(step, Regenerate | Prove | Watch | Wait) for step in execution.begun):
        return None
    if not any(isinstance(step, Regenerate) for step in execution.done):
        return execution.observed
    marks = {slot: key.fingerprint for slot, key in execution.keys.items()}
    return ObservedKeys(replace(execution.observed.seen, keys=marks), execution.keys)
