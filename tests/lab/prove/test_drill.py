"""The short form of the leak drill: the quiet case, and the one in which another turn has to be stopped first."""

import pytest

from lab.prove.drill.leak import Situation, drill


@pytest.mark.timeout(180)
@pytest.mark.parametrize("situation", [Situation.QUIET, Situation.STUCK])
async def test_a_leaked_key_dies_and_no_consumer_of_the_vault_notices(situation: Situation) -> None:
    played = await drill(situation, 3)
    assert played.broken == [], str(played)
    assert played.consumers.made > 0
    (leaked,) = played.report["leakedKeys"]
    assert leaked["key"] == "key1"
    assert leaked["lastAccepted"] < leaked["refusedFrom"]
