"""Keys that somebody else switches off for a while: the published version stays for one overlap, each time anew."""

from lab.simulation.dates import at, days, hours
from lab.simulation.stage import Stage, a_stage
from shared.decide.plan import Reason

OVERLAP = days(3)


async def adopted() -> Stage:
    stage = a_stage()
    await stage.until(at(day=2))
    return stage


def switch(stage: Stage, *, on: bool) -> None:
    stage.witness.keys_switched_off_by_hand = True
    stage.world.accounts.update(stage.account.id, {"disable_local_auth": not on})


async def reason(stage: Stage) -> str:
    outcome = await stage.turn()
    assert outcome is not None
    return outcome.reason


async def test_the_turn_that_sees_it_notes_and_tells_it():
    stage = await adopted()
    switch(stage, on=False)
    assert await reason(stage) == Reason.OFF_BY_OTHERS
    assert len(stage.events("KeyAuthDisabled")) == 1
    assert stage.versions[-1].enabled


async def test_the_version_is_withdrawn_one_overlap_later():
    stage = await adopted()
    switch(stage, on=False)
    await stage.turn()
    stage.pass_time(OVERLAP - hours(1))
    assert await reason(stage) == Reason.OFF_BY_OTHERS
    stage.pass_time(hours(1))
    assert await reason(stage) == Reason.KEY_AUTH_IS_OFF
    assert not stage.versions[-1].enabled


async def test_a_second_time_begins_anew_although_nobody_could_be_told_of_the_first():
    stage = await adopted()
    stage.event_grid_is("down")
    switch(stage, on=False)
    await stage.turn()
    switch(stage, on=True)
    await stage.turn()
    stage.pass_time(OVERLAP)
    stage.event_grid_is("up")
    switch(stage, on=False)
    assert await reason(stage) == Reason.OFF_BY_OTHERS
    assert stage.versions[-1].enabled
    stage.pass_time(OVERLAP - hours(1))
    assert await reason(stage) == Reason.OFF_BY_OTHERS
    stage.pass_time(hours(1))
    assert await reason(stage) == Reason.KEY_AUTH_IS_OFF
