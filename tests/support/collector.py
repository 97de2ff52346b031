"""An OpenTelemetry collector on this machine: it receives OTLP over HTTP and keeps metrics and spans as values."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

KINDS = {"sum": "counter", "gauge": "gauge", "histogram": "histogram"}
SPAN_KINDS = {1: "internal", 2: "server", 5: "consumer"}
STATUS_ERROR = 2


@dataclass(frozen=True)
class Point:
    """One data point of a metric. The value of a histogram is its count."""

    metric: str
    kind: str
    unit: str
    attributes: dict[str, Any]
    value: float


@dataclass(frozen=True)
class Seen:
    """One span. `events` counts its events and links."""

    name: str
    kind: str
    attributes: dict[str, Any]
    failed: bool
    message: str
    events: int
    id: bytes
    parent: bytes
    trace: bytes


@dataclass
class Collector:
    """What the collector received, in order.

    url: Its address.
    status: The status that it answers.
    hanging: Whether it keeps requests without an answer.
    asked: How many requests came.
    points, spans, resources: What they contained.
    heard: The headers and contents of all requests as text.
    news: Set when a request comes.
    """

    url: str = ""
    status: int = 200
    hanging: bool = False
    asked: int = 0
    points: list[Point] = field(default_factory=list)
    spans: list[Seen] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def metrics(self, request: web.Request) -> web.Response:
        message = ExportMetricsServiceRequest.FromString(await self._body(request))
        for one in message.resource_metrics:
            self._note(one)
            self.points += [point for scope in one.scope_metrics for metric in scope.metrics for point in _of(metric)]
        return self._answer(ExportMetricsServiceResponse())

    async def traces(self, request: web.Request) -> web.Response:
        message = ExportTraceServiceRequest.FromString(await self._body(request))
        for one in message.resource_spans:
            self._note(one)
            self.spans += [_span(span) for scope in one.scope_spans for span in scope.spans]
        return self._answer(ExportTraceServiceResponse())

    def latest(self, metric: str, **attributes: Any) -> float | None:
        """Return the last value of the series with these attributes, which are named without our prefix."""
        wanted = {f"key_rotation.{name}": value for name, value in attributes.items()}
        found = [one.value for one in self.points if one.metric == metric and one.attributes == wanted]
        return found[-1] if found else None

    def named(self, name: str) -> list[Seen]:
        return [one for one in self.spans if one.name == name]

    async def _body(self, request: web.Request) -> bytes:
        self.asked += 1
        self.news.set()
        raw = await request.read()
        self.heard.append(repr(dict(request.headers)))
        if self.hanging:
            await asyncio.Event().wait()
        packed = request.headers.get("Content-Encoding") == "gzip" and raw[:2] == b"\x1f\x8b"
        return gzip.decompress(raw) if packed else raw

    def _note(self, message: Any) -> None:
        self.resources.append(_plain(message.resource.attributes))
        self.heard.append(str(message))

    def _answer(self, body: Message) -> web.Response:
        return web.Response(
            body=body.SerializeToString() if self.status == 200 else b"",
            status=self.status,
            content_type="application/x-protobuf",
        )


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Run a collector on a free port while the block runs."""
    collector, app = Collector(), web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/metrics", collector.metrics)
    app.router.add_post("/v1/traces", collector.traces)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()


def _of(metric: Any) -> list[Point]:
    shape = metric.WhichOneof("data")
    return [
        Point(metric.name, KINDS[shape], metric.unit, _plain(point.attributes), _value(point))
        for point in getattr(metric, shape).data_points
    ]


def _value(point: Any) -> float:
    if hasattr(point, "bucket_counts"):
        return float(point.count)
    return float(getattr(point, point.WhichOneof("value")))


def _span(span: Any) -> Seen:
    return Seen(
        span.name,
        SPAN_KINDS[span.kind],
        _plain(span.attributes),
        span.status.code == STATUS_ERROR,
        span.status.message,
        len(span.events) + len(span.links),
        span.span_id,
        span.parent_span_id,
        span.trace_id,
    )


def _plain(attributes: Any) -> dict[str, Any]:
    return {one.key: _any(one.value) for one in attributes}


def _any(value: Any) -> Any:
    shape = value.WhichOneof("value")
    return [_any(one) for one in value.array_value.values] if shape == "array_value" else getattr(value, shape)
