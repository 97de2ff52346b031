"""The witness is awake: each planted fault in the rotation is caught by the promise that it breaks.

A check that never fails proves nothing. Here the real parts are replaced, one at a time, by parts with the mistakes
that a rotation is prone to, and the same histories as elsewhere are played.
"""

from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import quote

import pytest

from lab.simulation.clock_logs_and_topic import SimulatedAnnouncer
from lab.simulation.dates import at, days, hours
from lab.simulation.interruptions import meanwhile_after
from lab.simulation.leases import SimulatedLeases
from lab.simulation.stage import Stage
from lab.simulation.tripwire import KeyLeaked, Tripwire, planted_key
from lab.simulation.vault import SimulatedVault
from lab.simulation.witness import PromiseBroken
from shared.decide import policies as real_plan
from shared.decide.plan import Plan, Reason
from shared.decide.steps import Prove, Publish, Regenerate
from shared.domain.errors import TryLater
from shared.domain.keys import ApiKey, KeySlot
from shared.turns import key_usage as real_counting
from tests.histories.test_crash_anywhere import comes_to_rest
from tests.support.scenes import SCENES

Decide = Callable[..., Plan]


@pytest.fixture
def decide_wrongly(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Plan], Plan]], None]:
    """Let every plan be changed before it is carried out."""

    def install(change: Callable[[Plan], Plan]) -> None:
        monkeypatch.setattr(real_counting, "decide", lambda *facts: change(real_plan.decide(*facts)))

    return install


async def played(name: str) -> Stage:
    """The scene, and the hour and days after it."""
    scene = SCENES[name]
    stage = await scene.open()
    before = len(stage.versions)
    await stage.turn(scene.request)
    await comes_to_rest(stage, scene, before)
    return stage


async def test_publishing_before_proving_breaks_the_published_key(decide_wrongly):
    def proves_last(plan: Plan) -> Plan:
        return replace(plan, steps=tuple(sorted(plan.steps, key=lambda step: isinstance(step, Prove))))

    decide_wrongly(proves_last)
    stage = await SCENES["rotation"].open()
    stage.account.lag.new_after = 30
    with pytest.raises(PromiseBroken, match="P1"):
        await stage.turn()


async def test_proving_first_waits_for_a_key_that_takes_half_a_minute_to_be_valid():
    stage = await SCENES["rotation"].open()
    stage.account.lag.new_after = 30
    assert (await stage.turn()).reason == "due"


async def test_regenerating_the_live_slot_breaks_the_published_key(decide_wrongly):
    def confuses_slots(plan: Plan) -> Plan:
        steps = (Regenerate(step.slot.other) if isinstance(step, Regenerate) else step for step in plan.steps)
        return replace(plan, steps=tuple(steps))

    decide_wrongly(confuses_slots)
    with pytest.raises(PromiseBroken, match="P1"):
        await played("rotation")


async def test_ending_the_previous_key_at_once_breaks_its_promise(decide_wrongly):
    def ends_at_once(plan: Plan) -> Plan:
        publish = next((step for step in plan.steps if isinstance(step, Publish)), None)
        return replace(plan, steps=(*plan.steps, Regenerate(publish.slot.other))) if publish else plan

    decide_wrongly(ends_at_once)
    with pytest.raises(PromiseBroken, match=r"P[23]"):
        await played("rotation")


async def test_promising_no_overlap_breaks_what_is_promised_to_every_published_key(decide_wrongly):
    def forgets_the_overlap(plan: Plan) -> Plan:
        steps = (
            replace(step, overlap=hours(1), leaked=True) if isinstance(step, Publish) else step for step in plan.steps
        )
        return replace(plan, steps=tuple(steps))

    decide_wrongly(forgets_the_overlap)
    with pytest.raises(PromiseBroken, match=r"P[23]"):
        await played("rotation")


async def test_retiring_without_an_announcement_is_noticed(decide_wrongly):
    def does_not_wait(plan: Plan) -> Plan:
        if plan.reason is not Reason.NOT_ANNOUNCED:
            return plan
        return Plan(Reason.OVERLAP_OVER, plan.why, (Regenerate(KeySlot.KEY1),))

    decide_wrongly(does_not_wait)
    stage = await SCENES["first rotation"].open()
    await stage.turn()
    assert stage.live == "key2"
    stage.topic.accepted = [
        one for one in stage.topic.accepted if not one.event["type"].endswith("RetirementAnnounced")
    ]
    stage.event_grid_is("down")
    with pytest.raises(PromiseBroken, match="P3"):
        await stage.until(at(day=35))


