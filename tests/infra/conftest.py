"""For every life: the environment leads to the emulated Azure's identity and certificates, and clients do not wait."""

import pytest
from azure.core.pipeline.transport import AsyncHttpTransport

from lab.emulator import serve


@pytest.fixture(autouse=True)
def found_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the identity and certificate variables for each world that is served, as Azure sets them for an app."""
    prepare = serve._settings

    def settings(azure: serve.Azure) -> dict[str, str]:
        made = prepare(azure)
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, made[name])
        return made

    async def without_waiting(self: AsyncHttpTransport, duration: float) -> None:
        return

    monkeypatch.setattr(serve, "_settings", settings)
    monkeypatch.setattr(AsyncHttpTransport, "sleep", without_waiting)
