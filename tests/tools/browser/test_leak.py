"""The third job: a key has leaked, and a person ends it, on a phone and on a desk."""

import pytest

from shared.domain.keys import ApiKey
from tests.tools.browser.acting import begin, fill, find_target, press
from tests.tools.browser.conftest import Visitor
from tests.tools.browser.scene import Scene
from tests.tools.browser.visit import DESK, PHONE, Look

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
SIZES = (3, 300, 10_000)
WAYS = {"chat": Look(PHONE), "vision": Look(DESK)}
in_good_weather = pytest.mark.parametrize("scene", [f"good of {size}" for size in SIZES], indirect=True)


@in_good_weather
@pytest.mark.parametrize("name", WAYS)
async def test_the_live_key_leaked_and_is_ended_and_the_page_says_since_when_it_is_refused(
    scene: Scene, name: str, visit: Visitor
) -> None:
    leaked, since = scene.published(name), scene.mark()
    page = await visit(scene, WAYS[name])
    await find_target(page, name)
    await begin(page, name, "leak")
    await page.page.get_by_role("radio", name="The live one").check()
    assert "Nothing has been changed" in await page.text()
    await page.axe()
    await page.no_overflow()
    assert scene.changes(since) == []

    await fill(page.page, "found in a paste", name)
    await press(page, "End key 1 now")
    text = await page.text()
    assert ApiKey(leaked).fingerprint in text
    assert not scene.works(name, leaked)
    assert scene.works(name, scene.published(name))
    assert scene.published(name) != leaked
    assert leaked not in await page.page.content()
    await page.axe()
    await page.no_overflow()
    page.console_is_clean()


@pytest.mark.parametrize("scene", ["good of 3"], indirect=True)
async def test_another_choice_of_the_key_shows_another_dry_run(scene: Scene, visit: Visitor) -> None:
    page = await visit(scene, Look(PHONE, script=False), "status/targets/search/leak")
    before = await page.text()
    await page.page.get_by_role("radio", name="The other one").check()
    await press(page, "Show what would happen")
    assert await page.text() != before
    assert await page.page.get_by_role("radio", name="The other one").is_checked()
