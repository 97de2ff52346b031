"""A consumer without a key: it signs in with its own identity. Every consumer should work like this in the end.

Copy this file. It needs the packages of requirements.txt, and the role Cognitive Services OpenAI User on the account:

    python chat.py https://my-account.openai.azure.com gpt-4o

There is no key to rotate, publish or leak, and rotations do not affect it. When all consumers of an account work like
this, set a date on which the account stops accepting keys: the tag `key-rotation-sunset`.

Settings:
    AZURE_CLIENT_ID      The client id of the user-assigned identity. Set it in production.
    AZURE_OPENAI_SCOPE   What the token is for. Default https://cognitiveservices.azure.com/.default. The endpoint of a
                         project (.../api/projects/...) needs https://ai.azure.com/.default.

In production one identity is named and nothing else is tried: `DefaultAzureCredential` tries one source after the
other, so that a variable that somebody left there, such as AZURE_CLIENT_SECRET, signs the app in as somebody else. On
your own machine it is right: it takes your sign-in of `az login`. A user-assigned identity keeps its role when the app
is made again. `ManagedIdentityCredential` does not read AZURE_CLIENT_ID by itself; it must be given.

A key that is left over in OPENAI_API_KEY or AZURE_OPENAI_API_KEY is not used: `api_key` is given here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from azure.core.credentials import TokenCredential
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential, get_bearer_token_provider
from openai import OpenAI

SCOPE = "https://cognitiveservices.azure.com/.default"


def credential() -> TokenCredential:
    """Return the named identity where AZURE_CLIENT_ID names one, else your own sign-in."""
    client_id = os.environ.get("AZURE_CLIENT_ID")
    return ManagedIdentityCredential(client_id=client_id) if client_id else DefaultAzureCredential()


def client_for(endpoint: str, token: Callable[[], str]) -> OpenAI:
    """Return a client for an account. It calls `token` for every request; the provider renews the token in time."""
    return OpenAI(base_url=f"{endpoint.rstrip('/')}/openai/v1/", api_key=token)


def main(arguments: list[str]) -> int:
    """Ask the model one question, print the answer and return 0.

    `arguments`: the account's endpoint and the name of a deployment.
    """
    endpoint, model = arguments
    token = get_bearer_token_provider(credential(), os.environ.get("AZURE_OPENAI_SCOPE", SCOPE))
    with client_for(endpoint, token) as client:
        answer = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Which model are you?"}]
        )
    print(answer.choices[0].message.content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
