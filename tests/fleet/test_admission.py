"""A person's request begins if it is confirmed where it must be, and if it is not one too many in this hour (S4)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lab.simulation.builders import reports_leak
from lab.simulation.dates import days, hours, minutes
from lab.simulation.interruptions import Interruptions, Killed, killed_after
from lab.simulation.stage import Stage, lived_until
from shared.domain.acts import Limits
from shared.domain.errors import ConfirmFirst, LimitReached, TryLater
from shared.domain.keys import Fingerprint
from shared.domain.model import AccountId
from shared.domain.requests import (
    ArmRequest,
    AwaitedDeployment,
    DeploymentRequest,
    LeakedKey,
    LeakRequest,
    Request,
    RotateRequest,
)
from shared.fleet.admission import admit, admit_many, check_confirmed
from shared.settings.environment import Mode
from shared.turns.acts import ACTS
from shared.turns.report import Outcome, Result

SECOND = timedelta(seconds=1)  # the moment is shown in whole seconds
LIVE, PREVIOUS, BOTH = LeakedKey.LIVE, LeakedKey.PREVIOUS, LeakedKey.BOTH


def on_record(stage: Stage) -> list[str]:
    return [blob.name for blob in stage.world.blobs.list("key-rotation-leases", ACTS)]


def limited(stage: Stage, per_target: int = 5, in_all: int = 60) -> None:
    stage.settings = replace(stage.settings, limits=Limits(per_target, in_all))


def regenerated(stage: Stage) -> int:
    return stage.world.journal.count("arm.regenerateKey", effect=True)


async def asks(stage: Stage, request: Request, confirm: str | None = None, number: int = 0) -> Outcome:
    """Ask for something as HTTP and the command line do, and return what became of it."""
    stage.world.clock.advance(0.001)
    target = stage.targets[number]
    admitted = await admit(stage.rotation(), target, request, confirm)
    outcome = await stage.turn(request, target=target)
    assert outcome is not None
    await admitted.settle(outcome)
    return outcome


async def in_use(count: int = 1, **facts: object) -> Stage:
    """Return a stage on which both keys are in use."""
    stage = await lived_until(31, count=count, **facts)
    limited(stage)
    return stage


async def test_a_leak_of_both_keys_is_refused_until_it_is_confirmed_with_the_name() -> None:
    stage = await in_use()
    before = regenerated(stage)
    with pytest.raises(ConfirmFirst) as refused:
        await asks(stage, reports_leak(BOTH, "one"))
    assert (regenerated(stage), on_record(stage)) == (before, [])
    assert refused.value.thing == "chat"
    assert "This report would end both keys." in refused.value.what
    assert "A leak was reported (both): a fresh key 1 is published and key 2 ends." in refused.value.what
    assert "key 1, the previous key, which apps may still hold" in refused.value.what
    assert "key 2, which apps read from the vault" in refused.value.what
    assert "may take P1D (ROTATION_CONSUMER_LAG). Nothing was done." in refused.value.what
    assert 'with "confirm": "chat"; on the command line, with --confirm chat' in refused.value.next_step
    assert (await asks(stage, reports_leak(BOTH, "one"), "chat")).result is Result.DONE


async def test_both_with_a_fingerprint_must_be_confirmed_as_well() -> None:
    stage = await in_use()
    live = Fingerprint.of(stage.value(stage.live))
    with pytest.raises(ConfirmFirst):
        await asks(stage, LeakRequest(key=BOTH, fingerprint=live, id="one"))


@pytest.mark.parametrize("key", [LIVE, BOTH])
async def test_a_confirmation_with_another_name_is_refused(key: LeakedKey) -> None:
    stage = await in_use()
    with pytest.raises(ConfirmFirst, match="confirms another target") as refused:
        await asks(stage, reports_leak(key, "one"), "search")
    assert "search" not in str(refused.value)
    assert on_record(stage) == []
    assert (await asks(stage, reports_leak(key, "one"), "CHAT")).result is Result.DONE


async def test_a_second_leak_within_the_lag_must_be_confirmed_and_one_after_it_need_not() -> None:
    stage = await in_use()
    first = await asks(stage, reports_leak(LIVE, "one"))
    assert first.result is Result.DONE
    stage.pass_time(hours(3))
    before = regenerated(stage)
    with pytest.raises(ConfirmFirst) as refused:
        await asks(stage, reports_leak(LIVE, "two"))
    assert "A leak of this target was reported at " in refused.value.what
    assert "These keys would end: " in refused.value.what
    assert (regenerated(stage), len(on_record(stage))) == (before, 1)
    assert (await asks(stage, reports_leak(LIVE, "two"), "chat")).result is Result.DONE
    stage.pass_time(hours(24))
    assert (await asks(stage, reports_leak(LIVE, "three"))).result is Result.DONE


async def test_a_repetition_needs_no_confirmation_and_does_not_count() -> None:
    stage = await in_use()
    limited(stage, per_target=1)
    await asks(stage, reports_leak(LIVE, "one"))
    assert (await asks(stage, reports_leak(LIVE, "one"))).result is Result.NOTHING
    stage.pass_time(days(2))
    await asks(stage, reports_leak(BOTH, "two"), "chat")
    assert (await asks(stage, reports_leak(BOTH, "two"))).result is Result.NOTHING
    assert (await asks(stage, reports_leak(BOTH, "two"), "chat")).result is Result.NOTHING
    assert len(on_record(stage)) == 1


async def test_too_many_requests_of_one_target_are_refused_until_the_moment_that_is_named() -> None:
    stage = await in_use()
    limited(stage, per_target=3)
    began = stage.now
    for number in range(3):
        await asks(stage, reports_leak(LIVE, f"{number}"), "chat")
        stage.pass_time(minutes(5))
    before = regenerated(stage)
    for request in (reports_leak(LIVE, "more"), RotateRequest(id="more")):
        with pytest.raises(
            LimitReached, match="3 rotations, leaks, trials and holds of this target in one hour"
        ) as refused:
            await asks(stage, request, "chat")
    assert "ROTATION_REQUESTS_PER_TARGET" in refused.value.what
    until = refused.value.until
    assert until == began + hours(1) + SECOND
    assert f"{until:%Y-%m-%d %H:%M:%S} UTC" in refused.value.what
    assert (regenerated(stage), len(on_record(stage))) == (before, 3)
    stage.pass_time(until - stage.now)
    assert (await asks(stage, reports_leak(LIVE, "more"), "chat")).result is Result.DONE


async def test_a_first_leak_is_let_in_although_every_limit_is_reached() -> None:
    stage = await in_use(2)
    limited(stage, per_target=1, in_all=1)
    await asks(stage, reports_leak(LIVE, "one"))
    with pytest.raises(LimitReached, match="in all"):
        await asks(stage, RotateRequest(id="two"), number=1)
    assert (await admit(stage.rotation(), stage.targets[1], reports_leak(LIVE, "three"))).act is not None


async def test_a_request_for_many_counts_once_and_is_limited_too() -> None:
    stage = await in_use(2)
    limited(stage, in_all=2)
    for number in range(2):
        await (await admit_many(stage.rotation(), RotateRequest(id=f"{number}"))).settle()
    await (await admit_many(stage.rotation(), RotateRequest(id="1"))).settle()
    assert len(on_record(stage)) == 2
    with pytest.raises(LimitReached) as refused:
        await admit_many(stage.rotation(), RotateRequest(id="2"))
    assert refused.value.until == stage.now + hours(1) + SECOND


async def test_what_waits_for_a_deployment_and_what_a_deployment_causes_do_not_count() -> None:
    stage = await in_use()
    limited(stage, per_target=1, in_all=1)
    production = AwaitedDeployment("production")
    for number in range(3):
        await asks(stage, ArmRequest(deployment=production, id=f"{number}"))
        await asks(stage, DeploymentRequest(deployment=replace(production, deployed=stage.now), id=f"d{number}"))
    assert on_record(stage) == []


async def test_a_rotation_that_is_held_back_does_not_count() -> None:
    stage = await in_use()
    limited(stage, per_target=1)
    for number in range(3):
        assert (await asks(stage, RotateRequest(id=f"{number}"))).result is Result.HELD
    assert on_record(stage) == []


async def test_a_report_that_names_another_key_is_no_first_leak_so_the_corrected_one_is_no_second() -> None:
    stage = await in_use()
    wrong = LeakRequest(key=None, fingerprint=Fingerprint("0" * 16), id="one")
    assert (await asks(stage, wrong)).result is Result.HELD
    assert (await asks(stage, reports_leak(LIVE, "two"))).result is Result.DONE


async def test_a_report_that_needs_a_person_is_no_first_leak_so_the_one_that_helps_is_no_second() -> None:
    stage = await in_use()
    stage.vault.update_secret("chat-key", tags={"ProviderAddress": f"{stage.account.id}-2"})
    assert (await asks(stage, reports_leak(LIVE, "one"))).reason == "PersonMustLook"
    meant = LeakRequest(key=None, fingerprint=Fingerprint.of(stage.value(stage.live)), id="two")
    assert (await admit(stage.rotation(), stage.target, meant)).act is not None


async def test_a_leak_that_is_only_recorded_counts_as_the_first() -> None:
    stage = await in_use()
    stage.world.down = {"arm"}
    assert (await asks(stage, reports_leak(LIVE, "one"))).result is Result.FAILED
    stage.world.down = set()
    with pytest.raises(ConfirmFirst):
        await asks(stage, reports_leak(LIVE, "two"))


async def test_while_the_app_observes_a_leak_counts_and_a_rotation_does_not() -> None:
    stage = await in_use()
    stage.settings = replace(stage.settings, mode=Mode.OBSERVE)
    assert (await asks(stage, RotateRequest(id="one"))).result is Result.PLANNED
    assert on_record(stage) == []
    assert (await asks(stage, reports_leak(LIVE, "two"))).result is Result.PLANNED
    assert len(on_record(stage)) == 1


async def test_a_storage_that_does_not_answer_lets_a_leak_in_and_no_unconfirmed_leak_of_both() -> None:
    stage = await in_use()
    limited(stage, per_target=1, in_all=1)
    await asks(stage, reports_leak(LIVE, "one"))
    stage.world.down = {"blob"}
    await admit(stage.rotation(), stage.target, reports_leak(LIVE, "two"))
    await admit(stage.rotation(), stage.target, RotateRequest(id="three"))
    with pytest.raises(ConfirmFirst):
        await admit(stage.rotation(), stage.target, reports_leak(BOTH, "four"))
    admitted = await admit(stage.rotation(), stage.target, reports_leak(BOTH, "four"), "chat")
    await admitted.settle()


async def admitted_in(stage: Stage, request: Request, interruptions: Interruptions) -> None:
    with pytest.raises(Killed):
        await admit(stage.rotation(interruptions), stage.target, request)


async def test_a_process_that_is_killed_while_it_counts_leaves_the_repetition_free() -> None:
    stage = await in_use()
    limited(stage, per_target=1)
    await admitted_in(stage, reports_leak(LIVE, "one"), killed_after(1))
    assert len(on_record(stage)) == 1
    with pytest.raises(LimitReached):
        await asks(stage, RotateRequest(id="another"))
    assert (await asks(stage, reports_leak(LIVE, "one"))).result is Result.DONE
    assert len(on_record(stage)) == 1


async def test_a_note_that_a_killed_process_left_of_a_refused_request_gives_no_right() -> None:
    """So it is, too, with a request that is sent twice at once: each sees the note of the other for a moment."""
    stage = await in_use()
    limited(stage, per_target=1)
    await asks(stage, reports_leak(LIVE, "one"))
    stage.pass_time(hours(2))
    await admitted_in(stage, reports_leak(LIVE, "two"), killed_after(2))
    assert len(on_record(stage)) == 2
    with pytest.raises(ConfirmFirst):
        await asks(stage, reports_leak(LIVE, "two"))
    await asks(stage, reports_leak(LIVE, "three"), "chat")
    await admitted_in(stage, RotateRequest(id="four"), killed_after(2))
    with pytest.raises(LimitReached):
        await asks(stage, RotateRequest(id="four"))


async def test_of_two_leaks_at_once_the_first_is_let_in_and_the_second_must_be_confirmed() -> None:
    stage = await in_use()
    two = stage.rotation()
    first = await admit(stage.rotation(), stage.target, reports_leak(LIVE, "one"))
    stage.world.clock.advance(0.001)
    with pytest.raises(ConfirmFirst):
        await admit(two, stage.target, reports_leak(LIVE, "two"))
    assert first.act is not None


async def test_a_lost_record_counts_nothing() -> None:
    stage = await in_use()
    limited(stage, per_target=1)
    await asks(stage, reports_leak(LIVE, "one"))
    for name in on_record(stage):
        stage.world.blobs.delete("key-rotation-leases", name)
    assert (await asks(stage, reports_leak(LIVE, "two"))).result is Result.DONE


async def test_acts_that_do_not_count_any_more_are_removed_by_the_next_one() -> None:
    stage = await in_use()
    await asks(stage, reports_leak(LIVE, "one"))
    await asks(stage, reports_leak(LIVE, "two"), "chat")
    stage.pass_time(hours(24))
    await asks(stage, reports_leak(LIVE, "three"))
    assert len(on_record(stage)) == 1


async def test_a_leak_whose_plan_cannot_be_shown_says_why() -> None:
    stage = await in_use()
    stage.world.down = {"arm"}
    with pytest.raises(ConfirmFirst, match="What would happen cannot be shown now: "):
        await asks(stage, reports_leak(BOTH, "one"))


async def test_a_leak_that_would_end_nothing_says_so() -> None:
    stage = await in_use()
    await asks(stage, reports_leak(PREVIOUS, "one"))
    with pytest.raises(ConfirmFirst, match="No key would end now"):
        await asks(stage, reports_leak(PREVIOUS, "two"))


ERROR = TryLater("subscription", "no answer came.")


def test_both_keys_of_a_target_that_cannot_be_looked_up_must_be_confirmed_too() -> None:
    account = AccountId("00000000-0000-4000-8000-000000000001", "prod", "chat")
    with pytest.raises(ConfirmFirst, match="cannot be shown now: subscription: no answer came"):
        check_confirmed("chat", LeakRequest(key=BOTH), None, ERROR)
    with pytest.raises(ConfirmFirst, match="--confirm <target name>"):
        check_confirmed(account, LeakRequest(key=BOTH), None, ERROR)
    with pytest.raises(ConfirmFirst, match="confirms another target"):
        check_confirmed("chat", LeakRequest(key=LIVE), "search", ERROR)
    check_confirmed("chat", LeakRequest(key=BOTH), "chat", ERROR)
    check_confirmed(account, LeakRequest(key=BOTH), "chat", ERROR)
    check_confirmed("chat", LeakRequest(key=LIVE), None, ERROR)
