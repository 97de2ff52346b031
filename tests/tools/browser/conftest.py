"""Fixtures of the tests in a real browser: one Chromium for all of them, and one running app for each scene.

All of them share one event loop, and the largest scene takes its time: `pytestmark` of each test module says both.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.tools.browser.chromium import launched, missing
from tests.tools.browser.scene import Scene
from tests.tools.browser.scenes import SCENES
from tests.tools.browser.visit import AT_A_DESK, Look, Visit, visiting

type Visitor = Callable[..., Awaitable[Visit]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium. Where there is none, the tests fail in CI, and on a person's own machine they say why they are
    skipped."""
    lack = missing()
    if lack is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(lack)
    async with launched() as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(request: pytest.FixtureRequest, browser: Browser) -> AsyncIterator[Scene]:
    """The scene of this name, shared by the tests of a module: `@pytest.mark.parametrize("scene", ["good of 300"],
    indirect=True)`. Without a number it has the targets that the scene says."""
    name, _, size = request.param.partition(" of ")
    async with SCENES[name](*([int(size)] if size else [])) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser) -> AsyncIterator[Visitor]:
    """Opens a page of a scene in a window of its own: `await visit(scene, Look(390), "status", owner="a-team")`."""
    async with AsyncExitStack() as stack:

        async def opened(
            scene: Scene, look: Look = AT_A_DESK, path: str = "status", status: int = 200, **query: str
        ) -> Visit:
            made = await stack.enter_async_context(visiting(browser, scene.host.url, look))
            await made.go(scene.address(path, **query), status=status)
            return made

        yield opened
