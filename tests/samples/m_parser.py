"""Microsoft's parser of Power Query, from npm, exactly as tests/samples/node/package-lock.json says."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.infra.bicep import ROOT

NODE = Path(__file__).parent / "node"
SCRIPT = ROOT / "scripts" / "check_m.cjs"


def installed() -> Path:
    """Return the folder node_modules, which is installed into .run/ the first time.

    Skips the test where Node is missing, and fails it there in continuous integration.
    """
    lock = NODE / "package-lock.json"
    made = ROOT / ".run" / f"samples-node-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if not made.exists():
        npm = shutil.which("npm")
        if npm is None or shutil.which("node") is None:
            (pytest.fail if os.environ.get("GITHUB_ACTIONS") else pytest.skip)("Node and npm are needed")
        made.parent.mkdir(exist_ok=True)
        _install(str(npm), made)
    return made / "node_modules"


def _install(npm: str, made: Path) -> None:
    """Install the packages beside the folder, and rename: another process may do the same at the same time."""
    with tempfile.TemporaryDirectory(dir=made.parent, prefix="samples-node-") as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(NODE / name, folder)
        words = [npm, "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"the packages of {NODE} could not be installed: {done.stderr}"
        place = Path(folder) / "whole"
        place.mkdir()
        (Path(folder) / "node_modules").rename(place / "node_modules")
        try:
            place.rename(made)
        except OSError:
            assert (made / "node_modules").exists()


def parsed(files: Iterable[Path]) -> dict[Path, dict[str, Any]]:
    """Return what the parser found in each file."""
    paths = [str(path) for path in files]
    words = ["node", str(SCRIPT), str(installed()), *paths]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return {Path(path): facts for path, facts in json.loads(done.stdout).items()}
