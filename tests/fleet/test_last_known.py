"""Targets that cannot be seen now keep their rows, as they were known last, with what is in the way."""

import pytest

from lab.simulation.dates import hours, minutes
from lab.simulation.stage import Stage
from shared.findings.codes import Code
from shared.findings.gather import gather_observed, gather_shown
from shared.findings.states import State
from shared.findings.status import Status, status_of
from tests.fleet.test_overview import ON, an_adopted_fleet


async def shown(stage: Stage) -> Status:
    return status_of(*await gather_shown(stage.rotation()))


async def observed(stage: Stage) -> Status:
    return status_of(*await gather_observed(stage.rotation()))


@pytest.mark.parametrize("operation", ["arm.listAccounts", "kv.listSecrets"])
async def test_the_page_shows_what_cannot_be_listed_as_to_do_and_not_as_healthy(operation: str) -> None:
    stage = await an_adopted_fleet()
    stage.pass_time(minutes(10))
    stage.world.faults.add(operation, "status", status=403, code="AuthorizationFailed", times=0)
    await stage.run_timer()
    status = await shown(stage)
    assert [one.state for one in status.targets] == [State.ACTION] * 3
    assert all(one.is_stale for one in status.targets)
    assert 3 in {len(group.targets) for group in status.to_do}


async def test_one_listing_that_was_slow_hides_no_state() -> None:
    stage = await an_adopted_fleet()
    stage.pass_time(minutes(10))
    stage.world.faults.add("kv.listSecrets", "status", status=503, times=9)
    await stage.run_timer()
    stage.world.faults.clear()
    assert not any(one.is_stale for one in (await shown(stage)).targets)
    assert (await shown(stage)).to_watch


async def test_a_plan_of_all_keeps_the_targets_of_a_subscription_that_cannot_be_listed() -> None:
    stage = await an_adopted_fleet()
    stage.world.faults.add("arm.listAccounts", "status", status=403, code="AuthorizationFailed", times=0)
    status = await observed(stage)
    assert {one.name for one in status.targets} == {str(target.name) for target in stage.targets}
    assert {one.state for one in status.targets} == {State.ACTION}
    assert all(one.row.shown_at is not None for one in status.targets)


async def test_a_plan_of_all_keeps_a_misconfigured_target_once() -> None:
    stage = await an_adopted_fleet()
    stage.account.tags = {**ON, "key-rotation-period": "soon"}
    status = await observed(stage)
    assert len(status.targets) == 3
    [wrong] = [one for one in status.targets if one.is_stale]
    assert [one.code for one in wrong.findings if one.urgency == "to-do"] == [Code.NOT_ENROLLABLE]
    assert [one.code for one in status.findings].count(Code.NOT_ENROLLABLE) == 1


async def test_an_old_view_still_keeps_a_misconfigured_target() -> None:
    stage = await an_adopted_fleet()
    stage.account.tags = {**ON, "key-rotation-period": "soon"}
    stage.pass_time(hours(3))
    status = await shown(stage)
    assert len(status.targets) == 3
    assert {Code.NOT_ENROLLABLE, Code.CHECKS_LATE} <= {one.code for one in status.to_do}


async def test_the_page_says_that_a_secret_is_disabled() -> None:
    stage = await an_adopted_fleet(1)
    secret = stage.vault.get_secret(stage.target.secret)
    stage.vault.update_secret(stage.target.secret, secret.version, enabled=False)
    await stage.run_timer()
    [target] = (await shown(stage)).targets
    assert target.state is State.ACTION
    assert Code.SECRET_DISABLED in {one.code for one in target.findings}
