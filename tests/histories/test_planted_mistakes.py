"""The witness and the tripwire find planted mistakes.

A check that never fails proves nothing. Here parts of the application are replaced, one at a time, by parts with
typical mistakes of a rotation, and the same histories as elsewhere are played.
"""

from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote

import pytest

from lab.emulator.topics import Accepted
from lab.simulation.clock_logs_and_topic import SimulatedAnnouncer
from lab.simulation.dates import at, days, hours
from lab.simulation.interruptions import meanwhile_after
from lab.simulation.leases import SimulatedLeases
from lab.simulation.stage import Stage, a_stage
from lab.simulation.tripwire import KeyLeaked, Tripwire, planted_key
from lab.simulation.vault import SimulatedVault
from lab.simulation.witness import PromiseBroken
from shared.announce.announcements import Announcement
from shared.announce.kinds import Kind
from shared.decide import policies
from shared.decide.plan import Plan, Reason
from shared.decide.steps import Mark, Prove, Publish, Regenerate
from shared.domain.errors import TryLater
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.told import ToldDeadline
from shared.ports import Clock
from shared.turns import key_usage
from tests.histories.test_crash_anywhere import comes_to_rest
from tests.support.scenes import SCENES

Decide = Callable[..., Plan]


@pytest.fixture
def decide_wrongly(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Plan], Plan]], None]:
    """Return a function that changes every plan before it is performed."""

    def install(change: Callable[[Plan], Plan]) -> None:
        monkeypatch.setattr(key_usage, "decide", lambda *facts: change(policies.decide(*facts)))

    return install


async def played(name: str) -> Stage:
    """Play the scene, and the hour and days after it."""
    scene = SCENES[name]
    stage = await scene.open()
    before = len(stage.versions)
    await stage.turn(scene.request)
    await comes_to_rest(stage, scene, before)
    return stage


async def test_the_witness_notices_a_key_that_is_published_before_its_proof(decide_wrongly):
    def proves_last(plan: Plan) -> Plan:
        return replace(plan, steps=tuple(sorted(plan.steps, key=lambda step: isinstance(step, Prove))))

    decide_wrongly(proves_last)
    stage = await SCENES["rotation"].open()
    stage.account.lag.new_after = 30
    with pytest.raises(PromiseBroken, match="P1"):
        await stage.turn()


async def test_a_turn_waits_for_a_key_that_takes_half_a_minute_to_become_valid():
    stage = await SCENES["rotation"].open()
    stage.account.lag.new_after = 30
    assert (await stage.turn()).reason == "due"


async def test_the_witness_notices_a_regenerated_live_key(decide_wrongly):
    def confuses_slots(plan: Plan) -> Plan:
        steps = (Regenerate(step.slot.other) if isinstance(step, Regenerate) else step for step in plan.steps)
        return replace(plan, steps=tuple(steps))

    decide_wrongly(confuses_slots)
    with pytest.raises(PromiseBroken, match="P1"):
        await played("rotation")


async def test_the_witness_notices_a_previous_key_that_ends_immediately(decide_wrongly):
    def ends_immediately(plan: Plan) -> Plan:
        publish = next((step for step in plan.steps if isinstance(step, Publish)), None)
        return replace(plan, steps=(*plan.steps, Regenerate(publish.slot.other))) if publish else plan

    decide_wrongly(ends_immediately)
    with pytest.raises(PromiseBroken, match=r"P[23]"):
        await played("rotation")


async def test_the_witness_notices_an_overlap_that_is_too_short(decide_wrongly):
    def forgets_the_overlap(plan: Plan) -> Plan:
        steps = (
            replace(step, overlap=hours(1), leaked=True) if isinstance(step, Publish) else step for step in plan.steps
        )
        return replace(plan, steps=tuple(steps))

    decide_wrongly(forgets_the_overlap)
    with pytest.raises(PromiseBroken, match=r"P[23]"):
        await played("rotation")


async def test_the_witness_notices_a_retirement_without_an_announcement(decide_wrongly):
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


async def test_the_witness_notices_an_announcement_with_less_than_the_notice():
    stage = await SCENES["retirement"].open()
    for one in list(stage.topic.accepted):
        if one.event["type"].endswith("RetirementAnnounced"):
            late = replace(one, time=stage.world.clock.now() - 3600)
            stage.topic.accepted[stage.topic.accepted.index(one)] = late
    with pytest.raises(PromiseBroken, match="P3"):
        await stage.turn()


async def test_the_witness_notices_an_unannounced_sunset():
    stage = await SCENES["sunset"].open()
    stage.topic.accepted.clear()
    with pytest.raises(PromiseBroken, match="P3"):
        await stage.turn()


async def test_the_witness_notices_two_runners_without_a_lease(monkeypatch: pytest.MonkeyPatch):
    class NoLease:
        def check(self) -> None:
            """Accept everything."""

        async def wait(self, clock: Clock, time: timedelta) -> None:
            await clock.sleep(time)

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


async def test_a_target_does_not_come_to_rest_if_deliveries_are_never_noted(monkeypatch: pytest.MonkeyPatch):
    async def note(*_: object) -> None:
        """Note nothing."""

    monkeypatch.setattr(SimulatedVault, "note", note)
    with pytest.raises(AssertionError):
        await played("rotation")


async def test_the_witness_notices_at_rest_that_nothing_was_announced(monkeypatch: pytest.MonkeyPatch):
    async def announce(*_: object) -> None:
        """Announce nothing, and report success."""

    monkeypatch.setattr(SimulatedAnnouncer, "announce", announce)
    with pytest.raises(PromiseBroken, match="P9"):
        await played("rotation")


