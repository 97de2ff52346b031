"""Mistakes about trials, holds and agreed ends, planted one at a time. The tests fail if the explorer does not find
each of them.

While a mistake is planted, it replaces a part of the shipped code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import NamedTuple
from unittest.mock import patch

from lab.prove.trials import actors
from lab.prove.trials.lives import Life, lives
from shared.decide import cadence, policies, request_policies, trials
from shared.decide.plan import Plan, Reason
from shared.decide.situation import Situation
from shared.decide.steps import EndTrial, Withdraw
from shared.domain.orders import EndedBy, Hold, Orders, Trial
from shared.domain.requests import AwaitedDeployment
from shared.turns import standing
from shared.turns import trials as steps
from shared.turns.execution import Execution
from shared.turns.message import Message

Policy = Callable[[Situation], Plan | None]


@contextmanager
def _first(policy: Policy) -> Iterator[None]:
    """Ask this policy before all others."""
    with patch.object(policies, "POLICIES", (policy, *policies.POLICIES)):
        yield


@contextmanager
def never_ending() -> Iterator[None]:
    """Watch a trial whose time is over as if it still ran."""
    with patch.object(trials, "_over", lambda _, trial: Plan(Reason.TRIAL_RUNS, "It runs.", held_until=trial.ends)):
        yield


@contextmanager
def believing_a_mark() -> Iterator[None]:
    """Switch keys on because a tag says that a trial has begun, whatever the note says."""
    real = steps._open

    def believing(situation: Situation) -> Plan | None:
        seen, latest = situation.seen, situation.seen.publication
        if seen.key_auth or latest is None or seen.orders.open_trial is not None or "trial" not in latest.others:
            return None
        return Plan(Reason.TRIAL_OVER, "The trial is over.", (EndTrial(EndedBy.TIME),))

    async def made_up(execution: Execution) -> tuple[Orders, Trial]:
        orders = await execution.orders.read()
        now, length = execution.outside.clock.now(), execution.target.cadence.notice
        return await real(execution) if orders.trial else (orders, Trial("t-0", "", "", now, length, begun=now))

    with _first(believing), patch.object(steps, "_open", made_up):
        yield


@contextmanager
def reviving_a_leaked_key() -> Iterator[None]:
    """Answer a leak in a trial as if nothing had to be done, and switch keys on without looking for one on record."""

    async def none_is_pending(*_: object) -> list[Message]:
        return []

    def harmless(*_: object) -> Plan:
        return Plan(Reason.KEYS_ARE_OFF, "The account accepts no keys now, so a leaked one opens nothing.")

    with patch.object(trials, "_leaked_while_off", harmless), patch.object(standing, "leaks_of", none_is_pending):
        yield


@contextmanager
def ending_both_unasked() -> Iterator[None]:
    """End both old values after every deployment, whether a person confirmed that or not."""

    def ends_both(situation: Situation) -> bool:
        awaited: AwaitedDeployment | None = situation.marks.awaited
        return awaited is not None and awaited.due is not None and situation.now >= awaited.due

    with patch.object(request_policies, "ends_both", ends_both), patch.object(policies, "ends_both", ends_both):
        yield


@contextmanager
def holding_for_ever() -> Iterator[None]:
    """Let a hold go on after its end."""

    def hold_at(orders: Orders, _now: datetime) -> Hold | None:
        return orders.hold

    with patch.object(Orders, "hold_at", hold_at):
        yield


@contextmanager
def ending_all_keys_in_a_trial() -> Iterator[None]:
    """Withdraw the version on the agreed date, although keys are off for a trial only."""

    def ended(situation: Situation) -> Plan | None:
        agreed = situation.agreed_sunset
        if situation.seen.key_auth or agreed is None or situation.now < agreed or not situation.is_published:
            return None
        return Plan(Reason.KEY_AUTH_IS_OFF, "Key authentication is off on the account.", (Withdraw(),))

    with _first(ended):
        yield


@contextmanager
def withdrawing_at_once() -> Iterator[None]:
    """Withdraw the version as soon as keys are off, whoever switched them off."""
    off = Plan(Reason.KEY_AUTH_IS_OFF, "Key authentication is off on the account.", (Withdraw(),))
    with patch.object(policies, "_withdrawn_or_awaited", lambda _: off):
        yield


@contextmanager
def beginning_unannounced() -> Iterator[None]:
    """Begin a trial at its time, whether that was announced or not."""
    always = {"announced_in_time": lambda _told, not_before, now: now >= not_before}
    mistaken = SimpleNamespace(**{**vars(cadence), **always})
    with patch.object(trials, "cadence", mistaken):
        yield


@contextmanager
def rotating_in_a_trial() -> Iterator[None]:
    """Forget an open trial as soon as somebody has switched keys on."""
    real = trials.running_trial

    def forgetful(situation: Situation) -> Plan | None:
        return None if situation.seen.key_auth else real(situation)

    with patch.object(policies, "POLICIES", tuple(forgetful if one is real else one for one in policies.POLICIES)):
        yield


class PlantedMistake(NamedTuple):
    """One mistake.

    plant: A context manager that plants it.
    broken: How the violation begins that must be found.
    life: The name of the life in which it must be found.
    faults: How many faults and acts of others that takes. Default: none.
    """

    plant: Callable[[], AbstractContextManager[None]]
    broken: str
    life: str
    faults: int = 0


MISTAKES: dict[str, PlantedMistake] = {
    "a trial never ends": PlantedMistake(never_ending, "P1: a trial does not end", "a trial"),
    "keys are switched on by a mark alone": PlantedMistake(
        believing_a_mark, "keys are switched on without a trial that is noted as begun", "others switch keys off", 1
    ),
    "a leak revives the leaked value": PlantedMistake(
        reviving_a_leaked_key, "a leaked key works again", "a leak in a trial"
    ),
    "an end is not confirmed": PlantedMistake(
        ending_both_unasked,
        "P2: a key ends while it is promised to work",
        "a rotation after a deployment, in an overlap",
    ),
    "a hold outlives its date": PlantedMistake(holding_for_ever, "P5: a rotation is overdue", "a hold"),
    "all keys end during a trial": PlantedMistake(
        ending_all_keys_in_a_trial, "the published version is withdrawn during a trial", "an agreed date within a trial"
    ),
    "a version is withdrawn at once": PlantedMistake(
        withdrawing_at_once, "the version is withdrawn although", "others switch keys off"
    ),
    "a trial begins unannounced": PlantedMistake(beginning_unannounced, "P3: a trial begins", "a trial is asked for"),
    "an open trial is forgotten": PlantedMistake(
        rotating_in_a_trial, "a key is regenerated during a trial", "a trial, and the data plane is slow", 1
    ),
}


def life_of(mistake: PlantedMistake) -> Life:
    """Return the life in which a mistake must be found, with those acts of others alone that it needs."""
    life = next(one for one in lives() if one.name == mistake.life)
    if mistake.plant is believing_a_mark:
        return replace(life, acts={**life.acts, **actors.only(actors.trial_forged)})
    if mistake.plant is rotating_in_a_trial:
        return replace(life, acts=actors.only(actors.person_on), requests={})
    return life
