"""Answers that an emulated Azure gives instead of its own, for what its world cannot be brought to do."""

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
    """Give a call another answer than the world's; where the other one is none, the world answers."""

    def put(instead: Instead) -> None:
        serve = Surface._serve

        async def serving(self: Surface, call: Any, handler: Any, entry: Any) -> Any:
            return instead(call) or await serve(self, call, handler, entry)

        monkeypatch.setattr(Surface, "_serve", serving)

    return put


def tokens_of(other: Identity, directory: Directory) -> Instead:
    """Whoever asks for a token gets one of that identity."""

    def instead(call: Any) -> web.Response | None:
        if call.operation != "identity.token":
            return None
        token, expires = directory.token(other, call.query("resource"))
        return json_answer({"access_token": token, "expires_on": str(expires), "resource": call.query("resource")})

    return instead
