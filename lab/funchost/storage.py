"""Connections by name, and the storage clients made from them.

A connection is a name. The settings describe it: `AzureWebJobsX` or `X` with a connection string, or the identity form
`X__accountName`, `X__blobServiceUri`, `X__queueServiceUri` with `X__credential` and `X__clientId` (docs/facts.md,
Worker). All clients share one HTTP session, which trusts the certificates in the file of the
`SSL_CERT_FILE` setting.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.core.pipeline.transport import AioHttpTransport
from azure.storage.blob.aio import BlobClient, BlobServiceClient
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from lab.funchost.credentials import make_credential
from lab.funchost.errors import BindingError
from lab.funchost.settings import lookup

# Not a secret: every installation of a local storage emulator has this account and this key.
_DEVELOPMENT = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1"
)

# Few and short retries: the listeners try again themselves, and a stopping host should not wait for the client.
_RETRIES: dict[str, Any] = {"retry_total": 3, "initial_backoff": 0.2, "increment_base": 2, "random_jitter_range": 0}


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection string, or service addresses with a credential.

    connection_string: None for the identity form.
    blob_uri: The address of the blob service. None if not configured.
    queue_uri: The address of the queue service. None if not configured.
    credential: "managedidentity", or None for the default chain.
    client_id: The client id of a user-assigned identity, or None.
    """

    connection_string: str | None = None
    blob_uri: str | None = None
    queue_uri: str | None = None
    credential: str | None = None
    client_id: str | None = None


def resolve_connection(settings: Mapping[str, str], name: str) -> Connection:
    """Return the connection of this name; the prefix `AzureWebJobs` is tried first.

    Raises BindingError, which names the missing setting.
    """
    for full in (f"AzureWebJobs{name}", name):
        if text := lookup(settings, full):
            development = "usedevelopmentstorage=true" in text.lower()
            return Connection(connection_string=_DEVELOPMENT if development else text)
        if found := _identity(settings, full):
            return found
    raise BindingError(f"there is no app setting for the connection {name!r} ({name} or {name}__accountName)")


def _identity(settings: Mapping[str, str], name: str) -> Connection | None:
    account = lookup(settings, f"{name}__accountName")
    blob, queue = lookup(settings, f"{name}__blobServiceUri"), lookup(settings, f"{name}__queueServiceUri")
    if not (account or blob or queue):
        return None
    return Connection(
        blob_uri=blob or (f"https://{account}.blob.core.windows.net" if account else None),
        queue_uri=queue or (f"https://{account}.queue.core.windows.net" if account else None),
        credential=lookup(settings, f"{name}__credential"),
        client_id=lookup(settings, f"{name}__clientId"),
    )


class Storage:
    """Makes storage clients and closes what they share. Call `open` first."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None
        self._services: dict[tuple[str, str], BlobServiceClient | QueueServiceClient] = {}
        self._credentials: dict[str, AsyncTokenCredential] = {}

    async def open(self) -> None:
        """Open the shared HTTP session."""
        bundle = lookup(self._settings, "SSL_CERT_FILE")
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=bundle), limit=0)
        self._session = aiohttp.ClientSession(
            connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def close(self) -> None:
        """Close the session and the credentials."""
        for credential in self._credentials.values():
            await credential.close()
        if self._session:
            await self._session.close()

    def queue(self, connection: str, queue: str) -> QueueClient:
        """Return a client for a queue. Raises BindingError if the connection is not configured."""
        return self._queue_service(connection).get_queue_client(queue)

    def blob(self, container: str, name: str) -> BlobClient:
        """Return a client for a blob in the host's own account, `AzureWebJobsStorage`."""
        return self._blob_service("AzureWebJobsStorage").get_blob_client(container, name)

    async def create_container(self, container: str) -> None:
        """Create a container in the host's own account. Does nothing if it exists."""
        try:
            await self._blob_service("AzureWebJobsStorage").create_container(container)
        except ResourceExistsError:
            return

    async def list_containers(self) -> None:
        """Ask the host's own account for its containers. Raises AzureError if it does not answer."""
        async for _ in self._blob_service("AzureWebJobsStorage").list_containers(results_per_page=1):
            return

    def _queue_service(self, name: str) -> QueueServiceClient:
        if ("queue", name) not in self._services:
            self._services["queue", name] = cast(QueueServiceClient, self._service(name, "queue"))
        return cast(QueueServiceClient, self._services["queue", name])

    def _blob_service(self, name: str) -> BlobServiceClient:
        if ("blob", name) not in self._services:
            self._services["blob", name] = cast(BlobServiceClient, self._service(name, "blob"))
        return cast(BlobServiceClient, self._services["blob", name])

    def _service(self, name: str, kind: str) -> BlobServiceClient | QueueServiceClient:
        connection = resolve_connection(self._settings, name)
        kinds: dict[str, Any] = {"queue": QueueServiceClient, "blob": BlobServiceClient}
        transport = AioHttpTransport(session=self._open_session(), session_owner=False)
        if connection.connection_string:
            try:
                return cast(
                    BlobServiceClient | QueueServiceClient,
                    kinds[kind].from_connection_string(connection.connection_string, transport=transport, **_RETRIES),
                )
            except ValueError as error:
                raise BindingError(f"the connection {name!r} has an invalid connection string: {error}") from None
        uri = connection.queue_uri if kind == "queue" else connection.blob_uri
        if uri is None:
            raise BindingError(f"the connection {name!r} has no address for {kind}s; set {name}__{kind}ServiceUri")
        credential = self._credential(name, connection)
        return cast(
            BlobServiceClient | QueueServiceClient,
            kinds[kind](uri, credential=credential, transport=transport, **_RETRIES),
        )

    def _credential(self, name: str, connection: Connection) -> AsyncTokenCredential:
        if name not in self._credentials:
            managed = (connection.credential or "").lower() == "managedidentity"
            session = self._open_session()
            self._credentials[name] = make_credential(self._settings, session, managed, connection.client_id)
        return self._credentials[name]

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("Storage.open was not called")
        return self._session


def explain(error: Exception) -> str:
    """Return an error in one line for the log."""
    if isinstance(error, HttpResponseError):
        code = getattr(error, "error_code", None)
        return f"{error.status_code} {code or error.reason}" if error.status_code else str(error).splitlines()[0]
    return f"{type(error).__name__}: {error}"
