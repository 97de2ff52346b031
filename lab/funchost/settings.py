"""App settings: where they come from, and how `%NAME%` in a binding is replaced by a setting's value."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.funchost.errors import BindingError, SettingsError

_REFERENCE = re.compile(r"%([^%]+)%")


def read_settings_file(path: Path) -> dict[str, str]:
    """Return the `Values` of a file like local.settings.json, each as text.

    Raises SettingsError if the file cannot be read, is encrypted, or has values that are not scalars.
    """
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, json.JSONDecodeError) as error:
        raise SettingsError(f"the settings file {path.name} cannot be read: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("Values", {}), dict):
        raise SettingsError(f'{path.name} must be an object with an object "Values"')
    if content.get("IsEncrypted"):
        raise SettingsError(f"{path.name} is encrypted; decrypt it with `func settings decrypt`")
    nested = [name for name, value in content.get("Values", {}).items() if isinstance(value, dict | list)]
    if nested:
        raise SettingsError(
            f"{path.name}: a setting must be text, a number or a boolean; these are not: {', '.join(nested)}"
        )
    return {name: _text(value) for name, value in content.get("Values", {}).items()}


def merge_settings(given: Mapping[str, str] | None, file: Path | None, with_environment: bool) -> dict[str, str]:
    """Merge settings as the Functions Core Tools do: `given` wins over the environment, and that over the file.

    Raises SettingsError if the file cannot be read.
    """
    return {
        **(read_settings_file(file) if file else {}),
        **(dict(os.environ) if with_environment else {}),
        **(given or {}),
    }


def resolve(text: str, settings: Mapping[str, str]) -> str:
    """Replace every `%NAME%` in a text by the setting's value (docs/facts.md, Worker).

    Raises BindingError, which names the missing setting.
    """

    def value(match: re.Match[str]) -> str:
        found = lookup(settings, match[1])
        if found is None:
            raise BindingError(f"'%{match[1]}%' cannot be resolved: there is no app setting {match[1]}")
        return found

    return _REFERENCE.sub(value, text)


def lookup(settings: Mapping[str, str], name: str) -> str | None:
    """Return a setting's value, or None. Names ignore case, and `:` may be written `__`."""
    wanted = {name.lower(), name.lower().replace(":", "__"), name.lower().replace("__", ":")}
    if name in settings:
        return settings[name]
    return next((value for key, value in settings.items() if key.lower() in wanted), None)


def is_true(value: str | None) -> bool:
    """Return True for "true" and "1", ignoring case."""
    return (value or "").strip().lower() in ("true", "1")


def _text(value: Any) -> str:  # noqa: ANN401 - a JSON scalar
    return value if isinstance(value, str) else json.dumps(value)
