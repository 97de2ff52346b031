"""Outcomes of turns: what was done, announced and left outstanding, if a turn succeeds and if it fails."""

from dataclasses import replace

import pytest

from lab.simulation.builders import GROUP, KEY1, mark, reports_leak, wants_rotation
from lab.simulation.dates import START, at, hours
from lab.simulation.interruptions import Call, Interruptions, refused
from lab.simulation.published import note_as_app
from lab.simulation.runner import Runner
from lab.simulation.stage import Stage, a_stage, with_target
from shared.decide.plan import Reason
from shared.decide.steps import Prove, Regenerate
from shared.domain.errors import LeaseHeld, LeaseLost, PersonMustLook, TryLater
from shared.domain.keys import ApiKey
from shared.domain.model import ProofPolicy
from shared.domain.publication import PREFIX
from shared.domain.requests import LeakRequest, Request, Requester, RequestKind, RotateRequest
from shared.domain.told import MOST_CARRIED_OVER, CarriedOver, Happened, Told
from shared.turns.report import Outcome, Result, failure
from shared.turns.turn import take_turn
from tests.support.one_turn import rotation_due

# The calls of a turn that rotates, by number: 1 lease, 2 secret, 3 keys, 4 standing orders, 5 regenerate, 6 and 7
# proofs, 8 publish, 9 secret, 10 keys, 11 announce, 12 record, 13 release.
REGENERATE, PROOF, PUBLISH, OBSERVE_AGAIN, RECORD = 5, 6, 8, 9, 12
DUE = "Key 2 has been live since 2026-04-01 09:00 UTC. Key 1 replaces it."
ROTATED = ("regenerate key1", "prove key1", "publish key1 (rotated)")
KINDS = ("KeyRotation.KeyRotated", "KeyRotation.RetirementAnnounced")
NOTHING = "nothing; the next tick looks again and goes on from what it sees"
DOWN = "announcements: could not announce: 503 ServiceUnavailable."


# Turns that succeed.


async def test_the_outcome_says_why_what_was_done_and_what_was_announced():
    stage = await rotation_due()
    assert await stage.turn() == Outcome("chat", Result.DONE, "due", DUE, done=ROTATED, announced=KINDS).about(
        stage.target
    )


@pytest.mark.parametrize(
    ("request_", "who"),
    [
        (None, ""),
        (RotateRequest(reason="drill"), ""),
        (RotateRequest(reason="drill", by="zoë@example.com"), "rotate, asked by zoë@example.com"),
        (LeakRequest(by="a function key"), "leak, asked by a function key"),
    ],
)
async def test_the_lease_names_who_requested_the_turn(request_: Request | None, who: str):
    stage = await rotation_due()
    await stage.turn(request_)
    assert stage.last_runner is not None
    held = stage.last_runner.leases.held_for
    assert set(held.values()) == {who}
    assert len(held) == (2 if request_ and request_.kind is RequestKind.LEAK else 1), "leaks wait for each other, too"


async def test_a_turn_that_retires_announces_it_and_observes_only_once():
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


async def test_the_value_that_a_retirement_gave_a_slot_is_not_fresh():
    """Nobody but this turn knows it, so it never has to be published before it ends."""
    stage = await rotation_due()
    await stage.turn()
    await stage.until(at(day=63) - hours(6))
    stage.pass_time(hours(6))
    await stage.turn()
    spare = ApiKey(stage.value("key2")).fingerprint
    assert stage.versions[-1].tags[PREFIX + "spare"] == str(spare)


async def test_a_turn_that_could_not_announce_is_done_and_names_what_is_outstanding():
    stage = await rotation_due()
    stage.event_grid_is("down")
    assert await stage.turn() == Outcome(
        "chat", Result.DONE, "due", DUE, done=ROTATED, outstanding=KINDS, untold=DOWN, next_step=NOTHING
    ).about(stage.target)


