"""What lives need: the emulated Azure's identity and trust in the environment, and clients that do not wait."""

import pytest
from azure.core.pipeline.transport import AsyncHttpTransport

from lab.emulator import serve


@pytest.fixture(autouse=True)
def found_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever world is served, the environment leads to it, as the platform's does."""
    prepare = serve._settings

    def settings(azure: serve.Azure) -> dict[str, str]:
        made = prepare(azure)
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, made[name])
        return made

    async def at_once(self: AsyncHttpTransport, duration: float) -> None:
        return

    monkeypatch.setattr(serve, "_settings", settings)
    monkeypatch.setattr(AsyncHttpTransport, "sleep", at_once)
