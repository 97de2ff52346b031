"""Try a key on the account's own endpoint: list the models, which costs no tokens.

The status decides (docs/facts.md, Calls). 200: the key is accepted. 401: it is refused, or it is the key of another
host. 403: keys are switched off, or the network is closed; the key itself was not judged (docs/facts.md, Network). 429
and 5xx say nothing about the key. The key goes to no other host: redirects are not followed, and an address that can
be no account's is not called.
"""

from __future__ import annotations

import json
import textwrap
from datetime import timedelta

import aiohttp

from shared.adapters.account_hosts import could_be_an_endpoint
from shared.adapters.connections import Connections
from shared.adapters.proxy import refused_by_proxy
from shared.adapters.waits import asked_wait
from shared.domain.causes import Cause
from shared.domain.keys import ApiKey
from shared.domain.refusal import Answered, Call, Who
from shared.domain.refusals import explain
from shared.domain.text import quotable
from shared.ports import Answer, KeyAttempt

_MODELS = "openai/models?api-version=2024-10-21"
_KEYS_OFF = "AuthenticationTypeDisabled"
_QUOTED = 120  # characters of a message that this app does not know
_MOST_READ = 4096  # bytes of an answer; enough for an error
_WORDS = {
    Cause.PRIVATE_ONLY: "public access is off",
    Cause.REGIONAL_HOST: "the regional host does not serve an account with network rules",
}


class OpenAIEndpoint:
    """The endpoints of accounts.

    connections: The process's sessions.
    resource_manager: The address of Azure Resource Manager, for `could_be_an_endpoint`.
    """

    def __init__(self, connections: Connections, resource_manager: str) -> None:
        self._connections = connections
        self._resource_manager = resource_manager

    async def try_key(self, endpoint: str, key: ApiKey) -> KeyAttempt:
        """Call the endpoint once with the key and return what it answered. Raises nothing: no answer is UNCLEAR."""
        if not could_be_an_endpoint(endpoint, self._resource_manager):
            return KeyAttempt(Answer.UNCLEAR, "the address is no endpoint of an account, so no key was sent")
        try:
            async with self._connections.get_once(f"{endpoint}{_MODELS}", {"api-key": key.reveal()}) as response:
                body = (await _start_of(response.content)).decode("utf-8", "replace")
                return _read(response.status, body, asked_wait(response.headers))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return KeyAttempt(Answer.UNCLEAR, f"no answer: {refused_by_proxy(error) or type(error).__name__}")


async def _start_of(body: aiohttp.StreamReader) -> bytes:
    """The first bytes of a body, which may arrive in pieces."""
    start = b""
    while len(start) < _MOST_READ and (piece := await body.read(_MOST_READ - len(start))):
        start += piece
    return start


def _forbidden(body: str) -> KeyAttempt:
    """What a 403 says: keys are off, or the network is closed in one of several ways (docs/facts.md, Network)."""
    code = _KEYS_OFF if _KEYS_OFF in body else ""
    row = explain(Answered(Call.PROVE_KEY, 403, code, message=body))
    if code:
        return KeyAttempt(Answer.KEYS_ARE_OFF, f"403, {Answer.KEYS_ARE_OFF}")
    if row.who is Who.UNKNOWN:
        said = textwrap.shorten(quotable(_said(body)), _QUOTED, placeholder=" …")
        return KeyAttempt(Answer.NETWORK_REFUSED, f"403, for a reason that this app does not know: {said or 'none'}")
    seen = _WORDS.get(row.cause or Cause.NETWORK_CLOSED, str(Answer.NETWORK_REFUSED))
    private, regional = row.cause is Cause.PRIVATE_ONLY, row.cause is Cause.REGIONAL_HOST
    return KeyAttempt(Answer.NETWORK_REFUSED, f"403, {seen}", private_only=private, regional_host=regional)


def _said(body: str) -> str:
    """The code and the message of an error. Empty for a body of another form, which is never quoted."""
    try:
        error = json.loads(body)["error"]
        return f"{error['code']}: {error['message']}"
    except (ValueError, KeyError, TypeError):
        return ""


def _read(status: int, body: str, wait: timedelta | None) -> KeyAttempt:
    if status == 200:
        return KeyAttempt(Answer.ACCEPTED, "200")
    if status == 401:
        return KeyAttempt(Answer.REFUSED, "401")
    if status == 403:
        return _forbidden(body)
    return KeyAttempt(Answer.UNCLEAR, str(status), wait)
