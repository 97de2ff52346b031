"""Measures start-up: what importing the function app costs in addition to the Functions SDK, in time and memory.

Each import runs in its own process. The two kinds alternate, so that other load on the machine affects both alike.
"""

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
    """Import both several times and return the lines to print."""
    plain, ours = [], []
    for _ in range(ROUNDS):
        plain.append(_import("azure.functions"))
        ours.append(_import("function_app"))
    time_ratio = _median(ours, 0) / _median(plain, 0)
    more = _median(ours, 1) - _median(plain, 1)
    return [
        f"start: importing function_app takes {time_ratio:.2f} times as long as importing azure.functions "
        f"(allowed: 1.15), median of {ROUNDS}",
        f"start: it needs {more:.1f} MiB more memory (allowed: 5) and {int(ours[0][2] - plain[0][2])} more modules",
    ]


def _import(module: str) -> tuple[float, float, float]:
    command = [sys.executable, "-c", _SCRIPT.format(module=module)]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    took, memory, modules = (float(word) for word in printed)
    return took, memory, modules


def _median(measured: list[tuple[float, float, float]], which: int) -> float:
    return statistics.median(one[which] for one in measured)
