"""Consumers of the vault under load: threads with the real openai client, reading the key as the sample does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from azure.identity import ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient
from openai import APIError, AuthenticationError, OpenAI

from lab.emulator.serve import Azure, in_environment
from samples.openai_client.vault_key import VaultKey

PATIENCE = 30.0


@dataclass
class Figures:
    """What became of all consumers' requests. `repeated` were answered with 401 once and then succeeded."""

    made: int = 0
    repeated: int = 0
    failed: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, repeated: int, failure: str | None) -> None:
        with self.lock:
            self.made += 1
            self.repeated += repeated
            self.failed.extend([failure] if failure else [])


@contextmanager
def consumers(azure: Azure, account: str, identity: str, many: int) -> Iterator[Figures]:
    """So many of them, calling until the block is left. Half read the vault all the time, half rarely."""
    figures, stop = Figures(), threading.Event()
    with ExitStack() as stack, in_environment(azure):
        asks = [_asks(stack, azure, account, identity, 0.2 if number % 2 else 3600.0) for number in range(many)]
        threads = [threading.Thread(target=_live, args=(ask, figures, stop), daemon=True) for ask in asks]
        for thread in threads:
            thread.start()
        try:
            yield figures
        finally:
            stop.set()
            for thread in threads:
                thread.join(PATIENCE)


def _asks(stack: ExitStack, azure: Azure, account: str, identity: str, max_age: float) -> Callable[[], int]:
    """One request that survives a change of key; returns how often it was repeated."""
    credential = stack.enter_context(ManagedIdentityCredential(client_id=_client_id(azure, identity)))
    url = azure.settings["ROTATION_VAULT_URL"]
    secrets = stack.enter_context(SecretClient(url, credential, verify_challenge_resource=False))
    endpoint = azure.world.endpoint(azure.world.accounts.named(account))
    key = VaultKey(secrets, f"{account}-key", max_age=max_age)
    client = stack.enter_context(OpenAI(base_url=f"{endpoint}openai/v1/", api_key=key, max_retries=0))

    def ask() -> int:
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

    return ask


def _client_id(azure: Azure, identity: str) -> str:
    return next(one.client_id for one in azure.world.directory.identities.values() if one.name == identity)


def _live(ask: Callable[[], int], figures: Figures, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            repeated, failure = ask(), None
        except APIError as error:
            repeated, failure = 0, type(error).__name__
        figures.count(repeated, failure)