async def test_a_turn_that_could_not_record_its_announcements_says_so_and_the_next_repeats_them():
    stage = await rotation_due()
    secret = stage.target.secret_url
    assert await stage.turn(interruptions=refused(RECORD, 503)) == Outcome(
        "chat",
        Result.DONE,
        Reason.DUE,
        DUE,
        done=ROTATED,
        announced=KINDS,
        untold=f"{secret}: could not note on the secret what was announced: 503 Refused.",
        next_step=NOTHING,
    ).about(stage.target)
    again = await stage.turn()
    assert again is not None
    assert again.announced == KINDS
    assert len(stage.events("KeyRotated")) == 2


async def test_a_held_request_says_until_when():
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


async def test_a_turn_that_proved_its_key_names_no_unproven_key():
    outcome = await (await rotation_due(proof=ProofPolicy.PREFER)).turn()
    assert outcome is not None
    assert outcome.unproven == ()


async def test_the_reason_of_a_turn_is_its_request_even_if_it_adopted_first():
    stage = a_stage()
    outcome = await stage.turn(reports_leak())
    assert outcome is not None
    assert outcome.reason == "leaked"
    assert outcome.done[:2] == ("prove key1", "publish key1 (adopted)")


async def test_the_reason_of_a_turn_without_a_request_is_that_of_its_first_plan():
    stage = await rotation_due()
    stage.regenerate_by_hand("key2")
    outcome = await stage.turn()
    assert outcome is not None
    assert (outcome.reason, outcome.done[:2]) == ("drift", ("prove key2", "publish key2 (healed)"))


@pytest.mark.parametrize(("request_", "reads"), [(reports_leak(), 2), (wants_rotation(), 0), (None, 0)])
async def test_only_a_turn_for_a_leak_reads_the_account_instead_of_the_tags(request_, reads: int):
    stage = await rotation_due()
    stage.world.journal.clear()
    await stage.turn(request_)
    assert (stage.world.journal.count("arm.getAccount") > 0) is (reads > 0)


# Turns that fail.


async def test_a_turn_that_needs_a_person_fails_with_the_sentence_and_the_next_step():
    stage = await rotation_due()
    stage.vault.delete_secret(stage.target.secret)
    why = "Secret chat-key is deleted but can be recovered. Recover it, or purge it to start again."
    assert (await stage.turn()).data() == failure("chat", PersonMustLook("chat", why)).about(stage.target).data()


async def test_a_secret_with_another_content_fails_the_turn_and_is_not_changed():
    stage = a_stage()
    stage.vault.set_secret(stage.target.secret, "something else")
    stage.witness.excuse_regenerated_by_hand("something else")
    outcome = await stage.turn()
    assert outcome is not None
    assert (outcome.reason, outcome.announced, outcome.untold) == ("PersonMustLook", (), None)
    assert outcome.why.startswith("Secret chat-key holds neither key of the account")
    assert stage.versions[-1].tags == {}


async def test_a_turn_that_fails_half_way_says_what_was_done_and_where_it_failed():
    stage = await rotation_due()
    outcome = await stage.turn(interruptions=refused(PUBLISH, 503))
    error = TryLater(stage.target.secret_url, "could not publish the key: 503 Refused.")
    assert outcome.data() == failure("chat", error, [Regenerate(KEY1), Prove(KEY1)]).about(stage.target).data()


async def test_the_spare_that_a_failed_turn_regenerated_is_published_by_the_next():
    """Even if that ended the previous key: its end is announced, and the spare still counts as fresh."""
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


async def test_a_turn_that_lost_its_lease_says_what_was_done_and_announces_nothing():
    stage = await rotation_due()

    async def much_time_passes(_call: Call) -> None:
        stage.world.clock.advance(300)

    accepted_before = len(stage.topic.accepted)
    outcome = await stage.turn(interruptions=Interruptions(after={REGENERATE: much_time_passes}))
    error = LeaseLost(str(stage.target.account).lower(), "the turn lost its hold on the target.")
    assert outcome.data() == failure("chat", error, [Regenerate(KEY1)]).about(stage.target).data()
    assert len(stage.topic.accepted) == accepted_before


