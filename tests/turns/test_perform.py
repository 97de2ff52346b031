"""Performing: each kind of step on the emulated Azure, what a version records, and where a turn stops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from lab.simulation.builders import KEY1, KEY2, mark
from lab.simulation.dates import START, at, days, hours, minutes
from lab.simulation.interruptions import Interruptions, answer_lost, refused
from lab.simulation.runner import Runner
from lab.simulation.stage import Stage, a_stage
from shared.decide.steps import DisableKeyAuth, Mark, Prove, Publish, Regenerate, Wait, Withdraw
from shared.domain.errors import LeaseLost, PersonMustLook, ProofFailed, TryLater
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import ProofPolicy
from shared.domain.publication import Marks, Origin, read_tags
from shared.domain.requests import AwaitedDeployment, Requester
from shared.domain.seals import Maker, Place, endpoint_in, is_made_with
from shared.domain.told import Told, ToldDeadline
from shared.turns.execution import Execution
from shared.turns.observe import observe
from shared.turns.orders import KeptOrders
from shared.turns.perform import LONG_PATIENCE, PATIENCE, observed_after, perform

TOLD = Told(sunset=ToldDeadline(at(day=90)))
FIRST_STEP = 4  # after the lease, the secret and the keys


@asynccontextmanager
async def executing(stage: Stage, interruptions: Interruptions | None = None) -> AsyncIterator[Execution]:
    """A turn that has the lease and has observed the target."""
    runner = Runner(stage.world, interruptions)  # no witness: a step by itself may break what a plan as a whole keeps
    outside = runner.outside
    async with runner.leases.hold(str(stage.target.account).casefold()) as lease:
        observed = await observe(stage.target, runner.outside)
        yield Execution(stage.target, observed, lease, outside, KeptOrders(outside.notes, stage.target))


async def published(**facts: object) -> Stage:
    stage = a_stage(**facts)
    await stage.tick()
    stage.pass_time(hours(1))
    return stage


def latest_marks(stage: Stage) -> Marks:
    """Return the marks of the latest version."""
    marks = read_tags(stage.versions[-1].tags)[3]
    assert marks is not None
    return marks


async def written(stage: Stage, *steps: object) -> Marks:
    async with executing(stage) as execution:
        await perform(steps, execution)
    return latest_marks(stage)


# What a version records.


async def test_a_version_records_its_key_its_origin_its_time_and_the_end_of_the_other_key():
    stage = await published()
    step = Publish(KEY2, Origin.ROTATED, previous=mark("P"), overlap=days(3), leaked=True, told=TOLD)
    marks = await written(stage, step)
    assert stage.versions[-1].value == stage.value("key2")
    assert marks.live == ApiKey(stage.value("key2")).fingerprint
    assert (marks.origin, marks.since) == (Origin.ROTATED, stage.now)
    assert (marks.previous, marks.until, marks.leaked) == (mark("P"), stage.now + days(3), True)
    assert (marks.spare, marks.fresh, marks.unproven, marks.told) == (None, False, False, TOLD)


async def test_a_version_records_whether_its_key_existed_before_and_when_the_keys_changed_places():
    stage = await published()
    healed = await written(stage, Publish(KEY1, Origin.HEALED, rotated=START))
    assert (healed.rotated, healed.resumed) == (START, False)
    resumed = await written(stage, Publish(KEY2, Origin.ROTATED, resumed=True))
    assert (resumed.rotated, resumed.resumed) == (None, True)


async def test_a_version_records_its_requester_and_the_awaited_deployment():
    requester, armed = Requester("r-1", "ann", "audit"), AwaitedDeployment("prod", soak=hours(2))
    marks = await written(
        await published(), Publish(KEY1, Origin.HEALED, spare=mark("S"), requester=requester, awaited=armed)
    )
    assert (marks.requester, marks.awaited) == (requester, armed)


@pytest.mark.parametrize("fresh", [True, False])
async def test_a_version_without_a_previous_key_promises_nothing_and_records_the_spare(fresh: bool):
    marks = await written(await published(), Publish(KEY1, Origin.HEALED, spare=mark("S"), fresh=fresh))
    assert (marks.previous, marks.until, marks.leaked) == (None, None, False)
    assert (marks.spare, marks.fresh) == (mark("S"), fresh)


async def test_the_overlap_begins_when_the_version_is_written():
    stage = await published()
    planned = stage.now
    step = Publish(KEY2, Origin.ROTATED, previous=mark("P"), overlap=days(3))
    marks = await written(stage, Wait(minutes(10)), step)
    assert marks.since == planned + minutes(10)
    assert marks.until == planned + minutes(10) + days(3)


PROMISES = [(days(0), days(2), days(2)), (days(3), days(2), days(3)), (days(0), -days(1), -days(1))]


@pytest.mark.parametrize(("overlap", "until", "works_for"), PROMISES)
async def test_a_promised_end_is_kept_unless_the_overlap_is_longer(overlap, until, works_for):
    stage = await published()
    step = Publish(KEY1, Origin.HEALED, previous=mark("P"), overlap=overlap, until=stage.now + until)
    assert (await written(stage, step)).until == stage.now + works_for


async def test_the_tags_of_others_are_carried_over():
    stage = a_stage()
    stage.vault.set_secret(stage.target.secret, stage.value("key1"), tags={"team": "billing"})
    await written(stage, Publish(KEY1, Origin.HEALED, spare=mark("S")))
    assert len(stage.versions) == 2
    assert stage.versions[-1].tags["team"] == "billing"


async def test_a_first_version_has_no_tags_of_others():
    stage = a_stage()
    await written(stage, Publish(KEY1, Origin.ADOPTED, previous=mark("P"), overlap=days(30)))
    names = {name for name in stage.versions[-1].tags if not name.startswith("key-rotation-")}
    assert names == {"CredentialId", "ProviderAddress", "ValidityPeriodDays"}


def sealed_by(stage: Stage, marks: Marks, slot: KeySlot) -> list[Maker]:
    """Return which of the two seals that slot's key has made, of marks on a version that holds key 2."""
    place, key = Place(str(stage.target.account), KEY2, stage.target.secret_url), ApiKey(stage.value(slot.value))
    return [role for role in Maker if is_made_with(key, marks, place, role)]


