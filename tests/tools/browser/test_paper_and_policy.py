"""A page on paper is evidence, and no page lets a script or a style of somebody else in."""

import re

import pytest

from tests.tools.browser.conftest import Visitor
from tests.tools.browser.scene import Scene
from tests.tools.browser.visit import DESK, Look

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
on_a_bad_day = pytest.mark.parametrize("scene", ["a bad day"], indirect=True)
PATHS = ("status", "status/targets/search", "status/targets/chat/rotate", "status/targets/chat/leak")
# Attributes in which a page could bring a style or a script with it.
_INLINE = """() => [...document.querySelectorAll('*')].flatMap(
  one => [...one.attributes].filter(each => each.name === 'style' || each.name.startsWith('on')).map(
    each => one.outerHTML.slice(0, 80)))"""


@on_a_bad_day
async def test_on_paper_there_is_the_sentence_with_exact_times_who_and_when_and_nothing_to_click(
    scene: Scene, visit: Visitor
) -> None:
    page = await visit(scene)
    sentence = await page.heading()
    await page.page.emulate_media(media="print")
    text = await page.text()
    assert sentence in text
    for said in (
        r"As of \w{3} \d+ \w{3} \d{4}, \d\d:\d\d UTC",
        "ada@example.com",
        r"Version \d",
        "key-rotation-period=",
    ):
        assert re.search(said, text), said
    for gone in ("form", "button", "nav", "summary"):
        seen = [await one.is_visible() for one in await page.page.locator(gone).all()]
        assert not any(seen), gone
    await page.axe()
    await page.no_overflow([720, 1040])
    assert (await page.page.pdf(format="A4", landscape=True)).startswith(b"%PDF")


@on_a_bad_day
@pytest.mark.parametrize("path", PATHS)
async def test_the_policy_allows_this_page_s_own_style_and_script_and_no_others(
    scene: Scene, path: str, visit: Visitor
) -> None:
    page = await visit(scene, path=path)
    sent = await page.answers[-1].all_headers()
    policy = dict(part.strip().split(" ", 1) for part in sent["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert all(re.fullmatch(r"'sha256-[\w+/=]+'", policy[name]) for name in ("style-src", "script-src"))
    assert sent["referrer-policy"] == "same-origin"
    assert await page.page.evaluate(_INLINE) == []
    await page.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<b style=color:red>x</b>')")
    assert any("Content Security Policy" in one for one in page.complaints)


@on_a_bad_day
@pytest.mark.parametrize("path", PATHS[1:])
@pytest.mark.parametrize("dark", [False, True])
async def test_axe_finds_nothing_on_the_pages_of_one_target(
    scene: Scene, path: str, dark: bool, visit: Visitor
) -> None:
    page = await visit(scene, Look(DESK, dark), path)
    await page.axe()
    await page.no_overflow()
    page.console_is_clean()


@on_a_bad_day
@pytest.mark.parametrize("colours", ["forced", "contrast"])
async def test_nothing_is_lost_in_forced_colours_or_with_more_contrast(
    scene: Scene, colours: str, visit: Visitor
) -> None:
    page = await visit(scene)
    plain = await page.text()
    if colours == "forced":
        await page.page.emulate_media(forced_colors="active")
    else:
        await page.page.emulate_media(contrast="more")
    assert await page.text() == plain
    await page.axe()
