"""The shipped function app, by a clock that the drill moves on: the machine's time and the seconds in a file.

The host loads this module instead of `function_app` (the setting PYTHON_SCRIPT_FILE_NAME). Nothing else is different.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from function_app import app
from shared.adapters.clock import RealClock

__all__ = ["app"]
_AHEAD = Path(os.environ["DRILL_SECONDS_AHEAD"])


def _now(self: RealClock) -> datetime:  # noqa: ARG001 - it takes the place of the method
    return datetime.now(UTC) + timedelta(seconds=float(_AHEAD.read_text()))


RealClock.now = _now  # type: ignore[method-assign]
