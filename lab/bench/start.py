"""Starting: what importing the function app costs beyond the Functions SDK, in time and memory. Each in a process of
its own, in turns, so that whatever else the machine does touches both alike."""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 11
_SCRIPT = """
import resource, sys, time
began = time.perf_counter()
import {module}
took = time.perf_counter() - began
print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, len(sys.modules))
"""


def start() -> list[str]:
    """The lines to print."""
    plain, ours = [], []
    for _ in range(ROUNDS):
        plain.append(_import("azure.functions"))
        ours.append(_import("function_app"))
    time_ratio = _median(ours, 0) / _median(plain, 0)
    more = _median(ours, 1) - _median(plain, 1)
    return [
        f"start: importing function_app takes {time_ratio:.2f} times import azure.functions (allowed: 1.15), "
        f"median of {ROUNDS}",
        f"start: and {more:.1f} MiB more (allowed: 5), {int(ours[0][2] - plain[0][2])} modules more",
    ]


def _import(module: str) -> tuple[float, float, float]:
    command = [sys.executable, "-c", _SCRIPT.format(module=module)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    took, memory, modules = (float(word) for word in told)
    return took, memory, modules


def _median(measured: list[tuple[float, float, float]], which: int) -> float:
    return statistics.median(one[which] for one in measured)
