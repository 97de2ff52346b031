"""Try a key on the account's own endpoint: list the models, which costs no tokens.

The status decides (docs/facts.md, Calls). 200: the key is accepted. 401: it is refused, or it is the key of another
host. 403: keys are switched off, or the network is closed; the key itself was not judged (docs/facts.md, Network). 429
and 5xx say nothing about the key. Redirects are not followed, so the key goes to no other host.
"""

from __future__ import annotations

from datetime import timedelta

import aiohttp

from shared.adapters.connections import Connections
from shared.adapters.waits import asked_wait
from shared.domain.keys import ApiKey
from shared.ports import Answer, KeyAttempt

_MODELS = "openai/models?api-version=2024-10-21"
_NO_PUBLIC_ACCESS = "Public access is disabled"  # of a 403 (docs/facts.md, Network)
_KEYS_OFF = "AuthenticationTypeDisabled"
_MOST_READ = 4096  # bytes of an answer; enough for an error


class OpenAIEndpoint:
    """The endpoints of accounts.

    connections: The process's sessions.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def try_key(self, endpoint: str, key: ApiKey) -> KeyAttempt:
        """Call the endpoint once with the key and return what it answered. Raises nothing: no answer is UNCLEAR."""
        if not endpoint.startswith("https://"):
            return KeyAttempt(Answer.UNCLEAR, "the endpoint is not https")
        try:
            async with self._connections.proving.get(
                f"{endpoint}{_MODELS}", headers={"api-key": key.reveal()}, allow_redirects=False
            ) as response:
                body = (await _start_of(response.content)).decode("utf-8", "replace")
                return _read(response.status, body, asked_wait(response.headers))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return KeyAttempt(Answer.UNCLEAR, f"no answer: {type(error).__name__}")


async def _start_of(body: aiohttp.StreamReader) -> bytes:
    """The first bytes of a body, which may arrive in pieces."""
    start = b""
    while len(start) < _MOST_READ and (piece := await body.read(_MOST_READ - len(start))):
        start += piece
    return start


def _read(status: int, body: str, wait: timedelta | None) -> KeyAttempt:
    if status == 200:
        return KeyAttempt(Answer.ACCEPTED, "200")
    if status == 401:
        return KeyAttempt(Answer.REFUSED, "401")
    if status == 403:
        answer = Answer.KEYS_ARE_OFF if _KEYS_OFF in body else Answer.NETWORK_REFUSED
        private_only = _NO_PUBLIC_ACCESS in body
        seen = "public access is off" if private_only else answer
        return KeyAttempt(answer, f"403, {seen}", private_only=private_only)
    return KeyAttempt(Answer.UNCLEAR, str(status), wait)
