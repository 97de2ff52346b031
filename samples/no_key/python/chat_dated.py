"""A consumer without a key for `AzureOpenAI`, which calls the paths with an api-version. Read chat.py first.

    python chat_dated.py https://my-account.openai.azure.com gpt-4o

Use it with a version of `openai` before 1.106, or for what is not under /openai/v1/. Never give `AzureOpenAI` an
address that ends in /openai/v1/: it would call a path that does not exist. Never pass a token as `api_key`: it ends
within a day, and from openai 2.34 on it is refused.

A key that is left over is taken out of the environment here: the releases 2.34.0 to 3.3.1 of `openai` would send it
beside the token, and nothing says which of both the account takes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from azure.core.credentials import TokenCredential
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential, get_bearer_token_provider
from openai import AzureOpenAI

SCOPE = "https://cognitiveservices.azure.com/.default"
API_VERSION = "2024-10-21"
LEFT_OVER = ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN")


def credential() -> TokenCredential:
    """Return the named identity where AZURE_CLIENT_ID names one, else your own sign-in."""
    client_id = os.environ.get("AZURE_CLIENT_ID")
    return ManagedIdentityCredential(client_id=client_id) if client_id else DefaultAzureCredential()


def client_for(endpoint: str, token: Callable[[], str]) -> AzureOpenAI:
    """Return a client for an account that sends tokens only, whatever the environment holds."""
    for name in LEFT_OVER:
        os.environ.pop(name, None)
    return AzureOpenAI(azure_endpoint=endpoint.rstrip("/"), api_version=API_VERSION, azure_ad_token_provider=token)


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
