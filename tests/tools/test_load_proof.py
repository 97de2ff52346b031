"""The middle form of the load proof: consumers in all languages at two accounts, with three rotations each."""

from dataclasses import replace

import pytest

from lab.prove.consumers.judge import broken
from lab.prove.consumers.kinds import KINDS, lacks
from lab.prove.consumers.story import play
from lab.prove.consumers.timetable import SHORT
from tests.tools.consumer_scene import demand

MIDDLE = replace(SHORT, accounts=2, consumers=20, rotations=6, leaks=2, kills=2, max_age=2.0, pause_ms=250)


@pytest.mark.timeout(900)
async def test_no_request_fails_in_any_language() -> None:
    demand(" ".join(lacks().values()) or None)
    played = await play(MIDDLE, KINDS)
    assert broken(played) == []
    assert {one.kind for one in played.consumers if one.figures.made > 10 * one.callers} == set(KINDS)
