"""The arrows between the rooms are kept true by a machine, and no deciding room reads a clock or the environment."""

import ast
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DECIDING = (
    "keys", "telling", "window", "publication", "model", "cadence", "steps", "situation", "plan", "events", "errors",
    "durations", "moments", "owed", "asking", "verdict", "wishes", "deadlines", "adoption",
)  # fmt: skip
CLOCKS = {"now", "utcnow", "today", "monotonic", "perf_counter", "time_ns", "localtime", "gmtime"}


def test_every_import_rule_is_kept():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--config", ".importlinter"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rooms_checked_here_are_the_rooms_that_the_rules_call_pure():
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter")
    named = rules["importlinter:contract:pure"]["source_modules"].split()
    assert sorted(named) == sorted(f"shared.{room}" for room in DECIDING)


def clock_or_environment(tree: ast.AST) -> list[str]:
    """The calls of a clock and the readings of the environment in a module, as text with their lines."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            asks_a_class = owner.split(".")[-1] in ("datetime", "date", "time")
            if asks_a_class and (node.func.attr in CLOCKS or (owner == "time" and node.func.attr == "time")):
                found.append(f"{owner}.{node.func.attr} in line {node.lineno}")
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb"):
            found.append(f"{ast.unparse(node)} in line {node.lineno}")
    return found


@pytest.mark.parametrize("room", DECIDING)
def test_a_deciding_room_asks_no_clock_and_reads_no_environment(room: str):
    assert clock_or_environment(ast.parse((ROOT / "shared" / f"{room}.py").read_text())) == []


@pytest.mark.parametrize(
    "line",
    ["datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "time.time()", "time.monotonic()",
     "os.environ['X']", "os.getenv('X')"],
)  # fmt: skip
def test_the_check_knows_a_clock_and_the_environment_when_it_sees_them(line: str):
    assert clock_or_environment(ast.parse(line))
