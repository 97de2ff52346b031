"""The package clients/javascript: its own tests, its types, and the archive that users install."""

import json
import re
import tarfile
from collections.abc import Iterator

import pytest

from tests.support.node import CLIENT, Bench, bench


@pytest.fixture
def work() -> Iterator[Bench]:
    """A folder with a copy of the package."""
    with bench() as lent:
        lent.copy(CLIENT)
        yield lent


def test_the_tests_of_the_package_pass(work: Bench) -> None:
    done = work.run("node", "--test", "--test-reporter=tap", "test/")
    assert done.returncode == 0, done.stdout
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed
    assert int(passed[1]) > 20


def test_the_types_that_users_get_are_those_of_the_code(work: Bench) -> None:
    (tsc,) = (work.folder.parent / "node_modules" / ".bin").glob("tsc")
    shipped = {path.name: path.read_text() for path in (CLIENT / "src").glob("*.d.ts")}
    done = work.run(str(tsc), "--project", ".", "--outDir", "made")
    assert done.returncode == 0, done.stdout
    assert {path.name: path.read_text() for path in (work.folder / "made").iterdir()} == shipped


def test_the_archive_holds_the_code_and_its_types_and_nothing_else(work: Bench) -> None:
    done = work.run("npm", "pack", "--silent", "--ignore-scripts")
    assert done.returncode == 0, done.stderr
    with tarfile.open(work.folder / done.stdout.strip()) as archive:
        held = {name.removeprefix("package/") for name in archive.getnames()}
    code = {f"src/{path.name}" for path in (CLIENT / "src").iterdir()}
    assert held == {"package.json", "README.md"} | code
    exported = json.loads((CLIENT / "package.json").read_text())["exports"]["."]
    assert {path.removeprefix("./") for path in exported.values()} <= held
