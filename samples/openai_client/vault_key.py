"""A consumer that does not notice rotations: it reads the key from the vault whenever the openai client needs it.

Copy this file. It needs Python 3.12, `openai` 1.106 or later, `azure-keyvault-secrets` and `azure-identity`:

    secrets = SecretClient("https://my-vault.vault.azure.net", DefaultAzureCredential(), retry_total=1, read_timeout=10)
    key = VaultKey(secrets, "my-account-key")
    client = OpenAI(base_url="https://my-account.openai.azure.com/openai/v1/", api_key=key)
    answer = key.surviving_a_change(lambda: client.chat.completions.create(model="gpt-4o", messages=[...]))

With the asynchronous client:

    key = AsyncVaultKey(VaultKey(secrets, "my-account-key"))
    client = AsyncOpenAI(base_url="https://my-account.openai.azure.com/openai/v1/", api_key=key)
    answer = await key.surviving_a_change(lambda: client.chat.completions.create(model="gpt-4o", messages=[...]))

Use the class `OpenAI` with the address that ends in /openai/v1/, as shown. `AzureOpenAI` takes a callable key only from
`openai` 3.4.0 on; before, it sends an empty key or raises an error.

The newest version of the secret is read, and read again when the value is older than `max_age`. Keep `max_age` below
the overlap and below ROTATION_CONSUMER_LAG; then no call fails because of a scheduled rotation. If a person regenerates
the live key by hand, calls get 401 until the new value is published; `surviving_a_change` reads the secret again and
repeats the call. While the vault does not answer, the value that is held goes on being used: it works until its
announced end.

Better is no key at all: give the app a managed identity and the role Cognitive Services OpenAI User.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from openai import AuthenticationError

ASK_AGAIN = 30.0  # seconds after which a vault that did not answer is asked again


class VaultKey:
    """A callable that returns the key which the secret holds now. Pass it to the openai client as `api_key`."""

    def __init__(self, secrets: Any, name: str, max_age: float = 3600.0) -> None:  # noqa: ANN401 - a SecretClient
        """`secrets` is a SecretClient. `max_age` says how long a value is used before it is read again, in seconds."""
        self._secrets = secrets
        self._name = name
        self._max_age = max_age
        self._value = ""
        self._next_read = float("-inf")
        self._reading = threading.Lock()

    def __call__(self) -> str:
        """Return the key, read again if it is older than `max_age`.

        Threads that call at the same time share one read. Raises the vault's error only if no value is held.
        """
        with self._reading:
            if time.monotonic() >= self._next_read:
                self._read()
            return self._value

    def read_again(self) -> None:
        """Read the secret now, even if the value is not too old."""
        with self._reading:
            self._read()

    def _read(self) -> None:
        try:
            self._value = self._secrets.get_secret(self._name).value
        except (
            Exception
        ) as error:  # whatever keeps the vault from answering, the value that is held is the best there is
            if not self._value:
                raise
            logging.warning(
                "%s could not be read (%s); the value read before is used", self._name, type(error).__name__
            )
            self._next_read = time.monotonic() + min(ASK_AGAIN, self._max_age)
        else:
            self._next_read = time.monotonic() + self._max_age

    def surviving_a_change[T](self, call: Callable[[], T], patience: float = 60.0) -> T:
        """Call and return the result. After a 401, read the secret again and repeat, for at most `patience` seconds.

        Raises AuthenticationError if the key is still refused then.
        """
        pauses = _pauses(patience)
        while True:
            try:
                return call()
            except AuthenticationError:
                pause = next(pauses, None)
                if pause is None:
                    raise
            time.sleep(pause)
            self.read_again()


class AsyncVaultKey:
    """The same for `AsyncOpenAI`, which needs an asynchronous callable. The secret is read in a thread."""

    def __init__(self, key: VaultKey) -> None:
        self._key = key

    async def __call__(self) -> str:
        """Return the key, as VaultKey does."""
        return await asyncio.to_thread(self._key)

    async def surviving_a_change[T](self, call: Callable[[], Awaitable[T]], patience: float = 60.0) -> T:
        """Await a call and return the result; after a 401, do as VaultKey does."""
        pauses = _pauses(patience)
        while True:
            try:
                return await call()
            except AuthenticationError:
                pause = next(pauses, None)
                if pause is None:
                    raise
            await asyncio.sleep(pause)
            await asyncio.to_thread(self._key.read_again)


def _pauses(patience: float) -> Iterator[float]:
    """Yield how long to wait before each repetition: longer and longer, until the patience is over."""
    give_up, pause = time.monotonic() + patience, 0.1
    while time.monotonic() + pause <= give_up:
        yield pause
        pause = min(pause * 2, 2.0)
