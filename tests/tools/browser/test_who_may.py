"""Who may act on the pages: a person who is signed in as an operator, from these pages alone."""

import pytest
from aiohttp import web
from playwright.async_api import Browser

from tests.tools.browser.acting import fill, press
from tests.tools.browser.conftest import Visitor
from tests.tools.browser.scene import Scene
from tests.tools.browser.visit import Visit

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
ACTS = ("rotate", "leak", "arm", "disarm")


async def acts_offered(page: Visit, name: str) -> list[str]:
    links = [await one.get_attribute("href") for one in await page.page.locator(f'a[href*="targets/{name}/"]').all()]
    return [act for act in ACTS if any(link and f"targets/{name}/{act}" in link for link in links)]


@pytest.mark.parametrize("scene", ["good"], indirect=True)
async def test_an_operator_is_offered_what_can_be_done(scene: Scene, visit: Visitor) -> None:
    page = await visit(scene, path="status/targets/chat")
    assert {"rotate", "leak", "arm"} <= set(await acts_offered(page, "chat"))


@pytest.mark.parametrize("scene", ["a reader"], indirect=True)
async def test_a_reader_is_offered_nothing_and_told_which_role_is_missing(scene: Scene, visit: Visitor) -> None:
    page = await visit(scene, path="status/targets/chat")
    assert await acts_offered(page, "chat") == []
    assert "Rotation.Operator" in await page.text()
    refused = await visit(scene, path="status/targets/chat/rotate", status=403)
    text = await refused.text()
    assert "Rotation.Operator" in text
    assert "grace@example.com" in text
    await refused.axe()


@pytest.mark.parametrize("scene", ["function keys"], indirect=True)
async def test_with_a_function_key_the_page_reads_and_every_link_of_it_keeps_the_key(
    scene: Scene, visit: Visitor
) -> None:
    page = await visit(scene)
    await page.page.locator("main table").get_by_role("link", name="chat", exact=True).first.click()
    await page.page.wait_for_url("**/status/targets/chat*")
    assert (await page.heading()).startswith("chat")
    ours = [await one.get_attribute("href") or "" for one in await page.page.locator('a[href^="/api/"]').all()]
    assert ours
    assert [link for link in ours if "code=" not in link] == []
    act = await visit(scene, path="status/targets/chat/rotate")
    assert "python -m cli rotate chat" in await act.text()
    assert await act.page.locator("form[method=post]").count() == 0
    await act.axe()


@pytest.mark.parametrize("scene", ["good"], indirect=True)
async def test_a_page_of_another_site_cannot_act_with_the_session_of_a_person(
    scene: Scene, visit: Visitor, browser: Browser
) -> None:
    """The form is the real one with its hidden fields, copied into another site by somebody who saw it."""
    person = await visit(scene, path="status/targets/chat/rotate")
    await fill(person.page, "quarterly drill", "chat")
    fields = await person.page.eval_on_selector_all(
        "form[method=post] [name]", "all => all.map(one => [one.name, one.value])"
    )
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields)
    form = f'<form method="post" action="{person.page.url}">{inputs}</form><script>document.forms[0].submit()</script>'

    async def serve(_: web.Request) -> web.Response:
        return web.Response(text=f"<!DOCTYPE html><title>Win a prize</title>{form}", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    since = scene.mark()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        bait = await person.page.context.new_page()
        async with bait.expect_response(lambda one: one.request.method == "POST") as answered:
            await bait.goto(f"http://127.0.0.1:{runner.addresses[0][1]}/")
        assert (await answered.value).status == 403
    finally:
        await runner.cleanup()
    assert scene.changes(since) == []
    await press(person, "Rotate chat now")  # the person's own page still can
    assert scene.changes(since) == ["arm.regenerateKey", "kv.setSecret"]
