"""Mistakes a rotation is prone to, planted one at a time: an explorer that does not find them is not to be trusted.

Each takes the place of a real part while it is planted, and each is found by what it breaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from unittest.mock import patch

from lab.prove.histories import fakes
from shared.announce import outstanding
from shared.decide import cadence, carried_over, policies
from shared.decide.cadence import DueNotice
from shared.decide.plan import Plan, Reason
from shared.decide.situation import Situation
from shared.decide.steps import Prove, Publish, Regenerate, Step, Watch
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import Observation, Target
from shared.domain.publication import Marks
from shared.domain.requests import AwaitedDeployment, Request
from shared.domain.told import ToldDeadline
from shared.turns import key_usage, turn

Change = Callable[[Plan, Situation], Plan]


@contextmanager
def _deciding(change: Change) -> Iterator[None]:
    """Every plan of a turn is changed before it is carried out."""
    real = policies.decide

    def decide(seen: Observation, target: Target, now: datetime, request: Request | None = None) -> Plan:
        return change(real(seen, target, now, request), Situation(seen, target, now, request))

    with patch.object(key_usage, "decide", decide):
        yield


def _proves_last(decided: Plan, _at: Situation) -> Plan:
    return replace(decided, steps=tuple(sorted(decided.steps, key=lambda step: isinstance(step, Prove))))


def _confuses_slots(decided: Plan, _at: Situation) -> Plan:
    return replace(decided, steps=tuple(_confused(step) for step in decided.steps))


def _confused(step: Step) -> Step:
    return Regenerate(step.slot.other) if isinstance(step, Regenerate) else step


def _does_not_wait(decided: Plan, situation: Situation) -> Plan:
    """Retires the previous key as soon as another is published."""
    if decided.steps or decided.reason is not Reason.NOTHING_DUE or not situation.spare_in_use:
        return decided
    return replace(decided, steps=(Regenerate(situation.spare),))


def _does_not_announce_first(decided: Plan, situation: Situation) -> Plan:
    return replace(decided, steps=(Regenerate(situation.spare),)) if decided.reason is Reason.NOT_ANNOUNCED else decided


@contextmanager
def publishing_before_proving() -> Iterator[None]:
    with _deciding(_proves_last):
        yield


@contextmanager
def regenerating_the_live_key() -> Iterator[None]:
    with _deciding(_confuses_slots):
        yield


@contextmanager
def retiring_early() -> Iterator[None]:
    with _deciding(_does_not_wait):
        yield


@contextmanager
def retiring_unannounced() -> Iterator[None]:
    with _deciding(_does_not_announce_first):
        yield


@contextmanager
def writing_tags_afterwards() -> Iterator[None]:
    """The value in one write, what is known of it in a second one."""

    real = fakes.Runner.publish

    async def publish(
        vault: fakes.Runner, target: Target, key: ApiKey, slot: KeySlot, marks: Marks, others: Mapping[str, str]
    ) -> None:
        await real(vault, target, key, slot, None, others)
        written = await vault.latest(target)
        if written is not None:
            await vault.note(target, written, slot, marks)

    with patch.object(fakes.Runner, "publish", publish):
        yield


@contextmanager
def asking_no_lease() -> Iterator[None]:
    """The target is held, and nobody asks whether it still is."""
    with patch.object(fakes.Lease, "check", lambda _: None):
        yield


@contextmanager
def letting_everybody_in() -> Iterator[None]:
    with patch.object(fakes.Lease, "_take", lambda _: None):
        yield


@contextmanager
def announcing_by_equality() -> Iterator[None]:
    """A warning is owed at its very moment, and not when a tick comes later."""

    def rung(
        deadline: datetime, leads: Sequence[timedelta], told: ToldDeadline | None, now: datetime, **how: object
    ) -> DueNotice | None:
        known = told is not None and told.deadline == deadline
        lead = next((lead for lead in leads if deadline - lead == now), None)
        if lead is None:
            return DueNotice(deadline, None) if how["at_once"] and not known else None
        return None if told is not None and known and told.lead == lead else DueNotice(deadline, lead)

    with patch.object(cadence, "due_notice", rung):
        yield


@contextmanager
def forgetting_debts() -> Iterator[None]:
    with (
        patch.object(carried_over, "outstanding_before", lambda _: ()),
        patch.object(policies, "outstanding_before", lambda _: ()),
    ):
        yield


@contextmanager
def never_noting() -> Iterator[None]:
    async def note(*_: object) -> None:
        """Forgets what was told."""

    with patch.object(turn.Turn, "_record", note):
        yield


def _waits_for_its_period(decided: Plan, situation: Situation) -> Plan:
    early = decided.reason is Reason.DUE and situation.now < situation.marks.since + situation.target.cadence.period
    return Plan(Reason.NOTHING_DUE, "Its period is not over.") if early else decided


def _heals_and_forgets(decided: Plan, _at: Situation) -> Plan:
    return replace(decided, steps=tuple(_forgetful(step) for step in decided.steps))


def _forgetful(step: Step) -> Step:
    return replace(step, awaited=None) if isinstance(step, Publish) else step


def _ends_nothing(decided: Plan, _at: Situation) -> Plan:
    """A leak brings another key, and the one that leaked stays."""
    ended = {step.slot for step in decided.steps if isinstance(step, Watch)}
    return replace(
        decided, steps=tuple(one for one in decided.steps if not (isinstance(one, Regenerate) and one.slot in ended))
    )


@contextmanager
def ignoring_deployments() -> Iterator[None]:
    """A deployment is heard of and noted, and the rotation comes when it would have come anyway."""
    with _deciding(_waits_for_its_period):
        yield


@contextmanager
def ignoring_the_soak_time() -> Iterator[None]:
    def due(armed: AwaitedDeployment) -> datetime | None:
        return min((one for one in (armed.deployed, armed.latest) if one), default=None)

    with patch.object(AwaitedDeployment, "due", property(due)):
        yield


@contextmanager
def hearing_of_a_deployment_twice() -> Iterator[None]:
    """Whoever says so again is believed again."""
    with patch.object(Situation, "is_answered", property(lambda _: False)):
        yield


@contextmanager
def forgetting_the_deployment() -> Iterator[None]:
    with _deciding(_heals_and_forgets):
        yield


@contextmanager
def leaving_the_leaked_key() -> Iterator[None]:
    with _deciding(_ends_nothing):
        yield


@contextmanager
def counting_no_ends() -> Iterator[None]:
    """A second end of all keys is taken for the first one, told once more."""
    real = carried_over.valid_told
    with patch.object(outstanding, "valid_told", lambda situation: replace(real(situation), ends=0)):
        yield


@contextmanager
def taking_what_others_made_for_nobodys() -> Iterator[None]:
    """A key that somebody has regenerated is ended like one that was never shown to anybody."""
    with patch.object(Situation, "spare_is_unknown", property(lambda _: False)):
        yield


class Mutant(NamedTuple):
    """How it is planted, with how many faults it is found, how that begins, and in which life."""

    plant: Callable[[], Any]
    faults: int
    promise: str
    life: str = "adopt: publish"


MUTANTS: dict[str, Mutant] = {
    "publish before proving": Mutant(publishing_before_proving, 0, "P4"),
    "regenerate the live key": Mutant(regenerating_the_live_key, 0, "P1"),
    "retire early": Mutant(retiring_early, 0, "P2"),
    "retire unannounced": Mutant(retiring_unannounced, 1, "P3"),
    "tags in a second write": Mutant(writing_tags_afterwards, 1, "P"),
    "no lease is asked for": Mutant(asking_no_lease, 1, "P"),
    "everybody is let in": Mutant(letting_everybody_in, 1, "P6"),
    "announce by equality": Mutant(announcing_by_equality, 0, "P9"),
    "debts are forgotten": Mutant(forgetting_debts, 1, "P9"),
    "never note what was told": Mutant(never_noting, 0, "P5"),
    "deployments are ignored": Mutant(ignoring_deployments, 0, "P5", "armed"),
    "the soak time is ignored": Mutant(ignoring_the_soak_time, 0, "armed", "armed"),
    "healing forgets the deployment": Mutant(forgetting_the_deployment, 1, "armed", "armed"),
    "a request is believed twice": Mutant(hearing_of_a_deployment_twice, 0, "a repeated request", "always armed"),
    "ends of keys are not counted": Mutant(counting_no_ends, 2, "P9: a second end", "ending"),
    "what others made is nobody's": Mutant(taking_what_others_made_for_nobodys, 1, "P"),
    "the leaked key stays": Mutant(leaving_the_leaked_key, 0, "a key that was reported", "always armed"),
}
