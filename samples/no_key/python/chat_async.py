"""The same as chat.py with the asynchronous client. Read chat.py first: identity, settings and role are the same.

    python chat_async.py https://my-account.openai.azure.com gpt-4o

`AsyncOpenAI` needs the asynchronous token provider of `azure.identity.aio`. With the one of `azure.identity` each call
raises TypeError. `azure.identity.aio` needs the package aiohttp.
"""

from __future__ import annotations

import asyncio
import os
import sys

from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential, get_bearer_token_provider
from openai import AsyncOpenAI

SCOPE = "https://cognitiveservices.azure.com/.default"


def credential() -> ManagedIdentityCredential | DefaultAzureCredential:
    """Return the named identity where AZURE_CLIENT_ID names one, else your own sign-in."""
    client_id = os.environ.get("AZURE_CLIENT_ID")
    return ManagedIdentityCredential(client_id=client_id) if client_id else DefaultAzureCredential()


async def main(arguments: list[str]) -> int:
    """Ask the model three questions at the same time, print the answers and return 0.

    `arguments`: the account's endpoint and the name of a deployment.
    """
    endpoint, model = arguments
    async with credential() as identity:
        token = get_bearer_token_provider(identity, os.environ.get("AZURE_OPENAI_SCOPE", SCOPE))
        async with AsyncOpenAI(base_url=f"{endpoint.rstrip('/')}/openai/v1/", api_key=token) as client:
            asked = [
                client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}])
                for text in ("Which model are you?", "Who made you?", "What do you know?")
            ]
            for answer in await asyncio.gather(*asked):
                print(answer.choices[0].message.content)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
