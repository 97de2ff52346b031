"""The managed identity endpoint of App Service and Functions (docs/facts.md, Tokens).

It uses plain HTTP, expects the secret header X-IDENTITY-HEADER, and issues access tokens. `expires_on` is a string of
whole seconds since 1970. The query's client_id selects an identity of the world; without it the app's identity is used.
"""

import hmac
import secrets
from typing import override

from aiohttp import web

from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError, NotImitatedError
from lab.emulator.surfaces.common import Call, Route, Surface, json_answer, route
from lab.emulator.world import World

API_VERSION = "2019-08-01"


class IdentityEndpoint(Surface):
    """The endpoint GET /msi/token. `header` is the value expected in X-IDENTITY-HEADER, by default a new random one."""

    service = "identity"

    def __init__(self, world: World, header: str | None = None) -> None:
        super().__init__(world)
        self.header = header or secrets.token_hex(16)

    @override
    def make_routes(self) -> list[Route]:
        """Return the one operation: token."""
        return [route("GET", "/msi/token", "identity.token", self.token)]

    @override
    def target(self, call: Call) -> str:
        """Return the resource for which a token is requested."""
        return call.query("resource")

    @override
    def identify(self, call: Call) -> Identity:
        """Return the requested identity.

        Raises AzureError 400 if the secret header is wrong, if the client id is unknown, or if none is given and the
        app has no identity of its own.
        """
        given, directory = call.header("X-IDENTITY-HEADER") or "", self.world.directory
        own = "" if directory.must_choose else self.world.app.client_id
        known = directory.by_client_id(call.query("client_id") or own)
        if not hmac.compare_digest(given.encode(), self.header.encode()) or known is None:
            raise AzureError(400, "BadRequest", "Unable to load the proper Managed Identity.")
        return known

    def token(self, call: Call) -> web.Response:
        """Return an access token for the requested resource.

        Raises AzureError 400 without a resource or for another api-version, and NotImitatedError for an identity that
        is selected other than by client_id.
        """
        resource = call.query("resource")
        if call.query("api-version") != API_VERSION or not resource:
            raise AzureError(400, "BadRequest", f"The request needs a resource and api-version={API_VERSION}.")
        for name in ("mi_res_id", "object_id", "principal_id"):
            if call.query(name):
                raise NotImitatedError(f"the selection of an identity by {name}")
        identity = call.caller or self.world.app
        token, expires = self.world.directory.token(identity, resource)
        body = {"access_token": token, "expires_on": str(expires), "resource": resource}
        return json_answer({**body, "token_type": "Bearer", "client_id": identity.client_id})

    @override
    def refusal(self, error: AzureError, call: Call) -> web.Response:
        """Return an error in the form of the identity endpoint."""
        return json_answer({"statusCode": error.status, "message": error.message}, error.status)
