"""Serve a world over HTTP: each service on its own port, all except two with TLS.

    async with running(world) as azure:
        os.environ.update(azure.settings)

Each start creates a new certificate authority in a file, which the setting SSL_CERT_FILE names. All URLs use 127.0.0.1,
so no name resolution is involved; the certificate is valid for localhost too. The identity endpoint uses plain HTTP
because App Service does (docs/facts.md, Tokens). The control surface uses plain HTTP because it imitates no service.
"""

import asyncio
import os
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme
from aiohttp import web

from lab.emulator.seed import sample_world
from lab.emulator.surfaces.blob import BlobService
from lab.emulator.surfaces.control import Control
from lab.emulator.surfaces.event_grid import EventGrid
from lab.emulator.surfaces.identity import IdentityEndpoint
from lab.emulator.surfaces.inference import Inference
from lab.emulator.surfaces.key_vault import KeyVault
from lab.emulator.surfaces.logs import Logs
from lab.emulator.surfaces.management import Management
from lab.emulator.surfaces.queue import QueueService
from lab.emulator.surfaces.search import Search
from lab.emulator.surfaces.storage import ACCOUNT, ACCOUNT_KEY
from lab.emulator.vaults import Vault
from lab.emulator.world import World

HOST = "127.0.0.1"
SERVICES = ("control", "identity", "arm", "aoai", "eg", "blob", "queue", "logs", "search")
_PLAIN = frozenset({"control", "identity"})


@dataclass
class Azure:
    """A served world: its addresses, and the settings that an app needs to use it.

    world: The world that is served.
    ca_file: The file with the certificate authority.
    ssl_context: A client context that trusts this certificate authority.
    urls: The base URL of each service, by the names in SERVICES. A vault's URL is in `Vault.url`.
    identity_header: The secret that the identity endpoint expects in X-IDENTITY-HEADER.
    settings: Environment variables for an app: endpoints, identity and storage.
    """

    world: World
    ca_file: Path
    ssl_context: ssl.SSLContext
    urls: dict[str, str]
    identity_header: str
    _stack: AsyncExitStack
    _server_context: ssl.SSLContext
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def control_url(self) -> str:
        """The base URL of the control surface."""
        return self.urls["control"]

    async def serve_vault(self, vault: Vault) -> str:
        """Start to serve a vault of the world and return its URL."""
        app = KeyVault(self.world, vault).application()
        port = await _serve(self._stack, app, vault.port, self._server_context)
        vault.url = f"https://{HOST}:{port}"
        return vault.url


@asynccontextmanager
async def running(
    world: World | None = None, *, ports: Mapping[str, int] | None = None, ca_file: Path | None = None
) -> AsyncIterator[Azure]:
    """Serve a world (by default a small sample) until the block ends.

    `ports` fixes the port of a service in SERVICES; the others get free ports. `ca_file` is where the certificate
    authority is written; by default a temporary file. Raises OSError if a port is in use.
    """
    world = world or sample_world()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="emulated-azure-")))
        azure = _prepare(world, stack, ca_file or folder / "ca.pem")
        surfaces = _applications(world, azure.identity_header)
        for name, app in surfaces.items():
            tls = None if name in _PLAIN else azure._server_context
            port = await _serve(stack, app, (ports or {}).get(name, 0), tls)
            azure.urls[name] = f"{'http' if tls is None else 'https'}://{HOST}:{port}"
        for vault in world.vaults.values():
            await azure.serve_vault(vault)
        world.inference_url = azure.urls["aoai"]
        azure.settings.update(_settings(azure))
        yield azure


