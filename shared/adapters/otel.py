"""Ticks, turns and requests as OpenTelemetry metrics and spans. docs/telemetry.md lists every name, and is tested.

Metrics and spans hold names of targets, public words of this app, and numbers. They hold nothing that a caller sent, no
address and no fingerprint. Sending them is left to `otlp`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Self

from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, StatusCode, Tracer, set_span_in_context

from shared.adapters.otlp import Collector, Outbox
from shared.domain.errors import RotationError
from shared.domain.names import LOGGER
from shared.telemetry import ReplyFacts, TickFacts, Trigger, TurnFacts, Watched

log = logging.getLogger(LOGGER)
SCOPE = "key-rotation"
BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 150.0, 300.0, 600.0)
PROBLEMS, UNSEEN, OWED = "key_rotation.tick.problems", "key_rotation.tick.unseen", "key_rotation.announcements.owed"
AGE, REMAINING = "key_rotation.key.age", "key_rotation.deadline.remaining"
GAUGES = (
    (PROBLEMS, "{problem}", "Problems of the last tick"),
    (UNSEEN, "{target}", "Targets whose vault the last tick could not list"),
    (OWED, "{announcement}", "Announcements owed when the last tick looked"),
    (AGE, "s", "Since the live key was published"),
    (REMAINING, "s", "Until a deadline; negative after it"),
)
FAILED = "failed"  # the public result word, for a turn that ended without an outcome
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_outer: ContextVar[Span | None] = ContextVar("outer", default=None)

type Record[T] = Callable[["Recording[T]"], None]


class Instruments:
    """All metrics. What a gauge shows is kept in `last_tick` until it is collected."""

    def __init__(self, meter: Meter) -> None:
        self.turns = meter.create_counter("key_rotation.turns", "{turn}", "Turns that came to an end")
        self.duration = meter.create_histogram(
            "key_rotation.turn.duration", "s", "How long turns took", explicit_bucket_boundaries_advisory=BUCKETS
        )
        self.held = meter.create_counter("key_rotation.brake.holds", "{turn}", "Turns that the brake held back")
        self.ticks = meter.create_counter("key_rotation.ticks", "{tick}", "Ticks")
        self.queued = meter.create_counter("key_rotation.tick.turns", "{turn}", "Turns that ticks queued")
        self.last_tick: dict[str, list[Observation]] = {}
        for name, unit, description in GAUGES:
            meter.create_observable_gauge(name, [partial(self._once, name)], unit, description)

    def _once(self, name: str, _: CallbackOptions) -> Iterable[Observation]:
        """Return what the last tick found, once. Later turns repeat nothing, so a target that has left disappears."""
        return self.last_tick.pop(name, [])


class Recording[T]:
    """The context around one tick, turn or request: a span from its beginning to its end.

    The work calls it with the facts. At the end `record` turns them into metrics and attributes. An error in telemetry
    itself is logged and never raised.
    """

    def __init__(
        self, to: OpenTelemetry, name: str, kind: SpanKind, record: Record[T], attributes: Mapping[str, str]
    ) -> None:
        self._to, self._name, self._kind, self._record, self._attributes = to, name, kind, record, attributes
        self._token: Token[Span | None] | None = None
        self.span: Span = INVALID_SPAN
        self.facts: T | None = None
        self.error: Exception | None = None

    async def __aenter__(self) -> Self:
        outer, self._began = _outer.get(), perf_counter()
        with self._quietly():
            within = set_span_in_context(outer, Context()) if outer else Context()
            self.span = self._to.tracer.start_span(self._name, within, self._kind, self._attributes)
        self._token = _outer.set(self.span)
        return self

    def __call__(self, facts: T) -> None:
        self.facts = facts

    async def __aexit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> None:
        self.error = error if isinstance(error, Exception) else None
        if self._token is not None:
            _outer.reset(self._token)
        with self._quietly():
            self._record(self)
        with self._quietly():
            self.span.end()
        if _outer.get() is None and self.error is error:  # cancelled work does not wait for a collector
            await self._to.outbox.flush()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, the work goes on
            log.warning("telemetry: %s was not recorded in full (%s)", self._name, type(error).__name__)

    @property
    def seconds(self) -> float:
        """Seconds since the work began."""
        return perf_counter() - self._began

    def failed(self, code: str, *, ours: bool = True) -> None:
        """Note an error by its code. With `ours` false it is the caller's mistake, and the span has not failed."""
        self.span.set_attribute("error.type", code)
        if ours:
            self.span.set_status(StatusCode.ERROR)


