"""Leaks on record, as one state remembers them, and as the app's storage holds them.

A leak that was put on record must end, however long something refuses that. So from then on the judge remembers its
values as well, in `State.reported`, by what the words of the report meant when it was made.
"""

from __future__ import annotations

from lab.prove.histories import values
from lab.prove.histories.state import NOW, Leak, State
from shared.domain.requests import LeakedKey, LeakRequest
from shared.turns.message import Message, read_message


def request_of(leak: Leak) -> LeakRequest:
    """Return the request that a tick queues for a leak on record."""
    marks = frozenset(values.mark(number) for number in leak.values)
    return LeakRequest(key=leak.key, id=leak.id, requested_at=leak.requested_at, values=marks)


def text_of(state: State, target: str) -> str | None:
    """Return the note about the leak on record. None if there is none."""
    if state.record is None:
        return None
    return Message(target, state.record.requested_at, request=request_of(state.record)).text()


def leak_in(text: str) -> Leak | None:
    """Return the leak of a note. None if the note is about none."""
    message = read_message(text.encode())
    request = message.request
    if not isinstance(request, LeakRequest) or request.key is None:  # here every report has a word
        return None
    numbers = frozenset(values.number_of(mark) for mark in request.values)
    return Leak(request.key, request.id or "", request.requested_at or message.queued_at, numbers)


def meant(state: State, request: LeakRequest) -> frozenset[int]:
    """Return the values that a report means now. While keys are off none of them works, but they must end once keys are
    on again."""
    live = state.live
    if request.key is None:
        return frozenset()
    if request.values or live is None:
        return frozenset(values.number_of(mark) for mark in request.values)
    in_use = state.key_facts[1 - live].in_use
    return {
        LeakedKey.LIVE: frozenset({state.keys[live]}),
        LeakedKey.PREVIOUS: frozenset({state.keys[1 - live]} if in_use else ()),
        LeakedKey.BOTH: frozenset(state.keys),
    }[request.key]


def put(state: State, text: str) -> State:
    """Return the state with a leak put on record now."""
    leak = leak_in(text)
    if leak is None:
        return state
    request = request_of(leak)
    reported = state.reported | meant(state, request) if leak.requested_at == NOW else state.reported
    return state._replace(record=leak, reported=reported)


def removed(state: State) -> State:
    """Return the state without the leak on record. What was reported and works must still end."""
    return state._replace(record=None)
