"""A small server that Java reaches under the name of an account, because openai-java looks at the name of the host.

The name leads to this machine for one Java process only, by the file that `jdk.net.hosts.file` names.
"""

import json
import os
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import trustme

from lab.prove.consumers.runners import programs

TOKEN = {"access_token": "a-token", "resource": "https://cognitiveservices.azure.com", "token_type": "Bearer"}
CHAT = {
    "id": "1", "object": "chat.completion", "created": 1, "model": "gpt-4o",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}],
}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """A request for a model: its path, its query, and which of the two headers that can sign in it carried."""

    path: str
    query: str
    headers: set[str]


@dataclass
class NamedAccount:
    """The server: its endpoint, the variables of a program that reaches it, and the requests so far."""

    endpoint: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)


@contextmanager
def account_at(name: str, folder: Path) -> Iterator[NamedAccount]:
    """Serve an account under a host name, and a managed identity. Files go into a folder."""
    account, authority = NamedAccount(), trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    (folder / "hosts").write_text(f"127.0.0.1 {name}\n127.0.0.1 localhost\n")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(tls)
    with _served(account) as plain, _served(account, tls) as secret:
        account.endpoint = f"https://{name}:{secret}"
        trust = programs.java_trust(folder / "ca.pem", folder)
        account.environment = {
            "PATH": os.environ["PATH"], "AZURE_CLIENT_ID": "any", "IDENTITY_HEADER": "any",
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{plain}/msi/token",
            "JAVA_TOOL_OPTIONS": f"{trust} -Djdk.net.hosts.file={folder / 'hosts'}",
        }  # fmt: skip
        yield account


@contextmanager
def _served(account: NamedAccount, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve in a thread and yield the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({**TOKEN, "expires_on": str(int(time.time()) + 3600)})

        def do_POST(self) -> None:
            url = urlsplit(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            signs = {"authorization", "api-key"} & {header.lower() for header in self.headers}
            account.seen.append(Seen(url.path, url.query, signs))
            self._answer(CHAT)

        def _answer(self, body: dict[str, object]) -> None:
            sent = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
