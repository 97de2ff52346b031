"""What can happen next to a target: each way out of a state, in plain words.

Free, as often as one likes: a turn, time, a request of each kind, Event Grid coming back. With a price, of which a
history has only so much: everything that goes wrong, and everything that somebody else does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from lab.prove.histories import judge, waiting
from lab.prove.histories.disturbed import Disturber, Ending
from lab.prove.histories.judge import Broken, while_
from lab.prove.histories.lives import Life, repeated
from lab.prove.histories.state import KEY1, KEY2, NOW, State, index, later
from lab.prove.histories.together import Together
from lab.prove.histories.undisturbed import Trace, a_world, undisturbed
from shared.decide.cadence import LONGEST_SENDING
from shared.domain.keys import KeySlot
from shared.domain.model import Cadence
from shared.domain.publication import Marks
from shared.domain.requests import Request, Requester, RequestKind
from shared.domain.times import iso_duration

MOST_OWED = 4  # while so much is owed (Event Grid is out), no more requests come: a tag holds eight debts


def of_time(state: State, rhythm: Cadence) -> Iterator[Ending]:
    """To the next moment at which anything can change: that of a lead, a deadline or an end. And to one between the
    last warning of a rotation and the rotation: whoever comes only then must still be warned."""
    moments = [moment for moment in _moments(state, rhythm) if moment > NOW]
    if moments:
        time = min(moments) - NOW
        yield Ending(f"{iso_duration(time)} passes", later(state, time), 0, cost=0)


def _moments(state: State, rhythm: Cadence) -> Iterator[datetime]:
    if state.marks is not None:
        yield state.marks.since + rhythm.period - min(rhythm.warnings) / 2
    for deadline in _deadlines(state, rhythm):
        yield deadline
        yield from (deadline - lead for lead in (*rhythm.warnings, rhythm.notice + LONGEST_SENDING))


def _deadlines(state: State, rhythm: Cadence) -> Iterator[datetime]:
    marks, version = state.marks, state.version
    if version is not None and marks is None:
        yield version.created + rhythm.period
    if marks is not None:
        told = (marks.told.rotation, marks.told.retirement, marks.told.sunset)
        yield marks.since + rhythm.period
        yield waiting.due(marks, rhythm)
        yield from (told_deadline.deadline for told_deadline in told if told_deadline is not None)
        yield from (() if marks.until is None else (marks.until,))
    for grip in state.grips:
        yield from (moment for moment in (grip.until, grip.deadline) if moment is not None)
    yield from (() if state.sunset is None else (state.sunset,))
    if state.awaits is not None and state.awaits.due is not None:
        yield state.awaits.due


def of_persons(life: Life, state: State) -> Iterator[Ending]:
    """Between turns: the portal is open."""
    if not state.topic_up:
        yield Ending("Event Grid comes back", state._replace(topic_up=True), 0, cost=0)
    else:
        yield Ending("Event Grid goes out", state._replace(topic_up=False), 0)
    if state.key_auth:
        yield from (_regenerated(life, state, slot) for slot in (KEY1, KEY2))
    yield _keys_switched(life, state)
    if state.version is not None and not state.version.enabled:
        version = state.version._replace(enabled=True)
        excused = state.key_auth and version.value not in state.keys
        yield Ending("somebody enables the version", state._replace(version=version, excused=excused), 0)


def _regenerated(life: Life, state: State, slot: KeySlot) -> Ending:
    world = a_world(life, state)
    world.somebody_else = True
    world.regenerate(slot)
    live = state.live == index(slot)
    made = judge.in_hands(world.state, index(slot))
    return Ending(f"somebody regenerates the {'live' if live else 'other'} key by hand", made, 0)


def _keys_switched(life: Life, state: State) -> Ending:
    world = a_world(life, state)
    world.somebody_else = True
    world.switch_keys(on=not state.key_auth)
    return Ending(f"somebody switches keys {'off' if state.key_auth else 'on'}", world.state, 0)


def requests(life: Life, state: State) -> Iterator[tuple[str, Request | None]]:
    """The reasons for a turn: a tick, and everything that a person can ask for."""
    yield "a turn", None
    if len(state.outstanding) < MOST_OWED:
        yield from ((f"{name}: a turn", request) for name, request in life.requests.items())


def disturbed(life: Life, state: State, request: Request | None, trace: Trace, *, thorough: bool) -> Iterator[Ending]:
    first = Disturber(life, state, request, trace)
    yield from first.endings()
    yield from Together(first, thorough).endings()


def repeating_changes_nothing(life: Life, state: State, plain: Trace) -> None:
    """A request that made the present version, or a deployment that it has heard of, comes again: a turn like any
    other."""
    marks = state.marks
    if marks is None:
        return
    for request in repeated(life.requests):
        heard_of = request.kind is RequestKind.DEPLOYED and marks.awaited is not None and marks.awaited.id is not None
        if marks.request is None and not heard_of:
            continue
        with while_(f"the same request comes again ({request.kind})"):
            again = undisturbed(life, state, request)
        left_alone = request.kind is RequestKind.DEPLOYED and again.end.keys == state.keys  # the next tick does it
        if (
            _of_azure(again.end) != _of_azure(plain.end)
            and not left_alone
            and not _only_finishes(state, again.end, marks)
        ):
            raise Broken(f"a repeated request ({request}) was carried out twice")


def _only_finishes(state: State, end: State, marks: Marks) -> bool:
    """A leak that was cut off: asked for again it ends the leaked value, where a turn might end all keys instead."""
    if not marks.leaked or state.version is None or end.version is None:
        return False
    live = state.keys.index(state.version.value) if state.version.value in state.keys else None
    return live is not None and end.keys[live] == state.keys[live] and end.version.value == state.version.value


def _of_azure(state: State) -> tuple[object, ...]:
    """A rotation that was due anyway notes the request that found it so; that is the one difference."""
    marks = state.marks and replace(state.marks, requester=Requester())
    version = state.version and state.version._replace(marks=marks)
    return (state.keys, state.key_auth, version, state.outstanding)
