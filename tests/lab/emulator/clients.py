"""The released Azure client libraries, connected to a served world."""

from contextlib import AsyncExitStack
from typing import Any, Self

from azure.eventgrid.aio import EventGridPublisherClient
from azure.identity.aio import ManagedIdentityCredential
from azure.keyvault.secrets.aio import SecretClient
from azure.mgmt.cognitiveservices.aio import CognitiveServicesManagementClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from lab.emulator.serve import Azure


class Clients:
    """Clients for one served world. A client is created on request; all are closed when the block ends."""

    def __init__(self, azure: Azure, credential: ManagedIdentityCredential, transport: Any) -> None:
        self.azure = azure
        self.credential = credential
        self._transport = transport
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.credential)
        return self

    async def __aexit__(self, *details: object) -> None:
        await self._stack.aclose()

    async def token(self, resource: str) -> str:
        """Return an access token of the app for a resource."""
        return (await self.credential.get_token(f"{resource}/.default")).token

    async def management(self, **options: Any) -> CognitiveServicesManagementClient:
        base = self.azure.urls["arm"]
        client = CognitiveServicesManagementClient(
            self.credential,
            self.azure.world.subscription,
            base_url=base,
            credential_scopes=[f"{base}/.default"],
            transport=self._transport,
            **options,
        )
        return await self._stack.enter_async_context(client)

    async def secrets(self, **options: Any) -> SecretClient:
        url = self.azure.settings["ROTATION_VAULT_URL"]
        client = SecretClient(
            url, self.credential, verify_challenge_resource=False, transport=self._transport, **options
        )
        return await self._stack.enter_async_context(client)

    async def publisher(self, **options: Any) -> EventGridPublisherClient:
        endpoint = self.azure.settings["EVENT_GRID_TOPIC_ENDPOINT"]
        client = EventGridPublisherClient(endpoint, self.credential, transport=self._transport, **options)
        return await self._stack.enter_async_context(client)

    async def blobs(self, credential: Any = None, **options: Any) -> BlobServiceClient:
        url = f"{self.azure.urls['blob']}/devstoreaccount1"
        client = BlobServiceClient(url, credential or self.credential, transport=self._transport, **options)
        return await self._stack.enter_async_context(client)

    async def queues(self, credential: Any = None, **options: Any) -> QueueServiceClient:
        url = f"{self.azure.urls['queue']}/devstoreaccount1"
        client = QueueServiceClient(url, credential or self.credential, transport=self._transport, **options)
        return await self._stack.enter_async_context(client)
