"""The steps of a trial: switch keys off with a note before it, and on again; and end a leaked key while they are off.

The note comes first in each of them. Whatever is interrupted, the next turn reads from it what may have happened, and
that keys are to be switched on again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from shared.decide.steps import EndTrial, EndWhileOff
from shared.domain.errors import PersonMustLook, RotationError, TryLater
from shared.domain.keys import ApiKey, Fingerprint, KeySlot
from shared.domain.names import LOGGER
from shared.domain.orders import Orders, Trial
from shared.ports import KeyAuthIsOff
from shared.turns.execution import Execution
from shared.turns.message import About
from shared.turns.own_writes import PAUSES
from shared.turns.standing import leaks_of

log = logging.getLogger(LOGGER)
UNKNOWN = Fingerprint("unknown")  # a leaked value that nobody could name: both slots are regenerated then
LONGEST_DELAY = timedelta(days=6)  # of a message that must not outlive its time to live of seven days


async def begin_trial(execution: Execution) -> None:
    """Note that the trial begins, switch keys off, and note that they are off."""
    outside, account = execution.outside, execution.target.account
    orders, trial = await _open(execution)
    begun = trial.begun or outside.clock.now()
    await _note(execution, orders, replace(trial, begun=begun))
    execution.begin.check()  # the write took time, and the lease may be lost by now
    await outside.accounts.disable_key_auth(account)
    execution.lease.check()  # whoever holds the target by now may have noted something else
    now = outside.clock.now()
    execution.writes.switched_off(now)
    await _note(execution, orders, replace(trial, begun=begun, off=now))
    await _wake_at_its_end(execution, trial.length)


async def _wake_at_its_end(execution: Execution, length: timedelta) -> None:
    """Queue a turn for the end of the trial. Without it, the next check after the end finds it."""
    outside, about = execution.outside, About.of(execution.target)
    if outside.later is None:
        return
    message = replace(about.message(outside.clock.now()), insists=True, ordered=True)
    try:
        await outside.later.send(message.text(), min(length, LONGEST_DELAY))
    except RotationError as error:
        log.warning("%s: no turn could be queued for the end of its trial; a check ends it: %s", about, error)


async def end_trial(step: EndTrial, execution: Execution) -> None:
    """Switch keys on, see that they are, and note that the trial has ended.

    Raises PersonMustLook if Azure shows that they are off all the same: then a policy keeps them off.
    """
    outside, account = execution.outside, execution.target.account
    orders, trial = await _open(execution)
    refused = await _refused_calls(execution, trial)
    try:
        await outside.accounts.enable_key_auth(account)
        await _see_them_on(execution)
    except RotationError as error:
        if not isinstance(error, TryLater):  # what passes by itself is tried again with the next check
            execution.lease.check()  # whoever holds the target by now may have noted something else
            await _note(execution, orders, replace(trial, tried=outside.clock.now()))
        raise
    execution.lease.check()
    now = outside.clock.now()
    execution.writes.switched_on(now)
    off = trial.off if execution.observed.seen.key_auth else trial.off or trial.begun  # its beginning was interrupted
    ended = replace(trial, off=off, ended=now, ended_by=step.ended_by, refused=refused, tried=None)
    await _note(execution, orders, ended)
    await _end_leaks_now(execution)


async def _end_leaks_now(execution: Execution) -> None:
    """Queue each leak on record of this account: keys are on, so a leaked one must not wait for its hourly turn."""
    outside = execution.outside
    if outside.later is None:
        return
    try:
        for leak in await leaks_of(outside.notes, execution.target):
            await outside.later.send(replace(leak, repeated=True).text(), timedelta(0))
    except RotationError as error:
        log.warning("%s: a leak on record waits for its next turn: %s", execution.target.name, error)


async def _see_them_on(execution: Execution) -> None:
    """Read the account until it shows that keys are on. It may show for a while what was before."""
    for pause in (timedelta(0), *PAUSES):
        await execution.lease.wait(execution.outside.clock, pause)
        execution.begin.check()
        if (await execution.outside.accounts.read(execution.target.account)).key_auth:
            return
    raise _kept_off(execution)


def _kept_off(execution: Execution) -> PersonMustLook:
    what = "keys were switched on at the end of its trial, and are off all the same: a policy of Azure switches them."
    step = "exempt the account from the policy that fixes disableLocalAuth; the app tries again every hour"
    return PersonMustLook(execution.target.name, what, step)


async def _refused_calls(execution: Execution, trial: Trial) -> int | None:
    """Return how many calls were refused while keys were off. None if nobody counts them, or nobody answers now."""
    outside = execution.outside
    if outside.refusals is None or trial.off is None:
        return None
    try:
        return await outside.refusals.count(execution.target.account, trial.off, outside.clock.now())
    except RotationError as error:
        log.warning("%s: the calls that its trial refused could not be counted: %s", execution.target.name, error)
        return None


async def end_while_off(step: EndWhileOff, execution: Execution) -> None:
    """Regenerate leaked keys while keys are off. That they still have their value is noted before, and until it is
    shown that they do not: so long the trial does not end by itself.

    Raises PersonMustLook with the choice if Azure regenerates no key now.
    """
    outside, account = execution.outside, execution.target.account
    orders, trial = await _open(execution)
    leaked = trial.leaked | (step.values or {UNKNOWN})
    await _note(execution, orders, replace(trial, leaked=leaked))
    execution.begin.check()
    try:
        keys: Mapping[KeySlot, ApiKey] = {}
        for slot in step.slots:
            keys = await outside.accounts.regenerate(account, slot)
        for slot in _left(step, keys):
            execution.begin.check()
            keys = await outside.accounts.regenerate(account, slot)
    except KeyAuthIsOff:
        raise _choice(execution) from None
    there = {key.fingerprint for key in keys.values()}
    if step.values & there:
        raise _choice(execution)
    execution.lease.check()
    left = (leaked - {UNKNOWN}) & there  # another leaked value ends with its own report
    await _note(execution, orders.after(step.request), replace(trial, leaked=left))


def _left(step: EndWhileOff, keys: Mapping[KeySlot, ApiKey]) -> list[KeySlot]:
    """Return the slots that hold a leaked value all the same, or that may do so because the secret named another."""
    marks = {slot: key.fingerprint for slot, key in keys.items()}
    moved = step.keeps is not None and step.keeps not in marks.values()
    return [slot for slot in marks if marks[slot] in step.values or (moved and slot not in step.slots)]


def _choice(execution: Execution) -> PersonMustLook:
    name = execution.target.name
    what = "the leaked key could not be ended, because Azure regenerates no key while keys are off. Keys stay off."
    step = f"leave keys off, or end the trial of {name} despite the leak: then the leaked key ends at once"
    return PersonMustLook(name, what, step)


async def _open(execution: Execution) -> tuple[Orders, Trial]:
    orders = await execution.orders.read()
    if orders.trial is None:
        raise LookupError(f"{execution.target.name}: a step needs a trial and none is noted")
    return orders, orders.trial


async def _note(execution: Execution, orders: Orders, trial: Trial) -> None:
    await execution.orders.write(replace(orders, trial=trial))