async def test_announcing_with_less_than_the_notice_is_noticed():
    stage = await SCENES["retirement"].open()
    for one in list(stage.topic.accepted):
        if one.event["type"].endswith("RetirementAnnounced"):
            late = replace(one, time=stage.world.clock.now() - 3600)
            stage.topic.accepted[stage.topic.accepted.index(one)] = late
    with pytest.raises(PromiseBroken, match="P3"):
        await stage.turn()


async def test_switching_keys_off_unannounced_is_noticed():
    stage = await SCENES["sunset"].open()
    stage.topic.accepted.clear()
    with pytest.raises(PromiseBroken, match="P3"):
        await stage.turn()


async def test_two_runners_without_a_lease_are_noticed(monkeypatch: pytest.MonkeyPatch):
    class NoLease:
        def check(self) -> None:
            """Nobody asks."""

    @asynccontextmanager
    async def hold(self: SimulatedLeases, target: str, **how: object) -> AsyncIterator[NoLease]:
        yield NoLease()

    monkeypatch.setattr(SimulatedLeases, "hold", hold)
    broken = 0
    for number in range(1, 11):
        stage = await SCENES["rotation"].open()
        try:
            await stage.turn(interruptions=meanwhile_after(number, stage.turn))
        except PromiseBroken:
            broken += 1
    assert broken


async def test_never_noting_what_was_told_is_noticed_when_things_should_be_at_rest(monkeypatch: pytest.MonkeyPatch):
    async def note(*_: object) -> None:
        """Forgets."""

    monkeypatch.setattr(SimulatedVault, "note", note)
    with pytest.raises(AssertionError):
        await played("rotation")


async def test_never_announcing_what_happened_is_noticed_at_rest(monkeypatch: pytest.MonkeyPatch):
    async def announce(*_: object) -> None:
        """Says that it did and did not."""

    monkeypatch.setattr(SimulatedAnnouncer, "announce", announce)
    with pytest.raises(PromiseBroken, match="P9"):
        await played("rotation")


async def test_writing_a_version_twice_with_another_key_each_is_noticed(decide_wrongly):
    def rotates_twice(plan: Plan) -> Plan:
        return replace(plan, steps=plan.steps * 2)

    decide_wrongly(rotates_twice)
    stage = await SCENES["rotation"].open()
    with pytest.raises(PromiseBroken, match="P1"):
        await stage.turn()


async def test_a_key_in_an_error_is_noticed(no_key_is_ever_shown: Tripwire, monkeypatch: pytest.MonkeyPatch):
    async def publish(_self: SimulatedVault, _target: object, key: ApiKey, *_: object) -> None:
        raise TryLater("chat", f"could not write {key.reveal()[20:40]}.")

    monkeypatch.setattr(SimulatedVault, "publish", publish)
    stage = await SCENES["rotation"].open()
    await stage.turn()
    with pytest.raises(KeyLeaked):
        no_key_is_ever_shown.check()
    no_key_is_ever_shown.heard.clear()


@pytest.mark.parametrize("form", ["whole", "part", "quoted", "base64", "base64 of a sentence"])
def test_the_tripwire_knows_a_key_in_every_form(form: str):
    key = planted_key()
    texts = {
        "whole": key,
        "part": f"it begins with {key[9:17]}",
        "quoted": quote(key, safe="")[-20:],
        "base64": b64encode(key.encode()).decode(),
        "base64 of a sentence": b64encode(f"api-key: {key} and so on".encode()).decode(),
    }
    tripwire = Tripwire()
    tripwire.plant(key)
    tripwire.hear("nothing to see", texts[form])
    with pytest.raises(KeyLeaked):
        tripwire.check()


def test_the_tripwire_is_quiet_about_fingerprints():
    key = planted_key()
    tripwire = Tripwire()
    tripwire.plant(key)
    tripwire.hear(ApiKey(key), ApiKey(key).fingerprint, ApiKey(key).seal("https://openai.invalid/"))
    tripwire.check()


async def test_the_days_of_a_story_are_watched():
    stage = await SCENES["retirement"].open()
    looks = stage.witness.observations
    await stage.until(stage.now + days(1))
    assert stage.witness.observations > looks
