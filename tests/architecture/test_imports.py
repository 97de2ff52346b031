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


def test_every_import_contract_holds():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--config", ".importlinter"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_import_contract_names_the_same_pure_packages_as_these_tests():
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter")
    named = rules["importlinter:contract:pure"]["source_modules"].split()
    assert sorted(named) == [f"shared.{package}" for package in PURE]


def clock_or_environment(tree: ast.AST) -> list[str]:
    """Return where a module calls a clock or reads the environment, each as text with its line."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            is_a_time_class = owner.split(".")[-1] in ("datetime", "date", "time")
            if is_a_time_class and (node.func.attr in CLOCKS or (owner == "time" and node.func.attr == "time")):
                found.append(f"{owner}.{node.func.attr} in line {node.lineno}")
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb"):
            found.append(f"{ast.unparse(node)} in line {node.lineno}")
    return found


@pytest.mark.parametrize(
    "path", [path for package in PURE for path in (ROOT / "shared" / package).glob("*.py")], ids=str
)
def test_a_pure_module_reads_no_clock_and_no_environment_variable(path: Path):
    assert clock_or_environment(ast.parse(path.read_text())) == []


@pytest.mark.parametrize(
    "line",
    ["datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "time.time()", "time.monotonic()",
     "os.environ['X']", "os.getenv('X')"],
)  # fmt: skip
def test_the_check_finds_every_form_of_reading_a_clock_or_the_environment(line: str):
    assert clock_or_environment(ast.parse(line))
