"""Outcomes of turns: what a turn says it did, told and still owes, when it went well and when it did not."""

from dataclasses import replace

import pytest

from lab.simulation.builders import KEY1, mark, reports_leak, wants_rotation
from lab.simulation.dates import START, at, days, hours
from lab.simulation.fakes import Runner
from lab.simulation.interruptions import Befall, Call, refused
from lab.simulation.stage import Stage, a_stage, with_target
from shared.domain.errors import PersonMustLook
from shared.domain.model import ProofPolicy
from shared.domain.publication import PREFIX
from shared.domain.requests import LeakRequest, Request, Requester, RequestKind, RotateRequest
from shared.domain.told import MOST_CARRIED_OVER, CarriedOver, Happened, Told
from shared.ports import Outside
from shared.turns.report import Outcome, Result
from shared.turns.turn import take_turn

# The calls of a turn that rotates, by number: 1 lease, 2 secret, 3 keys, 4 regenerate, 5 and 6 proofs, 7 publish,
# 8 secret, 9 keys, 10 announce, 11 note, 12 release.
REGENERATE, PROOF, PUBLISH, LOOK_BACK, NOTE = 4, 5, 7, 8, 11
DUE = "Key 2 has been live since 2026-04-01 09:00 UTC. Key 1 replaces it."
ROTATED = ("regenerate key1", "prove key1", "publish key1 (rotated)")
WORDS = ("KeyRotation.KeyRotated", "KeyRotation.RetirementAnnounced")
NOTHING = "nothing; the next tick looks again and goes on from what it sees"
DOWN = "announcements: could not announce: 503 ServiceUnavailable."

_lived: dict[str, Stage] = {}


async def rotation_due(**facts: object) -> Stage:
    """Day 60: key 2 is live and its rotation is due."""
    name = str(facts)
    if name not in _lived:
        stage = a_stage(**facts)
        await stage.tick()
        await stage.until(at(day=59))
        stage.pass_time(days(1))
        _lived[name] = stage
    return _lived[name].again()


# Well.


async def test_a_turn_that_did_everything_says_why_what_it_did_and_what_was_announced():
    stage = await rotation_due()
    assert await stage.turn() == Outcome("chat", Result.DONE, "due", DUE, done=ROTATED, announced=WORDS)


@pytest.mark.parametrize(
    ("request_", "who"),
    [
        (None, ""),
        (RotateRequest(reason="drill"), ""),
        (RotateRequest(reason="drill", by="zoë@example.com"), "rotate, asked by zoë@example.com"),
        (LeakRequest(by="a function key"), "leak, asked by a function key"),
    ],
)
async def test_a_turn_holds_its_target_for_whoever_asked(request_: Request | None, who: str):
    stage = await rotation_due()
    await stage.turn(request_)
    assert stage.last_runner is not None
    held = stage.last_runner.leases.held_for
    assert set(held.values()) == {who}
    assert len(held) == (2 if request_ and request_.kind is RequestKind.LEAK else 1), "leaks wait for each other, too"


async def test_a_retirement_is_announced_by_its_own_turn_which_looks_once_since_it_published_nothing():
    stage = await rotation_due()
    await stage.turn()
    await stage.until(at(day=63) - hours(6))
    stage.pass_time(hours(6))
    outcome = await stage.turn()
    assert outcome is not None
    assert (outcome.done, outcome.announced) == (("regenerate key2",), ("KeyRotation.KeyRetired",))
    assert stage.last_runner is not None
    calls = [call.operation for call in stage.last_runner.calls]
    assert (calls.count("kv.getSecret"), calls.count("arm.listKeys")) == (1, 1)


async def test_a_turn_that_could_not_announce_has_rotated_all_the_same_and_says_what_it_owes():
    stage = await rotation_due()
    stage.event_grid_is("down")
    assert await stage.turn() == Outcome(
        "chat", Result.DONE, "due", DUE, done=ROTATED, outstanding=WORDS, untold=DOWN, next_step=NOTHING
    )


async def test_a_turn_that_announced_and_could_not_note_it_says_so_and_the_next_repeats_it():
    stage = await rotation_due()
    secret = stage.target.secret_url
    assert await stage.turn(befall=refused(NOTE, 503)) == Outcome(
        "chat",
        Result.DONE,
        "due",
        DUE,
        done=ROTATED,
        announced=WORDS,
        untold=f"{secret}: could not note on the secret what was told: 503 Refused.",
        next_step=NOTHING,
    )
    again = await stage.turn()
    assert again is not None
    assert again.announced == WORDS
    assert len(stage.events("KeyRotated")) == 2


