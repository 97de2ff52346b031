"""Node for tests: packages from a lock file, installed once into .run, and folders in which programs find them."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.emulator.serve import Azure

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "clients" / "javascript"
LOCKED = ROOT / "tests" / "clients" / "javascript" / "node"
INSTALL = ("npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund")
TIMEOUT = 100  # seconds that one program may take: below the timeout of a test, so that its output is shown
FOREIGN = ("AZURE_", "OPENAI_", "IDENTITY_", "MSI_", "NODE_", "npm_")  # what the machine says must not reach a test


@dataclass(frozen=True)
class Bench:
    """A folder in which Node finds the installed packages and the client of this project.

    folder: Where programs are copied to.
    """

    folder: Path

    def copy(self, *paths: Path) -> None:
        """Copy files and the content of folders into the folder, without what Node or Python left there."""
        for path in paths:
            if path.is_dir():
                ignored = shutil.ignore_patterns("node_modules", "__pycache__")
                shutil.copytree(path, self.folder, dirs_exist_ok=True, ignore=ignored)
            else:
                shutil.copy(path, self.folder)

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program there and return what became of it, with all that it printed."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=clean(environment or {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
            stdin=subprocess.DEVNULL,
        )


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Return this machine's environment without what says where Azure is or who calls, and with `environment`."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(FOREIGN)}
    return {**kept, "NO_COLOR": "1", **environment}


def around(azure: Azure, identity: str = "") -> dict[str, str]:
    """Return the variables that tell a program where the emulated identity endpoint is and which authority to trust."""
    names = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_CLIENT_ID", "NO_PROXY", "no_proxy")
    settings = {name: azure.settings[name] for name in names}
    if identity:
        settings["AZURE_CLIENT_ID"] = azure.world.directory.identities[identity].client_id
    return {**settings, "NODE_EXTRA_CA_CERTS": azure.settings["SSL_CERT_FILE"]}


@contextmanager
def bench(locked: Path = LOCKED) -> Iterator[Bench]:
    """Install the packages of a lock file if they are not there, and lend a folder that finds them and our client.

    Skips the test if Node is missing. In CI that is a failure.
    """
    packages = _installed(locked)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=packages) as folder:
        client = Path(folder) / "node_modules" / "rotating-key"
        shutil.copytree(CLIENT / "src", client / "src")
        shutil.copy(CLIENT / "package.json", client)
        yield Bench(Path(folder))


def _installed(locked: Path) -> Path:
    """Return the folder that has the packages. Several processes may ask at once; one installs and the others wait."""
    missing = [name for name in ("node", "npm") if not shutil.which(name)]
    if missing:
        _cannot(f"This test needs Node 20 or later; {' and '.join(missing)} is missing on the PATH.")
    folder = ROOT / ".run" / f"node-{locked.parent.name}-{locked.name}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready, wanted = folder / ".ready", (locked / "package-lock.json").read_text()
        if not ready.exists() or ready.read_text() != wanted:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(locked / name, folder)
            done = subprocess.run(INSTALL, cwd=folder, capture_output=True, text=True, check=False, timeout=TIMEOUT)
            if done.returncode:
                _cannot(f"The packages of {locked.relative_to(ROOT)} could not be installed:\n{done.stderr}")
            ready.write_text(wanted)
    return folder


def _cannot(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
