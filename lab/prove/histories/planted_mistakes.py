"""Typical mistakes of a rotation, planted one at a time. The tests fail if the explorer does not find each of them.

While a mistake is planted, it replaces a part of the shipped code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from unittest.mock import patch

from lab.prove.histories import fakes, mistakes_of_returns, world
from lab.prove.histories.mistakes_of_schedules import (
    forgetting_the_announced_moment,
    rotating_later,
    rotating_much_earlier,
)
from shared.announce import outstanding
from shared.decide import cadence, carried_over, policies
from shared.decide.cadence import DueNotice
from shared.decide.plan import Plan, Reason
from shared.decide.situation import Situation
from shared.decide.steps import Prove, Publish, Regenerate, Step, Watch
from shared.domain import publication
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import Observation, Target
from shared.domain.notes import FreshKey
from shared.domain.publication import Marks, Publication
from shared.domain.requests import AwaitedDeployment, LeakRequest, Request
from shared.domain.throttle import Throttle
from shared.domain.told import ToldDeadline
from shared.fleet import rotation
from shared.ports import Keys
from shared.turns import key_usage, perform, secret_notes, turn
from shared.turns.authentic import authentic
from shared.turns.execution import Execution
from shared.turns.message import About
from shared.turns.notes import note_fresh_key
from shared.turns.own_writes import OwnWrites
from shared.turns.report import Outcome

Change = Callable[[Plan, Situation], Plan]


@contextmanager
def _deciding(change: Change) -> Iterator[None]:
    """Change every plan of a turn before it is performed."""
    real = policies.decide

    def decide(seen: Observation, target: Target, now: datetime, request: Request | None = None) -> Plan:
        return change(real(seen, target, now, request), Situation(seen, target, now, request))

    with patch.object(key_usage, "decide", decide):
        yield


def _proves_last(plan: Plan, _situation: Situation) -> Plan:
    return replace(plan, steps=tuple(sorted(plan.steps, key=lambda step: isinstance(step, Prove))))


def _confuses_slots(plan: Plan, _situation: Situation) -> Plan:
    return replace(plan, steps=tuple(_confused(step) for step in plan.steps))


def _confused(step: Step) -> Step:
    return Regenerate(step.slot.other) if isinstance(step, Regenerate) else step


def _does_not_wait(plan: Plan, situation: Situation) -> Plan:
    """Retire the previous key as soon as another one is published."""
    if plan.steps or plan.reason is not Reason.NOTHING_DUE or not situation.spare_in_use:
        return plan
    return replace(plan, steps=(Regenerate(situation.spare),))


def _does_not_announce_first(plan: Plan, situation: Situation) -> Plan:
    return replace(plan, steps=(Regenerate(situation.spare),)) if plan.reason is Reason.NOT_ANNOUNCED else plan


@contextmanager
def publishing_before_proving() -> Iterator[None]:
    """Prove a key only after it was published."""
    with _deciding(_proves_last):
        yield


@contextmanager
def regenerating_the_live_key() -> Iterator[None]:
    """Regenerate the other slot than planned."""
    with _deciding(_confuses_slots):
        yield


@contextmanager
def retiring_early() -> Iterator[None]:
    """Retire the previous key without waiting for its end."""
    with _deciding(_does_not_wait):
        yield


@contextmanager
def retiring_unannounced() -> Iterator[None]:
    """Retire the previous key although its end was not announced."""
    with _deciding(_does_not_announce_first):
        yield


@contextmanager
def writing_tags_afterwards() -> Iterator[None]:
    """Write the value in one call and the tags in a second one."""

    real = fakes.Runner.publish

    async def publish(
        vault: fakes.Runner, target: Target, key: ApiKey, slot: KeySlot, marks: Marks, others: Mapping[str, str]
    ) -> str:
        version = await real(vault, target, key, slot, None, others)
        written = await vault.latest(target)
        if written is not None:
            await vault.note(target, written, slot, marks)
        return version

    with patch.object(fakes.Runner, "publish", publish):
        yield


@contextmanager
def checking_no_lease() -> Iterator[None]:
    """Never check whether the lease is still held."""
    with patch.object(fakes.Lease, "check", lambda _: None):
        yield


@contextmanager
def leasing_to_everybody() -> Iterator[None]:
    """Give the lease to a second turn while the first one holds it."""
    with patch.object(fakes.Lease, "_take", lambda _: None):
        yield


@contextmanager
def announcing_by_equality() -> Iterator[None]:
    """Announce a warning only at its exact moment, and not when a tick comes later."""

    def due_notice(
        deadline: datetime, leads: Sequence[timedelta], told: ToldDeadline | None, now: datetime, **how: object
    ) -> DueNotice | None:
        known = told is not None and told.deadline == deadline
        lead = next((lead for lead in leads if deadline - lead == now), None)
        if lead is None:
            return DueNotice(deadline, None) if how["at_once"] and not known else None
        return None if told is not None and known and told.lead == lead else DueNotice(deadline, lead)

    with patch.object(cadence, "due_notice", due_notice):
        yield


@contextmanager
def forgetting_carried_over() -> Iterator[None]:
    """Forget outstanding events of earlier versions."""
    with (
        patch.object(carried_over, "outstanding_before", lambda _: ()),
        patch.object(policies, "outstanding_before", lambda _: ()),
    ):
        yield


@contextmanager
def never_noting() -> Iterator[None]:
    """Never note what Event Grid accepted."""

    async def note(*_: object) -> None:
        """Note nothing."""

    with patch.object(turn.Turn, "_record", note):
        yield


def _waits_for_its_period(plan: Plan, situation: Situation) -> Plan:
    early = plan.reason is Reason.DUE and situation.now < situation.marks.since + situation.target.cadence.period
    return Plan(Reason.NOTHING_DUE, "Its period is not over.") if early else plan


def _heals_and_forgets(plan: Plan, _situation: Situation) -> Plan:
    return replace(plan, steps=tuple(_forgetful(step) for step in plan.steps))


def _forgetful(step: Step) -> Step:
    return replace(step, awaited=None) if isinstance(step, Publish) else step


def _ends_nothing(plan: Plan, _situation: Situation) -> Plan:
    """Publish another key after a leak, and leave the leaked one."""
    ended = {step.slot for step in plan.steps if isinstance(step, Watch)}
    return replace(
        plan, steps=tuple(one for one in plan.steps if not (isinstance(one, Regenerate) and one.slot in ended))
    )


@contextmanager
def ignoring_deployments() -> Iterator[None]:
    """Note a deployment, and rotate only when the period is over."""
    with _deciding(_waits_for_its_period):
        yield


@contextmanager
def ignoring_the_soak_time() -> Iterator[None]:
    """Rotate as soon as the deployment is live."""

    def due(awaited: AwaitedDeployment) -> datetime | None:
        return min((one for one in (awaited.deployed, awaited.latest) if one), default=None)

    with patch.object(AwaitedDeployment, "due", property(due)):
        yield


@contextmanager
def repeating_requests() -> Iterator[None]:
    """Treat a repeated request as a new one."""
    with patch.object(Situation, "is_answered", property(lambda _: False)):
        yield


@contextmanager
def forgetting_the_deployment() -> Iterator[None]:
    """Drop the awaited deployment when drift is healed."""
    with _deciding(_heals_and_forgets):
        yield


@contextmanager
def leaving_the_leaked_key() -> Iterator[None]:
    """Publish another key after a leak, and leave the leaked one."""
    with _deciding(_ends_nothing):
        yield


@contextmanager
def counting_no_ends() -> Iterator[None]:
    """Announce a second end of all keys under the id of the first one."""
    real = carried_over.valid_told
    with patch.object(outstanding, "valid_told", lambda situation: replace(real(situation), ends=0)):
        yield


@contextmanager
def ending_keys_made_by_others() -> Iterator[None]:
    """Regenerate a key that a person made like one that nobody knows."""
    with patch.object(Situation, "spare_is_unknown", property(lambda _: False)):
        yield


@contextmanager
def forgetting_fresh_keys() -> Iterator[None]:
    """Read no note of a key that was regenerated while nothing was published."""

    async def read(*_: object) -> None:
        """Return no note."""

    with patch.object(fakes.FreshKeyNotes, "read", read):
        yield


@contextmanager
def trusting_the_lease() -> Iterator[None]:
    """Go on after a note although the lease was lost while it was written."""
    with patch.object(perform, "_regenerate_noted", _regenerate_without_looking):
        yield


async def _regenerate_without_looking(slot: KeySlot, execution: Execution) -> None:
    notes, account, before = execution.outside.notes, execution.target.account, execution.keys[slot].fingerprint
    await note_fresh_key(notes, account, FreshKey(before))
    await perform._regenerate(slot, execution)


@contextmanager
def healing_own_writes() -> Iterator[None]:
    """Take whatever a read shows for what is there, also if it is older than what the turn wrote itself."""
    with (
        patch.object(OwnWrites, "are_newer_than", lambda *_: False),
        patch.object(OwnWrites, "added_to", lambda _, observed: observed),
    ):
        yield


@contextmanager
def dropping_leaks_that_wait() -> Iterator[None]:
    """Take a leak off the record when its turn ends, whatever became of it."""
    real = rotation.Rotation._leak

    async def leak(app: rotation.Rotation, target: Target, request: LeakRequest, *until: Any, by_name: bool) -> Outcome:  # noqa: ANN401
        request = app.leaks.dated(request)
        outcome = await real(app, target, request, *until, by_name=by_name)
        await app.leaks.remove(About.of(target), request)
        return outcome

    with patch.object(rotation.Rotation, "_leak", leak):
        yield


@contextmanager
def asking_too_early() -> Iterator[None]:
    """Queue turns although Azure has asked to wait."""
    with patch.object(Throttle, "covers", lambda *_: False):
        yield


@contextmanager
def making_keys_again() -> Iterator[None]:
    """Regenerate a fresh key that could not be published."""
    with patch.object(Situation, "spare_is_fresh", property(lambda _: False)):
        yield


@contextmanager
def explaining_nothing() -> Iterator[None]:
    """Take what the latest version holds as it is, whatever earlier versions say."""

    def as_it_is(seen: Observation, *_: object) -> Observation:
        """Return the observation as it is."""
        return seen

    with patch.object(secret_notes, "explained", as_it_is):
        yield


@contextmanager
def reading_names_as_they_are_written() -> Iterator[None]:
    """Take our tags for somebody else's where their names are in capitals."""
    world._publication.cache_clear()
    with patch.object(publication, "_is_ours", lambda name: name.startswith(publication.PREFIX)):
        yield
    world._publication.cache_clear()


