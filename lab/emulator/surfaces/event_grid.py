"""The publish endpoint of Event Grid custom topics with the CloudEvents schema, api-version 2018-01-01.

All topics share one host here; the first path segment names the topic. A caller needs an Entra token and the right to
send events; access keys and SAS tokens are not accepted (docs/facts.md, Events). `topics` holds what was accepted.
"""

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
    """The publish endpoint of all topics of the world."""

    service = "eg"

    @override
    def make_routes(self) -> list[Route]:
        """Return the one operation: publish."""
        return [route("POST", r"/(?P<topic>[^/]+)/api/events", "eg.publish", self.publish)]

    @override
    def target(self, call: Call) -> str:
        """Return the resource id of the topic, or the name in the path if there is no such topic."""
        topic = self.world.topics.get(call.parts["topic"])
        return topic.id if topic else call.parts["topic"]

    @override
    def identify(self, call: Call) -> Identity:
        """Return the identity of the caller. Raises AzureError 401 without a valid token for Event Grid."""
        identity = entra_identity(call, (AUDIENCE,))
        if identity is None:
            message = "The request did not contain a valid authorization token for this topic."
            raise AzureError(401, "Unauthorized", message)
        return identity

    def publish(self, call: Call) -> web.Response:
        """Accept a batch of events: 200 with an empty body.

        Raises AzureError 404 for an unknown topic, 400 for another api-version or an invalid body, 401 without the send
        role, 413 for more than BATCH_BYTES, and the errors of `Topic.publish`.
        """
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
        """Return the headers that recorded answers of Event Grid carry."""
        return {
            "api-supported-versions": API_VERSION,
            "Server": "Microsoft-HTTPAPI/2.0",
            "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        }

    @override
    def refusal(self, error: AzureError, call: Call) -> web.Response:
        """Return an error in the form of Event Grid."""
        return json_answer(error_body(error), error.status)


def _events(call: Call) -> list[dict[str, object]]:
    """Return the events of the request. A single event counts as a batch of one."""
    batch = _MEDIA.get(call.request.content_type)
    if batch is None:
        raise AzureError(400, "BadRequest", f"The content type must be one of {', '.join(_MEDIA)}.")
    try:
        body = call.json_value()
    except ValueError as error:
        raise AzureError(400, "BadRequest", "The body is not valid JSON.") from error
    if batch and not isinstance(body, list):
        raise AzureError(400, "BadRequest", "A batch must be a JSON array.")
    return body if batch else [body]
