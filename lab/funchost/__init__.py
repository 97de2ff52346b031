"""A small local host for Azure Functions apps written in the Python v2 programming model.

It starts Microsoft's own worker code (`azure-functions-runtime`) in a separate process and sends it the requests that
the Functions host would send. Tests and demos therefore use the real indexing, argument conversion and invocation.
The package knows nothing about a particular app or a particular storage emulator.
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

_MODULE_OF = {
    "Invocation": "activity",
    "LogRecord": "activity",
    "FunctionDescription": "bindings",
    "FunctionHost": "host",
    "HostKeys": "options",
    "HostOptions": "options",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Import a public name when it is first used.

    The worker process imports this package too, and must not load what only the host needs.
    Raises AttributeError if `__all__` does not list the name.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"lab.funchost.{_MODULE_OF.get(name, 'errors')}"), name)
