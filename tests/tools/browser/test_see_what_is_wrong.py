"""The first job: within seconds a person sees what is wrong, whose it is and what to do, in a fleet of any size.

On this day all keys of search end tomorrow while somebody calls with one, a tag of vision cannot be read, Event Grid
accepts nothing, and drift of chat was healed.
"""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.tools.browser.conftest import Visitor
from tests.tools.browser.scene import Scene
from tests.tools.browser.visit import DESK, MOST_BYTES, PHONE, Look

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
SIZES = (3, 300, 10_000)
a_bad_day = pytest.mark.parametrize("scene", [f"a bad day of {size}" for size in SIZES], indirect=True)
at_both_widths = pytest.mark.parametrize("look", [Look(PHONE), Look(DESK)], ids=str)
MAIN_TABLE = "main table tbody tr"


def owner_of(scene: Scene, name: str) -> str:
    return scene.account(name).tags["key-rotation-owner"]


@a_bad_day
@at_both_widths
async def test_the_sentence_names_what_is_to_do_and_whose_it_is(scene: Scene, look: Look, visit: Visitor) -> None:
    page = await visit(scene, look)
    sentence = await page.heading()
    assert sentence.startswith("2 things to do"), sentence
    for said in ("search", "all keys end in", "vision, which is not rotated"):
        assert said in sentence, sentence
    assert (await page.page.title()).startswith("2 to do")


@a_bad_day
@at_both_widths
async def test_each_thing_to_do_says_its_next_step_owner_and_account(scene: Scene, look: Look, visit: Visitor) -> None:
    page = await visit(scene, look)
    text = await page.text()
    for said in ("monthly", "key-rotation-period=", scene.account("vision").id, owner_of(scene, "vision")):
        assert said in text, said


@a_bad_day
async def test_the_page_is_light_and_asks_azure_nothing_for_each_target(scene: Scene, visit: Visitor) -> None:
    page = await visit(scene)
    since = scene.mark()
    await page.go(scene.address())
    assert await page.weighs() <= MOST_BYTES
    assert scene.calls_for_targets(since) == []
    assert len(await page.page.locator(MAIN_TABLE).all()) <= 20


@a_bad_day
@at_both_widths
async def test_the_page_of_a_team_is_an_address_that_can_be_kept(scene: Scene, look: Look, visit: Visitor) -> None:
    team = owner_of(scene, "vision")
    page = await visit(scene, look, owner=team)
    sentence, title = await page.heading(), await page.page.title()
    assert "vision" in sentence
    assert "search" not in sentence
    assert title.startswith("1 to do")
    await page.axe()
    if await page.page.get_by_role("link", name="Next", exact=True).count():
        await page.page.get_by_role("link", name="Next", exact=True).click()
        assert parse_qs(urlsplit(page.page.url).query)["owner"] == [team]
        assert await page.heading() == sentence


@pytest.mark.parametrize("scene", ["a bad day of 300", "a bad day of 10000"], indirect=True)
@pytest.mark.parametrize("look", [Look(PHONE), Look(DESK), Look(DESK, script=False)], ids=str)
async def test_a_target_is_found_by_its_name_and_by_its_state(scene: Scene, look: Look, visit: Visitor) -> None:
    page = (await visit(scene, look)).page
    await page.get_by_label(re.compile("^Search")).fill("vision-nl")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**q=vision-nl**")
    rows = await page.locator(MAIN_TABLE).all_inner_texts()
    assert rows
    assert all("vision-nl" in row for row in rows)
    await page.goto(scene.address(state="action-needed"))
    rows = await page.locator(MAIN_TABLE).all_inner_texts()
    assert {name for row in rows for name in re.findall(r"\b(search|vision|chat)\b(?!-)", row)} == {"search", "vision"}


@pytest.mark.parametrize("scene", ["a bad day of 300"], indirect=True)
async def test_where_nothing_matches_the_page_says_what_was_asked_and_how_to_clear_it(
    scene: Scene, visit: Visitor
) -> None:
    page = await visit(scene, q="serach-de")
    text = await page.text()
    assert "serach-de" in text
    assert "search-de" in text
    await page.axe()
