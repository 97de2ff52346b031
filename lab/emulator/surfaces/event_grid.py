"""The publish endpoint of Event Grid custom topics with the CloudEvents schema, api-version 2018-01-01.

Topics share one host here and are told apart by the first path segment. Access keys and SAS tokens are not
taken: a caller needs an Entra token and the right to send.
"""

import json
from typing import override

from aiohttp import web

from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError
from lab.emulator.surfaces.common import Call, Route, Surface, entra_identity, error_body, json_answer, route
from lab.emulator.topics import BATCH_BYTES, Topic

API_VERSION = "2018-01-01"
AUDIENCE = "https://eventgrid.azure.net"
_MEDIA = {"application/cloudevents-batch+json": True, "application/cloudevents+json": False}
_SEND = "Microsoft.EventGrid/events/send/action"


class EventGrid(Surface):
    """All topics of the world."""

    service = "eg"

    @override
    def make_routes(self) -> list[Route]:
        return [route("POST", r"/(?P<topic>[^/]+)/api/events", "eg.publish", self.publish)]

    @override
    def target(self, call: Call) -> str:
        topic = self.world.topics.get(call.parts["topic"])
        return topic.id if topic else call.parts["topic"]

    @override
    def identify(self, call: Call) -> Identity:
        identity = entra_identity(call, (AUDIENCE,))
        if identity is None:
            message = "The request did not contain a valid authorization token for this topic."
            raise AzureError(401, "Unauthorized", message)
        return identity

    def publish(self, call: Call) -> web.Response:
        topic = self._topic(call)
        if call.query("api-version") != API_VERSION:
            raise AzureError(400, "BadRequest", f"The api-version is not supported. Supported: {API_VERSION}.")
        self._check_role(call, topic)
        if len(call.body) > BATCH_BYTES:
            raise AzureError(413, "PayloadTooLarge", "The maximum size of an event or a batch is 1 MB.")
        topic.publish(_events(call))
        return web.Response(status=200)

    def _topic(self, call: Call) -> Topic:
        topic = self.world.topics.get(call.parts["topic"])
        if topic is None:
            raise AzureError(404, "NotFound", f"There is no topic {call.parts['topic']}.")
        return topic

    def _check_role(self, call: Call, topic: Topic) -> None:
        if call.caller is None or not self.world.directory.allows(call.caller, _SEND, topic.id, data=True):
            message = (
                "The principal associated with access token presented with the incoming request does not have "
                f"permission to send data to {topic.id}."
            )
            raise AzureError(401, "Unauthorized", message)

    @override
    def headers(self, call: Call) -> dict[str, str]:
        return {
            "api-supported-versions": API_VERSION,
            "Server": "Microsoft-HTTPAPI/2.0",
            "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        }

    @override
    def refusal(self, error: AzureError, call: Call) -> web.Response:
        return json_answer(error_body(error), error.status)


def _events(call: Call) -> list[dict[str, object]]:
    """The batch; a single event counts as a batch of one."""
    batch = _MEDIA.get(call.request.content_type)
    if batch is None:
        raise AzureError(400, "BadRequest", f"The content type must be one of {', '.join(_MEDIA)}.")
    try:
        body = json.loads(call.body)
    except ValueError as error:
        raise AzureError(400, "BadRequest", "The body is not valid JSON.") from error
    if batch and not isinstance(body, list):
        raise AzureError(400, "BadRequest", "A batch must be a JSON array.")
    return body if batch else [body]
