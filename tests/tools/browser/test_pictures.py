"""The pictures in the docs are screenshots of the pages in these scenes, and small.

`PICTURES=1 make test-tools ARGS="tests/tools/browser -k pictures"` writes them again. Look at each before you commit
it.
"""

from dataclasses import dataclass, field

import pytest

from tests.tools.browser.conftest import Visitor
from tests.tools.browser.pictures import MOST_BYTES, PICTURES, keep, path_of, wanted
from tests.tools.browser.scene import Scene
from tests.tools.browser.visit import AT_A_DESK, DESK, PHONE, Look

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
ON_PAPER = 1040  # an A4 sheet in landscape, in CSS pixels
LONGEST = 1800  # pixels; what is below is left out


@dataclass(frozen=True)
class Picture:
    """One picture.

    scene: The scene.
    look: How it is looked at.
    path: The page.
    status: With which status it is answered.
    paper: Whether it is shown as it is printed.
    asked: What the address says beside the path.
    """

    scene: str
    look: Look = AT_A_DESK
    path: str = "status"
    status: int = 200
    paper: bool = False
    asked: dict[str, str] = field(default_factory=dict)


SHOWN = {
    "overview-healthy": Picture("good"),
    "overview-bad-day": Picture("a bad day"),
    "overview-bad-day-dark": Picture("a bad day", Look(DESK, dark=True)),
    "overview-300": Picture("a bad day of 300"),
    "overview-phone": Picture("a bad day", Look(PHONE)),
    "overview-300-phone": Picture("a bad day of 300", Look(PHONE)),
    "overview-of-a-team": Picture("a bad day of 300", asked={"owner": "vision-team@example.com"}),
    "overview-on-paper": Picture("a bad day", Look(ON_PAPER), paper=True),
    "announcements-refused": Picture("announcements refused"),
    "unreadable-subscription": Picture("an unreadable subscription"),
    "healed-drift": Picture("healed drift"),
    "leak-in-progress": Picture("a leak in progress"),
    "observing": Picture("observing"),
    "late-check": Picture("a late check"),
    "no-check": Picture("no check for hours"),
    "stopped": Picture("stopped", status=503),
    "nothing-enrolled": Picture("nothing enrolled"),
    "not-allowed": Picture("not allowed", status=403),
    "target": Picture("good", path="status/targets/chat"),
    "target-dark": Picture("good", Look(DESK, dark=True), path="status/targets/search"),
    "target-phone": Picture("good", Look(PHONE), path="status/targets/search"),
    "target-ending": Picture("sunset tomorrow", path="status/targets/search"),
    "rotate": Picture("good", path="status/targets/chat/rotate"),
    "leak": Picture("good", path="status/targets/chat/leak", asked={"key": "live"}),
}


@pytest.mark.parametrize(
    ("name", "scene"), [(name, one.scene) for name, one in SHOWN.items()], indirect=["scene"], ids=list(SHOWN)
)
async def test_a_picture_is_in_the_docs(name: str, scene: Scene, visit: Visitor) -> None:
    shown = SHOWN[name]
    if wanted():
        page = (await visit(scene, shown.look, shown.path, shown.status, **shown.asked)).page
        await page.emulate_media(media="print" if shown.paper else "screen")
        height = min(await page.evaluate("document.documentElement.scrollHeight"), LONGEST)
        clip = {"x": 0, "y": 0, "width": shown.look.width, "height": height}
        keep(name, await page.screenshot(clip=clip, full_page=True))
    assert path_of(name).exists(), f"{path_of(name).name} is missing: run PICTURES=1 make test-tools"
    assert path_of(name).stat().st_size <= MOST_BYTES


async def test_every_picture_in_the_docs_is_one_of_these() -> None:
    assert {one.stem for one in PICTURES.glob("*.png")} <= set(SHOWN)