@contextmanager
def running_in_thread(
    world: World | None = None, *, ports: Mapping[str, int] | None = None, ca_file: Path | None = None
) -> Iterator[Azure]:
    """Serve a world from a thread, for programs without an event loop. Takes the arguments of `running`.

    Raises the error of a start that fails.
    """
    stop, ready = asyncio.Event(), Future[tuple[Azure, asyncio.AbstractEventLoop]]()

    async def serve() -> None:
        async with running(world, ports=ports, ca_file=ca_file) as azure:
            ready.set_result((azure, asyncio.get_running_loop()))
            await stop.wait()

    with ThreadPoolExecutor(1, "emulator") as pool:
        served = pool.submit(lambda: asyncio.run(serve()))
        pending: list[Future[Any]] = [ready, served]
        wait(pending, return_when=FIRST_COMPLETED)
        if served.done():
            served.result()
        azure, loop = ready.result()
        try:
            yield azure
        finally:
            loop.call_soon_threadsafe(stop.set)
            served.result()


@contextmanager
def in_environment(azure: Azure) -> Iterator[None]:
    """Set this process's environment so that its Azure clients use the emulated identity and trust its certificates.

    The old values come back when the block ends. Without this, clients in this process would call the metadata service
    of the machine.
    """
    trust = azure.settings["SSL_CERT_FILE"]
    wanted = {name: azure.settings[name] for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE")}
    before = {name: os.environ.get(name) for name in (*wanted, "REQUESTS_CA_BUNDLE")}
    os.environ.update(wanted, REQUESTS_CA_BUNDLE=trust)
    try:
        yield
    finally:
        for name, text in before.items():
            os.environ.pop(name)
            os.environ.update({} if text is None else {name: text})


def _prepare(world: World, stack: AsyncExitStack, ca_file: Path) -> Azure:
    authority = trustme.CA(organization_name="Emulated Azure")
    authority.cert_pem.write_to_path(str(ca_file))
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST, "localhost").configure_cert(server)
    client = ssl.create_default_context(cafile=str(ca_file))
    header = IdentityEndpoint(world).header
    return Azure(world, ca_file, client, {}, header, stack, server)


def _applications(world: World, identity_header: str) -> dict[str, web.Application]:
    return {
        "control": Control(world).application(),
        "identity": IdentityEndpoint(world, identity_header).application(),
        "arm": Management(world).application(),
        "aoai": Inference(world).application(),
        "eg": EventGrid(world).application(),
        "blob": BlobService(world).application(),
        "queue": QueueService(world).application(),
        "logs": Logs(world).application(),
        "search": Search(world).application(),
    }


async def _serve(stack: AsyncExitStack, app: web.Application, port: int, tls: ssl.SSLContext | None) -> int:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, HOST, port, ssl_context=tls, backlog=1024).start()
    return int(runner.addresses[0][1])


def _settings(azure: Azure) -> dict[str, str]:
    """Return the environment variables of an app that uses this world."""
    world, urls = azure.world, azure.urls
    subscriptions = dict.fromkeys([world.subscription, *(account.subscription for account in world.accounts)])
    settings = {
        "AZURE_RESOURCE_MANAGER_ENDPOINT": urls["arm"],
        "AZURE_LOG_ANALYTICS_ENDPOINT": urls["logs"],
        "EMULATED_SEARCH_ENDPOINT": urls["search"],
        "IDENTITY_ENDPOINT": f"{urls['identity']}/msi/token",
        "IDENTITY_HEADER": azure.identity_header,
        "AZURE_CLIENT_ID": world.app.client_id,
        "ROTATION_SUBSCRIPTIONS": ",".join(subscriptions),
        "AzureWebJobsStorage": _connection(urls["blob"], urls["queue"]),
        "SSL_CERT_FILE": str(azure.ca_file),
        "NO_PROXY": HOST,  # a proxy of this machine does not lead to it
        "no_proxy": HOST,
    }
    if world.topics:
        settings["EVENT_GRID_TOPIC_ENDPOINT"] = f"{urls['eg']}/{next(iter(world.topics))}/api/events"
        settings["EVENT_GRID_TOPIC_ID"] = next(iter(world.topics.values())).id
    if world.vaults:
        settings["ROTATION_VAULT_URL"] = next(iter(world.vaults.values())).url
    return settings


def _connection(blob: str, queue: str) -> str:
    return (
        f"DefaultEndpointsProtocol=https;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};"
        f"BlobEndpoint={blob}/{ACCOUNT};QueueEndpoint={queue}/{ACCOUNT};"
    )