async def test_marks_are_sealed_with_the_published_key_and_with_the_other_one():
    stage = await published()
    marks = await written(stage, Publish(KEY2, Origin.ROTATED, previous=mark("P"), overlap=days(3)))
    assert endpoint_in(marks) == stage.world.endpoint(stage.account)
    assert sealed_by(stage, marks, KEY2) == [Maker.LIVE]
    assert sealed_by(stage, marks, KEY1) == [Maker.OTHER]


async def test_a_version_that_is_marked_in_place_gets_the_marks_and_their_seals():
    stage = a_stage()
    stage.vault.set_secret(stage.target.secret, stage.value("key2"))
    marks = Marks(ApiKey(stage.value("key2")).fingerprint, Origin.ADOPTED, stage.now, mark("P"), stage.now + days(30))
    found = await written(stage, Mark(KEY2, marks))
    assert len(stage.versions) == 1
    assert replace(found, seal=None, number=0) == marks
    assert endpoint_in(found) == stage.world.endpoint(stage.account)
    assert sealed_by(stage, found, KEY2) == [Maker.LIVE]
    assert stage.versions[0].tags["CredentialId"] == "key2"


# Proof.


async def test_a_key_that_could_not_be_proven_is_marked_as_unproven():
    stage = await published(proof=ProofPolicy.PREFER)
    stage.account.public_network_access = "Disabled"
    marks = await written(stage, Prove(KEY2), Publish(KEY2, Origin.ROTATED, previous=mark("P"), overlap=days(3)))
    assert marks.unproven


async def test_a_proven_key_is_not_marked_as_unproven():
    stage = await published(proof=ProofPolicy.PREFER)
    marks = await written(stage, Prove(KEY2), Publish(KEY2, Origin.ROTATED, previous=mark("P"), overlap=days(3)))
    assert not marks.unproven


async def test_if_the_account_has_a_new_address_the_key_is_proven_there_and_the_version_records_it():
    stage = await published()
    async with executing(stage) as execution:
        execution.observed.seen = replace(execution.observed.seen, endpoint="https://before.invalid/")
        seen = execution.observed.seen
        await perform([Prove(KEY2), Publish(KEY2, Origin.ROTATED, previous=mark("P"), overlap=days(3))], execution)
        here = stage.world.endpoint(stage.account)
        assert execution.observed.seen == replace(seen, endpoint=here)
        assert [proof.proven for proof in execution.proofs] == [True]
    assert endpoint_in(latest_marks(stage)) == here


async def test_a_key_that_is_refused_at_the_current_address_is_not_tried_there_again():
    stage = await published()
    stage.account.lag.new_after = 1000
    async with executing(stage) as execution:
        with pytest.raises(ProofFailed):
            await perform([Regenerate(KEY2), Prove(KEY2)], execution)
        assert stage.now < at(day=0, hour=10) + minutes(2)
        assert execution.proofs == []


async def test_an_account_without_an_endpoint_raises_person_must_look():
    stage = await published()
    async with executing(stage) as execution:
        execution.observed.seen = replace(execution.observed.seen, endpoint=None)
        with pytest.raises(PersonMustLook) as error:
            await perform([Prove(KEY2)], execution)
    message = f"chat: account {stage.target.account} has no endpoint. Next step: {PersonMustLook.next_step}."
    assert str(error.value) == message


# Other steps.