async def test_a_held_back_request_says_until_when():
    stage = await rotation_due()
    await stage.turn()
    outcome = await stage.turn(wants_rotation())
    assert outcome is not None
    assert (outcome.result, outcome.reason, outcome.held_until) == (Result.HELD, "overlap-runs", at(day=63))
    assert outcome.why == "Key 2 may still be in use: it is promised to work until 2026-05-04 09:00:00 UTC."


async def test_a_turn_says_which_keys_it_could_not_prove():
    stage = await rotation_due(proof=ProofPolicy.PREFER)
    stage.account.public_network_access = "Disabled"
    outcome = await stage.turn()
    assert outcome is not None
    assert outcome.unproven == ("proof was impossible: 403",)


async def test_a_turn_that_proved_its_key_names_none():
    outcome = await (await rotation_due(proof=ProofPolicy.PREFER)).turn()
    assert outcome is not None
    assert outcome.unproven == ()


async def test_a_request_is_why_a_turn_acted_also_where_it_had_to_adopt_first():
    stage = a_stage()
    outcome = await stage.turn(reports_leak())
    assert outcome is not None
    assert outcome.reason == "leaked"
    assert outcome.done[:2] == ("prove key1", "publish key1 (adopted)")


async def test_a_turn_without_a_request_says_the_first_thing_that_it_found():
    stage = await rotation_due()
    stage.somebody_regenerates("key2")
    outcome = await stage.turn()
    assert outcome is not None
    assert (outcome.reason, outcome.done[:2]) == ("drift", ("prove key2", "publish key2 (healed)"))


@pytest.mark.parametrize(("request_", "reads"), [(reports_leak(), 2), (wants_rotation(), 0), (None, 0)])
async def test_only_where_a_leak_is_said_to_have_happened_no_tag_is_believed(request_, reads: int):
    stage = await rotation_due()
    stage.world.journal.clear()
    await stage.turn(request_)
    assert (stage.world.journal.count("arm.getAccount") > 0) is (reads > 0)


# Not well.


async def test_a_turn_that_finds_what_a_person_must_judge_fails_with_the_sentence_and_the_next_step():
    stage = await rotation_due()
    stage.vault.delete_secret(stage.target.secret)
    assert await stage.turn() == Outcome(
        "chat",
        Result.FAILED,
        "PersonMustLook",
        "Secret chat-key is deleted but can be recovered. Recover it, or purge it to start again.",
        next_step=PersonMustLook.next_step,
    )


async def test_a_secret_of_somebody_else_is_named_and_nothing_is_noted_on_it():
    stage = a_stage()
    stage.vault.set_secret(stage.target.secret, "something else")
    stage.witness.somebody_ends("something else")
    outcome = await stage.turn()
    assert outcome is not None
    assert (outcome.reason, outcome.announced, outcome.untold) == ("PersonMustLook", (), None)
    assert outcome.why.startswith("Secret chat-key holds neither key of the account")
    assert stage.versions[-1].tags == {}


async def test_a_turn_that_fails_half_way_says_what_was_done_and_where_it_failed():
    stage = await rotation_due()
    outcome = await stage.turn(befall=refused(PUBLISH, 503))
    assert outcome == Outcome(
        "chat",
        Result.FAILED,
        "TryLater",
        f"{stage.target.secret_url}: could not publish the key: 503 Refused.",
        done=ROTATED[:2],
        next_step=NOTHING,
    )


async def test_what_a_failed_turn_regenerated_in_order_to_publish_it_is_kept_for_the_next():
    """Also where that ended the previous key: its end is announced, and its slot is not taken for an idle one."""
    stage = await rotation_due()
    await stage.turn()
    await stage.until(at(day=63) - hours(6))
    stage.pass_time(hours(6))
    stage.account.lag.new_after = 400  # slower than our patience
    failed = await stage.turn(wants_rotation())
    assert failed is not None
    assert failed.announced == ("KeyRotation.KeyRetired",)
    spare = stage.value("key2")
    stage.pass_time(hours(1))
    outcome = await stage.turn(wants_rotation())
    assert outcome is not None
    assert outcome.reason == "resumed"
    assert stage.value("key2") == spare == stage.versions[-1].value


