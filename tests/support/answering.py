"""Replace answers of the emulated Azure, for behaviour that its world does not have."""

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from lab.emulator.directory import Directory, Identity
from lab.emulator.surfaces.common import Surface, json_answer

type Instead = Callable[[Any], web.Response | None]
type Answering = Callable[[Instead], None]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Answering:
    """A function that replaces the answers to calls. If the replacement is None, the emulated Azure answers."""

    def put(instead: Instead) -> None:
        serve = Surface._serve

        async def serving(self: Surface, call: Any, handler: Any, entry: Any) -> Any:
            return instead(call) or await serve(self, call, handler, entry)

        monkeypatch.setattr(Surface, "_serve", serving)

    return put


def tokens_of(other: Identity, directory: Directory) -> Instead:
    """Answer every request for a token with a token of that identity."""

    def instead(call: Any) -> web.Response | None:
        if call.operation != "identity.token":
            return None
        token, expires = directory.token(other, call.query("resource"))
        return json_answer({"access_token": token, "expires_on": str(expires), "resource": call.query("resource")})

    return instead
