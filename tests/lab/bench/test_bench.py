"""The measurements run, and a rotation makes as many calls as the design allows."""

import re

from lab.bench.fleet import fleet
from lab.bench.turns import MOST, turns


async def test_each_kind_of_turn_is_measured_and_a_rotation_makes_the_allowed_calls() -> None:
    lines = await turns()
    assert len(lines) == 5
    rotating = next(line for line in lines if "that rotates" in line)
    found = re.search(r"makes (\d+) calls", rotating)
    assert found is not None
    assert int(found[1]) == MOST


async def test_ticks_over_two_fleets_are_measured_and_compared() -> None:
    *ticks, ratio = await fleet((10, 60))
    assert [line.split(",")[0] for line in ticks] == ["tick: 10 targets", "tick: 60 targets"]
    assert ratio.startswith("tick: 6 times the targets")


async def test_a_fleet_of_one_size_is_measured_and_compared_with_nothing() -> None:
    (tick,) = await fleet((10,))
    assert tick.startswith("tick: 10 targets")
