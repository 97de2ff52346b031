"""Perform a plan: carry out its steps in order, with one small function for each kind. Nothing is decided here.

The lease is checked before every step, so a turn that lost its target stops before the next effect. The first step that
fails ends the turn, and the next observation decides again. Keys pass through here masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import assert_never

from shared.decide.steps import (
    BeginTrial,
    DisableKeyAuth,
    EndTrial,
    EndWhileOff,
    KeepOrders,
    Mark,
    NoteKeysOff,
    Prove,
    Publish,
    Regenerate,
    Step,
    Wait,
    Watch,
    Withdraw,
)
from shared.domain.errors import ProofFailed, RotationError, TryLater
from shared.domain.keys import KeySlot
from shared.domain.notes import FreshKey
from shared.domain.publication import Marks, Publication, SecretState
from shared.domain.scheduled import scheduled_at
from shared.domain.seals import is_sealed
from shared.ports import KeyAuthIsOff, Keys
from shared.turns.execution import Execution
from shared.turns.keyless import note_off, note_sunset, note_withdrawn
from shared.turns.notes import note_fresh_key
from shared.turns.observe import ObservedKeys
from shared.turns.own_writes import PAUSES
from shared.turns.proof import LONG_PATIENCE, PATIENCE, Ending, Proof, prove, see_refused, try_once
from shared.turns.secret_notes import Change, claim, keep_copy, noted_before
from shared.turns.trials import begin_trial, end_trial, end_while_off

NO_PAUSE = timedelta(0)


async def perform(steps: Sequence[Step], execution: Execution) -> None:
    """Carry out the steps, and record in `execution` which were begun and done. Raises the first failure."""
    left = list(steps)
    while left:
        execution.begin.check()
        step = left.pop(0)
        if _may_be_tried_beside(step, left[:1], execution):
            trial = left.pop(0)
            await execution.outside.together.both(partial(_do, step, execution), partial(_do, trial, execution))
        else:
            await _do(step, execution)
        execution.lease.check()  # a step that was done without the lease must be observed again soon: the turn fails


def _may_be_tried_beside(step: Step, following: Sequence[Step], execution: Execution) -> bool:
    """Return whether the step that follows can be made together with this one: a key is published, and a leaked value
    is tried before it ends."""
    trials = [one for one in following if isinstance(one, Watch) and one.slot not in execution.ended]
    return isinstance(step, Publish) and bool(trials)


async def _do(step: Step, execution: Execution) -> None:
    execution.begun.append(step)
    await _carry_out(step, execution)
    execution.done.append(step)


async def _carry_out(step: Step, execution: Execution) -> None:
    match step:
        case Regenerate(slot, noted):
            await (_regenerate_noted if noted else _regenerate)(slot, execution)
        case Watch(slot):
            await _watch(slot, execution)
        case Prove(slot, patient):
            await _prove(slot, LONG_PATIENCE if patient else PATIENCE, execution)
        case Publish():
            await _publish(step, execution)
        case Mark(slot, marks):
            await _mark(slot, marks, execution)
        case Wait(time):
            await execution.lease.wait(execution.outside.clock, time)
        case _:
            await _change_the_target(step, execution)


async def _change_the_target(
    step: DisableKeyAuth | Withdraw | NoteKeysOff | KeepOrders | BeginTrial | EndTrial | EndWhileOff,
    execution: Execution,
) -> None:
    match step:
        case DisableKeyAuth():
            await _disable_key_auth(execution)
        case Withdraw():
            await _withdraw(execution)
        case NoteKeysOff():
            await _note_keys_off(execution)
        case KeepOrders(orders):
            await execution.orders.write(orders)
        case BeginTrial():
            await begin_trial(execution)
        case EndTrial():
            await end_trial(step, execution)
        case EndWhileOff():
            await end_while_off(step, execution)
        case _:
            assert_never(step)


async def _note_keys_off(execution: Execution) -> None:
    outside = execution.outside
    await note_off(outside.notes, execution.target, execution.publication, outside.clock.now())


async def _disable_key_auth(execution: Execution) -> None:
    """Switch keys off, with a note before it that the sunset does so."""
    outside, target = execution.outside, execution.target
    await note_sunset(outside.notes, target, execution.publication, outside.clock.now())
    execution.begin.check()  # the write took time, and the lease may be lost by now
    await outside.accounts.disable_key_auth(target.account)
    execution.writes.switched_off(outside.clock.now())


async def _withdraw(execution: Execution) -> None:
    """Disable the published version, with a note before it: if keys are switched on again, it is published anew."""
    outside, target, seen = execution.outside, execution.target, execution.publication
    await note_withdrawn(outside.notes, target, seen, outside.clock.now())
    execution.begin.check()
    await outside.vault.withdraw(target, seen)
    withdrawn = replace(seen, state=SecretState.DISABLED, value=None, endpoint=None)
    execution.writes.published(withdrawn, outside.clock.now())


async def _regenerate(slot: KeySlot, execution: Execution) -> None:
    """Regenerate a key. If no clear answer comes, see whether it happened, before anything is sent again (P5).

    Raises TryLater if keys were switched off since they were listed.
    """
    accounts, target, ended = execution.outside.accounts, execution.target, execution.keys[slot]
    execution.ended[slot] = ended
    try:
        keys = await accounts.regenerate(target.account, slot)
    except KeyAuthIsOff:
        raise TryLater(target.name, f"{slot.words} was not regenerated: keys were switched off meanwhile.") from None
    except TryLater as error:
        seen = await _after_an_unclear_answer(slot, error, execution)
        if seen is None:
            raise
        keys = seen
    execution.observed.keys = dict(keys)
    execution.writes.regenerated(ended.fingerprint, keys, execution.outside.clock.now())


async def _after_an_unclear_answer(slot: KeySlot, error: TryLater, execution: Execution) -> Keys | None:
    """Return the keys once they show that the slot was regenerated. None if it was not within a minute."""
    if not error.unclear:
        return None
    for pause in (NO_PAUSE, *PAUSES):
        await execution.lease.wait(execution.outside.clock, pause)
        execution.begin.check()
        try:
            keys = await execution.outside.accounts.list_keys(execution.target.account)
        except (RotationError, KeyAuthIsOff):
            return None
        if keys[slot].fingerprint != execution.keys[slot].fingerprint:
            return keys
    return None


async def _regenerate_noted(slot: KeySlot, execution: Execution) -> None:
    """Regenerate a key, with a note of its value before and after it: no tag can remember that it is fresh."""
    notes, account, before = execution.outside.notes, execution.target.account, execution.keys[slot].fingerprint
    await note_fresh_key(notes, account, FreshKey(before))
    execution.begin.check()  # the write took time, and the lease may be lost by now
    await _regenerate(slot, execution)
    await note_fresh_key(notes, account, FreshKey(before, execution.keys[slot].fingerprint))


async def _mark(slot: KeySlot, marks: Marks, execution: Execution) -> None:
    """Write the marks on the version that is there, sealed with the account's keys."""
    seen, target, observation = execution.publication, execution.target, execution.observed.seen
    change = Change(
        seen.version,
        marks,
        slot,
        before=observation.lost or seen.marks,
        lost=execution.outside.clock.now() if observation.lost else None,
    )
    marks = await noted_before(execution.outside.notes, target, change)
    execution.begin.check()  # the note may have taken time, and the lease may be lost by now
    marks = execution.sealed(marks, slot)
    await execution.outside.vault.note(target, seen, slot, marks)
    marked = replace(
        seen,
        expires=scheduled_at(marks, target, seen.named_due),
        slot=slot,
        provider=str(target.account),
        marks=marks,
        endpoint=execution.where,
        labelled=True,
        sealed=True,
    )
    execution.writes.published(marked, execution.outside.clock.now())


