"""The managed identity endpoint of App Service and Functions: plain HTTP, a shared header, a token.

`expires_on` is a text of whole seconds, as the platform gives it. It knows the identities of the world by
their client id; without one it hands out the app's.
"""

import hmac
import secrets
from typing import override

from aiohttp import web

from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError
from lab.emulator.surfaces.common import Call, Route, Surface, json_answer, route
from lab.emulator.world import World

API_VERSION = "2019-08-01"


class IdentityEndpoint(Surface):
    """GET /msi/token."""

    service = "identity"

    def __init__(self, world: World, header: str | None = None) -> None:
        super().__init__(world)
        self.header = header or secrets.token_hex(16)

    @override
    def make_routes(self) -> list[Route]:
        return [route("GET", "/msi/token", "identity.token", self.token)]

    @override
    def target(self, call: Call) -> str:
        return call.query("resource")

    @override
    def identify(self, call: Call) -> Identity:
        given = call.header("X-IDENTITY-HEADER") or ""
        known = self.world.directory.by_client_id(call.query("client_id") or self.world.app.client_id)
        if not hmac.compare_digest(given.encode(), self.header.encode()) or known is None:
            raise AzureError(400, "BadRequest", "Unable to load the proper Managed Identity.")
        return known

    def token(self, call: Call) -> web.Response:
        resource = call.query("resource")
        if call.query("api-version") != API_VERSION or not resource:
            raise AzureError(400, "BadRequest", f"The request needs a resource and api-version={API_VERSION}.")
        for name in ("mi_res_id", "object_id", "principal_id"):
            if call.query(name):
                raise AzureError(400, "BadRequest", f"This emulator does not look up identities by {name}.")
        identity = call.caller or self.world.app
        token, expires = self.world.directory.token(identity, resource)
        body = {"access_token": token, "expires_on": str(expires), "resource": resource}
        return json_answer({**body, "token_type": "Bearer", "client_id": identity.client_id})

    @override
    def refusal(self, error: AzureError, call: Call) -> web.Response:
        return json_answer({"statusCode": error.status, "message": error.message}, error.status)
