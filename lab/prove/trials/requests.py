"""What the judge remembers of requests: what a person has permitted, and what must follow."""

from __future__ import annotations

from lab.prove.histories import values
from lab.prove.trials.state import State
from shared.domain.requests import (
    ArmRequest,
    DeploymentRequest,
    DisarmRequest,
    EndTrialRequest,
    Follow,
    LeakedKey,
    LeakRequest,
    Request,
)
from shared.turns.report import Outcome, Result


def received(state: State, request: Request | None) -> State:
    """Note what a request permits, from the moment on at which it was received."""
    memory = state.memory
    match request:
        case LeakRequest() if request.requested_at is None:  # one on record means what it meant at first
            meant = _meant(state, request)
            return state.remember(leaked=memory.leaked | meant, meant=meant)
        case EndTrialRequest(despite_leak=True):
            return state.remember(despite=True)
        case ArmRequest(deployment=awaited) if awaited.then is Follow.END:
            return state.remember(confirmed=awaited.soak, sure=False)
        case DisarmRequest():
            return state.remember(sure=False)
        case ArmRequest(deployment=awaited) if awaited.then is Follow.SUNSET:
            return state.remember(sunset=True)
        case DeploymentRequest() if memory.confirmed is not None:
            agreed = state.now + memory.confirmed
            return state.remember(agreed=memory.agreed or agreed, copied=memory.copied or frozenset(state.keys))
        case _:
            return state


def answered(state: State, request: Request | None, outcome: Outcome) -> State:
    """Note what must follow now that a request was answered."""
    done = outcome.result is Result.DONE
    match request:
        case DisarmRequest() if done:  # it still waited, so nothing of that end had begun
            return state.remember(confirmed=None, agreed=None, copied=frozenset(), sure=False)
        case DeploymentRequest() if done and state.memory.agreed is not None:
            return state.remember(sure=True)
        case _:
            return state


def _meant(state: State, request: LeakRequest) -> frozenset[int]:
    """Return the keys that a report means. The other key, by that word, is one that somebody may hold."""
    if request.fingerprint is not None:
        return frozenset({values.number_of(request.fingerprint)})
    if request.key is LeakedKey.BOTH or state.latest is None:
        return frozenset(state.keys)
    live = state.latest.value
    return frozenset({live} if request.key is LeakedKey.LIVE else (set(state.keys) - {live}) & state.memory.known)
