"""Reads host.json, the app's configuration of the host.

Defaults and limits are those of the Functions host (docs/facts.md, Host; Queues; Timeouts). Unknown members are
ignored.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.funchost.errors import HostConfigError
from lab.funchost.timespan import parse_timespan

_BUNDLES = ("Microsoft.Azure.Functions.ExtensionBundle",)


@dataclass(frozen=True, slots=True)
class QueueConfig:
    """How queues are read (docs/facts.md, Queues).

    batch_size: How many messages one poll takes at most. Default 16, at most 32.
    new_batch_threshold: The next poll waits until no more messages than this are being processed. Default: half of
        batch_size.
    max_dequeue_count: After this number of failed attempts a message goes to the poison queue. Default 5.
    visibility_timeout: Seconds before a failed message becomes visible again. Default 0.
    max_polling_interval: The longest pause between two polls of an empty queue, in seconds. Default 60.
    message_encoding: "base64" or "none". Default "base64".
    """

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: float = 0
    max_polling_interval: float = 60
    message_encoding: str = "base64"


@dataclass(frozen=True, slots=True)
class HostConfig:
    """The values that this host uses from host.json.

    function_timeout: How long a run may take, in seconds. None means no limit.
    route_prefix: The first part of the path of every HTTP function, without slashes. May be empty.
    has_bundle: True if an extension bundle is configured, which queue and Event Grid bindings need.
    queues: How queues are read.
    """

    function_timeout: float | None
    route_prefix: str
    has_bundle: bool
    queues: QueueConfig


def read_host_json(app_dir: Path) -> HostConfig:
    """Read host.json from the app's folder.

    Raises HostConfigError if the file is missing or invalid, or has a value that the Functions host would refuse.
    """
    path = app_dir / "host.json"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise HostConfigError(f"there is no host.json in {app_dir}; name the app's folder") from None
    try:
        content: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise HostConfigError(f"host.json is not JSON: {error}") from None
    if not isinstance(content, dict) or content.get("version") != "2.0":
        raise HostConfigError('host.json must say "version": "2.0"')
    extensions = _section(content, "extensions")
    return HostConfig(
        function_timeout=_function_timeout(content),
        route_prefix=str(_section(extensions, "http").get("routePrefix", "api")).strip("/"),
        has_bundle=_has_bundle(content),
        queues=_queues(_section(extensions, "queues")),
    )


def _section(content: dict[str, Any], name: str) -> dict[str, Any]:
    value = content.get(name, {})
    if not isinstance(value, dict):
        raise HostConfigError(f"host.json: {name} must be an object")
    return value


def _has_bundle(content: dict[str, Any]) -> bool:
    bundle = _section(content, "extensionBundle")
    if not bundle:
        return False
    if not str(bundle.get("id", "")).startswith(_BUNDLES):
        raise HostConfigError(f"host.json: extensionBundle.id must be {_BUNDLES[0]}")
    if not bundle.get("version"):
        raise HostConfigError("host.json: extensionBundle.version is missing")
    return True


def _function_timeout(content: dict[str, Any]) -> float | None:
    value = content.get("functionTimeout", "00:30:00")
    return None if value == "-1" else _duration(value, "functionTimeout")


def _queues(section: dict[str, Any]) -> QueueConfig:
    batch_size = _whole(section, "batchSize", 16, 1, 32)
    encoding = str(section.get("messageEncoding", "base64")).lower()
    if encoding not in ("base64", "none"):
        raise HostConfigError(f"host.json: extensions.queues.messageEncoding must be base64 or none, not {encoding}")
    return QueueConfig(
        batch_size=batch_size,
        new_batch_threshold=_whole(section, "newBatchThreshold", batch_size // 2, 0, 1_000_000),
        max_dequeue_count=_whole(section, "maxDequeueCount", 5, 1, 1_000_000),
        visibility_timeout=_limited(section, "visibilityTimeout", "00:00:00", lambda seconds: seconds >= 0),
        max_polling_interval=_limited(section, "maxPollingInterval", "00:01:00", lambda seconds: seconds >= 0.1),
        message_encoding=encoding,
    )


def _whole(section: dict[str, Any], name: str, default: int, low: int, high: int) -> int:
    value = section.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise HostConfigError(f"host.json: extensions.queues.{name} must be a number from {low} to {high}")
    return value


def _limited(section: dict[str, Any], name: str, default: str, allowed: Callable[[float], bool]) -> float:
    seconds = _duration(section.get(name, default), f"extensions.queues.{name}")
    if not allowed(seconds):
        raise HostConfigError(f"host.json: extensions.queues.{name} is too short")
    return seconds


def _duration(value: Any, name: str) -> float:  # noqa: ANN401
    try:
        return parse_timespan(str(value)).total_seconds()
    except ValueError as error:
        raise HostConfigError(f"host.json: {name}: {error}") from None
