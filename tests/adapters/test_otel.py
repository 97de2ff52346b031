"""The telemetry adapter by itself: docs/telemetry.md lists every name that it sends, and it never holds up the work."""

import asyncio
import logging
import re
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lab.simulation.builders import a_publication, a_target, overlapping
from lab.simulation.dates import at, days
from shared import wiring
from shared.adapters import otlp
from shared.adapters.otel import OpenTelemetry
from shared.adapters.otlp import Outbox
from shared.announce.deadlines import DeadlineKind
from shared.decide.plan import Reason
from shared.domain.errors import GrantRole, LeaseHeld, ProofFailed, TryLater
from shared.domain.model import Target
from shared.domain.publication import Marks
from shared.fleet.enrolment import Enrolled
from shared.fleet.found import Listed
from shared.fleet.ticks import Tick
from shared.handlers import telemetry_facts
from shared.handlers.telemetry_facts import standings
from shared.telemetry import Off, Trigger
from shared.turns.report import Outcome, Result
from shared.web.responses import Reply, problem
from tests.support.collector import Collector, Seen, collecting

SUNSET = datetime(2030, 1, 1, tzinfo=UTC)
PAGE = (Path(__file__).parents[2] / "docs" / "telemetry.md").read_text()
DONE = Outcome(
    "chat", Result.DONE, Reason.DUE, "It is due.", done=("regenerate key2",), outstanding=("KeyRotation.KeyRotated",)
)


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    async with collecting() as one:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", one.url)
        yield one


@pytest.fixture
def otel(collector: Collector) -> OpenTelemetry:
    return OpenTelemetry({})


def listed(target: Target | None = None, noted: Marks | None = None) -> Listed:
    return Listed(Enrolled(target or a_target()), a_publication(noted))


def a_tick(*found: Listed, **facts: Any) -> Tick:
    return Tick(at(day=1), list(found), **facts)


async def ticks(otel: OpenTelemetry, tick: Tick) -> None:
    async with otel.tick() as saw:
        saw(telemetry_facts.of_tick(tick))


async def turns(otel: OpenTelemetry, outcome: Outcome, trigger: Trigger = Trigger.QUEUE) -> None:
    async with otel.turn(trigger) as saw:
        saw(telemetry_facts.of_outcome(outcome))


async def requests(otel: OpenTelemetry, reply: Reply, method: str = "POST") -> None:
    async with otel.request(method, "/api/targets/{name}/rotate") as saw:
        saw(telemetry_facts.of_reply(reply))


async def fails(watched: Any, error: BaseException) -> None:
    with pytest.raises(type(error)):
        async with watched:
            raise error


async def everything(otel: OpenTelemetry) -> None:
    sunset = a_target(sunset=SUNSET)
    await ticks(otel, a_tick(listed(sunset, overlapping()), unseen=2, problems=[TryLater("a", "b")]))
    await fails(otel.tick(), GrantRole("chat", "may not."))
    for result in Result:
        await turns(otel, replace(DONE, result=result))
    await turns(otel, replace(DONE, result=Result.HELD, cause=Reason.BRAKE))
    await fails(otel.turn(Trigger.QUEUE), TryLater("chat", "later."))
    await requests(otel, Reply(200, {}))
    await requests(otel, problem(409, "PersonMustLook", "look"))


# --- the page ------------------------------------------------------------------------------------------------------


