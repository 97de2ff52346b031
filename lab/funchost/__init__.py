"""A small local host for Azure Functions apps of the Python v2 model.

It hands Microsoft's own worker code (`azure-functions-runtime`) the messages that the platform's host would send, so
that a test or a demo exercises real indexing, argument conversion and invocation. It knows nothing of any particular
app and of any particular storage emulator.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.funchost.activity import Invocation, LogRecord
    from lab.funchost.bindings import FunctionDescription
    from lab.funchost.errors import AppError, HostConfigError, HostError, SettingsError
    from lab.funchost.host import FunctionHost
    from lab.funchost.options import HostKeys, HostOptions

__all__ = [
    "AppError",
    "FunctionDescription",
    "FunctionHost",
    "HostConfigError",
    "HostError",
    "HostKeys",
    "HostOptions",
    "Invocation",
    "LogRecord",
    "SettingsError",
]

_HOMES = {
    "Invocation": "activity",
    "LogRecord": "activity",
    "FunctionDescription": "bindings",
    "FunctionHost": "host",
    "HostKeys": "options",
    "HostOptions": "options",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Loaded when asked for: the worker process imports this package and must stay free of what the host needs."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"funchost.{_HOMES.get(name, 'errors')}"), name)