async def test_the_witness_notices_a_plan_that_rotates_twice(decide_wrongly):
    def rotates_twice(plan: Plan) -> Plan:
        return replace(plan, steps=plan.steps * 2)

    stage = await SCENES["rotation"].open()
    decide_wrongly(rotates_twice)
    with pytest.raises(PromiseBroken, match="P1"):
        await stage.turn()


async def test_the_tripwire_finds_a_key_in_an_error(no_key_is_ever_shown: Tripwire, monkeypatch: pytest.MonkeyPatch):
    async def publish(_self: SimulatedVault, _target: object, key: ApiKey, *_: object) -> None:
        raise TryLater("chat", f"could not write {key.reveal()[20:40]}.")

    monkeypatch.setattr(SimulatedVault, "publish", publish)
    stage = await SCENES["rotation"].open()
    await stage.turn()
    with pytest.raises(KeyLeaked):
        no_key_is_ever_shown.check()
    no_key_is_ever_shown.heard.clear()


@pytest.mark.parametrize("form", ["whole", "part", "quoted", "base64", "base64 of a sentence"])
def test_the_tripwire_finds_a_key_in_every_form(form: str):
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


def test_the_tripwire_ignores_fingerprints_and_seals():
    key = planted_key()
    tripwire = Tripwire()
    tripwire.plant(key)
    tripwire.hear(ApiKey(key), ApiKey(key).fingerprint, ApiKey(key).mac("https://openai.invalid/"))
    tripwire.check()


async def test_the_witness_also_observes_between_turns():
    stage = await SCENES["retirement"].open()
    before = stage.witness.observations
    await stage.until(stage.now + days(1))
    assert stage.witness.observations > before


async def keys_that_are_back(stage: Stage, *, enabled: bool = False) -> None:
    """Let the keys end on day 20, at the sunset or by hand, and let somebody switch them on five days later.

    enabled: Whether that person enables the version, too.
    """
    await stage.until(at(day=20))
    if stage.target.sunset is None:
        stage.switch_keys_off_by_hand()
    await stage.until(at(day=25))  # what others switch off stays published for an overlap
    stage.world.accounts.update(stage.account.id, {"disable_local_auth": False})
    if enabled:
        stage.versions[-1].enabled = True
    await stage.turn()
    await stage.until(at(day=40), every=hours(6))
    await stage.must_be_at_rest()


def anew(change: Callable[[Publish], Publish]) -> Callable[[Plan], Plan]:
    """Return a change of the version that is published once keys are back."""

    def changed(plan: Plan) -> Plan:
        if plan.reason is not Reason.KEYS_ARE_BACK:
            return plan
        return replace(plan, steps=tuple(change(one) if isinstance(one, Publish) else one for one in plan.steps))

    return changed


@pytest.mark.parametrize("sunset", [None, at(day=20)])
async def test_the_witness_finds_nothing_wrong_with_keys_that_are_back(sunset: datetime | None):
    await keys_that_are_back(a_stage(sunset=sunset))


async def test_the_witness_notices_keys_that_end_again_on_the_old_date(decide_wrongly):
    old = ToldDeadline(at(day=20))
    decide_wrongly(anew(lambda one: replace(one, told=replace(one.told, sunset=old))))
    with pytest.raises(PromiseBroken, match="P3"):
        await keys_that_are_back(a_stage(sunset=at(day=20)))


async def test_the_witness_notices_that_the_other_key_ends_as_soon_as_keys_are_back(decide_wrongly):
    decide_wrongly(anew(lambda one: replace(one, overlap=timedelta(0), leaked=True)))
    with pytest.raises(PromiseBroken, match=r"P[23]"):
        await keys_that_are_back(a_stage(sunset=at(day=20)))


async def test_the_witness_notices_a_return_that_is_never_announced(decide_wrongly):
    decide_wrongly(anew(lambda one: replace(one, told=replace(one.told, carried_over=()))))
    with pytest.raises(PromiseBroken, match="P9: that keys are on again"):
        await keys_that_are_back(a_stage())


@pytest.mark.parametrize("sunset", [None, at(day=20)])
async def test_the_witness_finds_nothing_wrong_with_a_version_that_somebody_enabled_with_the_keys(
    sunset: datetime | None,
):
    await keys_that_are_back(a_stage(sunset=sunset), enabled=True)


async def test_the_witness_notices_a_return_by_hand_that_is_never_announced(decide_wrongly):
    def forgets_to_tell(plan: Plan) -> Plan:
        steps = (
            replace(one, marks=replace(one.marks, told=replace(one.marks.told, carried_over=())))
            if isinstance(one, Mark) and plan.reason is Reason.KEYS_ARE_BACK
            else one
            for one in plan.steps
        )
        return replace(plan, steps=tuple(steps))

    decide_wrongly(forgets_to_tell)
    with pytest.raises(PromiseBroken, match="P9: that keys are on again"):
        await keys_that_are_back(a_stage(), enabled=True)


async def test_the_witness_notices_that_a_return_is_announced_once_keys_are_off():
    stage = a_stage(sunset=at(day=20))
    await stage.until(at(day=22))
    told = Announcement(Kind.KEY_AUTH_ENABLED, stage.target, occasion="a return")
    stage.topic.accepted.append(Accepted(99, stage.now.timestamp(), told.wire(stage.now)))
    with pytest.raises(PromiseBroken, match="P9: it was announced that keys are on again"):
        stage.witness.observe()
