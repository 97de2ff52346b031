"""A small proxy on this machine: it connects callers to the host that they name, and records who came through."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class AProxy:
    """The proxy, and what it saw.

    url: Where it is.
    came: The host and port of each request for a connection, in order.
    heads: The whole head of each request, as it was sent.
    refuses: The hosts, with their ports, that it does not connect to.
    password: The `user:password` that it asks for. None for none.
    """

    url: str = ""
    came: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    password: str | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one caller, and pass bytes on until either side ends."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, to, _ = head.split("\r\n")[0].split()
            self.came.append(to)
            self.heads.append(head)
            refusal = self._refusal(method, to, head)
            if refusal:
                writer.write(f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n".encode())
            else:
                await self._connect(to, reader, writer)
        writer.close()

    def _refusal(self, method: str, to: str, head: str) -> str | None:
        signed_in = f"Basic {base64.b64encode((self.password or '').encode()).decode()}"
        if self.password and f"proxy-authorization: {signed_in.lower()}" not in head.lower():
            return "407 Proxy Authentication Required"
        if method != "CONNECT":
            return "405 Method Not Allowed"
        return "403 Forbidden" if to in self.refuses else None

    async def _connect(self, to: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = to.rpartition(":")
        there_reader, there = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(_pass_on(reader, there), _pass_on(there_reader, writer))


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await source.read(65536):
            sink.write(piece)
            await sink.drain()
    sink.close()


@asynccontextmanager
async def a_proxy(password: str | None = None) -> AsyncIterator[AProxy]:
    """Serve a proxy until the block ends."""
    proxy = AProxy(password=password)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()
