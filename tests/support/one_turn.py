"""A stage on which a rotation is due, and one turn on it."""

from lab.simulation.dates import at, days
from lab.simulation.interruptions import Interruptions
from lab.simulation.stage import Stage, a_stage
from shared.domain.requests import Request
from shared.turns.report import Outcome
from shared.turns.turn import take_turn

_stages: dict[str, Stage] = {}


async def rotation_due(**facts: object) -> Stage:
    """Return a stage on day 60: key 2 is live and its rotation is due."""
    name = str(facts)
    if name not in _stages:
        stage = a_stage(**facts)
        await stage.tick()
        await stage.until(at(day=59))
        stage.pass_time(days(1))
        _stages[name] = stage
    return _stages[name].copy()


async def turn(
    stage: Stage, request: Request | None = None, interruptions: Interruptions | None = None, **how: object
) -> Outcome:
    """Take one turn with the parts of the stage, and return its outcome."""
    runner = stage.runner(interruptions)
    outside = runner.outside
    return await take_turn(stage.target, request, outside, **how)
