"""In every scene the first thing on the page is one sentence that says what needs doing, in a colour that fits.

Red: something breaks, or nothing is done at all. Amber: anything else to do or to watch. Teal: the app observes. Green:
nothing. The browser's tab says the same in short, also for those who do not see the colour.
"""

import re

import pytest

from tests.tools.browser.conftest import Visitor
from tests.tools.browser.scene import Scene
from tests.tools.browser.scenes import SCENES

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
NOTHING = "Nothing to do. All 3 targets are healthy."
SAID = {
    "good": ("green", NOTHING),
    "function keys": ("green", NOTHING),
    "a reader": ("green", NOTHING),
    "announcements refused": ("amber", "see why announcements about 2 targets are not accepted"),
    "sunset tomorrow": ("red", r"1 thing to do: .*search.*all keys end in \d+ h"),
    "a wrong tag": ("amber", "1 thing to do: .*configuration of vision, which is not rotated"),
    "an unreadable subscription": ("amber", "1 thing to do: .*why vision cannot be read"),
    "an unreadable vault": ("amber", "1 thing to do: .*why 3 targets cannot be read"),
    "stopped": ("red", "Stopped. Nothing is being done: 2 settings are invalid"),
    "observing": ("teal", "Observing only. 1 thing would be done now, and nothing is changed"),
    "nothing enrolled": ("plain", "No account is enrolled yet"),
    "not allowed": ("plain", "You may not see this page"),
    "a late check": ("amber", "The last check was 47 min ago; one is due every 10 min"),
    "no check for hours": ("red", "why no check runs. The last check was 3 h ago"),
    "healed drift": ("amber", "To watch: chat .*somebody regenerated a key"),
    "a leak in progress": ("red", "1 thing to do: .*leaked key of chat has not ended"),
    "keyless": ("green", "Nothing to do"),
    "an audit": ("green", "Nothing to do"),
    "a blind audit": ("green", "Nothing to do"),
    "the way out": ("green", "Nothing to do. All 10 targets are healthy."),
    "a bad day": ("red", r"2 things to do: .*search.*all keys end in \d+ h.*vision, which is not rotated"),
}
STATUS = {"stopped": 503, "not allowed": 403}


@pytest.mark.parametrize(("name", "scene"), [(name, name) for name in SCENES], indirect=["scene"], ids=list(SCENES))
async def test_the_sentence_says_what_needs_doing_in_a_colour_that_fits(
    name: str, scene: Scene, visit: Visitor
) -> None:
    page = await visit(scene, status=STATUS.get(name, 200))
    tone, said = SAID[name]
    assert re.search(said, await page.heading()), await page.heading()
    assert await page.page.locator(f".t-{tone} h1").count() == 1
    title = await page.page.title()
    counted = re.match(r"(\d+) things? to do", await page.heading())
    if counted:
        assert title.startswith(f"{counted[1]} to do"), title
    elif tone == "green":
        assert title.startswith("Nothing to do"), title
    assert title.endswith(" · Key rotation")
