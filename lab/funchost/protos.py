"""Plain stand-ins for the messages between the platform's host and its Python worker.

The worker code never imports message classes: the caller injects a namespace named `protos`, and this module is that
namespace. It leaves transport to `channel` and the JSON form of a message to `wire`. Its one rule: be as strict as
the real messages are where an app could notice, that is in the types that `TypedData` takes.
"""

from types import SimpleNamespace
from typing import Any, ClassVar


class Message:
    """A message takes its fields as keywords; a field never given reads as None."""

    fields: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **values: Any) -> None:  # noqa: ANN401
        unknown = set(values) - set(self.fields)
        if unknown:
            raise ValueError(f"{type(self).__name__} has no field {', '.join(sorted(unknown))}")
        for name in self.fields:
            setattr(self, name, values.get(name))


class TypedData(Message):
    """One value of one kind; which kind, `WhichOneof` says."""

    kinds: ClassVar[dict[str, tuple[type, ...]]] = {
        "string": (str,),
        "json": (str,),
        "bytes": (bytes,),
        "stream": (bytes,),
        "int": (int,),
        "double": (int, float),
    }
    fields = (*kinds, "http")

    def __init__(self, **values: Any) -> None:  # noqa: ANN401
        given = {name: value for name, value in values.items() if value is not None}
        for name, value in given.items():
            if name in self.kinds and not isinstance(value, self.kinds[name]):
                raise TypeError(f"TypedData.{name} cannot hold a {type(value).__name__}")
        super().__init__(**given)
        self._kind = next(iter(given), None)

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - the name the worker code calls
        return self._kind


class ParameterBinding(Message):
    """A named value: an argument on the way in, an output on the way out."""

    fields = ("name", "data")

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - the name the worker code calls
        return "data"


class RpcHttp(Message):
    """A request or a response; which of the fields are filled tells the two apart."""

    fields = (
        "method", "url", "headers", "params", "query", "body",
        "status_code", "cookies", "enable_content_negotiation",
    )  # fmt: skip


class RpcHttpCookie(Message):
    """A cookie that a response sets."""

    SameSite: ClassVar[SimpleNamespace] = SimpleNamespace(**{"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3})
    fields = ("name", "value", "domain", "path", "expires", "secure", "http_only", "same_site", "max_age")


class NullableString(Message):
    fields = ("value",)


class NullableBool(Message):
    fields = ("value",)


class NullableDouble(Message):
    fields = ("value",)


class NullableTimestamp(Message):
    fields = ("value",)


class Timestamp(Message):
    fields = ("seconds",)


class StatusResult(Message):
    """How a request ended; the numbers are those of the real message."""

    Failure, Success, Cancelled = 0, 1, 2
    fields = ("status", "exception")


class RpcException(Message):
    fields = ("message", "stack_trace", "source")


class BindingInfo(Message):
    """One binding of a function; the class attributes are the real message's enumerations."""

    out, inout = 1, 2
    undefined, string, binary, stream = 0, 1, 2, 3
    fields = ("type", "data_type", "direction")


class RpcRetryOptions(Message):
    """A retry policy. The real message takes these two strategies only, and so does this one."""

    fields = ("max_retry_count", "retry_strategy", "delay_interval", "minimum_interval", "maximum_interval")

    def __init__(self, **values: Any) -> None:  # noqa: ANN401
        super().__init__(**values)
        if values.get("retry_strategy") not in ("fixed_delay", "exponential_backoff"):
            raise ValueError(f"unknown retry strategy {values.get('retry_strategy')!r}")


class RpcFunctionMetadata(Message):
    """A function as the worker found it."""

    fields = (
        "name", "function_id", "managed_dependency_enabled", "directory", "script_file", "entry_point", "is_proxy",
        "language", "bindings", "raw_bindings", "retry_options", "properties",
    )  # fmt: skip


class WorkerMetadata(Message):
    fields = ("runtime_name", "runtime_version", "worker_version", "worker_bitness", "custom_properties")


class WorkerInitResponse(Message):
    fields = ("capabilities", "worker_metadata", "result")


class FunctionMetadataResponse(Message):
    fields = ("use_default_metadata_indexing", "function_metadata_results", "result")


class FunctionLoadResponse(Message):
    fields = ("function_id", "result")


class InvocationResponse(Message):
    fields = ("invocation_id", "return_value", "result", "output_data")