class OpenTelemetry:
    """Telemetry as metrics and spans. Made when the first trigger runs, in the process that it reports about."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        collector = Collector(environment)
        self.outbox = Outbox(collector.send)
        self.tracer: Tracer = collector.tracers.get_tracer(SCOPE)
        self._to = Instruments(collector.meters.get_meter(SCOPE))

    def tick(self) -> Watched[TickFacts]:
        return Recording(self, "tick", SpanKind.INTERNAL, self._ticked, {"faas.trigger": "timer"})

    def turn(self, trigger: Trigger) -> Watched[TurnFacts]:
        queued = trigger is Trigger.QUEUE
        kind = SpanKind.CONSUMER if queued else SpanKind.INTERNAL
        return Recording(self, "turn", kind, self._turned, {"faas.trigger": "pubsub" if queued else "http"})

    def request(self, method: str, route: str) -> Watched[ReplyFacts]:
        known = method.upper() if method.upper() in METHODS else "_OTHER"
        attributes = {"faas.trigger": "http", "http.request.method": known, "http.route": route}
        return Recording(
            self, f"{known if known in METHODS else 'HTTP'} {route}", SpanKind.SERVER, _answered, attributes
        )

    def _ticked(self, recording: Recording[TickFacts]) -> None:
        self._to.ticks.add(1)
        if recording.error is not None:
            recording.failed(error_type(recording.error))
        tick = recording.facts
        if tick is None:
            return
        self._to.queued.add(tick.turns)
        self._to.last_tick = gauge_values(tick)
        recording.span.set_attributes(
            {
                "key_rotation.tick.turns": tick.turns,
                "key_rotation.tick.quiet": tick.quiet,
                "key_rotation.tick.unseen": tick.unseen,
                "key_rotation.tick.problems": tick.problems,
            }
        )

    def _turned(self, recording: Recording[TurnFacts]) -> None:
        turn, error = recording.facts, recording.error
        if turn is None and error is None:  # the message was left to the next tick, so there was no turn
            return
        words = {
            "key_rotation.result": turn.result if turn else FAILED,
            "key_rotation.reason": turn.reason if turn else error_type(error),
        }
        self._to.turns.add(1, words)
        self._to.duration.record(recording.seconds, {"key_rotation.result": words["key_rotation.result"]})
        recording.span.set_attributes(words)
        if turn is not None:
            if turn.braked:
                self._to.held.add(1)
            recording.span.set_attribute("key_rotation.target", turn.target)
            recording.span.set_attribute("key_rotation.steps", turn.steps)
            recording.span.set_attribute("key_rotation.announcements.owed", turn.outstanding)
        if error is not None or (turn is not None and turn.failed):
            recording.failed((turn.error if turn else None) or error_type(error))


def gauge_values(tick: TickFacts) -> dict[str, list[Observation]]:
    """Return the values of the OpenTelemetry gauges: three of the tick as a whole, and those of each target."""
    ages: list[Observation] = []
    remaining: list[Observation] = []
    owed = 0
    for one in tick.standings():
        owed += one.outstanding
        named = {"key_rotation.target": one.target}
        ages.append(Observation(one.age.total_seconds(), named))
        for deadline, time in one.remaining.items():
            remaining.append(Observation(time.total_seconds(), {**named, "key_rotation.deadline": deadline}))
    whole = {PROBLEMS: tick.problems, UNSEEN: tick.unseen, OWED: owed}
    return {name: [Observation(number)] for name, number in whole.items()} | {AGE: ages, REMAINING: remaining}


def error_type(error: Exception | None) -> str:
    """Return the `error.type` of a metric or span: the public code of an error, or the class name of an error that is
    none of ours."""
    return error.code if isinstance(error, RotationError) else type(error).__name__


def _answered(recording: Recording[ReplyFacts]) -> None:
    reply = recording.facts
    if reply is None:
        return recording.failed(error_type(recording.error))
    recording.span.set_attribute("http.response.status_code", reply.status)
    if reply.problem is not None:
        recording.failed(reply.problem, ours=reply.status >= 500)
    return None
