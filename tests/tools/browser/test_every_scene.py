"""Every scene, in light and dark colours, on a phone and on a desk: what holds for every page."""

import pytest

from tests.tools.browser.conftest import Visitor
from tests.tools.browser.scene import Scene
from tests.tools.browser.scenes import SCENES
from tests.tools.browser.visit import DESK, MOST_BYTES, PHONE, Look

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
LOOKS = [Look(width, dark) for width in (PHONE, DESK) for dark in (False, True)]
STATUS = {"stopped": 503, "not allowed": 403}
every_scene = pytest.mark.parametrize("scene", SCENES, indirect=True)


@pytest.fixture
def status(request: pytest.FixtureRequest) -> int:
    """With which status the scene's page is answered."""
    return STATUS.get(request.node.callspec.params["scene"], 200)


@every_scene
@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_axe_finds_nothing_and_the_browser_has_no_complaint(
    scene: Scene, look: Look, status: int, visit: Visitor
) -> None:
    page = await visit(scene, look, status=status)
    await page.axe()
    page.console_is_clean()


@every_scene
async def test_nothing_sticks_out_from_320_to_1920_pixels(scene: Scene, status: int, visit: Visitor) -> None:
    page = await visit(scene, status=status)
    await page.no_overflow()


@every_scene
async def test_the_page_is_light_and_asks_azure_nothing_for_each_target(
    scene: Scene, status: int, visit: Visitor
) -> None:
    page = await visit(scene, status=status)  # the first page also opens connections
    since = scene.mark()
    await page.go(scene.address(), status=status)
    assert await page.weighs() <= MOST_BYTES
    assert scene.calls_for_targets(since) == []


@every_scene
async def test_the_page_says_the_same_without_script(scene: Scene, status: int, visit: Visitor) -> None:
    with_script = await visit(scene, status=status)
    without = await visit(scene, Look(script=False), status=status)
    assert await without.heading() == await with_script.heading()
