"""Node's packages for consumers in JavaScript: installed once from a lock file, and found by copies of programs.

Node looks for packages beside the program and above it. The samples must not have any beside them, so the programs are
copied into a folder below the installed packages, at the paths that they have in the repository.
"""

import fcntl
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CLIENT = ROOT / "clients" / "javascript"
SAMPLE = ROOT / "samples" / "key_from_vault" / "javascript"
RUNNER = ROOT / "lab" / "prove" / "consumers" / "runners" / "node.mjs"
INSTALL = ("npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund")
TIMEOUT = 100.0


class NodeMissingError(RuntimeError):
    """Node, npm or the packages are not there, and the text says what to do."""


@dataclass(frozen=True)
class Bench:
    """A folder in which Node finds the installed packages and the package clients/javascript.

    folder: It takes the place of the repository's root.
    """

    folder: Path

    def copy(self, *paths: Path) -> None:
        """Copy files and folders of the repository to the same paths in this folder, without installed packages."""
        for path in paths:
            to = self.folder / path.relative_to(ROOT)
            to.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, to, ignore=shutil.ignore_patterns("node_modules"), dirs_exist_ok=True)
            else:
                shutil.copy(path, to)

    def at(self, path: Path) -> Path:
        """Return where the copy of a path of the repository is."""
        return self.folder / path.relative_to(ROOT)


@contextmanager
def bench(locked: Path = CLIENT) -> Iterator[Bench]:
    """Install the packages of `locked`/package-lock.json if they are not there, and lend a folder that finds them.

    Raises NodeMissingError.
    """
    with tempfile.TemporaryDirectory(prefix="bench-", dir=installed(locked)) as folder:
        client = Path(folder) / "node_modules" / "rotating-key"
        shutil.copytree(CLIENT / "src", client / "src")
        shutil.copy(CLIENT / "package.json", client)
        (Path(folder) / "package.json").write_text(
            '{"private": true}'
        )  # else the one above, of the client, counts here
        yield Bench(Path(folder))


@contextmanager
def runner() -> Iterator[tuple[str, ...]]:
    """Lend the command that starts the consumers of the load proof in Node. Raises NodeMissingError."""
    with bench() as lent:
        lent.copy(SAMPLE, RUNNER)
        yield "node", str(lent.at(RUNNER))


def installed(locked: Path) -> Path:
    """Return the folder below .run that has the packages of a lock file.

    Several processes may ask at once: one installs, and the others wait. Raises NodeMissingError.
    """
    missing = [name for name in ("node", "npm") if not shutil.which(name)]
    if missing:
        raise NodeMissingError(f"Node 20 or later is needed; {' and '.join(missing)} cannot be found on the PATH.")
    folder = ROOT / ".run" / f"node-{'-'.join(locked.relative_to(ROOT).parts)}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready, wanted = folder / ".ready", (locked / "package-lock.json").read_text()
        if not ready.exists() or ready.read_text() != wanted:
            _install(locked, folder)
            ready.write_text(wanted)
    return folder


def _install(locked: Path, folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(locked / name, folder)
    try:
        done = subprocess.run(INSTALL, cwd=folder, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise NodeMissingError(
            f"The packages of {locked / 'package-lock.json'} could not be installed in time."
        ) from error
    if done.returncode:
        raise NodeMissingError(f"The packages of {locked / 'package-lock.json'} could not be installed:\n{done.stderr}")
