"""What the dry run says in words is what the turn then does (P11), and who notices it is said."""

from datetime import timedelta

import pytest

from lab.simulation.builders import a_situation, marks, overlapping, reports_leak, wants_rotation
from lab.simulation.dates import at, hours
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.keys import KeySlot
from shared.domain.requests import LeakedKey, Request
from shared.web.pages.plan_words import PlanWords, in_words
from tests.support.scenes import SCENES

LAG = timedelta(hours=24)
ENDS = "The value that {} has now does not work any more."


def words(situation: Situation, request: Request | None = None) -> PlanWords:
    return in_words(decide(situation.seen, situation.target, situation.now, request), situation, LAG)


@pytest.mark.parametrize("name", SCENES)
async def test_what_is_said_to_be_live_and_to_end_is_what_a_turn_makes_so(name: str) -> None:
    stage = await SCENES[name].open()
    row = await stage.rotation().plan_turn(stage.target, SCENES[name].request)
    assert row.plan is not None
    assert row.situation is not None
    said = in_words(row.plan, row.situation, LAG)
    assert said.acts
    before = {slot: stage.value(slot.value) for slot in KeySlot}
    await stage.turn(SCENES[name].request)
    if not stage.account.disable_local_auth:
        assert f"{KeySlot(stage.live).words} is live" in said.afterwards[0].lower().replace("stays", "is")
        for slot, value in before.items():
            ended = not stage.world.accounts.key_accepted(stage.account, value)
            unused = any(one.startswith(f"regenerate {slot.words}") and "by nobody" in one for one in said.steps)
            assert ended == (unused or ENDS.format(slot.words) in said.afterwards), (slot, said)


def test_a_rotation_says_how_long_apps_with_a_copy_have() -> None:
    said = words(a_situation(marks(), at(day=10)), wants_rotation())
    assert said.steps == (
        "regenerate key 2: its present value is used by nobody",
        "prove key 2: the account itself must accept it, more than once",
        "publish key 2 as a new version of the secret chat-key",
        "announce what was done",
    )
    assert said.notices[0] == "Apps that read the vault notice nothing."
    assert said.notices[1].startswith("Apps with a copy of key 1 can use it for 3 days, until ")
    assert said.afterwards[0] == "Key 2 is live, with a new value."


def test_a_leak_of_the_live_key_says_how_long_apps_may_be_refused() -> None:
    said = words(a_situation(marks(), at(day=10)), reports_leak())
    assert "Apps that do not are refused until they read it next, which may take 24 h." in said.notices
    assert "Apps with a copy of key 1 are refused until somebody gives them the new key." in said.notices
    assert [step for step in said.steps if "leaked" in step] == [
        "ask the account whether it still accepts the leaked key 1",
        "ask the account until it refuses the leaked key 1",
    ]


def test_a_leak_during_the_overlap_names_both_keys_that_apps_may_use() -> None:
    said = words(a_situation(overlapping(), at(day=1)), reports_leak())
    assert "Apps with a copy of key 2 or key 1 are refused until somebody gives them the new key." in said.notices


def test_a_leak_of_the_previous_key_leaves_those_alone_who_read_the_vault() -> None:
    said = words(a_situation(overlapping(), at(day=1)), reports_leak(LeakedKey.PREVIOUS))
    assert said.afterwards == ("Key 1 stays live.", ENDS.format("key 2"))
    assert said.notices == (
        "Apps that have read the vault since it holds the live key notice nothing.",
        "Apps that still use key 2 are refused at once.",
    )


def test_what_is_held_back_has_no_steps_and_says_until_when() -> None:
    said = words(a_situation(overlapping(), at(day=1)), wants_rotation())
    assert (said.acts, said.steps, said.afterwards, said.notices) == (False, (), (), ())
    assert said.held_until is not None
    assert said.held_until.startswith("in 2 days (")


def test_what_only_prepares_for_the_request_says_that_it_comes_first() -> None:
    drifted = a_situation(marks(), at(day=10), key1="C")
    assert words(drifted, wants_rotation()).first_only
    assert not words(a_situation(marks(), at(day=10)), wants_rotation()).first_only


def test_a_key_that_nobody_uses_disturbs_nobody() -> None:
    said = words(a_situation(marks(fresh=True), at(day=10) + hours(1)), reports_leak(LeakedKey.PREVIOUS))
    assert ENDS.format("key 1") not in said.afterwards
