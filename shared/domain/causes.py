"""Causes of errors, where one class of error has several and each needs another fix."""

from __future__ import annotations

from enum import Enum, auto


class Cause(Enum):
    """Why an error happened, if its class alone does not tell what to do about it.

    NETWORK_CLOSED: A firewall refused the call because of the network that it came from.
    IDENTITY_REFUSED: There was no token, or Azure did not accept it; no role assignment helps.
    UNKNOWN_HOST: The host name has no address in DNS.
    """

    NETWORK_CLOSED = auto()
    IDENTITY_REFUSED = auto()
    UNKNOWN_HOST = auto()
