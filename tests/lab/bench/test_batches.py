"""The bench of batch sizes runs the app with other values in host.json, and the local host goes by those of the app."""

import json
import os

from lab.bench.batches import TABLE, BatchRow, an_app, peak_memory
from lab.bench.fleets.processes import ROOT
from lab.funchost.host_json import read_host_json

QUEUES = json.loads((ROOT / "host.json").read_text())["extensions"]["queues"]


def test_the_local_host_reads_the_batch_sizes_of_the_app() -> None:
    queues = read_host_json(ROOT).queues
    assert (queues.batch_size, queues.new_batch_threshold) == (QUEUES["batchSize"], QUEUES["newBatchThreshold"])


def test_another_host_json_differs_in_the_batch_sizes_only() -> None:
    with an_app(7, 5) as app:
        content = json.loads((app / "host.json").read_text())
        assert content["extensions"]["queues"] == QUEUES | {"batchSize": 7, "newBatchThreshold": 5}
        assert (read_host_json(app).queues.batch_size, read_host_json(app).queues.new_batch_threshold) == (7, 5)
        assert (app / "function_app.py").read_text() == (ROOT / "function_app.py").read_text()
        assert (app / "shared" / "wiring.py").exists()
    assert not app.exists()


def test_a_line_shows_sizes_latency_rate_and_memory() -> None:
    row = BatchRow(32, 16, 0.2, rate=16.24, memory=150.6)
    assert row.cells() == ("32 + 16", "200 ms", "16.2", "151 MiB")
    assert len(row.cells()) == len(TABLE)


def test_the_most_memory_of_a_process_is_read_and_of_no_process_is_nothing() -> None:
    assert peak_memory(None) == 0
    assert 10 < peak_memory(os.getpid()) < 10_000
