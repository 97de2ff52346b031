"""The package clients/javascript: its own tests, its types, and the archive that users install."""

import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.emulator.serve import running_in_thread
from lab.emulator.world import World
from lab.prove.consumers.node_packages import CLIENT, Bench
from tests.support.node import around, node, run, tool

USAGE = Path(__file__).with_name("usage.ts")
STRICT = ("--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--skipLibCheck")


@pytest.fixture
def work() -> Iterator[Bench]:
    """A folder with a copy of the package."""
    with node() as lent:
        lent.copy(CLIENT)
        yield lent


def test_the_tests_of_the_package_pass(work: Bench) -> None:
    files = sorted(str(path) for path in (work.at(CLIENT) / "test").glob("*.test.js"))
    done = run(work.at(CLIENT), "node", "--test", "--test-reporter=tap", *files)
    assert done.returncode == 0, done.stdout
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed
    assert int(passed[1]) > 20


def test_the_types_that_users_get_are_those_of_the_code(work: Bench) -> None:
    shipped = {path.name: path.read_text() for path in (CLIENT / "src").glob("*.d.ts")}
    for path in (work.at(CLIENT) / "src").glob("*.d.ts"):
        path.unlink()
    done = run(work.at(CLIENT), tool(work, "tsc"), "--project", ".")
    assert done.returncode == 0, done.stdout
    assert {path.name: path.read_text() for path in (work.at(CLIENT) / "src").glob("*.d.ts")} == shipped


def test_a_program_in_typescript_can_use_the_package_with_the_real_clients(work: Bench) -> None:
    work.copy(USAGE)
    (work.at(USAGE).parent / "package.json").write_text('{"type": "module"}')
    options = (*STRICT, "--target", "es2023", "--module", "nodenext", "--types", "node")
    done = run(work.at(USAGE).parent, tool(work, "tsc"), *options, "usage.ts")
    assert done.returncode == 0, done.stdout


def test_the_archive_holds_the_code_and_its_types_and_nothing_else(work: Bench) -> None:
    done = run(work.at(CLIENT), "npm", "pack", "--silent", "--ignore-scripts")
    assert done.returncode == 0, done.stderr
    with tarfile.open(work.at(CLIENT) / done.stdout.strip()) as archive:
        held = {name.removeprefix("package/") for name in archive.getnames()}
    code = {f"src/{path.name}" for path in (CLIENT / "src").iterdir()}
    assert held == {"package.json", "README.md"} | code
    exported = json.loads((CLIENT / "package.json").read_text())["exports"]["."]
    assert {path.removeprefix("./") for path in exported.values()} <= held


def test_the_lock_file_names_no_index_of_packages() -> None:
    text = (CLIENT / "package-lock.json").read_text()
    assert '"resolved"' not in text
    packages = json.loads(text)["packages"]
    assert all("integrity" in package for path, package in packages.items() if path)


def test_the_code_on_the_page_of_the_package_runs_as_it_is_shown(work: Bench) -> None:
    world = World()
    world.add_vault("keys")
    account = world.accounts.add("chat")
    world.vaults["keys"].set_secret("my-account-key", account.keys["key1"].value)
    (code,) = re.findall(r"```js\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)
    with running_in_thread(world) as azure:
        changes = {
            "'https://my-account.openai.azure.com'": f"'{world.endpoint(account).rstrip('/')}'",
            "'https://my-vault.vault.azure.net'": f"'{azure.settings['ROTATION_VAULT_URL']}'",
            "DefaultAzureCredential())": "DefaultAzureCredential(), { disableChallengeResourceVerification: true })",
        }
        for shown, here in changes.items():
            assert code.count(shown) == 1
            code = code.replace(shown, here)
        done = run(work.folder, "node", "--input-type=module", "--eval", code, environment=around(azure))
    assert done.returncode == 0, done.stderr
    assert "emulator" in done.stdout
