"""Reads one setting of the environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.settings.problems import Problems


def read[T, D](
    environment: Mapping[str, str], name: str, default: D, problems: Problems, reader: Callable[[str], T]
) -> Any:  # noqa: ANN401 - the reader's type, or the default's
    """Return what the reader makes of a setting, and the default if it is not set or invalid.

    reader: Raises ValueError saying what is wrong with the text, which is added to the problems.
    """
    text = environment.get(name, "")
    if not text.strip():
        return default
    value = problems.read(name, text, reader)
    return default if value is None else value
