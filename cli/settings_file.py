"""Read a Functions settings file, `local.settings.json`, as `func start` does: its `Values` are the settings."""

from __future__ import annotations

import json
from pathlib import Path

from cli.answer import UsageError


def read_values(path: str) -> dict[str, str]:
    """Return the settings in a file.

    Raises UsageError, which names the file and what is wrong with it. The file's contents are never quoted.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({type(error).__name__}).") from error
    try:
        body = json.loads(text)
    except ValueError:
        raise UsageError(f"{path}: is not valid JSON.") from None
    if not isinstance(body, dict) or not isinstance(body.get("Values"), dict):
        raise UsageError(f"{path}: has no object named Values, so it is not a Functions settings file.")
    if body.get("IsEncrypted"):
        raise UsageError(f"{path}: is encrypted; run: func settings decrypt")
    invalid = [name for name, value in body["Values"].items() if not isinstance(value, str)]
    if invalid:
        raise UsageError(f"{path}: {', '.join(invalid)}: a setting's value must be a string.")
    return dict(body["Values"])
