"""Queue messages: they are read back, damaged ones are refused by name, and none overwrites the queue's metadata."""

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.simulation.builders import an_account_id, marks
from lab.simulation.dates import START, at, days
from shared.domain.errors import FixConfiguration
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import AccountId
from shared.domain.publication import LONGEST_TAG, read_tags, tags_of
from shared.domain.requests import (
    ArmRequest,
    AwaitedDeployment,
    DeploymentRequest,
    DisarmRequest,
    LeakedKey,
    LeakRequest,
    Requester,
    RotateRequest,
)
from shared.turns.message import Message, read_message

ACCOUNT = AccountId("00000000-0000-4000-8000-000000000001", "prod", "chat")
QUEUED_AT = datetime(2026, 11, 22, 10, 20, 30, 456789, UTC)
WHOLE = Message(
    "chat",
    QUEUED_AT,
    ACCOUNT,
    {"key-rotation": "on", "key-rotation-owner": "team-é"},
    LeakRequest(key=LeakedKey.BOTH, reason="seen in a log", by="somebody", id="0123456789abcdef"),
)
# docs/facts.md, Queues: top-level members of these names overwrite the message's own metadata, in any case.
METADATA = {"id", "dequeuecount", "insertiontime", "expirationtime", "popreceipt", "nextvisibletime", "queuetrigger"}

texts = st.text(max_size=20)
common = {"reason": texts, "by": texts, "id": st.none() | st.from_regex(r"[!-*,-~]{1,20}", fullmatch=True)}
deployment = st.builds(AwaitedDeployment, st.sampled_from(["production", "test"]))
requests = st.one_of(
    st.builds(RotateRequest, **common),
    st.builds(LeakRequest, key=st.sampled_from(LeakedKey), **common),
    st.builds(ArmRequest, deployment=deployment, **common),
    st.builds(DisarmRequest, **common),
    st.builds(DeploymentRequest, deployment=deployment, **common),
)
messages = st.builds(
    Message,
    texts,
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2199, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.just(ACCOUNT),
    st.dictionaries(texts, texts, max_size=5),
    st.none() | requests,
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def refused(body: bytes) -> FixConfiguration:
    with pytest.raises(FixConfiguration) as caught:
        read_message(body)
    assert caught.value.thing.startswith("queue message")
    str(caught.value).encode()
    return caught.value


@settings(derandomize=True)
@given(messages)
def test_a_written_message_is_read_back(message: Message) -> None:
    """A request that was queued also has the time of its message."""
    request = replace(message.request, requested_at=message.queued_at) if message.request else None
    assert read_message(message.text().encode()) == replace(message, request=request)


def test_a_message_for_an_explicit_target_holds_only_its_name_and_the_time() -> None:
    assert json.loads(Message("chat", QUEUED_AT).text()) == {
        "target": "chat",
        "asked": "2026-11-22T10:20:30.456789+00:00",
    }
    assert read_message(Message("chat", QUEUED_AT).text().encode()) == Message("chat", QUEUED_AT)


@pytest.mark.parametrize("key", [None, LeakedKey.PREVIOUS])
def test_a_fingerprint_is_also_among_the_values_by_which_the_release_before_goes(key: LeakedKey | None) -> None:
    """That one knows no fingerprint: it ends this value or none, whatever the word says."""
    leak = LeakRequest(key=key, fingerprint=Fingerprint("0123456789abcdef"), requested_at=QUEUED_AT)
    message = Message("chat", QUEUED_AT, request=leak)
    assert json.loads(message.text())["request"]["values"] == ["0123456789abcdef"]
    assert read_message(message.text().encode()) == message


def test_once_a_turn_has_seen_the_keys_a_leak_is_about_these_values() -> None:
    values = frozenset({Fingerprint("0123456789abcdef"), Fingerprint("fedcba9876543210")})
    leak = LeakRequest(fingerprint=Fingerprint("0123456789abcdef"), values=values, requested_at=QUEUED_AT)
    read = read_message(Message("chat", QUEUED_AT, request=leak).text().encode()).request
    assert isinstance(read, LeakRequest)
    assert (read.values, read.fingerprint) == (values, None)


def test_no_member_has_the_name_of_queue_metadata() -> None:
    assert not {name.lower() for name in json.loads(WHOLE.text())} & METADATA


def test_a_message_with_the_most_tags_of_an_account_fits_into_the_queue() -> None:
    """50 tags of 512 and 256 characters are Azure's limit; the host writes base64, and a queue takes 64 KiB."""
    tags = {f"{number:0512}": "v" * 256 for number in range(50)}
    body = Message("chat", QUEUED_AT, ACCOUNT, tags, WHOLE.request).text().encode()
    assert len(body) * 4 / 3 < 64 * 1024


def test_a_message_is_stale_after_one_hour() -> None:
    message = Message("chat", QUEUED_AT)
    assert not message.is_stale(QUEUED_AT + timedelta(hours=1))
    assert message.is_stale(QUEUED_AT + timedelta(hours=1, seconds=1))


def test_a_failed_request_is_queued_again_for_a_day_and_a_scheduled_turn_is_not() -> None:
    requested = Message("chat", QUEUED_AT, request=RotateRequest())
    assert requested.is_to_be_kept(QUEUED_AT + timedelta(hours=23, minutes=59))
    assert not requested.is_to_be_kept(QUEUED_AT + timedelta(hours=24))
    assert not Message("chat", QUEUED_AT).is_to_be_kept(QUEUED_AT)
    assert not replace(requested, repeated=True).is_to_be_kept(QUEUED_AT)  # the next tick queues it again


def edited(**changes: Any) -> bytes:
    return json.dumps(json.loads(WHOLE.text()) | changes).encode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "it is not JSON"),
        (b"\xff\xfe\x00", "it is not JSON"),
        (WHOLE.text().encode()[:-5], "it is not JSON"),
        (b"[]", "not an object with a target"),
        (b"{}", "not an object with a target"),
        (edited(target=7), "not an object with a target"),
        (edited(extra=1), "unknown members: extra"),
        (edited(asked=None), "cannot be read"),
        (edited(asked="yesterday"), "cannot be read"),
        (edited(asked="2026-11-22T10:20:30"), "asked has no time zone"),
        (edited(account="chat"), "is not the resource id of an account"),
        (edited(tags=["on"]), "tags is not an object of texts"),
        (edited(tags={"key-rotation": True}), "tags is not an object of texts"),
        (edited(request="rotate"), "request is not an object"),
        (edited(request={"wish": "rest"}), "'rest' is not a valid RequestKind"),
        (edited(request={"wish": "leak", "key": "third"}), "'third' is not a valid LeakedKey"),
        (edited(request={"wish": "rotate", "reason": ["a"]}), "not text"),
        (edited(request={"wish": "arm"}), "names no deployment"),
        (edited(request={"wish": "deployed"}), "names no deployment"),
        (b'{"target": "chat"}', "cannot be read: 'asked'"),
    ],
)
def test_a_damaged_message_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    assert reason in refused(body).what


