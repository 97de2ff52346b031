"""The errors of the imitated services, before one of them is sent over HTTP.

The modules of the world raise these. Each surface converts them to the body and headers of its own service. A test that
works without HTTP catches them directly.
"""

from collections.abc import Mapping


class AzureError(Exception):
    """A refusal by an Azure service.

    status: The HTTP status.
    code: The error code of the service.
    message: The error message of the service.
    inner: The code of the inner error, or an empty string.
    details: Codes and messages that say more, as Azure Resource Graph gives them.
    gateway: Whether the ARM gateway refuses, not the resource provider; ARM then adds x-ms-failure-cause
        (docs/facts.md, Keys).
    headers: Headers that the answer carries.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        inner: str = "",
        details: tuple[tuple[str, str], ...] = (),
        gateway: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.inner = inner
        self.details = details
        self.gateway = gateway
        self.headers = dict(headers or {})


class ConnectionDroppedError(Exception):
    """The caller gets no answer.

    after: Whether the request had its effect before the connection was closed.
    """

    def __init__(self, *, after: bool) -> None:
        super().__init__("connection closed after the effect" if after else "connection closed before the effect")
        self.after = after


class NotImitatedError(AzureError):
    """Azure may support this request, but the emulator does not imitate it. The status is 501."""

    def __init__(self, what: str) -> None:
        super().__init__(501, "NotImitated", f"This emulator does not imitate {what}.")
