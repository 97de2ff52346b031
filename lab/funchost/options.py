"""What the one who starts the host may choose, apart from the app's own settings."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field


def _key() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class HostKeys:
    """The keys that HTTP callers show; what is not given is made up."""

    master: str = field(default_factory=_key)
    default: str = field(default_factory=_key)
    eventgrid: str = field(default_factory=_key)
    functions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HostOptions:
    """Time limits in seconds, addresses and the like.

    `take_over` breaks a lease that a dead host still holds, which the platform never does: it waits up to a minute.
    """

    address: str = "127.0.0.1"
    port: int = 0
    lease_seconds: int = 60
    take_over: bool = False
    init_timeout: float = 120
    metadata_timeout: float = 30
    function_timeout: float | None = None
    response_timeout: float = 230
    stop_timeout: float = 30
    start_attempts: int = 3
    restart_delay: float = 0.25
    listeners: bool = True
