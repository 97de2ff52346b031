"""host.json: what is read from it and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from lab.funchost.errors import HostConfigError
from lab.funchost.host_json import HostConfig, read_host_json


def read(folder: Path, content: Any) -> HostConfig:
    """Write host.json with this content and read it."""
    (folder / "host.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return read_host_json(folder)


def test_a_missing_value_has_the_platforms_default(tmp_path: Path) -> None:
    config = read(tmp_path, {"version": "2.0"})
    assert (config.function_timeout, config.route_prefix, config.has_bundle) == (1800, "api", False)
    queues = config.queues
    assert (queues.batch_size, queues.new_batch_threshold, queues.max_dequeue_count) == (16, 8, 5)
    assert (queues.visibility_timeout, queues.max_polling_interval, queues.message_encoding) == (0, 60, "base64")


def test_values_of_host_json_are_used(tmp_path: Path) -> None:
    queues = {"batchSize": 4, "maxDequeueCount": 2, "visibilityTimeout": "00:00:30", "messageEncoding": "none"}
    config = read(
        tmp_path,
        {
            "version": "2.0",
            "functionTimeout": "00:05:00",
            "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle", "version": "[4.*, 5.0.0)"},
            "extensions": {"http": {"routePrefix": ""}, "queues": queues},
        },
    )
    assert (config.function_timeout, config.route_prefix, config.has_bundle) == (300, "", True)
    assert (config.queues.batch_size, config.queues.new_batch_threshold) == (4, 2)
    assert (config.queues.visibility_timeout, config.queues.message_encoding) == (30, "none")


def test_a_function_timeout_of_minus_one_means_no_limit(tmp_path: Path) -> None:
    assert read(tmp_path, {"version": "2.0", "functionTimeout": "-1"}).function_timeout is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "not JSON"),
        ([], "version"),
        ({}, "version"),
        ({"version": "1.0"}, "version"),
        ({"version": "2.0", "functionTimeout": "PT5M"}, "functionTimeout"),
        ({"version": "2.0", "extensions": {"queues": {"batchSize": 33}}}, "batchSize"),
        ({"version": "2.0", "extensions": {"queues": {"maxDequeueCount": 0}}}, "maxDequeueCount"),
        ({"version": "2.0", "extensions": {"queues": {"messageEncoding": "hex"}}}, "messageEncoding"),
        ({"version": "2.0", "extensions": {"queues": {"maxPollingInterval": "00:00:00.05"}}}, "maxPollingInterval"),
        ({"version": "2.0", "extensions": []}, "extensions"),
        ({"version": "2.0", "extensionBundle": {"id": "Other", "version": "1"}}, "extensionBundle.id"),
        ({"version": "2.0", "extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle"}}, "version"),
    ],
)
def test_a_value_that_the_platform_refuses_is_refused(tmp_path: Path, content: Any, expected: str) -> None:
    with pytest.raises(HostConfigError, match=expected):
        read(tmp_path, content)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostConfigError, match=r"no host\.json"):
        read_host_json(tmp_path)
