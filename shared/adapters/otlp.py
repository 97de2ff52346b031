"""Sends metrics and spans to a collector: OTLP over HTTP, to the address in the standard OTEL_ variables.

Azure may freeze or end an instance as soon as an invocation is over, so everything is sent at the end of an invocation
and not at intervals. A thread of its own sends, one round at a time; an invocation waits for it for PATIENCE at most.
After a round that failed or was too slow, nothing is sent and no invocation waits for PAUSE.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from threading import Thread
from time import monotonic
from typing import Any
from uuid import uuid4

import requests
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult

from shared.domain.names import LOGGER

log = logging.getLogger(LOGGER)
PATIENCE, PAUSE = 2.0, 60.0  # seconds
MOST_SPANS, MOST_SERIES = 2048, 50_000  # while nothing can be sent; of a metric, enough for ten thousand targets


def otlp_resource(environment: Mapping[str, str]) -> Resource:
    """Return what describes this instance to the OTLP collector. The standard variables override it."""
    site = environment.get("WEBSITE_SITE_NAME")
    ours = {"service.name": site or "key-rotation", "service.instance.id": str(uuid4())}
    if site:
        ours |= {"cloud.provider": "azure", "cloud.platform": "azure.functions", "faas.name": site}
    return Resource.create({**ours, **OTELResourceDetector().detect().attributes})


class Answers(requests.Session):
    """A session that remembers the status of the collector's last answer; None if it did not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.status: int | None = None
        self.hooks["response"].append(self._note)

    def _note(self, response: requests.Response, **_: Any) -> None:  # noqa: ANN401 - requests' own arguments
        self.status = response.status_code


class _Metrics(OTLPMetricExporter):
    """The exporter, which also remembers whether its last export was accepted. Its reader does not return that."""

    accepted = True

    def export(self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **kwargs: Any) -> Any:  # noqa: ANN401
        result = super().export(metrics_data, timeout_millis, **kwargs)
        self.accepted = result is MetricExportResult.SUCCESS
        return result


class _Kept(SpanProcessor):
    """Keeps the latest ended spans until they are sent."""

    def __init__(self) -> None:
        self._spans: deque[ReadableSpan] = deque(maxlen=MOST_SPANS)

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            self._spans.append(span)

    def take(self) -> list[ReadableSpan]:
        """Return the spans that are kept, and keep them no longer."""
        return [self._spans.popleft() for _ in range(len(self._spans))]


class Collector:
    """The providers of metrics and spans, and their exporters.

    They are not the process's global providers: Azure's libraries would trace into those and send trace headers.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # its messages contain the collector's address
        self._answers, self._kept, silent = (Answers(), Answers()), _Kept(), NoOpMeterProvider()
        self._metrics = _Metrics(session=self._answers[0], meter_provider=silent)
        self._traces = OTLPSpanExporter(session=self._answers[1], meter_provider=silent)
        self._reader = PeriodicExportingMetricReader(self._metrics, math.inf)
        described = otlp_resource(environment)
        many = View(instrument_name="key_rotation.*", aggregation_cardinality_limit=MOST_SERIES)
        self.meters = MeterProvider([self._reader], described, shutdown_on_exit=False, views=[many])
        self.tracers = TracerProvider(resource=described, shutdown_on_exit=False, meter_provider=silent)
        self.tracers.add_span_processor(self._kept)

    def send(self) -> None:
        """Send all metrics, then all spans. Blocks. Raises ConnectionError if the collector did not accept them."""
        self._reader.collect()
        _must(self._metrics.accepted, self._answers[0])
        spans = self._kept.take()
        _must(not spans or self._traces.export(spans) is SpanExportResult.SUCCESS, self._answers[1])


def _must(accepted: bool, answers: Answers) -> None:
    status, answers.status = answers.status, None
    if not accepted:
        raise ConnectionError(f"the collector answered {status}" if status else "the collector was not reached")


class Outbox:
    """Sends in rounds: one at a time, shared by all that wait. A round sends everything from before it began."""

    def __init__(self, send: Callable[[], None]) -> None:
        self._send = send
        self._round: Round | None = None
        self._begun = 0
        self._silent_until = -math.inf

    async def flush(self) -> None:
        """Return after everything was sent, or could not be sent, or PATIENCE is over. Raises no error of sending."""
        if monotonic() < self._silent_until:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                error = await self._sent()
        except TimeoutError:
            self._be_silent(f"the collector took longer than {PATIENCE:g} seconds")
        else:
            if error is not None:
                self._be_silent(str(error) if isinstance(error, ConnectionError) else type(error).__name__)

    async def _sent(self) -> Exception | None:
        before = self._begun
        if self._round is not None:  # it may have begun before what is to be sent
            await asyncio.wait([asyncio.wrap_future(self._round)])
        if self._round is None or self._begun == before:
            self._begun += 1
            self._round = in_a_thread(self._send)
        return await asyncio.wrap_future(self._round)

    def _be_silent(self, why: str) -> None:
        if monotonic() >= self._silent_until:
            log.warning("telemetry: %s; nothing is sent for %g seconds", why, PAUSE)
        self._silent_until = monotonic() + PAUSE


type Round = Future[Exception | None]


def in_a_thread(work: Callable[[], None]) -> Round:
    """Do the work on a daemon thread, which keeps no process alive. It goes on if nothing waits for it any longer."""
    done: Round = Future()
    done.set_running_or_notify_cancel()  # from now on it cannot be cancelled

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the round returns it
            done.set_result(error)
        else:
            done.set_result(None)

    Thread(target=run, name="telemetry", daemon=True).start()
    return done
