"""The short form of the leak drill: the quiet scenario, and one in which another turn must be stopped first."""

import pytest

from lab.prove.drill.leak import Scenario, drill


@pytest.mark.timeout(180)
@pytest.mark.parametrize("scenario", [Scenario.QUIET, Scenario.STUCK])
async def test_a_leaked_key_stops_working_and_no_request_of_a_consumer_fails(scenario: Scenario) -> None:
    played = await drill(scenario, 3, stuck=12)
    assert played.broken == [], str(played)
    assert played.consumers.made > 0
    (leaked,) = played.report["leakedKeys"]
    assert leaked["key"] == "key1"
    assert leaked["lastAccepted"] < leaked["refusedFrom"]
