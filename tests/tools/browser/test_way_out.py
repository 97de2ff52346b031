"""The way out of keys in a real browser: its view and the panel of a target, in every look, and what they ask Azure."""

import pytest
from playwright.async_api import expect

from tests.tools.browser.conftest import Visitor
from tests.tools.browser.scene import Scene
from tests.tools.browser.visit import DESK, MOST_BYTES, PHONE, Look

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
LOOKS = [Look(width, dark) for width in (PHONE, DESK) for dark in (False, True)]
VIEW = "status/way-out"
PATHS = (VIEW, "status/targets/chat", "status/targets/tickets", "status/targets/wiki", "status/targets/docs")
on_the_way = pytest.mark.parametrize("scene", ["the way out"], indirect=True)
without_logs = pytest.mark.parametrize("scene", ["good"], indirect=True)


@on_the_way
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_axe_finds_nothing_and_the_browser_has_no_complaint(
    scene: Scene, look: Look, path: str, visit: Visitor
) -> None:
    page = await visit(scene, look, path)
    for closed in await page.page.locator("main summary").all():
        await closed.click()
    await page.axe()
    page.console_is_clean()


@on_the_way
@pytest.mark.parametrize("path", PATHS[:2])
async def test_nothing_sticks_out_and_the_page_is_light(scene: Scene, path: str, visit: Visitor) -> None:
    page = await visit(scene, path=path)
    assert await page.weighs() <= MOST_BYTES
    await page.no_overflow()


@on_the_way
async def test_the_view_asks_azure_for_no_target_and_no_log(scene: Scene, visit: Visitor) -> None:
    page = await visit(scene, path=VIEW)  # the first page also opens connections
    since = scene.mark()
    await page.go(scene.address(VIEW))
    assert scene.calls_for_targets(since) == []
    assert {one.service for one in scene.calls(since)} <= {"blob"}


@on_the_way
async def test_a_targets_page_asks_no_log(scene: Scene, visit: Visitor) -> None:
    since = scene.mark()
    page = await visit(scene, path="status/targets/chat")
    assert "Used by 2 callers" in await page.text()
    assert not [one for one in scene.calls(since) if one.operation == "logs.query"]


@on_the_way
async def test_the_same_is_said_without_script(scene: Scene, visit: Visitor) -> None:
    with_script, without = await visit(scene, path=VIEW), await visit(scene, Look(script=False), VIEW)
    assert (
        await without.heading() == await with_script.heading() == "1 of 11 accounts is keyless, 1 more than a week ago."
    )


@on_the_way
async def test_from_the_overview_one_comes_to_the_view_and_from_a_count_to_its_accounts(
    scene: Scene, visit: Visitor
) -> None:
    page = (await visit(scene)).page
    await page.get_by_role("link", name="Way out of keys").first.click()
    await page.wait_for_url("**/status/way-out*")
    await page.get_by_role("navigation", name="Filter by how far they are").get_by_role("link", name="Moving").click()
    await page.wait_for_url("**stage=moving*")
    await expect(page.locator(".accounts tbody tr")).to_have_count(2)
    await expect(page.locator(".accounts tbody th a").first).to_have_text("speech")
    await page.locator(".accounts tbody th a").first.click()
    await expect(page.get_by_role("heading", name="Who still uses keys")).to_be_visible()


@on_the_way
@pytest.mark.parametrize(("width", "shown"), [(PHONE, False), (1024, False), (DESK, True)])
async def test_the_column_for_the_way_out_leaves_first(scene: Scene, width: int, shown: bool, visit: Visitor) -> None:
    page = (await visit(scene, Look(width))).page
    row = page.locator(".targets tbody tr", has=page.get_by_role("link", name="search", exact=True))
    await expect(row.locator(".c-way")).to_be_visible(visible=shown)
    await expect(row.locator(".c-calls")).to_contain_text("1 caller")
    await expect(row.locator(".c-calls")).to_be_visible()


@without_logs
@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_without_logs_the_view_says_which_setting_it_needs(scene: Scene, look: Look, visit: Visitor) -> None:
    page = await visit(scene, look, VIEW)
    assert await page.heading() == "Nobody knows yet who uses keys: no log of calls is configured."
    assert "ROTATION_LOG_WORKSPACE_ID" in await page.text()
    await page.axe()
    await page.no_overflow()
    page.console_is_clean()
