"""`scripts/package` makes the deployed package: the same bytes for the same commit, with that commit's id in it."""

import subprocess
import sys
import zipfile
from pathlib import Path

from shared import version
from tests.architecture.package_size import ROOT


def built(place: Path) -> str:
    """Make a package and return what was printed: checksum and name."""
    command = [sys.executable, str(ROOT / "scripts" / "package"), str(place)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def test_the_same_commit_gives_the_same_package(tmp_path: Path) -> None:
    first, second = built(tmp_path / "a.zip").split()[0], built(tmp_path / "b.zip").split()[0]
    assert first == second
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_package_holds_the_app_as_it_was_committed_and_names_the_commit(tmp_path: Path) -> None:
    built(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as package:
        names = set(package.namelist())
        said = package.read("shared/commit.txt").decode()
    deployed = git("ls-tree", "-r", "--name-only", "HEAD", "function_app.py", "host.json", "requirements.txt", "shared")
    assert names == {*deployed.splitlines(), "shared/commit.txt"}
    assert said == git("rev-parse", "HEAD") + "\n"


def test_the_app_says_the_commit_that_the_package_names(tmp_path: Path, monkeypatch) -> None:
    for text, expected in [("0123456789abcdef" * 2 + "01234567\n", "0123456789abcdef" * 2 + "01234567"), ("<b>", None)]:
        (tmp_path / "commit.txt").write_text(text)
        monkeypatch.setattr(version, "COMMIT_FILE", tmp_path / "commit.txt")
        version.commit.cache_clear()
        assert version.commit() == expected
    version.commit.cache_clear()
