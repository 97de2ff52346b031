"""host.json: what is read from it and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from lab.funchost.errors import HostConfigError
from lab.funchost.host_json import HostConfig, read_host_json


def read(folder: Path, content: Any) -> HostConfig:
    (folder / "host.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return read_host_json(folder)


def test_what_is_not_said_has_the_platforms_defaults(tmp_path: Path) -> None:
    config = read(tmp_path, {"version": "2.0"})
    assert (config.function_timeout, config.route_prefix, config.has_bundle) == (1800, "api", False)
    queues = config.queues
    assert (queues.batch_size, queues.new_batch_threshold, queues.max_dequeue_count) == (16, 8, 5)
    assert (queues.visibility_timeout, queues.max_polling_interval, queues.message_encoding) == (0, 60, "base64")


def test_what_is_said_is_taken(tmp_path: Path) -> None:
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


def test_a_time_out_of_minus_one_is_none_at_all(tmp_path: Path) -> None:
    assert read(tmp_path, {"version": "2.0", "functionTimeout": "-1"}).function_timeout is None


@pytest.mark.parametrize(
    ("content", "told"),
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
def test_what_the_platform_would_refuse_is_refused(tmp_path: Path, content: Any, told: str) -> None:
    with pytest.raises(HostConfigError, match=told):
        read(tmp_path, content)


def test_an_app_without_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostConfigError, match=r"no host\.json"):
        read_host_json(tmp_path)
