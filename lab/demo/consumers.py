"""The demo's consumers: each reads its key from the vault and calls its account without pause, with the openai client.

They run in a process of their own: `python -m lab.demo.consumers FILE`, where FILE is JSON with the vault, the
endpoints and the identity. Every half second they write one line of JSON to standard output, and a last one when they
are stopped.
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
from rotating_key import RotatingKey

PATIENCE = 20.0


@dataclass
class ConsumerStats:
    """The figures of one consumer.

    name: The consumer's name, `<account>-quick` or `<account>-slow`.
    account: The account that it calls.
    made: Requests made.
    failed: Requests that failed in the end.
    repeated: Answers with 401 after which the request was made again.
    dead_key: The longest time from a request's first 401 to its end, in seconds.
    dead_at: When each such first 401 was, in seconds since 1970.
    errors: The class of the error of each failed request.
    """

    name: str
    account: str
    made: int = 0
    failed: int = 0
    repeated: int = 0
    dead_key: float = 0.0
    dead_at: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def run_consumer(one: ConsumerStats, place: dict[str, Any], max_age: float, stop: threading.Event) -> None:
    """Make requests until `stop` is set.

    place: The content of FILE. max_age: How long the consumer keeps a key, in seconds.
    """
    secrets = SecretClient(
        place["vault"], ManagedIdentityCredential(client_id=place["client_id"]), verify_challenge_resource=False
    )
    key = RotatingKey(secrets, f"{one.account}-key", max_age=max_age)
    client = OpenAI(base_url=f"{place['endpoints'][one.account]}openai/v1/", api_key=key, max_retries=0)
    while not stop.is_set():
        _one_request(one, key, client)


def _one_request(one: ConsumerStats, key: RotatingKey, client: OpenAI) -> None:
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
        one.failed += 1
        one.errors.append(f"{type(error).__name__}"[:80])
    one.made += 1
    one.repeated += len(refused_at)
    if refused_at:
        one.dead_key = max(one.dead_key, time.time() - refused_at[0])
        one.dead_at.append(refused_at[0])


def main(arguments: list[str]) -> int:
    """Run two consumers for each account until SIGTERM or SIGINT. Return 0."""
    place = json.loads(Path(arguments[0]).read_text())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stats = [
        ConsumerStats(f"{account}-{kind}", account) for account in place["endpoints"] for kind in ("quick", "slow")
    ]
    ages = {"quick": 0.5, "slow": place["slowest"]}
    threads = [
        threading.Thread(target=run_consumer, args=(one, place, ages[one.name.split("-")[1]], stop), daemon=True)
        for one in stats
    ]
    for thread in threads:
        thread.start()
    while not stop.wait(0.5):
        _print_stats(stats)
    for thread in threads:
        thread.join(PATIENCE)
    _print_stats(stats)
    return 0


def _print_stats(stats: list[ConsumerStats]) -> None:
    sys.stdout.write(json.dumps([asdict(one) for one in stats]) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
