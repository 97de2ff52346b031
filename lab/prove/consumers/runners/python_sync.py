"""Synchronous consumers in Python: threads that share one key and one client.

`python -m lab.prove.consumers.runners.python_sync` uses samples/key_from_vault/python/chat.py. `tally.Place` says what
the environment must hold. It prints `ready` when each caller had an answer, calls until its standard input closes, and
then prints its figures as one line of JSON.
"""

import sys
import threading
from functools import partial
from typing import Any

from openai import OpenAI
from rotating_key import RotatingKey

from lab.prove.consumers.runners.tally import QUESTION, Place, Tally
from samples.key_from_vault.python import chat


def main() -> int:
    """Call until standard input closes. Return 0."""
    place, tally, lock, stop = Place.from_environment(), Tally(), threading.Lock(), threading.Event()
    # The emulated vault has another host name than Azure's, which the client would refuse.
    key = RotatingKey(partial(chat.secrets, verify_challenge_resource=False), place.secret, place.max_age)

    def seen(response: Any) -> None:  # noqa: ANN401 - of the HTTP package of openai
        with lock:
            tally.repeated += response.status_code == 401

    with chat.client_for(place.endpoint, key, event_hooks={"response": [seen]}) as client:
        callers = [
            threading.Thread(target=_call, args=(client, place, tally, lock, stop, number))
            for number in range(place.consumers)
        ]
        threading.Thread(target=_stop_with_input, args=(stop,), daemon=True).start()
        for one in callers:
            one.start()
        for one in callers:
            one.join()
    print(tally.line(), flush=True)
    return 0


def _call(client: OpenAI, place: Place, tally: Tally, lock: threading.Lock, stop: threading.Event, number: int) -> None:
    own = Tally()
    while not stop.is_set():
        with own.request(number):
            client.chat.completions.create(model=place.deployment, messages=QUESTION)
        with lock:
            tally.answered |= own.answered
            tally.say_ready(place.consumers)
        stop.wait(place.pause)
    with lock:
        tally.made += own.made
        tally.failed += own.failed
        tally.latency_ms += own.latency_ms


def _stop_with_input(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
