"""How values are converted on their way to and from queues."""

import json

import pytest

from lab.funchost.outputs import decode, encode, messages_of
from lab.funchost.queue_metadata import overwritten
from lab.funchost.wire import Json, bytes_value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"string": "plain"}, [b"plain"]),
        ({"string": '{\n "a": "\\u00e9" }'}, ['{"a":"é"}'.encode()]),
        ({"string": '[ {"a": 1}, "b", 3 ]'}, [b'{"a":1}', b"b", b"3"]),
        ({"string": "{not json"}, [b"{not json"]),
        ({"string": "[]"}, []),
        ({"json": '["x", {"y": 1}]'}, [b"x", b'{"y":1}']),
        ({"int": 5}, [b"5"]),
        (bytes_value(b"[1, 2]\xff"), [b"[1, 2]\xff"]),
    ],
)
def test_an_output_value_becomes_the_same_messages_as_on_the_platform(value: Json, expected: list[bytes]) -> None:
    assert messages_of(value) == expected


def test_messages_are_encoded_as_host_json_says() -> None:
    assert (encode(b"hi", "base64"), encode(b"hi", "none")) == ("aGk=", "hi")
    assert decode("aGk=", "base64") == decode("hi", "none") == b"hi"
    with pytest.raises(ValueError):
        decode("not base64!", "base64")


def test_members_of_a_json_body_overwrite_the_metadata_ignoring_case() -> None:
    facts: dict[str, Json] = {"Id": {"string": "real"}, "DequeueCount": {"json": "1"}}
    changed = overwritten(facts, json.dumps({"id": "fake", "dequeuecount": 9, "extra": [1]}).encode())
    assert changed == {"Id": {"string": "fake"}, "DequeueCount": {"json": "9"}, "extra": {"json": "[1]"}}


@pytest.mark.parametrize("body", [b"text", b"[1]", b'"id"', b"\xff"])
def test_a_body_that_is_not_a_json_object_overwrites_nothing(body: bytes) -> None:
    facts: dict[str, Json] = {"Id": {"string": "real"}}
    assert overwritten(facts, body) == facts
