"""A consumer without a key: it signs in with its own identity. Every consumer should work like this in the end.

Copy this file. It needs `openai` and `azure-identity`, and the role Cognitive Services OpenAI User on the account for
the app's managed identity (or for you, signed in with `az login`):

    python chat.py https://my-account.openai.azure.com gpt-4o

There is no key to rotate, publish or leak, and rotations do not affect it. When all consumers of an account work like
this, set a date on which the account stops accepting keys: the tag `key-rotation-sunset`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from azure.identity import DefaultAzureCredential, get_bearer_token_provider
from openai import OpenAI

SCOPE = "https://cognitiveservices.azure.com/.default"


def client_for(endpoint: str, token: Callable[[], str]) -> OpenAI:
    """Return a client for an account. It calls `token` for every request; the provider renews the token in time."""
    return OpenAI(base_url=f"{endpoint.rstrip('/')}/openai/v1/", api_key=token)


def main(arguments: list[str]) -> int:
    """Ask the model one question, print the answer and return 0.

    `arguments`: the account's endpoint and the name of a deployment.
    """
    endpoint, model = arguments
    token = get_bearer_token_provider(DefaultAzureCredential(), SCOPE)
    answer = client_for(endpoint, token).chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Which model are you?"}]
    )
    print(answer.choices[0].message.content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
