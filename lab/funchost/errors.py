"""Errors of the host itself. A failed function raises none of them: its failure is the result, an `Invocation`."""


class HostError(Exception):
    """The base class: something that the person who runs the host has to correct."""


class HostConfigError(HostError):
    """host.json is missing or unreadable, or has a value that the Functions host would refuse."""


class SettingsError(HostError):
    """The settings file cannot be read or has values of the wrong type."""


class BindingError(HostError):
    """The bindings of one function cannot be served. Other functions are not affected."""


class ScheduleError(BindingError):
    """A timer's schedule is invalid."""


class AppError(HostError):
    """The app as a whole could not be loaded.

    `str()` gives the app's own error. `stack_trace` is the traceback in the app, or empty.
    """

    def __init__(self, message: str, stack_trace: str = "") -> None:
        super().__init__(message)
        self.stack_trace = stack_trace


class WorkerGoneError(HostError):
    """The worker process has ended, and with it everything that it was running."""
