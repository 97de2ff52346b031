"""`python -m lab.bench.batches`: turns a second and memory with several values of `batchSize` and `newBatchThreshold`.

One instance of the app rotates a fleet that is due, without limits. docs/facts.md, Speed, has what was measured, and
host.json what was chosen. Memory is the most that the worker process held, which only Linux tells.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.bench.fleets.cases import Plan
from lab.bench.fleets.processes import ROOT
from lab.bench.fleets.site import Site, a_site
from lab.bench.fleets.table import head, line

SIZES = ((16, 8), (16, 16), (24, 24), (32, 16), (32, 32))
LATENCIES = (0.05, 0.2)
DUE = 200
TABLE = ("batchSize + newBatchThreshold", "latency", "turns a second", "worker's memory")
_LIMIT = 600.0


@dataclass(frozen=True)
class BatchRow:
    """One line of the table.

    batch: batchSize.
    threshold: newBatchThreshold.
    latency: How long each call to Azure takes, in seconds.
    rate: How many turns ended in a second.
    memory: The most memory that the worker process held, in MiB.
    """

    batch: int
    threshold: int
    latency: float
    rate: float
    memory: float

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the line."""
        sizes = f"{self.batch} + {self.threshold}"
        return (sizes, f"{self.latency * 1000:.0f} ms", f"{self.rate:.1f}", f"{self.memory:.0f} MiB")


def main() -> int:
    """Measure all sizes at all latencies, print one line for each, and return 0."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.bench.batches", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--due", type=int, default=DUE, help="how many targets are due")
    parser.add_argument("--azurite", default=shutil.which("azurite"), help="the command that starts Azurite")
    given = parser.parse_args()
    print(head(TABLE), flush=True)
    for latency in LATENCIES:
        for batch, threshold in SIZES:
            row = asyncio.run(measure(batch, threshold, latency, given.due, given.azurite))
            print(line(row.cells()), flush=True)
    return 0


async def measure(batch: int, threshold: int, latency: float, due: int, azurite: str | None = None) -> BatchRow:
    """Rotate a fleet that is due with these values of host.json and return the line."""
    delays = dict.fromkeys(("arm.*", "kv.*", "aoai.*", "eg.*"), latency)
    with an_app(batch, threshold) as app:
        async with a_site(Plan(due, delays=delays).alone(), azurite=azurite, app=app) as site:
            await site.tick(_LIMIT)
            return BatchRow(batch, threshold, latency, _rate(site), peak_memory(site.hosts[0].worker_pid))


@contextmanager
def an_app(batch: int, threshold: int) -> Iterator[Path]:
    """Make a folder with this app and other values in host.json. Yields its path and deletes it at the end."""
    with tempfile.TemporaryDirectory(prefix="key-rotation-app-") as folder:
        app = Path(folder)
        for name in ("function_app.py", "shared"):
            (app / name).symlink_to(ROOT / name)
        content = json.loads((ROOT / "host.json").read_text())
        content["extensions"]["queues"] |= {"batchSize": batch, "newBatchThreshold": threshold}
        (app / "host.json").write_text(json.dumps(content))
        yield app


def peak_memory(pid: int | None) -> float:
    """Return the most memory that a process has held, in MiB. 0 if the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def _rate(site: Site) -> float:
    """Return the turns that ended in a second, from the first turn's beginning to the last one's end."""
    turns = site.hosts[0].activity.finished_of("turn")
    took = max(one.ended for one in turns) - min(one.started for one in turns)
    return len(turns) / took.total_seconds()


if __name__ == "__main__":
    sys.exit(main())
