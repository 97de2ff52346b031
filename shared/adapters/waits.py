"""The waits that Azure asks for, and the time that is left for a call.

Azure's clients sleep for as long as a `Retry-After` says, without a limit of their own, and fail on one that they
cannot read (docs/facts.md, Waits). So the transport reads the header before they do. A short wait is left to the
client. A long one is not slept: it leaves as a `LongWait`, and the process remembers it, so that the same thing is not
asked again before.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import HttpResponseError

MOST_SLEPT = 5.0  # seconds that a client may sleep because Azure asks for it
MOST_POLLED = 30.0  # seconds before the next look at a change that Azure has accepted and not finished
LONGEST = timedelta(days=1)  # a longer wait is taken for a mistake, and asked again after that
DEFAULT = timedelta(seconds=30)  # where Azure throttles and names no time
LEAST_LEFT = 2.0  # seconds that every call gets, so that a turn without time can still give its lease back
_HEADERS = ("retry-after", "retry-after-ms", "x-ms-retry-after-ms")
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_RESOURCE = re.compile(r"(/subscriptions/[^/]+)(/resourcegroups/[^/]+/providers/[^/]+/[^/]+/[^/]+)?(?:/|$)")
_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


class LongWait(Exception):
    """Azure asked to wait for longer than a client may sleep.

    until: When Azure may be asked again, in UTC.
    where: What must not be asked before, in lower case.
    error: Azure's answer.
    unclear: Whether the call may have changed an account or a secret although it failed.
    """

    def __init__(self, until: datetime, where: str, error: HttpResponseError, *, unclear: bool = False) -> None:
        super().__init__(where, until)
        self.until = until
        self.where = where
        self.error = error
        self.unclear = unclear


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Give everything in the block that many seconds together. A limit that ends earlier stays."""
    outer, mine = _ends_at.get(), time.monotonic() + seconds
    token = _ends_at.set(mine if outer is None else min(outer, mine))
    try:
        yield
    finally:
        _ends_at.reset(token)


def time_left() -> float:
    """Return the seconds that are left. Infinite without a limit, and negative after it."""
    ends_at = _ends_at.get()
    return math.inf if ends_at is None else ends_at - time.monotonic()


class Remembered:
    """The long waits of this process: what must not be asked yet."""

    def __init__(self) -> None:
        self._waits: dict[tuple[str, bool], LongWait] = {}

    def check(self, method: str, url: str) -> None:
        """Raises LongWait if Azure asked that this is not asked yet."""
        now = datetime.now(UTC)
        for where in _things(url):
            wait = self._waits.get((where, _reads(method)))
            if wait is not None and now < wait.until and not (wait.unclear and _only_looks(method, url)):
                raise LongWait(wait.until, wait.where, wait.error)

    def take(self, method: str, url: str, response: Any) -> None:  # noqa: ANN401 - of two unrelated classes
        """Read the wait that an answer asks for. A short one stays in the answer, in seconds; nonsense is removed.

        Raises LongWait for a long one, and remembers it.
        """
        status: int = response.status_code
        headers: MutableMapping[str, str] = response.headers
        wait = asked_wait(headers)
        for name in [name for name in _HEADERS if name in headers]:
            del headers[name]
        if wait is None:
            return
        if status < 400 or wait.total_seconds() <= min(MOST_SLEPT, time_left()):
            headers["Retry-After"] = f"{wait.total_seconds():g}"
        elif status in _PASSING:
            raise self._kept(method, url, headers, wait, HttpResponseError(response=response))

    def _kept(
        self, method: str, url: str, headers: Mapping[str, str], wait: timedelta, error: HttpResponseError
    ) -> LongWait:
        now = datetime.now(UTC)
        unclear = error.status_code != 429 and _changes(method, url)
        long = LongWait(now + wait, _concerned(url, headers, error), error, unclear=unclear)
        self._waits = {key: one for key, one in self._waits.items() if now < one.until}
        if wait.total_seconds() > MOST_SLEPT:
            self._waits[long.where, _reads(method)] = long
        return long


def asked_wait(headers: Mapping[str, str]) -> timedelta | None:
    """Return how long an answer asks to wait, at most `LONGEST`. None if it does not ask, or asks for nonsense."""
    for name in _HEADERS:
        text = headers.get(name)
        seconds = _seconds(text, headers.get("Date")) if text else None
        if seconds is not None:
            seconds = seconds / 1000 if name.endswith("-ms") else seconds
            return min(timedelta(seconds=min(seconds, LONGEST.total_seconds())), LONGEST)
    return None


def _seconds(text: str, date: str | None) -> float | None:
    """The number in the text, or the time until the date in it. By the server's own clock, if the answer shows it."""
    try:
        number = float(text)
    except ValueError:
        then = _moment(text)
        number = (then - (_moment(date or "") or datetime.now(UTC))).total_seconds() if then else math.nan
    return number if math.isfinite(number) and number > 0 else None


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _reads(method: str) -> bool:
    """Whether it draws on the limit for reads. A POST counts as a write (docs/facts.md, Keys)."""
    return method.upper() in ("GET", "HEAD")


def _only_looks(method: str, url: str) -> bool:
    return _reads(method) or urlsplit(url.casefold()).path.endswith("/listkeys")


def _changes(method: str, url: str) -> bool:
    """Whether it changes an account or a secret, so that a look must show what became of it."""
    path = urlsplit(url.casefold()).path
    return not _only_looks(method, url) and (_RESOURCE.match(path) is not None or path.startswith("/secrets"))


def _things(url: str) -> list[str]:
    """What a limit can concern, the widest first: a subscription and an account; a vault; or one address."""
    parts = urlsplit(url.casefold())
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    found = _RESOURCE.match(path)
    if found:
        subscription, rest = found.groups()
        return [subscription, subscription + rest] if rest else [subscription]
    return [origin] if path.startswith(("/secrets", "/deletedsecrets")) else [origin + path]


def _concerned(url: str, headers: Mapping[str, str], error: HttpResponseError) -> str:
    """What this answer is about. Only the gateway, or its own code, speaks for a whole subscription."""
    things = _things(url)
    code = str(getattr(error.error, "code", "") or "")
    whole = headers.get("x-ms-failure-cause") == "gateway" or code.startswith(("Subscription", "Tenant"))
    return things[0] if whole else things[-1]
