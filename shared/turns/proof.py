"""Prove a key: have the account's own endpoint accept it, repeatedly, before it is published (P4).

A fresh key is not valid everywhere immediately, so a refused key is tried again with growing pauses until the patience
ends. Two acceptances in a row, each over its own connection, are a proof. A key that stays refused is a failure,
whatever the policy. If the network makes an answer impossible, the target's policy decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain.errors import ProofFailed, ProofImpossible, Throttled
from shared.domain.keys import ApiKey, Fingerprint, KeySlot
from shared.domain.model import ProofPolicy, Target
from shared.ports import Answer, Clock, Endpoint, KeyAttempt, Lease

ACCEPTANCES = 2
PATIENCE = timedelta(seconds=90)
LONG_PATIENCE = timedelta(minutes=5)
FIRST_PAUSE = timedelta(seconds=0.25)
LONGEST_PAUSE = timedelta(seconds=8)
_HOPELESS = (Answer.KEYS_ARE_OFF, Answer.NETWORK_REFUSED)


@dataclass(frozen=True)
class Proof:
    """What is known about a key that is to be published.

    proven: Whether the account accepted it. Only the policy `prefer` lets a key pass that was not proven.
    detail: The endpoint's last answer, in words.
    """

    proven: bool
    detail: str


@dataclass(frozen=True)
class Ending:
    """How a leaked value ended, as the account answered when it was tried.

    slot: The slot that held the value.
    fingerprint: The fingerprint of the value. None if it is not known.
    last_accepted: When the account last accepted it, in UTC. None if it never did.
    refused: Since when the account refuses it, in UTC. None if it was not seen to refuse it.
    detail: The account's last answer, in words.
    """

    slot: KeySlot
    last_accepted: datetime | None = None
    refused: datetime | None = None
    detail: str = ""
    fingerprint: Fingerprint | None = None


async def prove(
    key: ApiKey,
    where: str,
    target: Target,
    endpoint: Endpoint,
    clock: Clock,
    lease: Lease,
    patience: timedelta = PATIENCE,
) -> Proof:
    """Return the proof, tried at the address `where` for as long as `patience`.

    Raises ProofFailed if the key stayed refused or no judgement came, ProofImpossible if the endpoint cannot judge any
    key from here, Throttled if it asks to be tried later than that, and LeaseLost or OutOfTime from `lease`. With the
    policy `prefer`, only a refused key raises.
    """
    trial = await _ask_patiently(key, where, endpoint, clock, lease, patience)
    if trial.answer is Answer.ACCEPTED:
        return Proof(True, trial.detail)
    against = trial.answer in (Answer.REFUSED, Answer.KEYS_ARE_OFF)
    if not against and target.proof is ProofPolicy.PREFER:
        return Proof(False, f"proof was impossible: {trial.detail}")
    if trial.answer is Answer.UNCLEAR and trial.retry_after is not None:
        until = clock.now() + trial.retry_after
        why = f"{where} asked to wait until {until:%Y-%m-%d %H:%M:%S} UTC before it judges a key ({trial.detail})."
        raise Throttled(target.name, why, until=until, where=str(target.account).casefold())
    what = "refused" if against else "did not judge"
    kind = ProofImpossible if trial.answer in _HOPELESS else ProofFailed
    raise kind(target.name, f"{where} {what} the key that was about to be published ({trial.detail}).")


async def _ask_patiently(
    key: ApiKey, where: str, endpoint: Endpoint, clock: Clock, lease: Lease, patience: timedelta
) -> KeyAttempt:
    give_up: datetime = clock.now() + patience
    accepted, pause = 0, FIRST_PAUSE
    judged: KeyAttempt | None = None
    while True:
        lease.check()
        trial = await endpoint.try_key(where, key)
        accepted = accepted + 1 if trial.answer is Answer.ACCEPTED else 0
        judged = trial if trial.answer in (Answer.ACCEPTED, Answer.REFUSED) else judged
        if accepted == ACCEPTANCES or trial.answer in _HOPELESS:
            return trial
        if accepted:
            continue
        pause = max(pause, trial.retry_after or pause)
        if clock.now() + pause > give_up:
            return judged if judged is not None and judged.answer is Answer.REFUSED else trial
        await lease.wait(clock, pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def try_once(key: ApiKey, where: str, known: Ending, endpoint: Endpoint, clock: Clock) -> Ending:
    """Return what is known about a leaked value, with one more try added."""
    moment = clock.now()
    return _noted(known, await endpoint.try_key(where, key), moment)


async def see_refused(key: ApiKey, where: str, known: Ending, endpoint: Endpoint, clock: Clock, lease: Lease) -> Ending:
    """Try a regenerated value until it is refused or the patience ends, and return what is known then.

    An unclear answer does not fail the turn: the value is regenerated already, and only the report is incomplete.
    Raises LeaseLost if the lease is lost while it waits.
    """
    give_up, pause = clock.now() + PATIENCE, FIRST_PAUSE
    while True:
        moment = clock.now()
        trial = await endpoint.try_key(where, key)
        known = _noted(known, trial, moment)
        pause = max(pause, trial.retry_after or pause)
        if known.refused or trial.answer in _HOPELESS or moment + pause > give_up:
            return known
        await lease.wait(clock, pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _noted(known: Ending, trial: KeyAttempt, moment: datetime) -> Ending:
    known = replace(known, detail=trial.detail)
    if trial.answer is Answer.ACCEPTED:
        return replace(known, last_accepted=moment, refused=None)
    over = trial.answer in (Answer.REFUSED, Answer.KEYS_ARE_OFF)
    return replace(known, refused=known.refused or moment) if over else known