async def _watch(slot: KeySlot, execution: Execution) -> None:
    """Try a leaked value: once before it is regenerated, and afterwards until it is refused. The last answer counts."""
    outside, ended = execution.outside, execution.ended.get(slot)
    value = ended or execution.keys[slot]
    before = replace(execution.endings.get(slot, Ending(slot)), fingerprint=value.fingerprint)
    args = value, execution.where, before, outside.endpoint, outside.clock
    execution.endings[slot] = await (try_once(*args) if ended is None else see_refused(*args, execution.lease))


async def _prove(slot: KeySlot, patience: timedelta, execution: Execution) -> None:
    """Prove the key at the account's endpoint. An address from a tag may be outdated, so read the account before
    giving up."""
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
    """Write the version. The overlap starts now and not when it was planned, so that consumers get all of it."""
    key = execution.keys[step.slot]
    written = execution.outside.clock.now()
    until = _promised_until(step, written) if step.previous else None
    marks = Marks(
        live=key.fingerprint,
        origin=step.origin,
        since=step.since or written,
        resumed=step.resumed,
        copied=step.copied,
        rotated=step.rotated,
        previous=step.previous,
        until=until,
        leaked=step.leaked,
        agreed=step.agreed,
        spare=step.spare,
        fresh=step.fresh,
        unproven=bool(execution.proofs) and not execution.proofs[-1].proven,
        requester=step.requester,
        awaited=step.awaited,
        told=step.told,
    )
    before, target = execution.observed.seen.publication, execution.target
    others = before.others if before else {}
    number = await _number(before.marks if before else None, execution)
    marks = execution.sealed(replace(marks, number=number), step.slot)
    version = await execution.outside.vault.publish(target, key, step.slot, marks, others)
    publication = Publication(
        version=version,
        state=SecretState.ACTIVE,
        created=written,
        value=key.fingerprint,
        expires=scheduled_at(marks, target),
        slot=step.slot,
        provider=str(target.account),
        marks=marks,
        endpoint=execution.where,
        others=others,
        labelled=True,
        sealed=True,
    )
    execution.writes.published(publication, execution.outside.clock.now())
    if marks.copied:
        over = written if execution.observed.seen.foreign else None
        change = Change(version, marks, step.slot, overwritten=over)
        await keep_copy(execution.outside.notes, target, change)


