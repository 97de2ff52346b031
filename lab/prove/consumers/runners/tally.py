"""What the consumers in Python count and print."""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

QUESTION: Any = [{"role": "user", "content": "Are you there?"}]


@dataclass
class Tally:
    """The figures of all callers of one process.

    made: Requests made. A request that was repeated counts once.
    repeated: Answers with 401 after which a request was repeated.
    failed: The error of each request that failed for the caller: its class and status, so that it holds no key.
    latency_ms: How many requests took each whole number of milliseconds.
    answered: The callers that had a successful answer.
    said_ready: Whether it was said that all of them had one.
    """

    made: int = 0
    repeated: int = 0
    failed: list[str] = field(default_factory=list)
    latency_ms: Counter[int] = field(default_factory=Counter)
    answered: set[int] = field(default_factory=set)
    said_ready: bool = False

    @contextmanager
    def request(self, caller: int) -> Iterator[None]:
        """Count the request that is made in the block."""
        began = time.monotonic()
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever the caller sees is a failure to be counted
            self.failed.append(f"{type(error).__name__} {getattr(error, 'status_code', '')}".strip())
        else:
            self.answered.add(caller)
        self.made += 1
        self.latency_ms[int((time.monotonic() - began) * 1000)] += 1

    def say_ready(self, consumers: int) -> None:
        """Print `ready`, once, when each of so many callers had an answer."""
        if not self.said_ready and len(self.answered) == consumers:
            self.said_ready = True
            print("ready", flush=True)

    def line(self) -> str:
        """Return the figures as one line of JSON. Every refusal but those of failed requests was repeated."""
        refused = sum(one.endswith(" 401") for one in self.failed)
        shown = {str(ms): many for ms, many in sorted(self.latency_ms.items())}
        repeated = self.repeated - refused
        return json.dumps({"made": self.made, "repeated": repeated, "failed": self.failed, "latency_ms": shown})


@dataclass(frozen=True)
class Place:
    """What the starter of the proof says in the environment.

    endpoint: The account's address, without the part of the v1 paths.
    deployment: The name of the deployment.
    secret: The name of the secret.
    max_age: How long a key that was read is used, in seconds.
    consumers: How many callers there are.
    pause: How long a caller waits between two requests, in seconds.
    """

    endpoint: str
    deployment: str
    secret: str
    max_age: float
    consumers: int
    pause: float

    @classmethod
    def from_environment(cls) -> "Place":
        """Read the environment, and let Azure's packages trust the same authority as the others do."""
        given = os.environ
        if "SSL_CERT_FILE" in given:
            given.setdefault("REQUESTS_CA_BUNDLE", given["SSL_CERT_FILE"])
        return cls(
            given["OPENAI_BASE_URL"].removesuffix("/").removesuffix("/openai/v1"),
            given["DEPLOYMENT"],
            given["SECRET_NAME"],
            float(given["MAX_AGE_SECONDS"]),
            int(given["CONSUMERS"]),
            float(given.get("PAUSE_MS", "0")) / 1000,
        )