async def test_a_turn_that_cannot_observe_again_after_publishing_announces_nothing():
    stage = await rotation_due()
    accepted_before = len(stage.topic.accepted)
    outcome = await stage.turn(interruptions=refused(OBSERVE_AGAIN, 503))
    assert outcome is not None
    assert (outcome.result, outcome.done, outcome.announced) == (Result.FAILED, ROTATED, ())
    assert len(stage.topic.accepted) == accepted_before


async def test_a_target_that_another_turn_holds_is_busy():
    stage = await rotation_due()
    other = stage.runner()
    async with other.leases.hold(str(stage.target.account).casefold()):
        outcome = await stage.turn()
    assert outcome.result is Result.BUSY
    assert (
        outcome.data()
        == failure("chat", LeaseHeld("chat", "another turn holds this target.")).about(stage.target).data()
    )


async def test_a_turn_fails_if_the_lease_cannot_be_taken():
    stage = await rotation_due()
    outcome = await stage.turn(interruptions=refused(1, 503))
    account = str(stage.target.account).casefold()
    error = TryLater(account, "could not take the lease: 503 Refused.")
    assert outcome.data() == failure("chat", error).about(stage.target).data()


async def test_the_lease_ignores_the_case_of_the_account_id():
    stage = await rotation_due()
    other = stage.runner()
    async with other.leases.hold(str(stage.target.account).casefold()):
        with_target(stage, account=replace(stage.target.account, group=GROUP.upper()))
        outcome = await stage.turn()
    assert outcome is not None
    assert outcome.result is Result.BUSY


async def test_a_turn_that_always_finds_something_new_to_do_fails():
    stage = await rotation_due()

    async def regenerates_what_was_just_published(call: Call) -> None:
        if call.operation == "kv.setSecret":
            stage.witness.excuse_regenerated_by_hand(stage.value(stage.live))
            stage.world.accounts.regenerate(stage.account.id, stage.live)

    interruptions = Interruptions(after=dict.fromkeys(range(1, 200), regenerates_what_was_just_published))
    outcome = await stage.turn(interruptions=interruptions)
    assert outcome is not None
    assert (outcome.result, outcome.reason) == (Result.FAILED, "TryLater")
    assert outcome.why == "every observation in this turn found something new to do."


# More is outstanding than a tag holds.


async def test_the_outcome_names_announcements_for_which_no_tag_has_room():
    carried_over = tuple(
        CarriedOver(Happened.ENDED, KEY1, mark(f"old {number}"), START) for number in range(MOST_CARRIED_OVER)
    )
    for interruptions in (None, refused(OBSERVE_AGAIN, 503), _loses_the_lease_at(PUBLISH)):
        stage = await rotation_due()
        note_as_app(stage.world, stage.account, told=Told(carried_over=carried_over))
        stage.event_grid_is("down")
        outcome = await stage.turn(interruptions=interruptions(stage) if callable(interruptions) else interruptions)
        assert outcome is not None
        assert outcome.dropped == (str(carried_over[0]),)


def _loses_the_lease_at(number: int):
    def interruptions(stage: Stage) -> Interruptions:
        async def much_time_passes(_call: Call) -> None:
            stage.world.clock.advance(300)

        return Interruptions(after={number: much_time_passes})

    return interruptions


async def test_the_outcome_of_a_busy_target_names_the_requester():
    stage = a_stage()
    await stage.tick()
    runner = stage.runner()
    outside = runner.outside
    async with runner.leases.hold(str(stage.target.account).casefold()):
        other = Runner(stage.world)
        outcome = await take_turn(
            stage.target, wants_rotation(), replace(outside, announcer=other.announcer, leases=other.leases)
        )
    assert outcome.result is Result.BUSY
    assert outcome.requester == Requester("r-1", "tester", "asked")
