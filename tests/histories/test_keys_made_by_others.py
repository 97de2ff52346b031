"""Keys that another person has made. They may be in use, so none of them ends unannounced, unless it was reported as
leaked; then it does end.
"""

from lab.simulation.builders import reports_leak, wants_rotation
from lab.simulation.dates import days, hours
from lab.simulation.interruptions import meanwhile_after
from lab.simulation.stage import Stage, a_stage
from shared.domain.keys import Fingerprint
from shared.domain.requests import LeakedKey
from shared.turns.report import Outcome

PREVIOUS = LeakedKey.PREVIOUS


async def lived(number: int) -> Stage:
    stage = a_stage()
    await stage.tick()
    await stage.until(stage.now + days(number))
    return stage


def other(stage: Stage) -> str:
    return "key1" if stage.live == "key2" else "key2"


async def previous_key_regenerated_by_hand() -> tuple[Stage, str]:
    """Regenerate the previous key during the overlap, and make the next ticks. Returns the stage and the new value."""
    stage = await lived(31)
    stage.regenerate_by_hand(other(stage))
    await stage.rest()
    return stage, stage.value(other(stage))


def announced_end(stage: Stage, value: str) -> bool:
    return any(one["data"]["fingerprint"] == Fingerprint.of(value) for one in stage.events("RetirementAnnounced"))


async def ended(stage: Stage, value: str) -> bool:
    """Make ticks until this value is refused, for at most 70 days. Returns whether it was."""
    for _ in range(70):
        await stage.until(stage.now + days(1))
        if not stage.works(value):
            return True
    return False


async def test_a_previous_key_that_a_person_regenerated_is_published_before_its_announced_end():
    stage, made = await previous_key_regenerated_by_hand()
    await stage.until(stage.now + days(31))
    assert stage.versions[-1].value == made
    assert await ended(stage, made)
    assert announced_end(stage, made)


async def test_the_other_key_ends_announced_after_a_person_regenerated_both_keys():
    stage = await lived(31)
    stage.regenerate_by_hand(other(stage))
    stage.regenerate_by_hand(stage.live)
    await stage.turn()
    made = stage.value(other(stage))
    assert stage.works(stage.versions[-1].value)
    assert await ended(stage, made)
    assert announced_end(stage, made)


async def test_a_key_made_by_a_person_ends_if_it_is_reported_as_leaked_and_is_never_published():
    stage, made = await previous_key_regenerated_by_hand()
    outcome = await stage.turn(reports_leak(PREVIOUS))
    assert outcome is not None
    assert outcome.reason == "leaked"
    assert not stage.works(made)
    await stage.until(stage.now + days(40))
    assert made not in [version.value for version in stage.versions]
    await stage.must_be_at_rest()


async def test_a_late_report_of_a_leak_ends_the_key_that_was_published_meanwhile():
    stage, made = await previous_key_regenerated_by_hand()
    reported = stage.now
    await stage.until(stage.now + days(31))
    assert stage.versions[-1].value == made
    stage.witness.excuse_leaked(*(stage.value(slot) for slot in ("key1", "key2")))
    outcome = await stage.rotation().turn(stage.target, reports_leak(PREVIOUS, requested_at=reported))
    assert outcome.reason == "leaked"
    assert not stage.works(made)
    assert stage.works(stage.versions[-1].value)


async def test_a_key_that_a_person_makes_during_a_leak_turn_does_not_end_unannounced():
    stage = await lived(45)
    leaked = stage.live
    trial = stage.copy()
    await trial.turn(reports_leak())
    assert trial.last_runner is not None
    last = [call.number for call in trial.last_runner.calls if call.operation == "arm.regenerateKey"][-1]

    async def regenerate_too() -> None:
        stage.regenerate_by_hand(leaked)

    outcome: Outcome | None = await stage.turn(reports_leak(), meanwhile_after(last + 1, regenerate_too))
    assert outcome is not None
    made = stage.value(leaked)
    assert stage.works(made)
    assert await ended(stage, made)
    assert announced_end(stage, made)


async def test_a_request_after_a_retirement_regenerates_the_unused_spare_before_publishing_it():
    stage = await lived(45)
    before = stage.value(other(stage))
    outcome = await stage.turn(wants_rotation())
    assert outcome is not None
    assert outcome.reason == "requested"
    assert not stage.works(before), "the spare that a retirement left is regenerated before it is published"
    await stage.until(stage.now + hours(6))
    await stage.must_be_at_rest()
