"""What the page's little script adds: it refreshes by itself, never while a person reads or types, and copies commands.

The browser's clock stands still and is moved by the tests.
"""

import pytest
from playwright.async_api import expect

from tests.tools.browser.conftest import Visitor
from tests.tools.browser.scene import Scene
from tests.tools.browser.scenes import heal_drift
from tests.tools.browser.visit import Visit

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
A_MINUTE = 61_000  # milliseconds, and a little more
fleet = pytest.mark.parametrize("scene", ["good of 30"], indirect=True)


async def with_a_clock(visit: Visitor, scene: Scene, path: str = "status") -> Visit:
    """Open a page whose timers run only when the test says so."""
    page = await visit(scene, path=path)
    await page.page.clock.install()
    await page.go(scene.address(path))
    return page


@fleet
async def test_the_page_shows_what_a_later_check_saw_without_being_loaded_again(scene: Scene, visit: Visitor) -> None:
    page = await with_a_clock(visit, scene)
    assert (await page.heading()).startswith("Nothing to do.")
    await heal_drift(scene, "chat")
    await scene.tick()
    await page.page.clock.run_for(A_MINUTE)
    await expect(page.page.locator("h1")).to_contain_text("chat")
    await expect(page.page).to_have_title("1 to watch · Key rotation")
    page.console_is_clean()


@fleet
async def test_a_page_on_which_somebody_types_or_reads_is_left_alone(scene: Scene, visit: Visitor) -> None:
    page = await with_a_clock(visit, scene)
    search, asked = page.page.get_by_role("searchbox"), len(page.requests)
    await search.fill("vis")
    await page.page.locator("h1").click()  # the search has no focus any more, and keeps what was typed
    await page.page.clock.run_for(A_MINUTE)
    assert await search.input_value() == "vis"
    await search.fill("")
    details = page.page.locator("main details > summary").first
    await details.click()
    await page.page.locator("h1").click()
    await page.page.clock.run_for(A_MINUTE)
    await expect(page.page.locator("main details[open]")).to_have_count(1)
    await details.click()
    await page.page.locator("h1").click()
    async with page.page.expect_response(scene.address()):
        await page.page.clock.run_for(A_MINUTE)
    assert len(page.requests) == asked + 1  # only the last one of three minutes


@fleet
async def test_a_form_that_acts_is_never_refreshed(scene: Scene, visit: Visitor) -> None:
    page = await with_a_clock(visit, scene, "status/targets/vision/rotate")
    asked = len(page.requests)
    await page.page.get_by_label("Reason").fill("quarterly drill")
    await page.page.locator("h1").click()
    await page.page.clock.run_for(10 * A_MINUTE)
    assert await page.page.get_by_label("Reason").input_value() == "quarterly drill"
    assert len(page.requests) == asked


@pytest.mark.parametrize("scene", ["a wrong tag"], indirect=True)
async def test_a_command_is_copied_with_one_click(scene: Scene, visit: Visitor) -> None:
    page = await visit(scene)
    await page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    command = page.page.locator("main code", has_text="key-rotation-period=").first
    await page.page.get_by_role("button", name="Copy").first.click()
    await expect(page.page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.page.evaluate("navigator.clipboard.readText()") == await command.text_content()
    page.console_is_clean()