async def _number(before: Marks | None, execution: Execution) -> int:
    """Return the number of the next version's marks. If those before it are not sealed, note first whose secret it
    is."""
    if before is not None and is_sealed(before):
        return before.number
    number = await claim(execution.outside.notes, execution.target, before)
    execution.begin.check()  # the write took time, and the lease may be lost by now
    return number


def _promised_until(step: Publish, written: datetime) -> datetime:
    """Return until when the previous key is promised to work: as before, or for an overlap from now on."""
    overlap = written + step.overlap
    if step.until is None:
        return overlap
    return max(overlap, step.until) if step.overlap else step.until


def observed_after(execution: Execution) -> ObservedKeys | None:
    """Return the observation after these steps were performed, if it is certain without another call. None otherwise.

    Regenerating answers with the new keys, so their fingerprints are known. After a write, or a call without an answer,
    nothing is presumed.
    """
    unanswered = [step for step in execution.begun[len(execution.done) :] if isinstance(step, Regenerate)]
    certain = Regenerate | Prove | Watch | Wait | KeepOrders | NoteKeysOff
    if unanswered or not all(isinstance(step, certain) for step in execution.begun):
        return None
    if not any(isinstance(step, Regenerate) for step in execution.done):
        return execution.observed
    marks = {slot: key.fingerprint for slot, key in execution.keys.items()}
    return ObservedKeys(replace(execution.observed.seen, keys=marks), execution.keys)
