"""The JSON form of values that pass between host and worker process.

A typed value is an object with one member, its kind: `{"string": …}`, `{"json": …}`, `{"int": …}`, `{"bytes": base64}`
or `{"http": {…}}`; null means no value. Both processes use this module, so it imports nothing of Azure. Sending is left
to `channel`.
"""

import base64
from typing import Any

from lab.funchost import protos

type Json = dict[str, Any]


def bytes_value(data: bytes) -> Json:
    """Return the typed value for bytes."""
    return {"bytes": base64.b64encode(data).decode()}


def bytes_of(value: Json) -> bytes:
    """Return the bytes in a typed value of kind "bytes"."""
    return base64.b64decode(value["bytes"])


def to_typed_data(value: Json | None) -> protos.TypedData:
    """Return a typed value as the worker code's message class."""
    if not value:
        return protos.TypedData()
    if "bytes" in value:
        return protos.TypedData(bytes=bytes_of(value))
    if "http" in value:
        http = value["http"]
        return protos.TypedData(http=protos.RpcHttp(**{**http, "body": to_typed_data(http["body"])}))
    return protos.TypedData(**value)


def from_typed_data(data: protos.TypedData | None) -> Json | None:
    """Return a typed value for the worker code's message, or None if it is empty."""
    kind = data.WhichOneof("data") if data is not None else None
    if data is None or kind is None:
        return None
    value = getattr(data, kind)
    if kind == "bytes":
        return bytes_value(value)
    if kind == "http":
        return {"http": _http_response(value)}
    return {kind: value}


def _http_response(http: protos.RpcHttp) -> Json:
    values: Any = http
    return {
        "status_code": values.status_code,
        "headers": dict(values.headers or {}),
        "cookies": [_cookie(cookie) for cookie in values.cookies or ()],
        "body": from_typed_data(values.body),
    }


def _cookie(cookie: protos.RpcHttpCookie) -> Json:
    return {name: _plain(getattr(cookie, name)) for name in cookie.fields}


def _plain(value: Any) -> Any:  # noqa: ANN401 - a nullable wrapper, a time stamp or the value itself
    if isinstance(value, protos.Timestamp):
        return getattr(value, "seconds", None)
    if isinstance(value, protos.Message):
        return _plain(getattr(value, "value", None))
    return value
