"""The procedure for function keys, in the local host, which checks them."""

import aiohttp
import pytest

from shared.web.routes import ROUTES
from tests.end_to_end.calls import Doors
from tests.end_to_end.conftest import a_host
from tests.runbook.operating import APP, shown
from tests.runbook.page import filled
from tests.runbook.site import Site

procedure = pytest.mark.procedure


@procedure("Function keys")
async def test_a_caller_has_a_key_of_its_own_which_is_rotated_without_an_outage(site: Site) -> None:
    async with a_host(site.azure) as host, aiohttp.ClientSession() as http:
        site.host, doors = host, Doors(host, http)

        async def status(path: str, key: str) -> int:
            return (await doors.ask("GET", path, key=False, x_functions_key=key)).status

        place = {**APP, "function": "targets", "caller": "dash-board", "next": "dash-board-2"}
        assert set(ROUTES) <= set(await site.run(shown(site, "function list"), **place))
        await site.run(shown(site, "function keys set", "<caller>"), **place)
        first = await site.run(shown(site, "function keys list"), **place)
        assert [await status(path, first) for path in ("targets", "deadlines", "targets/chat")] == [200, 401, 401]
        await site.run(shown(site, "function keys set", "<next>"), **place)
        command = shown(site, "function keys list").replace("<caller>", "<next>")
        second = await site.type(filled(command, place), command)
        assert [await status("targets", key) for key in (first, second)] == [200, 200]
        await site.run(shown(site, "function keys delete"), **place)
        assert [await status("targets", key) for key in (first, second)] == [401, 200]
        assert await status("deadlines", host.keys.default) == 200
        await site.run(shown(site, "functionapp keys set"), **place)
        assert [await status("deadlines", key) for key in (host.keys.default, second)] == [401, 401]
        assert await status("targets", second) == 200
        assert (await site.run("python -m cli deadlines --ics")).code == 0
