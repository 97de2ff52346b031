"""Every import contract holds, and no pure module reads a clock or the environment."""

import ast
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = ("announce", "decide", "domain")
CLOCKS = {"now", "utcnow", "today", "monotonic", "perf_counter", "time_ns", "localtime", "gmtime"}


def test_every_import_rule_is_kept():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--config", ".importlinter"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_packages_checked_here_are_those_that_the_contract_calls_pure():
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter")
    named = rules["importlinter:contract:pure"]["source_modules"].split()
    assert sorted(named) == [f"shared.{package}" for package in PURE]


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


@pytest.mark.parametrize(
    "path", [path for package in PURE for path in (ROOT / "shared" / package).glob("*.py")], ids=str
)
def test_a_pure_module_asks_no_clock_and_reads_no_environment(path: Path):
    assert clock_or_environment(ast.parse(path.read_text())) == []


@pytest.mark.parametrize(
    "line",
    ["datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "time.time()", "time.monotonic()",
     "os.environ['X']", "os.getenv('X')"],
)  # fmt: skip
def test_the_check_knows_a_clock_and_the_environment_when_it_sees_them(line: str):
    assert clock_or_environment(ast.parse(line))
