"""Measures what an import costs in numbers that are the same on every run: instructions, code and modules, no seconds.

Each measurement runs in a process of its own. Seconds depend on the machine; `make bench` prints those.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SDK = "import azure.functions"
APP = "import function_app"
FORTY_ROUTES = """
from shared.triggers import http

for number in range(40 - len(http.blueprint._function_builders)):
    async def handle(req: http.func.HttpRequest, context: http.func.Context) -> http.func.HttpResponse:
        return http.func.HttpResponse()

    async def act(req: http.func.HttpRequest, turns: http.func.Out[http.List[str]]) -> http.func.HttpResponse:
        return http.func.HttpResponse()

    if number % 2:
        act = http.blueprint.queue_output(arg_name="turns", queue_name=http.QUEUE, connection=http.STORAGE)(act)
    http.blueprint.route(f"more/{number}", methods=http.ANY, auth_level=http.LEVEL)(act if number % 2 else handle)

assert len(http.blueprint._function_builders) == 40
import function_app
"""  # half of the routes also write to the queue; of the twelve of November 2026, five do
_PROGRAM = """
import json, marshal, sys
monitoring, counted = sys.monitoring, 0

def count(*_):
    global counted
    counted += 1

monitoring.use_tool_id(monitoring.OPTIMIZER_ID, "start-up")
monitoring.register_callback(monitoring.OPTIMIZER_ID, monitoring.events.INSTRUCTION, count)
code = compile(sys.argv[1], "measured", "exec")
monitoring.set_events(monitoring.OPTIMIZER_ID, monitoring.events.INSTRUCTION)
exec(code)
monitoring.set_events(monitoring.OPTIMIZER_ID, 0)

def size(name, module):
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    try:
        return len(marshal.dumps(loader.get_code(name)))
    except (AttributeError, ImportError, ValueError):
        return 0  # built in, frozen under another name, or compiled: no Python code of its own

modules = dict(sys.modules)
print(json.dumps([counted, sum(size(*one) for one in modules.items()), sorted(modules)]))
"""


@dataclass(frozen=True)
class Cost:
    """What running a piece of code in a new process cost.

    instructions: How many Python instructions were executed.
    code: Bytes of Python code in all modules that are loaded afterwards.
    modules: The names of these modules.
    """

    instructions: int
    code: int
    modules: frozenset[str]


def cost_of(code: str) -> Cost:
    """Run the code in a process with a fixed hash seed, twice: the first run leaves compiled files for the second."""
    command = [sys.executable, "-c", _PROGRAM, code]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    for _ in range(2):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=environment)
    instructions, size, modules = json.loads(done.stdout)
    return Cost(instructions, size, frozenset(modules))