async def test_a_turn_that_lost_its_target_says_what_was_done_and_tells_nobody():
    stage = await rotation_due()

    async def much_time_passes(_call: Call) -> None:
        stage.world.clock.advance(300)

    told = len(stage.topic.accepted)
    outcome = await stage.turn(befall=Befall(after={REGENERATE: much_time_passes}))
    assert outcome == Outcome(
        "chat",
        Result.FAILED,
        "LeaseLost",
        f"{str(stage.target.account).lower()}: the turn lost its hold on the target.",
        done=ROTATED[:1],
        next_step=NOTHING,
    )
    assert len(stage.topic.accepted) == told


async def test_a_turn_that_cannot_look_again_after_publishing_announces_nothing_it_has_not_seen():
    stage = await rotation_due()
    told = len(stage.topic.accepted)
    outcome = await stage.turn(befall=refused(LOOK_BACK, 503))
    assert outcome is not None
    assert (outcome.result, outcome.done, outcome.announced) == (Result.FAILED, ROTATED, ())
    assert len(stage.topic.accepted) == told


async def test_a_target_that_another_turn_holds_is_busy():
    stage = await rotation_due()
    other = stage.runner()
    async with other.leases.hold(str(stage.target.account).casefold()):
        outcome = await stage.turn()
    assert outcome == Outcome(
        "chat",
        Result.BUSY,
        "LeaseHeld",
        "another turn holds this target.",
        next_step="wait for the other turn to end; a lease left by a killed process ends by itself within seconds",
    )


async def test_a_target_that_cannot_be_held_since_storage_is_out_fails_and_says_what_could_not_be_done():
    stage = await rotation_due()
    outcome = await stage.turn(befall=refused(1, 503))
    account = str(stage.target.account).casefold()
    why = f"{account}: could not take the lease: 503 Refused."
    assert outcome == Outcome("chat", Result.FAILED, "TryLater", why, next_step=NOTHING)


async def test_a_target_is_held_by_its_account_in_whatever_letters_that_is_written():
    stage = await rotation_due()
    other = stage.runner()
    async with other.leases.hold(str(stage.target.account).casefold()):
        with_target(stage, account=replace(stage.target.account, group="EMULATED"))
        outcome = await stage.turn()
    assert outcome is not None
    assert outcome.result is Result.BUSY


async def test_a_turn_that_always_finds_something_new_gives_up_and_says_so():
    stage = await rotation_due()

    async def regenerates_what_was_just_published(call: Call) -> None:
        if call.operation == "kv.setSecret":
            stage.witness.somebody_ends(stage.value(stage.live))
            stage.world.accounts.regenerate(stage.account.id, stage.live)

    befall = Befall(after=dict.fromkeys(range(1, 200), regenerates_what_was_just_published))
    outcome = await stage.turn(befall=befall)
    assert outcome is not None
    assert (outcome.result, outcome.reason) == (Result.FAILED, "TryLater")
    assert outcome.why == "every observation in this turn found something new to do."


# More is owed than a tag holds.


async def test_what_no_tag_has_room_for_is_named_in_the_outcome_whether_the_turn_succeeds_or_not():
    carried_over = tuple(
        CarriedOver(Happened.ENDED, KEY1, mark(f"old {number}"), START) for number in range(MOST_CARRIED_OVER)
    )
    for befall in (None, refused(LOOK_BACK, 503), _loses_the_target_at(PUBLISH)):
        stage = await rotation_due()
        tags = dict(stage.versions[-1].tags)
        tags[f"{PREFIX}owed"] = Told(carried_over=carried_over).carried_over_text()
        tags[f"{PREFIX}told"] = tags[f"{PREFIX}told"].replace("origin ", "")
        stage.vault.update_secret(stage.target.secret, tags=tags)
        stage.event_grid_is("down")
        outcome = await stage.turn(befall=befall(stage) if callable(befall) else befall)
        assert outcome is not None
        assert outcome.dropped == (str(carried_over[0]),)


def _loses_the_target_at(number: int):
    def befall(stage: Stage) -> Befall:
        async def much_time_passes(_call: Call) -> None:
            stage.world.clock.advance(300)

        return Befall(after={number: much_time_passes})

    return befall


async def test_the_outcome_of_a_busy_target_names_the_requester():
    stage = a_stage()
    await stage.tick()
    runner = stage.runner()
    outside = Outside(runner.accounts, runner.endpoint, runner.vault, runner.clock, runner.announcer, runner.leases)
    async with runner.leases.hold(str(stage.target.account).casefold()):
        other = Runner(stage.world)
        outcome = await take_turn(
            stage.target, wants_rotation(), replace(outside, announcer=other.announcer, leases=other.leases)
        )
    assert outcome.result is Result.BUSY
    assert outcome.requester == Requester("r-1", "tester", "asked")