def _everything_counts(publication: Publication, *_rest: object) -> Publication:
    return publication


def _any_seal_counts(publication: Publication, target: Target, keys: Keys, now: datetime) -> Publication:
    """Let marks count that are sealed with the value of their own version, whether or not it is a key."""
    return publication if publication.sealed else authentic(publication, target, keys, now)


@contextmanager
def believing_all_marks() -> Iterator[None]:
    """Let marks count without a seal."""
    with patch.object(secret_notes, "authentic", _everything_counts):
        yield


@contextmanager
def believing_any_seal() -> Iterator[None]:
    """Let marks count that are sealed with anybody's value."""
    with patch.object(secret_notes, "authentic", _any_seal_counts):
        yield


class PlantedMistake(NamedTuple):
    """One mistake.

    plant: A context manager that plants it.
    faults: How many faults a history needs to show it.
    promise: How the violation begins that must be found.
    life: The life in which it shows.
    """

    plant: Callable[[], Any]
    faults: int
    promise: str
    life: str = "adopt: publish"


MISTAKES: dict[str, PlantedMistake] = {
    "publish before proving": PlantedMistake(publishing_before_proving, 0, "P4"),
    "regenerate the live key": PlantedMistake(regenerating_the_live_key, 0, "P1"),
    "retire early": PlantedMistake(retiring_early, 0, "P2"),
    "retire unannounced": PlantedMistake(retiring_unannounced, 1, "P3"),
    "tags in a second write": PlantedMistake(writing_tags_afterwards, 1, "P"),
    "the lease is not checked": PlantedMistake(checking_no_lease, 1, "P"),
    "everybody gets the lease": PlantedMistake(leasing_to_everybody, 1, "P6"),
    "announce by equality": PlantedMistake(announcing_by_equality, 0, "P9"),
    "outstanding events are forgotten": PlantedMistake(forgetting_carried_over, 1, "P9"),
    "never note what was announced": PlantedMistake(never_noting, 0, "P5"),
    "deployments are ignored": PlantedMistake(ignoring_deployments, 0, "P5", "armed"),
    "the soak time is ignored": PlantedMistake(ignoring_the_soak_time, 0, "armed", "armed"),
    "healing forgets the deployment": PlantedMistake(forgetting_the_deployment, 1, "armed", "armed"),
    "a repeated request counts as new": PlantedMistake(repeating_requests, 0, "a repeated request", "always armed"),
    "ends of keys are not counted": PlantedMistake(counting_no_ends, 1, "P9: a second end", "ending"),
    "keys made by others end": PlantedMistake(ending_keys_made_by_others, 1, "P"),
    "the note of a fresh key is forgotten": PlantedMistake(
        forgetting_fresh_keys, 1, "P5: a fresh key", "adopt: rotate"
    ),
    "the lease is not checked after a note": PlantedMistake(trusting_the_lease, 1, "P", "adopt: rotate"),
    "own writes are repaired": PlantedMistake(healing_own_writes, 0, "P5: a turn without", "late secret"),
    "own regenerations are repaired": PlantedMistake(healing_own_writes, 0, "P", "late keys"),
    "a leak that must wait is dropped": PlantedMistake(dropping_leaks_that_wait, 1, "a key that was rep", "waits"),
    "a tick asks before the wait is over": PlantedMistake(asking_too_early, 1, "P13: a tick", "waits"),
    "a key that cannot be published is made again": PlantedMistake(
        making_keys_again, 1, "P13: every tick", "lasting refusals"
    ),
    "earlier versions explain nothing": PlantedMistake(explaining_nothing, 1, "P", "calm writer"),
    "tags in capitals are not ours": PlantedMistake(reading_names_as_they_are_written, 1, "P9", "calm writer"),
    "marks need no seal": PlantedMistake(believing_all_marks, 1, "P", "calm writer"),
    "a seal of anybody's own value counts": PlantedMistake(believing_any_seal, 1, "P", "calm writer"),
    "a first rotation comes later": PlantedMistake(rotating_later, 0, "P9: a rotation is less"),
    "a rotation comes more than a tenth earlier": PlantedMistake(rotating_much_earlier, 0, "P9: a rotation is less"),
    "the announced moment is forgotten": PlantedMistake(
        forgetting_the_announced_moment, 0, "P3: a key is replaced", "adopt: rotate"
    ),
    "keys that are back are left to a person": PlantedMistake(
        mistakes_of_returns.leaving_keys_that_are_back, 0, "P5: keys are on", "keys back"
    ),
    "a version that a person disabled is published anew": PlantedMistake(
        mistakes_of_returns.taking_every_disabled_version_for_ours, 0, "a version that a person", "keys back"
    ),
    "a version that was enabled again and disabled by a person is published anew": PlantedMistake(
        mistakes_of_returns.forgetting_that_it_was_enabled, 0, "P", "keys back"
    ),
    "the note of a sunset that was only begun counts": PlantedMistake(
        mistakes_of_returns.counting_what_was_only_begun, 1, "P9: keys count as back", "ending"
    ),
    "a return that a person made by enabling the version is never told": PlantedMistake(
        mistakes_of_returns.telling_nobody_of_an_enabled_version, 0, "P9: keys are on again", "keys back, sunset"
    ),
    "a leak while keys are off is forgotten": PlantedMistake(
        mistakes_of_returns.forgetting_leaks_while_keys_are_off, 0, "a key that was reported", "keys back, leak"
    ),
    "keys end on an announcement that lapsed": PlantedMistake(
        mistakes_of_returns.ending_keys_on_a_lapsed_date, 0, "P3: keys are switched off although", "no identity"
    ),
    "keys that came back end on the old date": PlantedMistake(
        mistakes_of_returns.ending_keys_on_the_old_date, 0, "P3: keys are switched off", "keys back, sunset"
    ),
    "the other key ends at once after keys came back": PlantedMistake(
        mistakes_of_returns.ending_the_other_key_at_once, 0, "P2", "keys back"
    ),
    "returns of keys are announced under one id": PlantedMistake(
        mistakes_of_returns.announcing_every_return_alike, 0, "P9: a second return", "keys back"
    ),
    "a return of keys is never announced": PlantedMistake(
        mistakes_of_returns.never_announcing_a_return, 0, "P9: that key", "keys back"
    ),
    "keys end of an account that takes no identity": PlantedMistake(
        mistakes_of_returns.ending_keys_without_an_identity, 0, "keys are switched off although", "no identity"
    ),
    "an end that cannot come is announced": PlantedMistake(
        mistakes_of_returns.announcing_an_end_that_cannot_come, 0, "P9: an end of all keys", "no identity"
    ),
    "the leaked key stays": PlantedMistake(leaving_the_leaked_key, 0, "a key that was reported", "always armed"),
}
