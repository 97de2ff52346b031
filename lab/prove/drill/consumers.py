"""Consumers under load: threads with the real openai client that read their key from the vault as the sample does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from azure.identity import ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient
from openai import APIError, AuthenticationError, OpenAI
from rotating_key import RotatingKey

from lab.emulator.serve import Azure, in_environment

PATIENCE = 30.0


@dataclass
class Figures:
    """The results of all consumers' requests.

    made: How many requests were made.
    repeated: How many attempts were answered with 401 before the request succeeded with the next key.
    failed: The error of each request that failed.
    lock: Protects the other fields, because many threads write them.
    """

    made: int = 0
    repeated: int = 0
    failed: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, repeated: int, failure: str | None) -> None:
        """Add the result of one request."""
        with self.lock:
            self.made += 1
            self.repeated += repeated
            self.failed.extend([failure] if failure else [])


@contextmanager
def consumers(azure: Azure, account: str, identity: str, many: int) -> Iterator[Figures]:
    """Let this many consumers call until the block ends. Half of them read the vault often, half rarely."""
    figures, stop = Figures(), threading.Event()
    with ExitStack() as stack, in_environment(azure):
        calls = [_requester(stack, azure, account, identity, 0.2 if number % 2 else 3600.0) for number in range(many)]
        threads = [threading.Thread(target=_call_until, args=(call, figures, stop), daemon=True) for call in calls]
        for thread in threads:
            thread.start()
        try:
            yield figures
        finally:
            stop.set()
            for thread in threads:
                thread.join(PATIENCE)


def _requester(stack: ExitStack, azure: Azure, account: str, identity: str, max_age: float) -> Callable[[], int]:
    """Return a function that makes one request, survives a change of key, and returns how often it was repeated."""
    credential = stack.enter_context(ManagedIdentityCredential(client_id=_client_id(azure, identity)))
    url = azure.settings["ROTATION_VAULT_URL"]
    secrets = stack.enter_context(SecretClient(url, credential, verify_challenge_resource=False))
    endpoint = azure.world.endpoint(azure.world.accounts.named(account))
    key = RotatingKey(secrets, f"{account}-key", max_age=max_age)
    client = stack.enter_context(OpenAI(base_url=f"{endpoint}openai/v1/", api_key=key, max_retries=0))

    def request() -> int:
        refused = 0

        def call() -> None:
            nonlocal refused
            try:
                client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "There?"}])
            except AuthenticationError:
                refused += 1
                raise

        key.surviving_a_change(call, PATIENCE)
        return refused

    return request


def _client_id(azure: Azure, identity: str) -> str:
    return next(one.client_id for one in azure.world.directory.identities.values() if one.name == identity)


def _call_until(request: Callable[[], int], figures: Figures, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            repeated, failure = request(), None
        except APIError as error:
            repeated, failure = 0, type(error).__name__
        figures.count(repeated, failure)
