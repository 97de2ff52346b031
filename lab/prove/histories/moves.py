"""What can happen next to a target: each way out of a state, with words for a reader.

Turns, time, requests and the return of Event Grid may happen any number of times. Faults, and what other people do,
have a cost: one history may have only a few (`Explorer.faults`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from lab.prove.histories import deployments, judge, keys_back, on_record, other_writers, refusals
from lab.prove.histories.disturbed import Disturber, Ending
from lab.prove.histories.judge import Broken, during
from lab.prove.histories.lives import Life, repeated
from lab.prove.histories.state import KEY1, KEY2, NOW, State, index, later
from lab.prove.histories.two_runners import TwoRunners
from lab.prove.histories.undisturbed import Trace, a_world, undisturbed
from shared.decide.cadence import LAPSES_AFTER, LONGEST_SENDING
from shared.domain.keys import KeySlot
from shared.domain.model import Cadence
from shared.domain.publication import Marks
from shared.domain.requests import LeakRequest, Request, Requester, RequestKind
from shared.domain.times import iso_duration

LAPSED = LAPSES_AFTER + timedelta(seconds=1)
MOST_OUTSTANDING = 4  # with more outstanding events no request comes, because a tag has room for eight of them


def time_passes(state: State, cadence: Cadence) -> Iterator[Ending]:
    """Yield the passing of time up to the next moment at which anything can change: a lead time, a deadline or an end.

    One more moment lies between the last warning of a rotation and the rotation: a tick that comes only then must
    still announce it. An announced end of all keys that was held back can lapse. Ticks repeat a leak on record every
    hour, so no day passes over one that nothing refuses.
    """
    if state.record is not None and state.refusing is None:
        return
    moments = [moment for moment in _moments(state, cadence) if moment > NOW]
    if moments:
        time = min(moments) - NOW
        yield Ending(f"{iso_duration(time)} passes", later(state, time), 0, cost=0)
    if state.key_auth and state.announced_sunset is not None and state.announced_sunset[0] <= NOW:
        yield Ending("more than eight days pass without a tick", later(state, LAPSED), 0, cost=0)


def _moments(state: State, cadence: Cadence) -> Iterator[datetime]:
    if state.marks is not None:
        yield deployments.scheduled(state.marks, cadence) - min(cadence.warnings) / 2
    for deadline in _deadlines(state, cadence):
        yield deadline
        yield from (deadline - lead for lead in (*cadence.warnings, cadence.notice + LONGEST_SENDING))


def _deadlines(state: State, cadence: Cadence) -> Iterator[datetime]:
    marks, version, withdrawn_at = state.marks, state.version, keys_back.withdrawn_at(state, cadence)
    yield from () if withdrawn_at is None else (withdrawn_at,)
    if version is not None and marks is None:
        yield version.created + deployments.first_period(cadence)
    if marks is not None:
        told = (marks.told.rotation, marks.told.retirement, marks.told.sunset)
        yield deployments.scheduled(marks, cadence)
        yield deployments.due(marks, cadence)
        yield from (told_deadline.deadline for told_deadline in told if told_deadline is not None)
        yield from (() if marks.until is None else (marks.until,))
    for facts in state.key_facts:
        yield from (moment for moment in (facts.until, facts.deadline) if moment is not None)
    yield from (() if state.sunset is None else (state.sunset,))
    if state.promised_wait is not None and state.promised_wait.due is not None:
        yield state.promised_wait.due


def people_act(life: Life, state: State) -> Iterator[Ending]:
    """Yield what other people and services do between turns."""
    if not state.topic_up:
        yield Ending("Event Grid is available again", state._replace(topic_up=True), 0, cost=0)
    else:
        yield Ending("Event Grid becomes unavailable", state._replace(topic_up=False), 0)
    if state.key_auth and not life.calm:
        yield from (_regenerated(life, state, slot) for slot in (KEY1, KEY2))
    if life.switching:
        yield from _switching(life, state)
    elif life.subdomain_changes:
        words = "loses its subdomain" if state.has_subdomain else "gets a subdomain"
        yield Ending(f"the account {words}", state._replace(has_subdomain=not state.has_subdomain), 0, cost=0)
    elif not life.calm:
        yield _keys_switched(life, state)
    yield from _refusals(life, state)
    yield from other_writers.acts(state)
    if not life.switching and state.version is not None and not state.version.enabled:
        version = state.version._replace(enabled=True)
        excused = state.key_auth and version.value not in state.keys
        yield Ending("a person enables the version", state._replace(version=version, excused=excused), 0)


def _refusals(life: Life, state: State) -> Iterator[Ending]:
    lasting = refusals.of(state)
    if lasting is None:
        yield from (Ending(one.begins, state._replace(refusing=one.begun()), 0) for one in life.refusals)
    else:
        yield Ending(lasting.ends, state._replace(refusing=None), 0, cost=0)


def _regenerated(life: Life, state: State, slot: KeySlot) -> Ending:
    world = a_world(life, state)
    world.by_others = True
    world.regenerate(slot)
    live = state.live == index(slot)
    made = judge.regenerated_by_hand(world.state, index(slot))
    return Ending(f"a person regenerates the {'live' if live else 'other'} key", made, 0)


def _keys_switched(life: Life, state: State) -> Ending:
    world = a_world(life, state)
    world.by_others = True
    world.switch_keys(on=not state.key_auth)
    return Ending(f"a person switches keys {'off' if state.key_auth else 'on'}", world.state, 0)


def _switching(life: Life, state: State) -> Iterator[Ending]:
    """Yield what people do to keys and version in a life in which that does not count as a fault."""
    yield _keys_switched(life, state)._replace(cost=0)
    if state.version is not None and state.key_auth:
        version = state.version._replace(enabled=not state.version.enabled)
        dead = version.enabled and state.key_auth and version.value not in state.keys
        words = f"a person {'enables' if version.enabled else 'disables'} the version"
        yield Ending(words, state._replace(version=version, excused=state.excused or dead), 0, cost=0)


def reasons_for_a_turn(life: Life, state: State) -> Iterator[tuple[str, Request | None]]:
    """Yield the reasons for a turn, with their names: a tick, and every request of this life."""
    yield "a turn", None
    if state.record is not None:
        yield "a tick repeats the leak on record: a turn", on_record.request_of(state.record)
    if len(state.outstanding) < MOST_OUTSTANDING:
        yield from (
            (f"{name}: a turn", request)
            for name, request in life.requests.items()
            if state.record is None or not isinstance(request, LeakRequest)
        )


def disturbed(life: Life, state: State, request: Request | None, trace: Trace, *, thorough: bool) -> Iterator[Ending]:
    """Yield how this turn ends with each fault, and with a second process."""
    first = Disturber(life, state, request, trace)
    yield from first.endings()
    yield from TwoRunners(first, thorough).endings()


def repeating_changes_nothing(life: Life, state: State, plain: Trace) -> None:
    """Check that a repeated request does what any turn does, and nothing more. Raises Broken.

    The request is one that led to the present version, or the report of a deployment that is noted already.
    """
    marks = state.marks
    if marks is None or state.refusing is not None or state.record is not None:
        return
    for request in repeated(life.requests):
        is_noted = request.kind is RequestKind.DEPLOYED and marks.awaited is not None and marks.awaited.id is not None
        if marks.request is None and not is_noted:
            continue
        if not state.key_auth and isinstance(request, LeakRequest):
            continue  # it is held back, and leaves the version to the next tick
        with during(f"the same request comes again ({request.kind})"):
            again = undisturbed(life, state, request)
        left_alone = request.kind is RequestKind.DEPLOYED and again.end.keys == state.keys  # the next tick rotates
        if (
            _of_azure(again.end) != _of_azure(plain.end)
            and not left_alone
            and not _only_finishes(state, again.end, marks)
        ):
            raise Broken(f"a repeated request ({request}) was carried out twice")


def late_reads_change_nothing(life: Life, state: State, request: Request | None, late: Trace) -> None:
    """Check that a turn whose reads were late did what it does when they are not. Raises Broken."""
    on_time = undisturbed(replace(life, late=None), state, request)
    if (late.versions, late.end) != (on_time.versions, on_time.end):
        raise Broken(f"P13: late reads change a turn: {late.versions} versions instead of {on_time.versions}")


def _only_finishes(state: State, end: State, marks: Marks) -> bool:
    """Return whether a repeated report only ended the leaked value, where a plain turn might end all keys."""
    if not marks.leaked or state.version is None or end.version is None:
        return False
    live = state.keys.index(state.version.value) if state.version.value in state.keys else None
    return live is not None and end.keys[live] == state.keys[live] and end.version.value == state.version.value


def _of_azure(state: State) -> tuple[object, ...]:
    """Return Azure's side of a state, without the requester: a rotation that was due anyway notes who requested it."""
    marks = state.marks and replace(state.marks, requester=Requester())
    version = state.version and state.version._replace(marks=marks, withdrawn=False)
    return (state.keys, state.key_auth, version, state.outstanding)
