"""What a person does on the pages with mouse and keyboard, from the overview to the result of an act."""

from playwright.async_api import Page, expect

from tests.tools.browser.visit import Visit

NAMES = "main table"


async def find_target(visit: Visit, name: str) -> None:
    """Go from the overview to a target's own page, by the search if there is one."""
    page = visit.page
    search = page.get_by_role("searchbox")
    if await search.count():
        await search.fill(name)
        await search.press("Enter")
        await page.wait_for_url(f"**q={name}**")
    await page.locator(NAMES).get_by_role("link", name=name, exact=True).first.click()
    await page.wait_for_url(f"**/status/targets/{name}*")


async def begin(visit: Visit, name: str, act: str) -> None:
    """Go from a target's own page to the page of an act."""
    await visit.page.locator(f'a[href*="/status/targets/{name}/{act}"]').first.click()
    await visit.page.wait_for_url(f"**/status/targets/{name}/{act}*")


async def fill(page: Page, reason: str, name: str) -> None:
    """Fill in why, and the typed name."""
    await page.get_by_label("Reason").fill(reason)
    await page.get_by_label("to confirm").fill(name)


async def press(visit: Visit, button: str) -> None:
    """Press a button and wait for the answer."""
    async with visit.page.expect_navigation():
        await visit.page.get_by_role("button", name=button).click()


async def nothing_was_done(visit: Visit, said: str) -> None:
    """Check that the page says why nothing was done."""
    await expect(visit.page.locator("main")).to_contain_text(said)
