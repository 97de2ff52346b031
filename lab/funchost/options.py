"""What the person or test that starts the host can choose, apart from the app's own settings."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.funchost.platform_auth import Authentication


def _key() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class HostKeys:
    """The keys that HTTP callers need (docs/facts.md, HTTP). A key that is not given is generated.

    master: Opens every function and the admin interface.
    default: The host key, which opens every function of level "function".
    eventgrid: The system key of the Event Grid webhook.
    functions: The own key of a function, by function name. Default: none.
    """

    master: str = field(default_factory=_key)
    default: str = field(default_factory=_key)
    eventgrid: str = field(default_factory=_key)
    functions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HostOptions:
    """Limits and addresses.

    lease_seconds, init_timeout, metadata_timeout and response_timeout have the defaults of the Functions host
    (docs/facts.md, Timers; Timeouts; HTTP).

    address: The address that the HTTP server listens on. Default: this machine only.
    port: Its port. Default 0: any free one.
    lease_seconds: The length of the timers' leases, 15 to 60. Default 60.
    take_over: Break a timer lease that another host holds. Default: wait until it runs out, as the Functions host does.
    init_timeout: How long importing and indexing the app may take, in seconds. Default 120.
    metadata_timeout: How long listing the functions, and loading each, may take, in seconds. Default 30.
    function_timeout: How long a run may take, in seconds. Default: functionTimeout in host.json.
    response_timeout: How long an HTTP caller waits for a response, in seconds. Default 230.
    stop_timeout: How long running functions may take to finish when the host stops, in seconds. Default 30.
    start_attempts: How often a restart of the worker is tried before the host gives up. Default 3.
    restart_delay: The pause before the second restart in a row, in seconds; it doubles from there. Default 0.25.
    health_seconds: The pause between two checks of the storage account, in seconds. 0 means no checks. Default 30.
    listeners: Start timers and queue listeners. False: functions run by HTTP, Event Grid or by hand only. Default True.
    authentication: App Service authentication in front of the host. Default: none.
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
    health_seconds: float = 30
    listeners: bool = True
    authentication: Authentication | None = None
