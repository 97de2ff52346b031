"""Planted: consumers that read the key once, and never again. In all else they are those of `python_sync`."""

import sys
from collections.abc import Callable
from typing import Any

from openai import DefaultHttpxClient, OpenAI

from lab.prove.consumers.runners import python_sync
from samples.key_from_vault.python import chat


def client_for(endpoint: str, key: Callable[[], str], **http_options: Any) -> OpenAI:
    """Return a client that goes on with the first key."""
    http = DefaultHttpxClient(**http_options)
    return OpenAI(base_url=f"{endpoint}/openai/v1/", api_key=key(), max_retries=0, http_client=http)


if __name__ == "__main__":
    chat.client_for = client_for
    sys.exit(python_sync.main())
