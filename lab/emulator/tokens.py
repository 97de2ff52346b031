"""Signed claims: the form of the access tokens that `directory` issues."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any


class Signer:
    """Signs claims with a key of its own, which nobody else has."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def seal(self, claims: Mapping[str, Any]) -> str:
        """Return a signed token that holds the claims."""
        body = f"{_encode({'typ': 'JWT', 'alg': 'HS256'})}.{_encode(claims)}"
        return f"{body}.{self._sign(body)}"

    def open(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token, or None if its signature is not valid."""
        body, _, signature = token.rpartition(".")
        if not body or not hmac.compare_digest(self._sign(body).encode(), signature.encode("utf-8", "replace")):
            return None
        return _decode(body.partition(".")[2])

    def _sign(self, body: str) -> str:
        return _text(hmac.new(self._secret, body.encode("ascii", "replace"), hashlib.sha256).digest())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _encode(claims: Mapping[str, Any]) -> str:
    return _text(json.dumps(claims, separators=(",", ":")).encode())


def _decode(part: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims
