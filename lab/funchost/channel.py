"""Length-prefixed JSON messages over a socket pair, between the host and its worker process.

Standard output is not used, because the app may print there. The host's end is an asyncio stream. The worker's end
blocks on purpose: a log record is sent before the app's next statement runs, so nothing that the app logged is lost
when its process is killed. A reader thread notices the end of the host even while the app's event loop hangs. What
the messages mean is left to `worker` and `worker_process`.
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
        """Return the host's end of this connected socket."""
        return cls(*await asyncio.open_connection(sock=sock))

    async def receive(self) -> Json | None:
        """Return the next message, or None if the worker process has ended."""
        try:
            (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            return _object(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    def send(self, message: Json) -> None:
        """Queue a message for sending and return without waiting."""
        data = json.dumps(message).encode()
        self._writer.write(_LENGTH.pack(len(data)) + data)

    async def close(self) -> None:
        """Close the connection, which tells the worker process to exit."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return  # the worker was killed with bytes still unread


class WorkerChannel:
    """The worker's end. Any thread may call `send`."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._lock = threading.Lock()

    def send(self, message: Json) -> None:
        """Send a message. Blocks until it is written; raises OSError if the host has ended."""
        data = json.dumps(message).encode()
        with self._lock:
            self._socket.sendall(_LENGTH.pack(len(data)) + data)

    def receive(self) -> Json | None:
        """Return the next message, or None if the host has ended. Blocks until there is one."""
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
        raise TypeError("a message must be a JSON object")
    return value
