"""What can go wrong in the host itself; failures of the app's functions are `Invocation` results, never exceptions."""


class HostError(Exception):
    """Something the person who runs the host has to put right."""


class HostConfigError(HostError):
    """host.json is missing, unreadable or says something the platform would refuse."""


class SettingsError(HostError):
    """An app setting is missing or unusable."""


class BindingError(HostError):
    """One function's bindings cannot be served; the other functions are not affected."""


class ScheduleError(BindingError):
    """A timer's schedule is not a schedule."""


class AppError(HostError):
    """The app as a whole did not load: `str()` is the app's own error, `stack_trace` where it happened."""

    def __init__(self, message: str, stack_trace: str = "") -> None:
        super().__init__(message)
        self.stack_trace = stack_trace


class WorkerGoneError(HostError):
    """The worker process ended; whatever it was doing is lost."""