async def test_regenerating_changes_one_key_and_the_turn_continues_with_the_new_value():
    stage = await published()
    first, second = stage.value("key1"), stage.value("key2")
    async with executing(stage) as execution:
        await perform([Regenerate(KEY2)], execution)
        assert execution.keys[KEY2].reveal() == stage.value("key2") != second
        assert execution.keys[KEY1].reveal() == stage.value("key1") == first


async def test_keys_are_switched_off_and_the_version_is_withdrawn():
    stage = await published()
    async with executing(stage) as execution:
        await perform([DisableKeyAuth(), Withdraw()], execution)
    assert stage.account.disable_local_auth is True
    assert stage.versions[-1].enabled is False


@pytest.mark.parametrize("step", [Withdraw(), Mark(KEY1, Marks(mark("A"), Origin.ADOPTED, at(day=0)))])
async def test_a_step_that_needs_a_publication_raises_lookup_error_without_one(step: object):
    async with executing(a_stage()) as execution:
        with pytest.raises(LookupError, match="chat: a step needs a publication and none was seen"):
            await perform([step], execution)


# Where a turn stops.


async def test_the_first_step_that_fails_ends_the_turn_and_counts_as_begun():
    stage = await published()
    steps = [Regenerate(KEY2), Regenerate(KEY1), Wait(minutes(1))]
    async with executing(stage, refused(FIRST_STEP + 1, 503)) as execution:
        with pytest.raises(TryLater):
            await perform(steps, execution)
    assert (execution.done, execution.begun) == (steps[:1], steps[:2])


async def test_a_turn_that_lost_its_lease_begins_no_step():
    stage = await published()
    async with executing(stage) as execution:
        stage.pass_time(minutes(5))
        with pytest.raises(LeaseLost):
            await perform([Regenerate(KEY2)], execution)
    assert (execution.done, execution.begun) == ([], [])


async def test_a_step_during_which_the_lease_was_lost_counts_as_done_and_the_turn_fails():
    stage = await published()

    async def much_time_passes(_call: object) -> None:
        stage.world.clock.advance(300)

    async with executing(stage, Interruptions(after={FIRST_STEP: much_time_passes})) as execution:
        with pytest.raises(LeaseLost):
            await perform([Regenerate(KEY2), Regenerate(KEY2)], execution)
    assert execution.done == [Regenerate(KEY2)]


# What is known afterwards without another observation.


async def test_after_waiting_and_proving_the_observation_is_still_valid():
    async with executing(await published()) as execution:
        observed = execution.observed
        await perform([Prove(KEY1), Wait(minutes(1))], execution)
        assert observed_after(execution) is observed


async def test_after_regenerating_only_the_fingerprint_of_the_new_key_changes():
    stage = await published()
    async with executing(stage) as execution:
        seen = execution.observed.seen
        await perform([Regenerate(KEY2), Prove(KEY2)], execution)
        known = observed_after(execution)
    assert known is not None
    fresh = ApiKey(stage.value("key2")).fingerprint
    assert known.seen == replace(seen, keys={KEY1: seen.keys[KEY1], KEY2: fresh})
    assert known.seen.keys[KEY2] != seen.keys[KEY2]
    assert known.keys == execution.keys


async def test_after_a_write_or_an_unanswered_call_nothing_is_known_without_another_observation():
    stage = await published()
    step = Publish(KEY2, Origin.ROTATED, previous=mark("P"), overlap=days(3))
    async with executing(stage) as execution:
        await perform([step], execution)
        assert observed_after(execution) is None
    async with executing(stage, answer_lost(FIRST_STEP + 1)) as execution:
        with pytest.raises(TryLater):
            await perform([Regenerate(KEY1), step], execution)
        assert observed_after(execution) is None


@pytest.mark.parametrize(("patient", "patience"), [(False, PATIENCE), (True, LONG_PATIENCE)])
async def test_a_patient_step_waits_longer_for_a_key_to_be_accepted(patient: bool, patience):
    stage = a_stage()
    await stage.tick()
    stage.account.lag.new_after = 10_000
    runner = Runner(stage.world)
    outside = runner.outside
    async with runner.leases.hold("an account") as lease:
        execution = Execution(
            stage.target,
            await observe(stage.target, runner.outside),
            lease,
            outside,
            KeptOrders(outside.notes, stage.target),
        )
        await perform([Regenerate(KEY2)], execution)
        began = stage.now
        with pytest.raises(ProofFailed):
            await perform([Prove(KEY2, patient)], execution)
    assert patience - minutes(0.5) < stage.now - began <= patience


def test_nothing_is_known_after_a_regeneration_without_an_answer(monkeypatch: pytest.MonkeyPatch):
    execution = Execution.__new__(Execution)
    execution.begun, execution.done = [Prove(KEY2), Regenerate(KEY2)], [Prove(KEY2)]
    assert observed_after(execution) is None
