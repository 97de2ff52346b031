"""The judgements find what they are for: each is shown a page with one fault."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser

from tests.tools.browser.visit import Visit, visiting

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
STRICT = "default-src 'none'; style-src 'self'; img-src * data:"
GOOD = "<main><h1>Two things to do</h1><p>Read this.</p></main>"
FAULTS = {
    "no heading": (GOOD.replace("h1", "p"), "page-has-heading-one"),
    "pale text": (GOOD.replace("<p>", "<p class=pale>"), "color-contrast"),
    "a field without a name": (GOOD + "<form><input name=q></form>", "label"),
}


@pytest_asyncio.fixture(loop_scope="session")
async def shown(browser: Browser) -> AsyncIterator[tuple[Visit, dict[str, str]]]:
    """A visit of a small site, and the pages that it serves, by path. Every page comes with a strict policy."""
    pages: dict[str, str] = {"/style.css": ".pale{color:#ccc;background:#fff}.wide{width:900px}"}

    async def serve(request: web.Request) -> web.Response:
        if request.path not in pages:
            return web.Response(status=404, text="There is nothing here.")
        kind = "text/css" if request.path.endswith(".css") else "text/html"
        return web.Response(
            text=pages[request.path], content_type=kind, headers={"Content-Security-Policy": STRICT, "X-Small": "yes"}
        )

    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        site = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with visiting(browser, site) as visit:
            yield visit, pages
    finally:
        await runner.cleanup()


async def opened(shown: tuple[Visit, dict[str, str]], body: str) -> Visit:
    visit, pages = shown
    links = '<link rel=stylesheet href="/style.css"><link rel=icon href="data:,">'
    pages["/"] = f"<!DOCTYPE html><html lang=en><head><title>A page</title>{links}</head><body>{body}</body></html>"
    port = visit.host.partition(":")[2]
    await visit.go(f"http://127.0.0.1:{port}/")
    return visit


async def test_a_good_page_passes_every_judgement(shown) -> None:
    visit = await opened(shown, GOOD)
    await visit.axe()
    await visit.no_overflow()
    visit.console_is_clean()
    assert await visit.heading() == "Two things to do"


@pytest.mark.parametrize("fault", FAULTS)
async def test_axe_names_a_fault_and_the_element(shown, fault: str) -> None:
    body, rule = FAULTS[fault]
    visit = await opened(shown, body)
    with pytest.raises(AssertionError, match=rule):
        await visit.axe()


async def test_an_element_that_sticks_out_is_named_with_the_width(shown) -> None:
    visit = await opened(shown, GOOD + "<div class=wide>wide</div>")
    with pytest.raises(AssertionError, match=r'320: .*div\.wide "wide" to 9'):
        await visit.no_overflow()


async def test_an_element_in_a_box_that_scrolls_by_itself_may_be_wide(shown) -> None:
    shown[1]["/style.css"] += ".box{overflow-x:auto}"
    visit = await opened(shown, GOOD + "<div class=box tabindex=0><div class=wide>wide</div></div>")
    await visit.no_overflow()


async def test_a_script_that_the_policy_forbids_is_a_complaint(shown) -> None:
    visit = await opened(shown, GOOD + "<script>document.title='changed'</script>")
    with pytest.raises(AssertionError, match="Content Security Policy"):
        visit.console_is_clean()


async def test_a_style_attribute_is_a_complaint(shown) -> None:
    visit = await opened(shown, GOOD.replace("<p>", "<p style='color:red'>"))
    with pytest.raises(AssertionError, match="Content Security Policy"):
        visit.console_is_clean()


async def test_a_request_to_another_host_is_named(shown) -> None:
    visit = await opened(shown, GOOD + "<img alt='' src='http://localhost:9/far.png'>")
    with pytest.raises(AssertionError, match=r"far\.png"):
        visit.console_is_clean()


async def test_a_page_weighs_what_all_its_parts_weigh(shown) -> None:
    visit = await opened(shown, GOOD)
    assert await visit.weighs() == len(shown[1]["/"]) + len(shown[1]["/style.css"])


async def test_a_page_with_another_status_is_refused_with_what_it_says(shown) -> None:
    visit, _ = shown
    with pytest.raises(AssertionError, match="404, not 200"):
        await visit.go(f"http://{visit.host}/nothing")
