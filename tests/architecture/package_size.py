"""How many bytes the packages that Azure installs for the function app take, unpacked.

`python -m tests.architecture.package_size` records today's sizes in data/package_size.json. Record them again only
together with a decision record that says why the package may grow.
"""

from __future__ import annotations

import json
import re
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).parent / "data" / "package_size.json"


def closure() -> list[str]:
    """Return the names in requirements.txt that this platform installs: what requirements.in asks for and brings."""
    lines = re.findall(r"^([a-z0-9][^\\\n]*?) *\\?$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    wanted = [Requirement(line) for line in lines]
    return sorted(one.name for one in wanted if one.marker is None or one.marker.evaluate())


def size_of(name: str) -> int:
    """Return the bytes of a distribution's installed files, without compiled copies of its Python files."""
    files = distribution(name).files or []
    paths = [Path(str(file.locate())) for file in files if file.suffix != ".pyc"]
    return sum(path.stat().st_size for path in paths if path.is_file())


def sizes() -> dict[str, int]:
    """Return the size of each distribution of the closure, in bytes."""
    return {name: size_of(name) for name in closure()}


def main() -> None:
    """Write today's sizes into the record."""
    RECORD.write_text(json.dumps(sizes(), indent=1) + "\n")


if __name__ == "__main__":
    main()
