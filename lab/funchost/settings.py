"""App settings: where they come from and how `%NAME%` in a binding becomes their value."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.funchost.errors import BindingError, SettingsError

_REFERENCE = re.compile(r"%([^%]+)%")


def read_settings_file(path: Path) -> dict[str, str]:
    """The `Values` of a file shaped like local.settings.json."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, json.JSONDecodeError) as error:
        raise SettingsError(f"the settings file cannot be read: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("Values", {}), dict):
        raise SettingsError(f'{path.name} must be an object with an object "Values"')
    if content.get("IsEncrypted"):
        raise SettingsError(f"{path.name} is encrypted, and only its owner's tools can read it")
    nested = [name for name, value in content.get("Values", {}).items() if isinstance(value, dict | list)]
    if nested:
        raise SettingsError(f"{path.name}: a setting is a text; these are not: {', '.join(nested)}")
    return {name: _text(value) for name, value in content.get("Values", {}).items()}


def merge_settings(given: Mapping[str, str] | None, file: Path | None, with_environment: bool) -> dict[str, str]:
    """What is given wins over the environment, and that over the file, as with the platform's local tools."""
    return {
        **(read_settings_file(file) if file else {}),
        **(dict(os.environ) if with_environment else {}),
        **(given or {}),
    }


def resolve(text: str, settings: Mapping[str, str]) -> str:
    """`%NAME%` replaced throughout; a BindingError names the setting that is missing."""

    def value(match: re.Match[str]) -> str:
        found = lookup(settings, match[1])
        if found is None:
            raise BindingError(f"'%{match[1]}%' does not resolve: there is no app setting {match[1]}")
        return found

    return _REFERENCE.sub(value, text)


def lookup(settings: Mapping[str, str], name: str) -> str | None:
    """Names are compared without case, and `:` may be written `__`, as the platform's configuration does."""
    wanted = {name.lower(), name.lower().replace(":", "__"), name.lower().replace("__", ":")}
    if name in settings:
        return settings[name]
    return next((value for key, value in settings.items() if key.lower() in wanted), None)


def is_true(value: str | None) -> bool:
    return (value or "").strip().lower() in ("true", "1")


def _text(value: Any) -> str:  # noqa: ANN401 - a JSON scalar
    return value if isinstance(value, str) else json.dumps(value)