def rows(heading: str) -> list[list[str]]:
    """The cells of the table that begins with that column."""
    table = PAGE[PAGE.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def codes(cell: str) -> frozenset[str]:
    return frozenset(re.findall(r"`([^`]+)`", cell))


async def test_the_page_lists_exactly_the_metrics_that_are_sent(otel: OpenTelemetry, collector: Collector) -> None:
    await everything(otel)
    said = {(one.metric, one.kind, one.unit, frozenset(one.attributes)) for one in collector.points}
    listed_there = {
        (*codes(name), kind, *codes(unit), codes(attributes)) for name, kind, unit, attributes, _ in rows("metric")
    }
    assert said == listed_there


async def test_the_page_lists_exactly_the_spans_and_their_attributes(otel: OpenTelemetry, collector: Collector) -> None:
    await everything(otel)
    for name, kind, always, sometimes in rows("span"):
        spans = [one for one in collector.spans if one.name in codes(name)]
        whole = [frozenset(one.attributes) for one in spans if not incomplete(one)]
        assert {one.kind for one in spans} == {kind}
        assert frozenset.intersection(*whole) == codes(always)
        assert {each for one in spans for each in one.attributes} == codes(always) | codes(sometimes)
    assert {one.name for one in collector.spans} == {sorted(codes(name))[0] for name, *_ in rows("span")}


def incomplete(span: Seen) -> bool:
    """Return whether the work failed before it had any facts."""
    return span.failed and not {"key_rotation.tick.turns", "key_rotation.target", "http.route"} & set(span.attributes)


async def test_the_page_states_the_limits_of_the_code(otel: OpenTelemetry, collector: Collector) -> None:
    assert f"**{otlp.PATIENCE:g} seconds at the most**" in PAGE
    assert f"for {otlp.PAUSE:g} seconds" in PAGE
    assert f"latest {otlp.MOST_SPANS:,} spans" in PAGE
    assert f"Beyond {otlp.MOST_SERIES:,} series" in PAGE
    for word in (*Result, *DeadlineKind):
        assert f"`{word}`" in PAGE
    await ticks(otel, a_tick())
    assert set(collector.resources[0]) & {"service.name", "service.instance.id"} == codes(
        "`service.name` `service.instance.id`"
    )


# --- what is sent -----------------------------------------------------------------------------------------------


async def test_a_tick_sends_the_age_and_every_deadline_of_a_target(otel: OpenTelemetry, collector: Collector) -> None:
    await ticks(otel, a_tick(listed(a_target(sunset=SUNSET), overlapping())))
    assert collector.latest("key_rotation.key.age", target="chat") == days(1).total_seconds()
    for what, time in (("retirement", days(2)), ("rotation", days(29)), ("sunset", SUNSET - at(day=1))):
        said = collector.latest("key_rotation.deadline.remaining", target="chat", deadline=what)
        assert said == time.total_seconds()


async def test_a_past_deadline_is_negative_and_a_target_that_left_is_not_sent_again(
    otel: OpenTelemetry, collector: Collector
) -> None:
    await ticks(otel, replace(a_tick(listed()), now=at(day=40)))
    assert collector.latest("key_rotation.deadline.remaining", target="chat", deadline="rotation") == -864_000
    before = len(collector.points)
    await turns(otel, DONE)
    await ticks(otel, a_tick())
    assert "key_rotation.key.age" not in {one.metric for one in collector.points[before:]}


def test_a_target_that_cannot_be_judged_does_not_hide_another(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(situation: Any, real: Callable[..., Any] = telemetry_facts.deadlines) -> Any:
        if situation.target.name == "odd":
            raise OverflowError
        return real(situation)

    monkeypatch.setattr(telemetry_facts, "deadlines", judge)
    unadopted = Listed(Enrolled(a_target("new")), None)
    found = list(standings(a_tick(listed(a_target("odd")), unadopted, listed())))
    assert [one.target for one in found] == ["chat"]


async def turned(watched: Any, outcome: Outcome | None, error: Exception | None) -> None:
    async with watched as saw:
        if outcome is not None:
            saw(telemetry_facts.of_outcome(outcome))
        if error is not None:
            raise error


@pytest.mark.parametrize(
    ("outcome", "error", "code"),
    [
        (DONE, None, None),
        (replace(DONE, result=Result.FAILED, cause=ProofFailed("chat", "no.")), None, "ProofFailed"),
        (
            replace(DONE, result=Result.FAILED, cause=ProofFailed("chat", "no.")),
            RuntimeError("TurnFailed"),
            "ProofFailed",
        ),
        (replace(DONE, result=Result.BUSY, cause=LeaseHeld("chat", "no.")), None, None),
        (replace(DONE, result=Result.BUSY, cause=LeaseHeld("chat", "no.")), RuntimeError("TurnFailed"), "LeaseHeld"),
        (DONE, GrantRole("chat", "may not."), "GrantRole"),
        (None, KeyError("whatever"), "KeyError"),
    ],
)
async def test_an_error_is_sent_as_its_code_without_its_message(
    otel: OpenTelemetry, collector: Collector, outcome: Outcome | None, error: Exception | None, code: str | None
) -> None:
    with pytest.raises(type(error)) if error else nullcontext():
        await turned(otel.turn(Trigger.HTTP), outcome, error)
    (span,) = collector.spans
    assert (span.attributes.get("error.type"), span.failed) == (code, code is not None)
    assert (span.message, span.events) == ("", 0)


async def test_a_message_left_to_the_next_tick_is_not_counted_as_a_turn(
    otel: OpenTelemetry, collector: Collector
) -> None:
    async with otel.turn(Trigger.QUEUE):
        pass
    assert [one.attributes for one in collector.spans] == [{"faas.trigger": "pubsub"}]
    assert not collector.points


async def test_an_unknown_http_method_is_not_sent(otel: OpenTelemetry, collector: Collector) -> None:
    await requests(otel, problem(405, "MethodNotAllowed", "no"), method="a-secret-word")
    assert [one.name for one in collector.spans] == ["HTTP /api/targets/{name}/rotate"]
    assert "a-secret-word" not in str(collector.spans)


async def test_the_standard_variables_override_the_resource(collector, monkeypatch: pytest.MonkeyPatch) -> None:
    await ticks(OpenTelemetry({"WEBSITE_SITE_NAME": "func-a"}), a_tick())
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=keys,service.instance.id=one")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "ours")
    await ticks(OpenTelemetry({"WEBSITE_SITE_NAME": "func-a"}), a_tick())
    first, last = collector.resources[0], collector.resources[-1]
    assert (first["service.name"], first["faas.name"], first["cloud.platform"]) == (
        "func-a",
        "func-a",
        "azure.functions",
    )
    assert len(first["service.instance.id"]) == 36
    assert (last["service.name"], last["service.instance.id"], last["team"]) == ("ours", "one", "keys")


async def test_otel_sdk_disabled_sends_nothing(collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    await everything(OpenTelemetry({}))
    assert not collector.points
    assert not collector.spans


# --- it never holds up the work --------------------------------------------------------------------------------------


async def test_an_error_in_telemetry_is_logged_and_not_raised(
    otel: OpenTelemetry, collector: Collector, caplog
) -> None:
    broken: Any = object()
    async with otel.turn(Trigger.QUEUE) as saw:
        saw(broken)
    otel.tracer = broken
    await turns(otel, DONE)
    assert [one.message for one in caplog.records if "not recorded in full" in one.message] == [
        "telemetry: turn was not recorded in full (AttributeError)"
    ] * 2


async def test_cancelled_work_does_not_wait_for_the_collector(otel: OpenTelemetry, collector: Collector) -> None:
    await fails(otel.turn(Trigger.QUEUE), asyncio.CancelledError())
    assert collector.asked == 0
    await turns(otel, DONE)
    assert len(collector.spans) == 2


async def test_only_the_outermost_context_waits_for_the_collector(otel: OpenTelemetry, collector: Collector) -> None:
    async with otel.request("POST", "/api/rotate") as answered:
        await turns(otel, DONE, Trigger.HTTP)
        assert collector.asked == 0
        answered(telemetry_facts.of_reply(Reply(200, {})))
    assert {one.name for one in collector.spans} == {"turn", "POST /api/rotate"}


class Sender:
    """A send function that blocks until it may end, and counts its calls."""

    def __init__(self, error: Exception | None = None) -> None:
        self.may_end, self.begun, self.ended, self.error = threading.Event(), 0, 0, error
        self.has_begun = threading.Event()

    def __call__(self) -> None:
        self.begun += 1
        self.has_begun.set()
        assert self.may_end.wait(60)
        self.ended += 1
        if self.error:
            raise self.error


@pytest.fixture
def slow() -> Any:
    sender = Sender()
    yield sender
    sender.may_end.set()


async def test_a_hanging_collector_is_waited_for_once_and_then_paused(slow, monkeypatch, caplog) -> None:
    monkeypatch.setattr(otlp, "PATIENCE", 0.05)
    outbox = Outbox(slow)
    await outbox.flush()
    assert (slow.begun, slow.ended) == (1, 0), "it returned while the send still hung"
    await outbox.flush()
    assert slow.begun == 1
    monkeypatch.setattr(otlp, "monotonic", lambda real=otlp.monotonic: real() + otlp.PAUSE + 1)
    await outbox.flush()
    assert slow.begun == 1, "one round at a time, however long it takes"
    assert [one.levelno for one in caplog.records if "took longer than" in one.message] == [logging.WARNING] * 2


async def test_sending_is_tried_again_after_the_pause(slow, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    slow.error = ConnectionError("the collector answered 401")
    slow.may_end.set()
    outbox = Outbox(slow)
    await outbox.flush()
    await outbox.flush()
    assert slow.begun == 1
    assert [one.message for one in caplog.records if one.name == "key-rotation"] == [
        "telemetry: the collector answered 401; nothing is sent for 60 seconds"
    ]
    monkeypatch.setattr(otlp, "monotonic", lambda real=otlp.monotonic: real() + otlp.PAUSE + 1)
    slow.error = None
    await outbox.flush()
    await outbox.flush()
    assert slow.ended == 3


async def test_callers_that_come_during_a_round_share_the_next_round(slow) -> None:
    outbox = Outbox(slow)
    first = asyncio.create_task(outbox.flush())
    await asyncio.to_thread(slow.has_begun.wait, 60)
    others = [asyncio.create_task(outbox.flush()) for _ in range(20)]
    await asyncio.sleep(0.01)
    assert not any(one.done() for one in (first, *others))
    slow.may_end.set()
    await asyncio.gather(first, *others)
    assert slow.ended == 2


async def test_an_unexpected_exception_is_logged_by_its_class_name(slow, caplog) -> None:
    slow.error = ValueError("http://user:secret@collector")
    slow.may_end.set()
    await Outbox(slow).flush()
    assert "telemetry: ValueError; nothing is sent" in caplog.text
    assert "secret" not in caplog.text


async def test_spans_are_kept_up_to_a_limit_while_the_collector_is_down(
    otel: OpenTelemetry, collector: Collector, monkeypatch
) -> None:
    collector.status = 500
    await turns(otel, DONE)
    assert (collector.asked, collector.spans) == (1, [])
    for _ in range(otlp.MOST_SPANS + 10):
        await turns(otel, DONE)
    assert collector.asked == 1
    monkeypatch.setattr(otlp, "monotonic", lambda real=otlp.monotonic: real() + otlp.PAUSE + 1)
    collector.status = 200
    await turns(otel, DONE)
    assert len(collector.spans) == otlp.MOST_SPANS
    assert collector.latest("key_rotation.turns", result="done", reason="due") == otlp.MOST_SPANS + 12


# --- choosing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["", " ", "off", "on", "OTLP", "grpc"])
def test_only_the_word_otlp_turns_telemetry_on(word: str) -> None:
    assert isinstance(wiring.choose_telemetry({"ROTATION_TELEMETRY": word}), Off)


def test_telemetry_is_off_if_it_cannot_be_set_up(monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    monkeypatch.setitem(sys.modules, "shared.adapters.otel", None)
    assert isinstance(wiring.choose_telemetry({"ROTATION_TELEMETRY": "otlp"}), Off)
    assert "telemetry: could not be set up (ModuleNotFoundError); nothing is sent" in caplog.text


def test_telemetry_is_chosen_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring._Process, "telemetry", None)
    assert wiring.telemetry() is wiring.telemetry()


async def test_off_takes_all_facts() -> None:
    off = Off()
    for watched in (off.tick(), off.turn(Trigger.HTTP), off.request("GET", "/api/health")):
        async with watched as saw:
            saw(DONE)
