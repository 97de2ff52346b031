"""The XML page of a blob listing, and the properties of blobs and containers that several answers share."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from xml.sax.saxutils import escape

from aiohttp import web

from lab.emulator.blobs import Blob, Container
from lab.emulator.errors import AzureError, NotImitatedError
from lab.emulator.surfaces.common import Call
from lab.emulator.surfaces.storage import http_date, number, xml_answer

MAX_PAGE = 5000


def listing(call: Call, found: list[Blob], now: float) -> web.Response:
    """Return the requested page of a container's blobs, which must be given in order of name.

    The page repeats prefix, marker and page size of the request, because clients use them to ask for the next page.
    Raises NotImitatedError for a delimiter, and AzureError 400 for an invalid page size or marker.
    """
    if call.query("delimiter"):
        raise NotImitatedError("blob listings by delimiter")
    size, begin = _page_size(call), _first_name(call.query("marker"))
    left = [one for one in found if one.name >= begin]
    items = "".join(_entry(one, now, "metadata" in call.query("include")) for one in left[:size])
    asked = {"Prefix": call.query("prefix"), "Marker": call.query("marker"), "MaxResults": call.query("maxresults")}
    again = "".join(f"<{kind}>{escape(text)}</{kind}>" for kind, text in asked.items() if text)
    start = f'<EnumerationResults ContainerName="{escape(call.parts["container"])}">{again}'
    end = f"<NextMarker>{_marker(left[size])}</NextMarker>" if len(left) > size else "<NextMarker/>"
    return xml_answer(f"{start}<Blobs>{items}</Blobs>{end}</EnumerationResults>")


def common_properties(held: Blob | Container) -> str:
    """Return the XML of the properties that blobs and containers share."""
    modified = http_date(held.modified)
    return f"<Last-Modified>{modified}</Last-Modified><Etag>{escape(held.etag)}</Etag>"


def lease_facts(blob: Blob, now: float) -> list[tuple[str, str]]:
    """Return the names and values of a blob's lease properties at time `now` (seconds since 1970)."""
    state = blob.lease.state(now)
    status = "locked" if blob.lease.active(now) else "unlocked"
    facts = [("lease-status", status), ("lease-state", state)]
    if state == "leased":
        facts.append(("lease-duration", "infinite" if blob.lease.duration == -1 else "fixed"))
    return facts


def _entry(blob: Blob, now: float, with_metadata: bool) -> str:
    lease = lease_facts(blob, now)
    facts = "".join(f"<{_pascal(name)}>{value}</{_pascal(name)}>" for name, value in lease)
    extra = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in blob.metadata.items())
    return (
        f"<Blob><Name>{escape(blob.name)}</Name><Properties>"
        f"<Creation-Time>{http_date(blob.created)}</Creation-Time>{common_properties(blob)}"
        f"<Content-Length>{len(blob.content)}</Content-Length>"
        f"<Content-Type>{escape(blob.content_type)}</Content-Type><BlobType>BlockBlob</BlobType>{facts}"
        f"</Properties>{f'<Metadata>{extra}</Metadata>' if with_metadata else ''}</Blob>"
    )


def _page_size(call: Call) -> int:
    """Return the number of blobs on a page: what the request asks for, at most MAX_PAGE. Less than 1 is an error."""
    size = number(call, "maxresults", MAX_PAGE)
    if size < 1:
        message = "One of the query parameters specified in the request URI is outside the permissible range."
        raise AzureError(400, "OutOfRangeQueryParameterValue", message)
    return min(size, MAX_PAGE)


def _marker(blob: Blob) -> str:
    return urlsafe_b64encode(blob.name.encode()).decode()


def _first_name(marker: str) -> str:
    """Return the name with which the page begins."""
    try:
        return urlsafe_b64decode(marker).decode()
    except ValueError as error:
        message = "Value for one of the query parameters specified in the request URI is invalid: marker."
        raise AzureError(400, "InvalidQueryParameterValue", message) from error


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))
