"""The consumers: each only knows the vault, and calls its account with the real openai client without pause.

Runs as a process of its own: `python -m lab.demo.consumers FILE`, where FILE says where things are. It writes one line
of JSON to standard output every half second and a last one when told to stop.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from azure.identity import ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient
from openai import APIError, AuthenticationError, OpenAI

from samples.openai_client.vault_key import VaultKey

PATIENCE = 20.0


@dataclass
class Life:
    """What became of one consumer's requests. `dead_key` is its longest time, in seconds, between a first 401 and
    the next success; `dead_since` when the present one began, as the wall clock tells it."""

    name: str
    account: str
    made: int = 0
    failed: int = 0
    repeated: int = 0
    dead_key: float = 0.0
    dead_at: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def live(life: Life, place: dict[str, Any], max_age: float, stop: threading.Event) -> None:
    """One consumer, until told to stop."""
    secrets = SecretClient(
        place["vault"], ManagedIdentityCredential(client_id=place["client_id"]), verify_challenge_resource=False
    )
    key = VaultKey(secrets, f"{life.account}-key", max_age=max_age)
    client = OpenAI(base_url=f"{place['endpoints'][life.account]}openai/v1/", api_key=key, max_retries=0)
    while not stop.is_set():
        _one_request(life, key, client)


def _one_request(life: Life, key: VaultKey, client: OpenAI) -> None:
    refused_at: list[float] = []

    def call() -> None:
        try:
            client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Are you there?"}])
        except AuthenticationError:
            refused_at.append(time.time())
            raise

    try:
        key.surviving_a_change(call, PATIENCE)
    except APIError as error:
        life.failed += 1
        life.errors.append(f"{type(error).__name__}"[:80])
    life.made += 1
    life.repeated += len(refused_at)
    if refused_at:
        life.dead_key = max(life.dead_key, time.time() - refused_at[0])
        life.dead_at.append(refused_at[0])


def main(arguments: list[str]) -> int:
    place = json.loads(Path(arguments[0]).read_text())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    lives = [Life(f"{account}-{kind}", account) for account in place["endpoints"] for kind in ("quick", "slow")]
    ages = {"quick": 0.5, "slow": place["slowest"]}
    threads = [
        threading.Thread(target=live, args=(one, place, ages[one.name.split("-")[1]], stop), daemon=True)
        for one in lives
    ]
    for thread in threads:
        thread.start()
    while not stop.wait(0.5):
        _tell(lives)
    for thread in threads:
        thread.join(PATIENCE)
    _tell(lives)
    return 0


def _tell(lives: list[Life]) -> None:
    sys.stdout.write(json.dumps([asdict(life) for life in lives]) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
