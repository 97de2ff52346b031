"""What becomes of ticks, turns and requests in OpenTelemetry. docs/telemetry.md lists every name, and is tested.

Said are names of targets, words of ours, and numbers: nothing that a caller sent, no address, no fingerprint.
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
from shared.decide.plan import Reason
from shared.domain.errors import RotationError
from shared.domain.names import LOGGER
from shared.fleet.rotation import Tick
from shared.telemetry import Trigger, Watched, standings
from shared.turns.report import Outcome, Result
from shared.web.responses import PROBLEM, Reply

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
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_outer: ContextVar[Span | None] = ContextVar("outer", default=None)

type Tell[T] = Callable[["Watch[T]"], None]


class Instruments:
    """Every metric there is."""

    def __init__(self, meter: Meter) -> None:
        self.turns = meter.create_counter("key_rotation.turns", "{turn}", "Turns that came to an end")
        self.duration = meter.create_histogram(
            "key_rotation.turn.duration", "s", "How long turns took", explicit_bucket_boundaries_advisory=BUCKETS
        )
        self.held = meter.create_counter("key_rotation.brake.holds", "{turn}", "Turns that the brake held back")
        self.ticks = meter.create_counter("key_rotation.ticks", "{tick}", "Ticks")
        self.queued = meter.create_counter("key_rotation.tick.turns", "{turn}", "Turns that ticks queued")
        self.looked: dict[str, list[Observation]] = {}
        for name, unit, says in GAUGES:
            meter.create_observable_gauge(name, [partial(self._once, name)], unit, says)

    def _once(self, name: str, _: CallbackOptions) -> Iterable[Observation]:
        """What the last tick saw is said once: of a target that has left, and by every turn after, nothing is."""
        return self.looked.pop(name, [])


class Watch[T]:
    """Around one tick, turn or request; called with what became of it. None of its own failures comes out."""

    def __init__(self, to: OpenTelemetry, name: str, kind: SpanKind, tell: Tell[T], said: Mapping[str, str]) -> None:
        self._to, self._name, self._kind, self._tell, self._said = to, name, kind, tell, said
        self._token: Token[Span | None] | None = None
        self.span: Span = INVALID_SPAN
        self.found: T | None = None
        self.error: Exception | None = None

    async def __aenter__(self) -> Self:
        outer, self._began = _outer.get(), perf_counter()
        with self._quietly():
            within = set_span_in_context(outer, Context()) if outer else Context()
            self.span = self._to.tracer.start_span(self._name, within, self._kind, self._said)
        self._token = _outer.set(self.span)
        return self

    def __call__(self, found: T) -> None:
        self.found = found

    async def __aexit__(self, _: object, error: BaseException | None, __: TracebackType | None) -> None:
        self.error = error if isinstance(error, Exception) else None
        if self._token is not None:
            _outer.reset(self._token)
        with self._quietly():
            self._tell(self)
        with self._quietly():
            self.span.end()
        if _outer.get() is None and self.error is error:  # whoever is being cancelled does not wait
            await self._to.outbox.flush()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no affair of the work
            log.warning("telemetry: %s was not told of in full (%s)", self._name, type(error).__name__)

    @property
    def seconds(self) -> float:
        return perf_counter() - self._began

    def failed(self, code: str, *, ours: bool = True) -> None:
        """`ours`: it is not the caller's mistake."""
        self.span.set_attribute("error.type", code)
        if ours:
            self.span.set_status(StatusCode.ERROR)


class OpenTelemetry:
    """Telemetry as metrics and spans. Made inside the process that it tells of, with the first trigger."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        collector = Collector(environment)
        self.outbox = Outbox(collector.send)
        self.tracer: Tracer = collector.tracers.get_tracer(SCOPE)
        self._to = Instruments(collector.meters.get_meter(SCOPE))

    def tick(self) -> Watched[Tick]:
        return Watch(self, "tick", SpanKind.INTERNAL, self._ticked, {"faas.trigger": "timer"})

    def turn(self, trigger: Trigger) -> Watched[Outcome]:
        queued = trigger is Trigger.QUEUE
        kind = SpanKind.CONSUMER if queued else SpanKind.INTERNAL
        return Watch(self, "turn", kind, self._turned, {"faas.trigger": "pubsub" if queued else "http"})

    def request(self, method: str, route: str) -> Watched[Reply]:
        known = method.upper() if method.upper() in METHODS else "_OTHER"
        told = {"faas.trigger": "http", "http.request.method": known, "http.route": route}
        return Watch(self, f"{known if known in METHODS else 'HTTP'} {route}", SpanKind.SERVER, _answered, told)

    def _ticked(self, watch: Watch[Tick]) -> None:
        self._to.ticks.add(1)
        if watch.error is not None:
            watch.failed(code_of(watch.error))
        tick = watch.found
        if tick is None:
            return
        self._to.queued.add(len(tick.turns))
        self._to.looked = looked_at(tick)
        watch.span.set_attributes(
            {
                "key_rotation.tick.turns": len(tick.turns),
                "key_rotation.tick.quiet": tick.quiet,
                "key_rotation.tick.unseen": tick.unseen,
                "key_rotation.tick.problems": len(tick.problems),
            }
        )

    def _turned(self, watch: Watch[Outcome]) -> None:
        outcome, error = watch.found, watch.error
        if outcome is None and error is None:  # left to the next tick: it was none
            return
        result = outcome.result if outcome else Result.FAILED
        reason = outcome.reason if outcome else code_of(error)
        said = {"key_rotation.result": result.value, "key_rotation.reason": reason}
        self._to.turns.add(1, said)
        self._to.duration.record(watch.seconds, {"key_rotation.result": result.value})
        if reason == Reason.BRAKE:
            self._to.held.add(1)
        watch.span.set_attributes(said)
        if outcome is not None:
            watch.span.set_attribute("key_rotation.target", outcome.target)
            watch.span.set_attribute("key_rotation.steps", outcome.done)
            watch.span.set_attribute("key_rotation.announcements.owed", outcome.outstanding)
        if error is not None or result is Result.FAILED:
            unsaid = outcome is None or result not in (Result.FAILED, Result.BUSY)
            watch.failed(code_of(error) if error is not None and unsaid else reason)


def looked_at(tick: Tick) -> dict[str, list[Observation]]:
    """The gauges' values: three of the tick, and those of each target."""
    ages: list[Observation] = []
    remaining: list[Observation] = []
    carried_over = 0
    for one in standings(tick):
        carried_over += one.outstanding
        named = {"key_rotation.target": one.target}
        ages.append(Observation(one.age.total_seconds(), named))
        for what, time in one.remaining.items():
            remaining.append(Observation(time.total_seconds(), {**named, "key_rotation.deadline": what.value}))
    whole = {PROBLEMS: len(tick.problems), UNSEEN: tick.unseen, OWED: carried_over}
    return {name: [Observation(number)] for name, number in whole.items()} | {AGE: ages, REMAINING: remaining}


def code_of(error: Exception | None) -> str:
    return error.code if isinstance(error, RotationError) else type(error).__name__


def _answered(watch: Watch[Reply]) -> None:
    reply = watch.found
    if reply is None:
        return watch.failed(code_of(watch.error))
    watch.span.set_attribute("http.response.status_code", reply.status)
    if reply.kind == PROBLEM and isinstance(reply.data, dict):
        watch.failed(str(reply.data.get("title")), ours=reply.status >= 500)
    return None
