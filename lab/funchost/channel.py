"""Length-prefixed JSON over a socket pair: the line between the host and its worker process.

Not standard output, because the app may print there. The host's end is an asyncio stream. The worker's end is
blocking, and that is meant: a log record is on its way before the app's next statement runs, so that nothing an app
said is lost when its process is killed, and a reader thread notices the host's death even while the app's own event
loop hangs.
"""

import asyncio
import json
import socket
import struct
import threading
from typing import Any

from lab.funchost.wire import Json

_LENGTH = struct.Struct(">I")


class HostChannel:
    """The host's end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def over(cls, sock: socket.socket) -> "HostChannel":
        return cls(*await asyncio.open_connection(sock=sock))

    async def receive(self) -> Json | None:
        """The next message, or None once the worker has gone."""
        try:
            (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            return _object(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    def send(self, message: Json) -> None:
        data = json.dumps(message).encode()
        self._writer.write(_LENGTH.pack(len(data)) + data)

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return  # the worker was killed with bytes still unread


class WorkerChannel:
    """The worker's end; `send` may be called from any thread."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._lock = threading.Lock()

    def send(self, message: Json) -> None:
        data = json.dumps(message).encode()
        with self._lock:
            self._socket.sendall(_LENGTH.pack(len(data)) + data)

    def receive(self) -> Json | None:
        """The next message, or None once the host has gone."""
        head = self._exactly(_LENGTH.size)
        body = self._exactly(_LENGTH.unpack(head)[0]) if head else None
        return _object(body) if body else None

    def _exactly(self, length: int) -> bytes | None:
        data = bytearray()
        while len(data) < length:
            try:
                piece = self._socket.recv(length - len(data))
            except ConnectionError:
                return None
            if not piece:
                return None
            data += piece
        return bytes(data)


def _object(data: bytes) -> Json:
    value: Any = json.loads(data)
    if not isinstance(value, dict):
        raise TypeError("a message is a JSON object")
    return value
