"""The same as chat.py with the asynchronous client. Read chat.py first: settings, role and key are the same.

    python chat_async.py https://my-account.openai.azure.com gpt-4o

The event loop goes on while the vault is asked. From openai 1.106 on `AsyncOpenAI(..., api_key=AsyncRotatingKey(key))`
does without `following_async`. The callable must be asynchronous: `api_key=key` raises TypeError there.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from azure.core.credentials import TokenCredential
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient
from openai import AsyncOpenAI
from rotating_key import RotatingKey
from rotating_key.for_openai import following_async


def credential() -> TokenCredential:
    """Return the named identity where AZURE_CLIENT_ID names one, else your own sign-in."""
    client_id = os.environ.get("AZURE_CLIENT_ID")
    return ManagedIdentityCredential(client_id=client_id) if client_id else DefaultAzureCredential()


def secrets(**options: Any) -> SecretClient:  # noqa: ANN401 - of SecretClient
    """Return a client for the vault. It is a function, so that each process that is forked makes its own."""
    return SecretClient(
        os.environ["VAULT_URL"], credential(), retry_total=1, connection_timeout=5, read_timeout=10, **options
    )


def the_key() -> RotatingKey:
    """Return the key. Make one for the whole program: all its clients, threads and event loops share it."""
    return RotatingKey(secrets, os.environ["SECRET_NAME"], float(os.environ.get("MAX_AGE_SECONDS", "3600")))


def client_for(endpoint: str, key: RotatingKey, **http_options: Any) -> AsyncOpenAI:  # noqa: ANN401
    """Return a client for an account that follows the key. `http_options` are of its HTTP client, such as `proxy`."""
    return AsyncOpenAI(base_url=f"{endpoint.rstrip('/')}/openai/v1/", **following_async(key, **http_options))


async def main(arguments: list[str]) -> int:
    """Ask the model three questions at the same time, print the answers and return 0.

    `arguments`: the account's endpoint and the name of a deployment.
    """
    endpoint, model = arguments
    with the_key() as key:
        async with client_for(endpoint, key) as client:
            asked = [
                client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}])
                for text in ("Which model are you?", "Who made you?", "What do you know?")
            ]
            for answer in await asyncio.gather(*asked):
                print(answer.choices[0].message.content)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
