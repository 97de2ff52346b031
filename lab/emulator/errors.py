"""The ways the imitated services say no, before any of them is put on the wire.

The world raises these; each surface turns them into the body and headers its own service would use. A test
that works on the world in plain Python catches them as they are.
"""

from collections.abc import Mapping


class AzureError(Exception):
    """A refusal with the status, code and message the real service gives."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        inner: str = "",
        gateway: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.inner = inner
        self.gateway = gateway
        self.headers = dict(headers or {})


class ConnectionDroppedError(Exception):
    """The caller gets no answer at all; whether the effect happened is what `after` says."""

    def __init__(self, *, after: bool) -> None:
        super().__init__("connection closed after the effect" if after else "connection closed before the effect")
        self.after = after


class NotImitatedError(AzureError):
    """Azure may well do this; the emulator does not, and says so instead of guessing."""

    def __init__(self, what: str) -> None:
        super().__init__(501, "NotImitated", f"This emulator does not imitate {what}.")
