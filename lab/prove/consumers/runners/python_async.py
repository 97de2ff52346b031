"""Asynchronous consumers in Python: tasks that share one key and one client.

`python -m lab.prove.consumers.runners.python_async` uses samples/key_from_vault/python/chat_async.py, else as
`python_sync`.
"""

import asyncio
import sys
from functools import partial
from typing import Any

from openai import AsyncOpenAI
from rotating_key import RotatingKey

from lab.prove.consumers.runners.tally import QUESTION, Place, Tally
from samples.key_from_vault.python import chat_async


async def main() -> int:
    """Call until standard input closes. Return 0."""
    place, tally, stop = Place.from_environment(), Tally(), asyncio.Event()
    # The emulated vault has another host name than Azure's, which the client would refuse.
    key = RotatingKey(partial(chat_async.secrets, verify_challenge_resource=False), place.secret, place.max_age)

    async def seen(response: Any) -> None:  # noqa: ANN401 - of the HTTP package of openai
        tally.repeated += response.status_code == 401

    async with (
        chat_async.client_for(place.endpoint, key, event_hooks={"response": [seen]}) as client,
        asyncio.TaskGroup() as group,
    ):
        for number in range(place.consumers):
            group.create_task(_call(client, place, tally, stop, number))
        await asyncio.to_thread(sys.stdin.read)
        stop.set()
    print(tally.line(), flush=True)
    return 0


async def _call(client: AsyncOpenAI, place: Place, tally: Tally, stop: asyncio.Event, number: int) -> None:
    while not stop.is_set():
        with tally.request(number):
            await client.chat.completions.create(model=place.deployment, messages=QUESTION)
        tally.say_ready(place.consumers)
        await asyncio.sleep(place.pause)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
