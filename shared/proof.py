"""Prove: have the account's own endpoint accept a key, repeatedly, before anybody is told to use it.

A fresh key is not instantly valid everywhere, so a refusal is asked again with growing pauses for as long as the
patience lasts; two acceptances in a row, each over a connection of its own, are proof. A refusal that stays is a
failure whatever the policy. Where the network makes an answer impossible, the target's policy decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import ProofFailed, ProofImpossible
from shared.keys import ApiKey
from shared.model import ProofPolicy, Target
from shared.ports import Answer, Clock, Endpoint, Lease, Trial

ACCEPTANCES = 2
PATIENCE = timedelta(seconds=90)
FIRST_PAUSE = timedelta(seconds=0.25)
LONGEST_PAUSE = timedelta(seconds=8)
_HOPELESS = (Answer.KEYS_ARE_OFF, Answer.NETWORK_REFUSED)


@dataclass(frozen=True)
class Proof:
    """What is known of a key about to be published. Only `prefer` lets an unproven one through."""

    proven: bool
    detail: str


async def prove(key: ApiKey, where: str, target: Target, endpoint: Endpoint, clock: Clock, lease: Lease) -> Proof:
    """Raises ProofFailed when the key was refused to the end, ProofImpossible when proof is required and cannot be."""
    trial = await _ask_patiently(key, where, endpoint, clock, lease)
    if trial.answer is Answer.ACCEPTED:
        return Proof(True, trial.detail)
    against = trial.answer in (Answer.REFUSED, Answer.KEYS_ARE_OFF)
    if not against and target.proof is ProofPolicy.PREFER:
        return Proof(False, f"proof was impossible: {trial.detail}")
    what = "refused" if against else "did not judge"
    kind = ProofImpossible if trial.answer in _HOPELESS else ProofFailed
    raise kind(target.name, f"{where} {what} the key that was about to be published ({trial.detail}).")


async def _ask_patiently(key: ApiKey, where: str, endpoint: Endpoint, clock: Clock, lease: Lease) -> Trial:
    give_up: datetime = clock.now() + PATIENCE
    accepted, pause = 0, FIRST_PAUSE
    judged: Trial | None = None
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
        await clock.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
