"""A timeline tells the truth: it is compared with what the emulated account held at each moment of whole lives."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import pytest

from lab.simulation.builders import reports_leak, wants_rotation
from lab.simulation.dates import at, days, hours
from lab.simulation.stage import Stage, a_stage
from shared.domain.keys import KeySlot
from shared.turns.report import Result
from shared.web.pages.keys.reach import TimeReach
from shared.web.pages.keys.spans import SpanKind
from shared.web.pages.keys.timeline import Timeline, timeline_of

STEP = hours(6)
SEEN_LATER = hours(7)  # a check comes a little after the moment; a life is looked at every six hours


@dataclass
class Recorded:
    """A life, with what the account really held every six hours: which slot was live, and whether the other slot still
    held the value that it had when the live one was published."""

    stage: Stage
    facts: list[tuple[datetime, KeySlot, bool]]
    in_use: str = ""
    was_live: str = ""

    async def live(self, day: float) -> None:
        end = at(day=0) + days(day)
        while self.stage.now < end:
            await self.stage.until(min(self.stage.now + STEP, end))
            self.note()

    def note(self) -> None:
        live = KeySlot(self.stage.live)
        if not self.facts or self.facts[-1][1] is not live:
            self.in_use = self.stage.value(live.other.value) if not self.facts else self.was_live
        self.was_live = self.stage.value(live.value)
        self.facts.append((self.stage.now, live, self.stage.value(live.other.value) == self.in_use))


async def undisturbed(life: Recorded) -> None:
    await life.live(100)


async def with_requests(life: Recorded) -> None:
    await life.live(35)
    assert (await life.stage.turn(wants_rotation())).result is Result.DONE
    life.note()
    await life.live(90)


async def with_a_leak(life: Recorded) -> None:
    await life.live(50)
    assert (await life.stage.turn(reports_leak())).result is Result.DONE
    life.note()
    await life.live(100)


async def with_drift(life: Recorded) -> None:
    await life.live(40)
    life.stage.regenerate_by_hand(life.stage.live)
    await life.stage.rest()
    # Whoever did that may hold the other key as well, so the app promises that it works for a period more.
    life.in_use = life.stage.value(KeySlot(life.stage.live).other.value)
    life.note()
    await life.live(100)


async def with_drift_before_the_first_rotation(life: Recorded) -> None:
    await life.live(10)
    life.stage.regenerate_by_hand(life.stage.live)
    await life.stage.rest()
    life.note()
    await life.live(60)


LIVES = [undisturbed, with_requests, with_a_leak, with_drift, with_drift_before_the_first_rotation]


def kind_at(timeline: Timeline, slot: KeySlot, moment: datetime) -> SpanKind:
    return next(span.kind for span in timeline.lanes[slot] if span.begins <= moment < span.ends)


def changes_near(timeline: Timeline, moment: datetime) -> bool:
    edges = [span.begins for lane in timeline.lanes.values() for span in lane]
    return any(edge - SEEN_LATER <= moment <= edge + SEEN_LATER for edge in edges)


@pytest.mark.parametrize("lived", LIVES, ids=lambda one: one.__name__)
async def test_the_past_of_a_timeline_is_what_the_account_held(lived: Callable[[Recorded], Awaitable[None]]) -> None:
    life = Recorded(a_stage(), [])
    await life.stage.tick()
    await lived(life)
    situation = (await life.stage.row()).situation
    assert situation is not None
    history = await life.stage.rotation().history(life.stage.target)
    timeline = timeline_of(situation, TimeReach(days(100), days(30)), history.versions)
    compared = 0
    for moment, live, other_works in life.facts:
        if changes_near(timeline, moment):
            continue
        compared += 1
        expected = SpanKind.PREVIOUS if other_works else SpanKind.ENDED
        found = kind_at(timeline, live, moment), kind_at(timeline, live.other, moment)
        assert found == (SpanKind.LIVE, expected), f"{moment}: {live}"
    assert compared > len(life.facts) / 2


@pytest.mark.parametrize("lived", LIVES, ids=lambda one: one.__name__)
async def test_what_is_planned_is_what_happens_if_nobody_interferes(
    lived: Callable[[Recorded], Awaitable[None]],
) -> None:
    life = Recorded(a_stage(), [])
    await life.stage.tick()
    await lived(life)
    situation = (await life.stage.row()).situation
    assert situation is not None
    timeline, now = timeline_of(situation, TimeReach(days(1), days(70))), life.stage.now
    life.facts.clear()
    await life.live((now - at(day=0)) / days(1) + 69)
    for moment, live, _ in life.facts:
        if not changes_near(timeline, moment):
            assert kind_at(timeline, live, moment) is SpanKind.PLANNED, f"{moment}: {live}"
