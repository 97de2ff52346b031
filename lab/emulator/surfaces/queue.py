"""The queue service: queues and their messages.

Access policies, service properties and statistics are not imitated; a request for one is refused with NotImitated. The
rules for queues are in `queues`, authentication in `storage`.
"""

from typing import override
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from aiohttp import web

from lab.emulator.errors import AzureError
from lab.emulator.queues import WEEK, Message
from lab.emulator.surfaces.common import Call, Route, route
from lab.emulator.surfaces.storage import ACCOUNT, Storage, http_date, metadata, metadata_headers, number, xml_answer

_QUEUE = rf"/{ACCOUNT}/(?P<queue>[^/]+)"
_MESSAGES = _QUEUE + "/messages"
_MESSAGE = _MESSAGES + "/(?P<message>[^/]+)"
_DATA = "queueServices/queues/messages"


class QueueService(Storage):
    """The queue endpoint of the storage account."""

    service = "queue"

    @override
    def make_routes(self) -> list[Route]:
        """Return the operations of the queue service."""
        return [
            route("PUT", _QUEUE, "queue.create", self.create),
            route("DELETE", _QUEUE, "queue.drop", self.drop),
            route("GET", _QUEUE, "queue.properties", self.properties, "metadata"),
            route("HEAD", _QUEUE, "queue.properties", self.properties, "metadata"),
            route("PUT", _QUEUE, "queue.metadata", self.set_metadata, "metadata"),
            route("GET", f"/{ACCOUNT}/?", "queue.list", self.list_queues, "list"),
            route("POST", _MESSAGES, "queue.put", self.put),
            route("GET", _MESSAGES, "queue.get", self.get),
            route("DELETE", _MESSAGES, "queue.clear", self.clear),
            route("PUT", _MESSAGE, "queue.update", self.update),
            route("DELETE", _MESSAGE, "queue.delete", self.delete),
        ]

    @override
    def scope(self, call: Call) -> str:
        """Return the queue that a request names, or the queue service of the account."""
        service = f"{self.account_id}/queueServices/default"
        return f"{service}/queues/{call.parts['queue']}" if "queue" in call.parts else service

    def create(self, call: Call) -> web.Response:
        """Create a queue: 201, 204 if the same queue exists, or an error of `Queues.create`."""
        self.require(call, ["queueServices/queues/write"], data=False)
        made = self.world.queues.create(call.parts["queue"], metadata(call))
        return web.Response(status=201 if made else 204)

    def drop(self, call: Call) -> web.Response:
        """Delete a queue: 204, or 404."""
        self.require(call, ["queueServices/queues/delete"], data=False)
        self.world.queues.delete_queue(call.parts["queue"])
        return web.Response(status=204)

    def properties(self, call: Call) -> web.Response:
        """Return the metadata and the number of messages of a queue in headers."""
        self.require(call, ["queueServices/queues/read"], data=False)
        queue = self.world.queues.queue(call.parts["queue"])
        count = str(self.world.queues.length(queue.name))
        headers = {"x-ms-approximate-messages-count": count} | metadata_headers(queue.metadata)
        return web.Response(headers=headers)

    def set_metadata(self, call: Call) -> web.Response:
        """Replace the metadata of a queue: 204, or 404."""
        self.require(call, ["queueServices/queues/write"], data=False)
        self.world.queues.queue(call.parts["queue"]).metadata = metadata(call)
        return web.Response(status=204)

    def list_queues(self, call: Call) -> web.Response:
        """List the queues whose names begin with the query's `prefix`, all on one page."""
        self.require(call, ["queueServices/queues/read"], data=False)
        names = sorted(name for name in self.world.queues.queues if name.startswith(call.query("prefix")))
        items = "".join(f"<Queue><Name>{escape(name)}</Name></Queue>" for name in names)
        return xml_answer(f"<EnumerationResults><Queues>{items}</Queues><NextMarker/></EnumerationResults>")

    def put(self, call: Call) -> web.Response:
        """Send a message: 201. Raises AzureError 400 for an invalid body, and the errors of `Queues.put`."""
        self.require(call, [f"{_DATA}/write", f"{_DATA}/add/action"])
        made = self.world.queues.put(
            call.parts["queue"],
            _text(call),
            visibility=number(call, "visibilitytimeout", 0),
            ttl=number(call, "messagettl", WEEK),
        )
        return _messages([_element(made, "MessageId InsertionTime ExpirationTime PopReceipt TimeNextVisible")], 201)

    def get(self, call: Call) -> web.Response:
        """Receive messages, or return them without receiving them if the query has `peekonly=true`."""
        count, name = number(call, "numofmessages", 1), call.parts["queue"]
        seen = "MessageId InsertionTime ExpirationTime DequeueCount MessageText"
        if call.query("peekonly").lower() == "true":
            self.require(call, [f"{_DATA}/read"])
            return _messages([_element(one, seen) for one in self.world.queues.peek(name, count)])
        self.require(call, [f"{_DATA}/process/action"])
        taken = self.world.queues.get(name, count, number(call, "visibilitytimeout", 30))
        return _messages([_element(one, f"{seen} PopReceipt TimeNextVisible") for one in taken])

    def clear(self, call: Call) -> web.Response:
        """Delete all messages of a queue: 204, or 404."""
        self.require(call, [f"{_DATA}/delete"])
        self.world.queues.clear(call.parts["queue"])
        return web.Response(status=204)

    def update(self, call: Call) -> web.Response:
        """Hide a message again, with a new text if the request has a body: 204, or an error of `Queues.update`."""
        self.require(call, [f"{_DATA}/write"])
        text = _text(call) if call.body else None
        wait = number(call, "visibilitytimeout", 0)
        queue, message = call.parts["queue"], call.parts["message"]
        one = self.world.queues.update(queue, message, call.query("popreceipt"), wait, text)
        headers = {"x-ms-popreceipt": one.receipt, "x-ms-time-next-visible": http_date(one.visible)}
        return web.Response(status=204, headers=headers)

    def delete(self, call: Call) -> web.Response:
        """Delete a received message: 204, or an error of `Queues.delete`."""
        self.require(call, [f"{_DATA}/process/action", f"{_DATA}/delete"])
        self.world.queues.delete(call.parts["queue"], call.parts["message"], call.query("popreceipt"))
        return web.Response(status=204)


def _text(call: Call) -> str:
    """Return the message text of a request body. The XML comes only from the caller's own code."""
    try:
        root = ElementTree.fromstring(call.body)  # noqa: S314
    except ElementTree.ParseError as error:
        raise AzureError(400, "InvalidXmlDocument", "XML specified is not syntactically valid.") from error
    text = root.find("MessageText")
    if root.tag != "QueueMessage" or text is None:
        raise AzureError(400, "InvalidXmlDocument", "The XML document holds no message text.")
    return text.text or ""


def _messages(elements: list[str], status: int = 200) -> web.Response:
    return xml_answer(f"<QueueMessagesList>{''.join(elements)}</QueueMessagesList>", status)


def _element(one: Message, names: str) -> str:
    facts = {
        "MessageId": one.id,
        "InsertionTime": http_date(one.inserted),
        "ExpirationTime": http_date(one.expires),
        "PopReceipt": one.receipt,
        "TimeNextVisible": http_date(one.visible),
        "DequeueCount": str(one.dequeued),
        "MessageText": escape(one.text),
    }
    inner = "".join(f"<{name}>{facts[name]}</{name}>" for name in names.split())
    return f"<QueueMessage>{inner}</QueueMessage>"
