"""A consumer without any key: its own identity is what it shows. This is where every consumer should arrive.

Copy this file. It needs `openai` and `azure-identity`, and the role Cognitive Services OpenAI User on the account for
the app's managed identity (or for you, signed in with `az login`):

    python chat.py https://my-account.openai.azure.com gpt-4o

There is nothing to rotate, to publish or to leak, and no rotation ever concerns it. Once all consumers of an account
look like this, give the account a sunset: `key-rotation-sunset`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from azure.identity import DefaultAzureCredential, get_bearer_token_provider
from openai import OpenAI

SCOPE = "https://cognitiveservices.azure.com/.default"


def client_for(endpoint: str, token: Callable[[], str]) -> OpenAI:
    """The client for an account; it asks for a token with every call, and the provider renews it in time."""
    return OpenAI(base_url=f"{endpoint.rstrip('/')}/openai/v1/", api_key=token)


def main(arguments: list[str]) -> int:
    endpoint, model = arguments
    token = get_bearer_token_provider(DefaultAzureCredential(), SCOPE)
    answer = client_for(endpoint, token).chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Who are you, and who am I to you?"}]
    )
    print(answer.choices[0].message.content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
