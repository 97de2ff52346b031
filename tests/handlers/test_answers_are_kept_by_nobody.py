"""Every HTTP answer says that no cache may keep it and that its type is what it says."""

import pytest

from shared.handlers import http
from shared.web.routes import ROUTES


@pytest.mark.parametrize("route", ROUTES.values(), ids=lambda route: route.name)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
async def test_every_answer_may_not_be_stored_or_taken_for_another_type(route, method) -> None:
    reply = await http.serve(route, http.Incoming(method))
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
