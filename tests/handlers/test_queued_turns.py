"""What a tick queues: leaks first, then what is due, then what is only observed, each at its slot."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from lab.simulation.builders import a_target
from lab.simulation.dates import START, minutes
from lab.simulation.stage import a_stage
from shared.domain.errors import RotationError, TryLater
from shared.domain.requests import LeakedKey, LeakRequest
from shared.fleet.enrolment import Enrolled
from shared.fleet.rotation import Rotation
from shared.fleet.ticks import Tick
from shared.handlers.queued_turns import _name, queue_turns
from shared.turns.message import About, Message, read_message
from shared.turns.notes import record_leak

TEN = minutes(10)


@dataclass
class Queue:
    """A queue in memory that takes what the test lets it take.

    refused: Parts of the messages that it refuses.
    """

    refused: tuple[str, ...] = ()
    sent: list[tuple[Message, timedelta]] = field(default_factory=list)

    async def send(self, message: str, delay: timedelta) -> None:
        raise NotImplementedError

    async def send_many(self, messages: Sequence[tuple[str, timedelta]]) -> list[RotationError]:
        taken = [one for one in messages if not any(part in one[0] for part in self.refused)]
        self.sent += [(read_message(text.encode()), delay) for text, delay in taken]
        return [TryLater("queue turns", "503.") for _ in range(len(messages) - len(taken))]

    @property
    def names(self) -> list[str]:
        return [message.target for message, _ in self.sent]


def enrolled(*names: str) -> list[Enrolled]:
    return [Enrolled(a_target(name)) for name in names]


def an_app(queue: Queue, brake: int = 10) -> Rotation:
    app = a_stage().rotation()
    app.outside = replace(app.outside, later=queue)
    app.settings = replace(app.settings, brake=brake)
    return app


def a_tick() -> Tick:
    leak = Message("leaked", START, request=LeakRequest(id="one", requested_at=START), repeated=True)
    due = enrolled(*(f"due-{number}" for number in range(100)))
    looks = enrolled(*(f"look-{number}" for number in range(100)))
    return Tick(START, to_do=due, to_adopt=enrolled("fresh"), to_observe=looks, leaks=[leak])


async def test_leaks_are_queued_at_once_then_what_is_due_then_what_is_only_observed() -> None:
    queue = Queue()
    texts = await queue_turns(an_app(queue), a_tick(), TEN)
    assert [read_message(text.encode()) for text in texts] == [message for message, _ in queue.sent]
    assert queue.sent[0] == (a_tick().leaks[0], timedelta(0))
    kinds = [name.partition("-")[0] for name in queue.names[1:]]
    assert sorted(kinds[:101]) == sorted(["due"] * 100 + ["fresh"])
    assert kinds[101:] == ["look"] * 100
    delays = [delay for message, delay in queue.sent if message.target.startswith("due")]
    assert delays == sorted(delays)
    assert timedelta(0) < delays[-1] < TEN


async def test_the_order_is_another_one_in_each_tick() -> None:
    first, second = Queue(), Queue()
    for queue in (first, second):
        await queue_turns(an_app(queue), a_tick(), TEN)
    for kind in ("due", "look"):
        orders = [[name for name in queue.names if name.startswith(kind)] for queue in (first, second)]
        assert orders[0] != orders[1]
        assert sorted(orders[0]) == sorted(orders[1])


async def test_every_message_says_when_its_tick_began_whatever_its_delay() -> None:
    queue = Queue()
    await queue_turns(an_app(queue), a_tick(), minutes(50))
    assert {message.queued_at for message, _ in queue.sent} == {START}
    assert all(not message.is_stale(START + delay) for message, delay in queue.sent)


async def test_turns_that_do_not_fit_are_left_to_the_next_tick_and_counted_in_the_log(caplog) -> None:
    caplog.set_level("INFO")
    queue = Queue()
    await queue_turns(an_app(queue), a_tick(), minutes(1) / 6)
    left = 201 - len(queue.sent[1:])
    assert left > 0
    assert f"; {left} are left to the next tick" in caplog.text


async def test_looks_that_do_not_fit_are_put_off_to_the_next_tick() -> None:
    found, queue = a_tick(), Queue()
    await queue_turns(an_app(queue), found, minutes(1) / 6)
    left_out = [one for one in found.to_observe if one.target.name not in queue.names]
    assert left_out
    assert found.put_off == {str(one.target.account).casefold() for one in left_out}


async def test_turns_ask_for_the_brake_if_more_than_its_limit_are_queued() -> None:
    for brake, crowded in ((200, True), (201, False)):
        queue = Queue()
        await queue_turns(an_app(queue, brake), a_tick(), TEN)
        assert {message.crowded for message, _ in queue.sent[1:]} == {crowded}


async def test_a_message_that_is_not_queued_is_a_problem_of_the_tick() -> None:
    found, queue = a_tick(), Queue(refused=('"due-7"', '"look-3"'))
    await queue_turns(an_app(queue), found, TEN)
    assert len(queue.sent) == 200
    assert [str(problem) for problem in found.problems] == [
        "queue key-rotation-turns: 2 of 202 turns may not be queued: 503. "
        "Next step: nothing; the next tick finds their targets again."
    ]


async def test_a_tick_that_can_queue_nothing_fails() -> None:
    with pytest.raises(TryLater, match="503"):
        await queue_turns(an_app(Queue(refused=("target",))), a_tick(), TEN)


async def test_a_tick_that_finds_nothing_queues_nothing() -> None:
    assert await queue_turns(an_app(Queue()), Tick(START), TEN) == []


async def test_looks_and_leaks_that_could_not_be_queued_are_queued_by_the_next_tick() -> None:
    stage = a_stage(3)
    await stage.tick()
    notes = stage.rotation().outside.notes
    await record_leak(notes, About.of(stage.target), LeakRequest(key=LeakedKey.LIVE, id="r"), stage.now)
    stage.pass_time(timedelta(minutes=10))
    found = await stage.rotation().tick(stage.now - timedelta(hours=1), stage.now, keep=False)
    assert (len(found.leaks), len(found.to_observe)) == (1, 3)
    _name([TryLater("queue", "it is down.")], 4, found)
    await stage.rotation().keep(found)
    stage.pass_time(timedelta(minutes=10))
    again = await stage.rotation().tick(stage.now - timedelta(minutes=10), stage.now)
    assert (len(again.leaks), len(again.to_observe)) == (1, 3)
    stage.pass_time(timedelta(minutes=10))
    assert not (await stage.rotation().tick(stage.now - timedelta(minutes=10), stage.now)).leaks
