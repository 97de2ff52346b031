"""A request as the HTTP trigger hands it on, in plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain.model import AccountId
from shared.web.asked import asked_for
from shared.web.bodies import request_id


@dataclass(frozen=True)
class Incoming:
    """A request as the trigger hands it on.

    method: The HTTP method.
    name: The target's name from the path, or the id of a request for many. Empty for a route without one.
    body: The body as it was sent.
    headers: The headers. Their names are in lower case.
    invocation: The id of the invocation, which identifies a request without an Idempotency-Key.
    account: The parameter `account` of the query, which may stand in place of a name. Empty without one.
    act: What a page is about, from the path. Empty for a route without that.
    query: The parameters of the query.
    """

    method: str = "GET"
    name: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    invocation: str = ""
    account: str = ""
    act: str = ""
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> str:
        """The account or the name that is asked for, as the caller wrote it."""
        return self.account or self.name

    @property
    def which(self) -> str | AccountId:
        """The target that is asked for. Raises BadRequest if it is not clear which."""
        return asked_for(self.name, self.account)

    @property
    def id(self) -> str:
        """The id of the request (`request_id`). Raises BadRequest."""
        return request_id(self.headers, self.invocation)
