"""Plain classes in place of the protobuf messages between the Functions host and its Python worker.

The worker code never imports message classes: its caller passes in a namespace named `protos` (docs/facts.md,
Worker). This module is that namespace. Transport is left to `channel` and the JSON form of a message to `wire`. The
classes are as strict as the real messages where an app could notice the difference: in the types that `TypedData`
accepts.
"""

from types import SimpleNamespace
from typing import Any, ClassVar


class Message:
    """The base class. Fields are given as keywords; a field that was not given is None.

    Raises ValueError for an unknown field.
    """

    fields: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **values: Any) -> None:  # noqa: ANN401
        unknown = set(values) - set(self.fields)
        if unknown:
            raise ValueError(f"{type(self).__name__} has no field {', '.join(sorted(unknown))}")
        for name in self.fields:
            setattr(self, name, values.get(name))


class TypedData(Message):
    """A value of exactly one kind; `WhichOneof` returns which one.

    Raises TypeError if the value does not have the type of its kind.
    """

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
        """Return the name of the field that is set, or None."""
        return self._kind


class ParameterBinding(Message):
    """A named value: an argument in a request, an output in a response."""

    fields = ("name", "data")

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - the name the worker code calls
        """Return "data", the only kind of value that this host uses."""
        return "data"


class RpcHttp(Message):
    """An HTTP request or an HTTP response, depending on which fields are set."""

    fields = (
        "method", "url", "headers", "params", "query", "body",
        "status_code", "cookies", "enable_content_negotiation",
    )  # fmt: skip


class RpcHttpCookie(Message):
    """A cookie that a response sets."""

    SameSite: ClassVar[SimpleNamespace] = SimpleNamespace(**{"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3})
    fields = ("name", "value", "domain", "path", "expires", "secure", "http_only", "same_site", "max_age")


class NullableString(Message):
    """A string that may be missing."""

    fields = ("value",)


class NullableBool(Message):
    """A bool that may be missing."""

    fields = ("value",)


class NullableDouble(Message):
    """A number that may be missing."""

    fields = ("value",)


class NullableTimestamp(Message):
    """A Timestamp that may be missing."""

    fields = ("value",)


class Timestamp(Message):
    """A point in time, in seconds since 1970."""

    fields = ("seconds",)


class StatusResult(Message):
    """How a request ended. The numbers are those of the real message."""

    Failure, Success, Cancelled = 0, 1, 2
    fields = ("status", "exception")


class RpcException(Message):
    """An error, with its traceback."""

    fields = ("message", "stack_trace", "source")


class BindingInfo(Message):
    """One binding of a function. The class attributes are the enumerations of the real message."""

    out, inout = 1, 2
    undefined, string, binary, stream = 0, 1, 2, 3
    fields = ("type", "data_type", "direction")


class RpcRetryOptions(Message):
    """A retry policy.

    Raises ValueError for a strategy other than the two that the real message accepts.
    """

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
    """The versions of the worker."""

    fields = ("runtime_name", "runtime_version", "worker_version", "worker_bitness", "custom_properties")


class WorkerInitResponse(Message):
    """The answer to WorkerInitRequest: the app was imported and indexed, or why not."""

    fields = ("capabilities", "worker_metadata", "result")


class FunctionMetadataResponse(Message):
    """The answer to FunctionMetadataRequest: the app's functions."""

    fields = ("use_default_metadata_indexing", "function_metadata_results", "result")


class FunctionLoadResponse(Message):
    """The answer to FunctionLoadRequest."""

    fields = ("function_id", "result")


class InvocationResponse(Message):
    """The answer to InvocationRequest: return value and outputs."""

    fields = ("invocation_id", "return_value", "result", "output_data")
