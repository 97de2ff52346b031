"""A small server that shows how programs sign in: it notes the headers of each request for a model.

It is also a managed identity and a vault. Java reaches it under any name, because openai-java looks at the name of the
host: the name leads to this machine for one Java process only, by the file that `jdk.net.hosts.file` names.
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
from tests.tools.consumer_scene import LEFT_OVER

TOKEN = {"access_token": "a-token", "resource": "https://cognitiveservices.azure.com", "token_type": "Bearer"}
SECRET = {"value": "a-key", "id": "https://127.0.0.1/secrets/chat-key/1", "attributes": {"enabled": True}}
CHAT = {
    "id": "1", "object": "chat.completion", "created": 1, "model": "gpt-4o",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}],
}  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """A request for a model: its path, its query, and those of its headers that sign in."""

    path: str
    query: str
    signs: dict[str, str]


@dataclass
class NamedAccount:
    """The server: its endpoints, the variables of a program that reaches it, and the requests for a model so far."""

    endpoint: str = ""
    vault: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)


@contextmanager
def account_at(name: str, folder: Path) -> Iterator[NamedAccount]:
    """Serve an account under a host name, and a managed identity. Files go into a folder."""
    account, authority = NamedAccount(), trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    (folder / "hosts").write_text(f"127.0.0.1 {name}\n127.0.0.1 localhost\n")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name, "127.0.0.1").configure_cert(tls)
    with _served(account) as plain, _served(account, tls) as secret:
        account.endpoint, account.vault = f"https://{name}:{secret}", f"https://127.0.0.1:{secret}"
        trust = programs.java_trust(folder / "ca.pem", folder)
        account.environment = {
            "PATH": os.environ["PATH"], "AZURE_CLIENT_ID": "any", "IDENTITY_HEADER": "any",
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{plain}/msi/token", "SSL_CERT_FILE": str(folder / "ca.pem"),
            "JAVA_TOOL_OPTIONS": f"{trust} -Djdk.net.hosts.file={folder / 'hosts'}", "KEY_VAULT_IS_EMULATED": "1",
            **dict.fromkeys(LEFT_OVER, "left-over"),
        }  # fmt: skip
        yield account


@contextmanager
def _served(account: NamedAccount, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve in a thread and yield the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_secret = self.path.startswith("/secrets/")
            self._answer(SECRET if is_secret else {**TOKEN, "expires_on": str(int(time.time()) + 3600)})

        def do_POST(self) -> None:
            url = urlsplit(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            names = ("Authorization", "api-key")
            signs = {name: text for name in names if (text := self.headers[name]) is not None}
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
