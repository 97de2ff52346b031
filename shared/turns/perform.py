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
from shared.turns.observe import Look
from shared.turns.proof import LONG_PATIENCE, PATIENCE, Ending, Proof, prove, see_refused, try_once


@dataclass(frozen=True)
class Hurried:
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
class Work:
    """One target's turn while steps are carried out: what was looked at, and the keys as they are now. `ended` are
    the values that this turn has regenerated, kept to be tried until it is over."""

    target: Target
    look: Look
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
        return Hurried(self.lease, self.outside.clock, self.until, self.target.name) if self.until else self.lease

    @property
    def keys(self) -> dict[KeySlot, ApiKey]:
        return self.look.keys

    @property
    def where(self) -> str:
        """Where the account answers. Raises PersonMustLook for an account that names no endpoint."""
        if not self.look.seen.endpoint:
            raise PersonMustLook(self.target.name, f"account {self.target.account} names no endpoint.")
        return self.look.seen.endpoint

    @property
    def publication(self) -> Publication:
        if self.look.seen.publication is None:
            raise LookupError(f"{self.target.name}: a step needs a publication and none was seen")
        return self.look.seen.publication


async def perform(steps: Sequence[Step], work: Work) -> None:
    """Carry out the steps, noting in `work` what was begun and what was done. Raises the first failure."""
    for step in steps:
        work.begin.check()
        work.begun.append(step)
        await _carry_out(step, work)
        work.done.append(step)
        work.lease.check()  # what was done without the lease must be looked at again soon: the turn fails


async def _carry_out(step: Step, work: Work) -> None:
    match step:
        case Regenerate(slot):
            work.ended[slot] = work.keys[slot]
            work.look.keys = dict(await work.outside.accounts.regenerate(work.target.account, slot))
        case Watch(slot):
            await _watch(slot, work)
        case Prove(slot, patient):
            await _prove(slot, LONG_PATIENCE if patient else PATIENCE, work)
        case Publish():
            await _publish(step, work)
        case Mark(slot, marks):
            marks = replace(marks, sealed_endpoint=work.keys[slot].seal(work.where))
            await work.outside.vault.note(work.target, work.publication, slot, marks)
        case Wait(time):
            await work.outside.clock.sleep(time)
        case DisableKeyAuth():
            await work.outside.accounts.disable_key_auth(work.target.account)
        case Withdraw():
            await work.outside.vault.withdraw(work.target, work.publication)
        case _:
            assert_never(step)


async def _watch(slot: KeySlot, work: Work) -> None:
    """Before its regeneration a leaked value is tried once, after it until it is refused: the latest answer counts."""
    before = work.endings.get(slot, Ending(slot))
    outside, value = work.outside, work.ended.get(slot)
    if value is None:
        work.endings[slot] = await try_once(work.keys[slot], work.where, before, outside.endpoint, outside.clock)
    else:
        work.endings[slot] = await see_refused(value, work.where, before, outside.endpoint, outside.clock)


async def _prove(slot: KeySlot, patience: timedelta, work: Work) -> None:
    """Prove where the account answers. An address that came from a tag may be out of date: before giving up, the
    account is asked."""
    try:
        proof = await _proof_at(work.where, slot, patience, work)
    except ProofFailed:
        endpoint = (await work.outside.accounts.read(work.target.account)).endpoint
        if endpoint == work.where:
            raise
        work.look = Look(replace(work.look.seen, endpoint=endpoint), work.keys)
        proof = await _proof_at(endpoint, slot, patience, work)
    work.proofs.append(proof)


async def _proof_at(where: str, slot: KeySlot, patience: timedelta, work: Work) -> Proof:
    key, outside, lease = work.keys[slot], work.outside, work.begin
    return await prove(key, where, work.target, outside.endpoint, outside.clock, lease, patience)


async def _publish(step: Publish, work: Work) -> None:
    """The overlap starts when the new version is written, not when it was planned: consumers get all of it."""
    key = work.keys[step.slot]
    written = work.outside.clock.now()
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
        sealed_endpoint=key.seal(work.where),
        unproven=bool(work.proofs) and not work.proofs[-1].proven,
        asked=step.asked,
        armed=step.armed,
        told=step.told,
    )
    others = work.look.seen.publication.others if work.look.seen.publication else {}
    await work.outside.vault.publish(work.target, key, step.slot, marks, others)


def after(work: Work) -> Look | None:
    """The observation as the steps have left it, where that is certain without another call: new fingerprints
    from the answers of regenerating. What was written, or may have been, is never presumed: then there is none."""
    unanswered = [step for step in work.begun[len(work.done) :] if isinstance(step, Regenerate)]
    if unanswered or not all(isinstance(step, Regenerate | Prove | Watch | Wait) for step in work.begun):
        return None
    if not any(isinstance(step, Regenerate) for step in work.done):
        return work.look
    marks = {slot: key.fingerprint for slot, key in work.keys.items()}
    return Look(replace(work.look.seen, keys=marks), work.keys)
