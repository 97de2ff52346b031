"""The key that a secret in Key Vault holds now. This file needs no other file of the package: it can be copied alone.

    def secrets() -> SecretClient:
        return SecretClient(vault_url, DefaultAzureCredential(), retry_total=1, connection_timeout=5, read_timeout=10)

    key = RotatingKey(secrets, "my-account-key")
    client = OpenAI(base_url="https://my-account.openai.azure.com/openai/v1/", api_key=key)
    answer = key.surviving_a_change(lambda: client.chat.completions.create(model="gpt-4o", messages=[...]))

The newest version of the secret is read, and read again before the value is older than `max_age`. Keep `max_age` below
the overlap, in which the key before still works, and below ROTATION_CONSUMER_LAG: then a scheduled rotation fails no
call. `surviving_a_change` is for a key that somebody regenerates by hand. While the vault does not answer, the value
that is held goes on being used, and the vault is asked at a pace that does it no harm.

One object serves many threads, event loops and processes that were forked. It never shows the key in a text about
itself, in a log or in a pickle.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Iterator
from typing import NoReturn, Protocol, TypeVar

T = TypeVar("T")
LOG = logging.getLogger("rotating_key")
EARLY = (0.7, 0.9)  # the part of max_age after which a value is read again while callers go on with it
PACE = 0.2  # seconds between two reads that refused calls ask for
FIRST_PAUSE = 1.0  # seconds after which a vault that did not answer is asked again; it doubles up to ASK_AGAIN
ASK_AGAIN = 30.0


class Secret(Protocol):
    """What is needed of a KeyVaultSecret."""

    @property
    def value(self) -> str | None:
        """The value that the secret holds."""


class Secrets(Protocol):
    """What is needed of a SecretClient."""

    def get_secret(self, name: str) -> Secret:
        """Return the newest version of a secret."""


class NoKeyError(RuntimeError):
    """The secret could not be read, and no value was read before. The cause is the vault's or the credential's."""


class RotatingKey:
    """A callable that returns the key which a secret holds now."""

    __slots__ = (
        "__weakref__", "_clock", "_early_at", "_error", "_in_vain", "_late_at", "_lock", "_make", "_max_age",
        "_name", "_not_before", "_owns", "_pause", "_read_at", "_renewing", "_secrets", "_value",
    )  # fmt: skip

    def __init__(
        self,
        secrets: Secrets | Callable[[], Secrets],
        name: str,
        max_age: float = 3600.0,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet: the first call does.

        secrets: A function that makes a SecretClient, or a SecretClient. Give the function if the process forks: each
            process then has connections of its own.
        name: The name of the secret.
        max_age: How long a value is used before it is read again, in seconds. Default one hour.
        clock: Returns seconds that only grow. For tests.
        """
        self._make: Callable[[], Secrets] = secrets if callable(secrets) else lambda: secrets
        self._secrets: Secrets | None = None
        self._owns = callable(secrets)
        self._name, self._max_age, self._clock = name, max_age, clock
        self._value, self._read_at = "", float("-inf")
        self._early_at = self._late_at = self._not_before = float("-inf")
        self._pause, self._error, self._in_vain = 0.0, "", ""
        self._lock, self._renewing = threading.Lock(), False
        _KEYS.add(self)

    def __call__(self) -> str:
        """Return the key.

        A value that grows old is read again in a thread while callers go on with it; one that is older than `max_age`
        is read again first, once for all that call meanwhile. Raises NoKeyError if no value could ever be read.
        """
        return self.at_once() or self._read_if(lambda: self._clock() >= self._late_at)

    def at_once(self) -> str:
        """Return the key if it can be had without waiting for the vault, else an empty text."""
        if self._value and self._clock() >= self._early_at:
            self._renew_behind()
        usable = self._error or self._clock() < self._late_at  # while the vault is out, what is held is the best
        return self._value if usable else ""

    def read_again(self, refused: str = "") -> str:
        """Read the secret now and return the key. Use it after a refusal, or when a new version was announced.

        refused: The value that was refused. If another one is held already, nothing is read. Callers that ask at the
        same time share one read. Raises NoKeyError if no value could ever be read.
        """
        return self._read_if(lambda: not refused or self._value == refused)

    def surviving_a_change(self, call: Callable[[], T], patience: float = 60.0) -> T:
        """Call and return the result. After a 401, read the secret again and repeat, for at most `patience` seconds.

        A 401 is any error whose `status_code` is 401, such as AuthenticationError of `openai`. It is raised if the key
        is still refused then, and from then on at once until the secret holds another value.
        """
        left = Patience(self, patience)
        while True:
            used = self._value
            try:
                result = call()
            except Exception as error:
                if not is_refusal(error):
                    raise
                if self.read_again(used) == used:
                    pause = left.pause(used)
                    if pause is None:
                        raise
                    time.sleep(pause)
                    self.read_again(used)
            else:
                left.worked(used)
                return result

    def close(self) -> None:
        """Close the SecretClient that was made here. A later call makes a new one. One that was given stays open."""
        with self._lock:
            close = getattr(self._secrets, "close", None) if self._owns else None
            self._secrets = None
        if close is not None:
            close()

    def __enter__(self) -> RotatingKey:
        """Return the key itself. The end of the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_if(self, wanted: Callable[[], bool]) -> str:
        with self._lock:
            if wanted() and self._clock() >= self._not_before:
                self._read()
            if not self._value:
                raise NoKeyError(f"the secret {self._name} could not be read: {self._error}")
            return self._value

    def _renew_behind(self) -> None:
        """Read the secret in a thread, if nobody else is reading it."""
        if self._clock() < self._not_before or not self._lock.acquire(blocking=False):
            return
        try:
            start, self._renewing = not self._renewing, True
        finally:
            self._lock.release()
        if start:
            threading.Thread(target=self._renew, name="rotating-key", daemon=True).start()

    def _renew(self) -> None:
        try:
            self._read_if(lambda: self._clock() >= self._early_at)
        finally:
            self._renewing = False

    def _read(self) -> None:
        """Read the secret. The lock is held. A failure is noted, and raised only if no value is held."""
        self._not_before = self._clock() + PACE
        try:
            value = self._client().get_secret(self._name).value
            if not value:
                raise NoKeyError(f"the secret {self._name} holds no value")  # noqa: TRY301 - as if it was not read
        except Exception as error:
            self._note_failure(error)
            if not self._value:
                raise NoKeyError(f"the secret {self._name} could not be read: {self._error}") from error
        else:
            self._value, self._error, self._pause = value, "", 0.0
            self._read_at = self._clock()
            self._late_at = self._read_at + self._max_age
            self._early_at = self._read_at + self._max_age * random.uniform(*EARLY)  # noqa: S311 - spreads the reads

    def _note_failure(self, error: Exception) -> None:
        self._error = type(error).__name__  # its text could be long, and names the vault only
        self._pause = min(self._pause * 2 or FIRST_PAUSE, ASK_AGAIN, self._max_age)
        self._not_before = self._clock() + self._pause
        use = "the value read before is used" if self._value else "no value is held"
        LOG.warning("the secret %s could not be read (%s); %s", self._name, self._error, use)

    def _client(self) -> Secrets:
        if self._secrets is None:
            self._secrets = self._make()
        return self._secrets

    def _after_fork(self) -> None:
        """Let go of what belongs to the parent: a lock that another thread held, and connections."""
        self._lock, self._renewing, self._secrets = threading.Lock(), False, None

    def __repr__(self) -> str:
        state = f"read {self._clock() - self._read_at:.0f} s ago" if self._value else "not read yet"
        return f"<{type(self).__name__} {self._name!r}, {state}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a RotatingKey cannot be pickled: it holds a key. Make one in each process")


class Patience:
    """For how long one request is repeated while the key is refused.

    A value that was refused until somebody's patience ended is refused to the next request at once: a program with a
    wrong key gets its error, and the account is not asked again and again. Another value makes it patient again.
    """

    def __init__(self, key: RotatingKey, seconds: float) -> None:
        in_vain = bool(key._value) and key._value == key._in_vain
        self._key, self._pauses = key, _pauses(0.0 if in_vain else seconds)

    def pause(self, used: str) -> float | None:
        """Return how long to wait before the next repetition, in seconds. None: give up."""
        pause = next(self._pauses, None)
        if pause is None:
            self._key._in_vain = used
        return pause

    def worked(self, used: str) -> None:
        """Note that a value was accepted."""
        if self._key._in_vain == used:
            self._key._in_vain = ""


class AsyncRotatingKey:
    """The same for asynchronous clients such as `AsyncOpenAI`, which need an asynchronous callable.

    It waits for the vault in a thread, so that the event loop goes on.
    """

    def __init__(self, key: RotatingKey) -> None:
        """`key` may serve synchronous clients as well."""
        self._key = key

    async def __call__(self) -> str:
        """Return the key, as RotatingKey does."""
        return self._key.at_once() or await asyncio.to_thread(self._key)

    async def read_again(self, refused: str = "") -> str:
        """Read the secret now and return the key, as RotatingKey does."""
        return await asyncio.to_thread(self._key.read_again, refused)

    async def surviving_a_change(self, call: Callable[[], Awaitable[T]], patience: float = 60.0) -> T:
        """Await a call and return the result; after a 401, do as RotatingKey does."""
        left = Patience(self._key, patience)
        while True:
            used = self._key._value
            try:
                result = await call()
            except Exception as error:
                if not is_refusal(error):
                    raise
                if await self.read_again(used) == used:
                    pause = left.pause(used)
                    if pause is None:
                        raise
                    await asyncio.sleep(pause)
                    await self.read_again(used)
            else:
                left.worked(used)
                return result

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._key!r}>"


def is_refusal(error: Exception) -> bool:
    """Return whether an error is a 401, in the form of `openai` or of Azure's own packages."""
    return getattr(error, "status_code", None) == 401


def _pauses(patience: float) -> Iterator[float]:
    """Yield how long to wait before each repetition: longer and longer, until the patience is over."""
    give_up, pause = time.monotonic() + patience, 0.1
    while time.monotonic() + pause <= give_up:
        yield pause
        pause = min(pause * 2, 2.0)


_KEYS: weakref.WeakSet[RotatingKey] = weakref.WeakSet()


def _after_fork() -> None:
    for key in list(_KEYS):
        key._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
