"""The version of the application, and the commit that it was built from, in one place.

`GET /api/openapi.json`, the status page and `doctor` report both, `python -m cli --version` the version. `CHANGELOG.md`
says what each version changed.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

VERSION = "1.1.0"
COMMIT_FILE = Path(__file__).with_name("commit.txt")  # `scripts/package` writes it into the package; Git ignores it


@cache
def commit() -> str | None:
    """Return the id of the commit that this package was made from. None if `scripts/package` did not make it."""
    try:
        text = COMMIT_FILE.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return text if re.fullmatch("[0-9a-f]{40}", text) else None


def described() -> str:
    """Return version and commit as a phrase."""
    return f"{VERSION}, commit {commit() or 'unknown'}"
