"""The settings of a Functions settings file, `local.settings.json`: its `Values`, as `func start` would set them."""

from __future__ import annotations

import json
from pathlib import Path

from cli.answer import UsageError


def read_values(path: str) -> dict[str, str]:
    """Raises UsageError naming the file and what is wrong with it. Its contents are never quoted."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({type(error).__name__}).") from error
    try:
        body = json.loads(text)
    except ValueError:
        raise UsageError(f"{path}: is not JSON.") from None
    if not isinstance(body, dict) or not isinstance(body.get("Values"), dict):
        raise UsageError(f"{path}: holds no object named Values, so it is no Functions settings file.")
    if body.get("IsEncrypted"):
        raise UsageError(f"{path}: is encrypted; run: func settings decrypt")
    wrong = [name for name, value in body["Values"].items() if not isinstance(value, str)]
    if wrong:
        raise UsageError(f"{path}: {', '.join(wrong)}: a setting's value is text.")
    return dict(body["Values"])
