"""Read one page of a listing as plain JSON, through the pipeline of Azure's own client.

The clients would make a model of every account and every secret, which takes four times as long as reading the few
members that are used (docs/facts.md, Speed). And a listing that goes on in another tick needs the address of its next
page.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from azure.core.exceptions import HttpResponseError, map_error
from azure.core.rest import HttpRequest
from azure.mgmt.core.exceptions import ARMErrorFormat

from shared.domain.errors import UnexpectedAnswer

_JSON = {"Accept": "application/json"}
_PORTS = {"https": 443, "http": 80}

type Send = Callable[[HttpRequest], Awaitable[Any]]


async def read_page(send: Send, first: str, after: str | None, thing: str) -> tuple[list[dict[str, Any]], str | None]:
    """Return the entries of one page, and the address of the next one; None after the last page.

    send: Sends a request through the client's pipeline.
    first: The address of the first page.
    after: The address of the page, as an earlier page named it. None for the first page. An address at another host
        is not called, because the client would send it the app's token.

    Raises Azure's exceptions, for `azure_errors`, and UnexpectedAnswer.
    """
    response = await send(HttpRequest("GET", _at_its_host(after or first, first, thing), headers=_JSON))
    if response.status_code != 200:
        map_error(status_code=response.status_code, response=response, error_map={})
        raise HttpResponseError(response=response, error_format=ARMErrorFormat)
    return _entries(response.text(), thing)


def _entries(text: str, thing: str) -> tuple[list[dict[str, Any]], str | None]:
    try:
        body = json.loads(text)
        entries, after = body["value"], body.get("nextLink") or None
    except (ValueError, KeyError, TypeError, RecursionError):
        body = entries = after = None
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise UnexpectedAnswer(thing, "a page of its listing could not be read.")
    return entries, str(after) if after else None


def _at_its_host(address: str, first: str, thing: str) -> str:
    """Return the address with its host as the first page's address names it.

    Key Vault names the port as well (docs/facts.md, Vault), which its client would take for another host. Raises
    UnexpectedAnswer for another host.
    """
    here, there = urlsplit(address), urlsplit(first)
    if _origin(here) != _origin(there):
        raise UnexpectedAnswer(thing, "the listing goes on at the address of another host, which is not called.")
    return here._replace(netloc=there.netloc).geturl()


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    try:
        return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # no number, or one that no port has
        return parts.scheme, None, None


def tags_in(found: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of an entry. Empty if it has none."""
    tags = found.get("tags")
    return {str(name): str(text) for name, text in tags.items()} if isinstance(tags, dict) else {}
