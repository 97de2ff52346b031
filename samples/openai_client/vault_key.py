"""A consumer that never notices a rotation: it only knows the vault, and the openai client asks it for the key.

Copy this file. It needs Python 3.12, `openai` 1.106 or later, `azure-keyvault-secrets` and `azure-identity`:

    key = VaultKey(SecretClient("https://my-vault.vault.azure.net", DefaultAzureCredential()), "my-account-key")
    client = OpenAI(base_url="https://my-account.openai.azure.com/openai/v1/", api_key=key)
    answer = key.surviving_a_change(lambda: client.chat.completions.create(model="gpt-4o", messages=[...]))

The secret is read without a version and again when what is held is older than `max_age`: keep that below the
overlap, and below ROTATION_CONSUMER_LAG. Scheduled rotations never show. If somebody regenerates the live key by
hand, calls are answered with 401 until the new value is published; `surviving_a_change` reads again and repeats.

Better still is no key at all: give the app a managed identity and the role Cognitive Services OpenAI User.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from openai import AuthenticationError


class VaultKey:
    """The key that the secret holds now, as a callable, which is what `api_key` takes."""

    def __init__(self, secrets: Any, name: str, max_age: float = 3600.0) -> None:  # noqa: ANN401 - a SecretClient
        """`secrets` is a SecretClient; `max_age` is in seconds."""
        self._secrets = secrets
        self._name = name
        self._max_age = max_age
        self._value = ""
        self._read_at = float("-inf")
        self._reading = threading.Lock()

    def __call__(self) -> str:
        """The key, read again where it is too old. Threads share one reading."""
        with self._reading:
            if time.monotonic() - self._read_at > self._max_age:
                self._read()
            return self._value

    def read_again(self) -> None:
        """Forget what is held and read the vault now."""
        with self._reading:
            self._read()

    def _read(self) -> None:
        self._value = self._secrets.get_secret(self._name).value
        self._read_at = time.monotonic()

    def surviving_a_change[T](self, call: Callable[[], T], patience: float = 60.0) -> T:
        """Call, and after a 401 read the vault again and call again, for at most `patience` seconds."""
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
