"""A consumer that does not notice rotations: it reads the key from the vault whenever the openai client needs it.

Copy this file. It needs Python 3.12, `openai` 1.106 or later, `azure-keyvault-secrets` and `azure-identity`:

    key = VaultKey(SecretClient("https://my-vault.vault.azure.net", DefaultAzureCredential()), "my-account-key")
    client = OpenAI(base_url="https://my-account.openai.azure.com/openai/v1/", api_key=key)
    answer = key.surviving_a_change(lambda: client.chat.completions.create(model="gpt-4o", messages=[...]))

The newest version of the secret is read, and read again when the value is older than `max_age`. Keep `max_age` below
the overlap and below ROTATION_CONSUMER_LAG; then no call fails because of a scheduled rotation. If a person regenerates
the live key by hand, calls get 401 until the new value is published; `surviving_a_change` reads the secret again and
repeats the call.

Better is no key at all: give the app a managed identity and the role Cognitive Services OpenAI User.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from openai import AuthenticationError


class VaultKey:
    """A callable that returns the key which the secret holds now. Pass it to the openai client as `api_key`."""

    def __init__(self, secrets: Any, name: str, max_age: float = 3600.0) -> None:  # noqa: ANN401 - a SecretClient
        """`secrets` is a SecretClient. `max_age` says how long a value is used before it is read again, in seconds."""
        self._secrets = secrets
        self._name = name
        self._max_age = max_age
        self._value = ""
        self._read_at = float("-inf")
        self._reading = threading.Lock()

    def __call__(self) -> str:
        """Return the key, read again if it is older than `max_age`.

        Threads that call at the same time share one read.
        """
        with self._reading:
            if time.monotonic() - self._read_at > self._max_age:
                self._read()
            return self._value

    def read_again(self) -> None:
        """Read the secret now, even if the value is not too old."""
        with self._reading:
            self._read()

    def _read(self) -> None:
        self._value = self._secrets.get_secret(self._name).value
        self._read_at = time.monotonic()

    def surviving_a_change[T](self, call: Callable[[], T], patience: float = 60.0) -> T:
        """Call and return the result. After a 401, read the secret again and repeat, for at most `patience` seconds.

        Raises AuthenticationError if the key is still refused then.
        """
        give_up, pause = time.monotonic() + patience, 0.1
        while True:
            try:
                return call()
            except AuthenticationError:
                if time.monotonic() + pause > give_up:
                    raise
            time.sleep(pause)
            pause = min(pause * 2, 2.0)
            self.read_again()