def test_a_message_with_an_impossible_time_is_refused() -> None:
    refused(edited(asked="0001-01-01T00:00:00+14:00"))


def test_a_very_deeply_nested_message_is_refused() -> None:
    refused(b"[" * 40_000)


def test_the_error_about_text_that_cannot_be_encoded_can_be_encoded() -> None:
    refused(b'{"target": "chat", "\\ud800": 1}')


def read_or_refuse(body: bytes) -> None:
    """Read the message, or see it refused with the usual next step. Any other exception fails the test."""
    next_step = "nothing; the next check queues a new message"
    try:
        read_message(body)
    except FixConfiguration as error:
        next_step = error.next_step
    assert next_step.startswith("nothing; the next check queues a new message")


@settings(derandomize=True, max_examples=200)
@given(st.data())
def test_a_message_with_one_damaged_member_is_read_or_refused(data: st.DataObject) -> None:
    body = json.loads(WHOLE.text())
    place = body if data.draw(st.booleans()) else body["request"]
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(anything)
    read_or_refuse(json.dumps(body).encode())


@settings(derandomize=True, max_examples=200)
@given(st.data())
def test_a_message_with_damaged_bytes_is_read_or_refused(data: st.DataObject) -> None:
    body = bytearray(WHOLE.text().encode())
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    read_or_refuse(bytes(body)[: data.draw(st.integers(0, len(body)))])


def test_reading_a_message_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        read_message(WHOLE.text().encode())
        refused(b"{")
    assert not caplog.records


# Request ids must fit into tags.


def test_the_longest_accepted_request_id_fits_into_a_tag():
    body = Message("chat", START, request=RotateRequest(id="r" * 300)).text().encode()
    try:
        request = read_message(body).request
    except FixConfiguration:  # refusing such an id is allowed too
        return
    assert request is not None
    tags = tags_of(marks(request=request.id), KeySlot.KEY1, str(an_account_id()), days(30), {})
    assert max(len(text) for text in tags.values()) <= LONGEST_TAG


@pytest.mark.parametrize("known", ["release 7", "release\t7", "release+7", "r" * 65, "größe"])
def test_read_message_refuses_a_request_id_that_a_tag_cannot_hold(known: str):
    sent = DeploymentRequest(id=known, deployment=AwaitedDeployment("production", deployed=START))
    with pytest.raises(FixConfiguration, match="request_id"):
        read_message(Message("chat", START, request=sent).text().encode())


def test_every_character_of_an_accepted_request_id_survives_the_tags():
    known = "".join(chr(sign) for sign in range(33, 98) if chr(sign) != "+")
    sent = DeploymentRequest(id=known, deployment=AwaitedDeployment("production", deployed=START))
    request = read_message(Message("chat", START, request=sent).text().encode()).request
    assert request is not None
    fired = AwaitedDeployment("e" * 40, timedelta(days=30), at(day=9), START, request.id)
    written = marks(requester=Requester(request.id, "ann"), awaited=fired)
    tags = tags_of(written, KeySlot.KEY1, str(an_account_id()), days(30), {})
    assert max(len(text) for text in tags.values()) <= LONGEST_TAG
    assert read_tags(tags)[3] == written
