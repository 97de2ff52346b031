"""A consumer that never notices a rotation: its key is the one that Key Vault holds now.

Better is no key at all: samples/no_key.

Copy this file. It needs the packages of requirements.txt, and the role Key Vault Secrets User on the one secret. One of
the packages, rotating-key, is on no public index: build its wheel from clients/python, and install that, or take it
from your own feed and from no other. requirements.txt has the commands.

    export VAULT_URL=https://my-vault.vault.azure.net SECRET_NAME=my-account-key
    python chat.py https://my-account.openai.azure.com gpt-4o

Settings:
    VAULT_URL, SECRET_NAME  Where the key is.
    AZURE_CLIENT_ID         The client id of the user-assigned identity. Set it in production; without it your own
                            sign-in is used (`az login`).
    MAX_AGE_SECONDS         How long a key that was read is used. Default 3600. Keep it below the overlap of the account
                            and below ROTATION_CONSUMER_LAG.

`following` works with `OpenAI` and with `AzureOpenAI`, in every version of `openai` from 1.55.3 on. It repeats a
request that was answered 401 with the new key. From 1.106 on `OpenAI(..., api_key=key)` does without it, and a 401 is
yours to repeat: `key.surviving_a_change(lambda: client.chat.completions.create(...))`.

A key that is left over in OPENAI_API_KEY or AZURE_OPENAI_API_KEY is not used. Remove it: nothing renews it.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from azure.core.credentials import TokenCredential
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient
from openai import OpenAI
from rotating_key import RotatingKey
from rotating_key.for_openai import following


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


def client_for(endpoint: str, key: RotatingKey, **http_options: Any) -> OpenAI:  # noqa: ANN401
    """Return a client for an account that follows the key. `http_options` are of its HTTP client, such as `proxy`."""
    return OpenAI(base_url=f"{endpoint.rstrip('/')}/openai/v1/", **following(key, **http_options))


def main(arguments: list[str]) -> int:
    """Ask the model one question, print the answer and return 0.

    `arguments`: the account's endpoint and the name of a deployment.
    """
    endpoint, model = arguments
    with the_key() as key, client_for(endpoint, key) as client:
        answer = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Which model are you?"}]
        )
    print(answer.choices[0].message.content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
