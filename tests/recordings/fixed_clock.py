"""Makes the application use the emulated world's clock, for the present time and for waiting.

Modules are found by their folder and not by their names, so moving one changes nothing here.
"""

import inspect
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType
from unittest.mock import patch

from azure.core.pipeline.transport import AsyncHttpTransport

from lab.emulator.clock import Clock
from shared.adapters.clock import RealClock

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = ("shared", "cli")


def _application() -> Iterator[ModuleType]:
    """Import and yield every module of the application."""
    for package in APPLICATION:
        parent = import_module(package)
        for found in walk_packages(parent.__path__, f"{package}."):
            yield sys.modules.get(found.name) or import_module(found.name)


def _asks_the_time(module: ModuleType) -> bool:
    return vars(module).get("datetime") is datetime and "datetime.now(" in inspect.getsource(module)


@contextmanager
def fixed_clock(clock: Clock) -> Iterator[None]:
    """Let the application use this clock until the block ends. Waiting moves it forward."""

    class FixedDatetime(datetime):
        @classmethod
        def now(cls, tz=None):
            return clock.utcnow().astimezone(tz)

    async def sleep(_: RealClock, time: timedelta) -> None:
        clock.advance(time.total_seconds())

    async def at_once(_: AsyncHttpTransport, __: float) -> None:
        pass

    with ExitStack() as stack:
        for module in _application():
            if _asks_the_time(module):
                stack.enter_context(patch.object(module, "datetime", FixedDatetime))
        stack.enter_context(patch.object(RealClock, "sleep", sleep))
        stack.enter_context(patch.object(AsyncHttpTransport, "sleep", at_once))
        yield
