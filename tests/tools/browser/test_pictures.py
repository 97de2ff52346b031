"""The pictures in the docs are screenshots of the pages in these scenes, and small. More are there to be looked at.

`PICTURES=1 make test-tools ARGS="tests/tools/browser -k pictures"` writes them again, those
that the docs do not show into .run/pictures. Look at each before you commit.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from tests.tools.browser.acting import fill, press
from tests.tools.browser.conftest import Visitor
from tests.tools.browser.pictures import MOST_BYTES, PICTURES, keep, wanted
from tests.tools.browser.scene import Scene
from tests.tools.browser.scenes import regenerate_by_hand
from tests.tools.browser.visit import AT_A_DESK, DESK, PHONE, Look, Visit

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
ON_PAPER = 1040  # an A4 sheet in landscape, in CSS pixels
LONGEST = 1800  # pixels; what is below is left out


type Then = Callable[[Visit, Scene], Awaitable[None]]


@dataclass(frozen=True)
class Picture:
    """One picture.

    scene: The scene.
    look: How it is looked at.
    path: The page.
    status: With which status it is answered.
    paper: Whether it is shown as it is printed.
    asked: What the address says beside the path.
    part: What of the page is shown, as a selector. Empty: all of it.
    then: What a person does on the page before the picture is taken.
    in_docs: Whether the docs show it.
    """

    scene: str
    look: Look = AT_A_DESK
    path: str = "status"
    status: int = 200
    paper: bool = False
    asked: dict[str, str] = field(default_factory=dict)
    part: str = ""
    then: Then | None = None
    in_docs: bool = False


async def misspell(visit: Visit, _: Scene) -> None:
    await fill(visit.page, "quarterly drill", "order")
    await press(visit, "Rotate orders now")


async def act_too_late(visit: Visit, scene: Scene) -> None:
    regenerate_by_hand(scene, "claims")
    await fill(visit.page, "quarterly drill", "claims")
    await press(visit, "Rotate claims now")


async def rotate(visit: Visit, _: Scene) -> None:
    await fill(visit.page, "quarterly drill", "docs")
    await press(visit, "Rotate docs now")


async def end_leaked(visit: Visit, _: Scene) -> None:
    await visit.page.get_by_role("radio", name="The live one").check()
    await fill(visit.page, "found in a paste", "vision")
    await press(visit, "End key 1 now")


async def plan_a_trial(visit: Visit, _: Scene) -> None:
    await fill(visit.page, "who still needs a key?", "claims")
    await press(visit, "Plan the trial of claims")
    await visit.page.get_by_role("link", name="claims").first.click()


SHOWN = {
    "overview-healthy": Picture("good", in_docs=True),
    "overview-bad-day": Picture("a bad day", in_docs=True),
    "overview-bad-day-dark": Picture("a bad day", Look(DESK, dark=True), in_docs=True),
    "overview-300": Picture("a bad day of 300", in_docs=True),
    "overview-phone": Picture("a bad day", Look(PHONE), in_docs=True),
    "overview-300-phone": Picture("a bad day of 300", Look(PHONE)),
    "overview-of-a-team": Picture("a bad day of 300", asked={"owner": "vision-team@example.com"}),
    "overview-on-paper": Picture("a bad day", Look(ON_PAPER), paper=True, in_docs=True),
    "announcements-refused": Picture("announcements refused", in_docs=True),
    "unreadable-subscription": Picture("an unreadable subscription"),
    "healed-drift": Picture("healed drift"),
    "leak-in-progress": Picture("a leak in progress", in_docs=True),
    "observing": Picture("observing"),
    "late-check": Picture("a late check"),
    "no-check": Picture("no check for hours"),
    "stopped": Picture("stopped", status=503, in_docs=True),
    "nothing-enrolled": Picture("nothing enrolled"),
    "not-allowed": Picture("not allowed", status=403),
    "target": Picture("good", path="status/targets/chat", in_docs=True),
    "target-dark": Picture("good", Look(DESK, dark=True), path="status/targets/search"),
    "target-phone": Picture("good", Look(PHONE), path="status/targets/search", in_docs=True),
    "target-ending": Picture("sunset tomorrow", path="status/targets/search"),
    "way-out": Picture("the way out", path="status/way-out", in_docs=True),
    "way-out-dark": Picture("the way out", Look(DESK, dark=True), path="status/way-out"),
    "way-out-phone": Picture("the way out", Look(PHONE), path="status/way-out", in_docs=True),
    "way-out-on-paper": Picture("the way out", Look(ON_PAPER), paper=True, path="status/way-out"),
    "way-out-without-logs": Picture("good", path="status/way-out"),
    "overview-way-out": Picture("the way out"),
    "overview-way-out-phone": Picture("the way out", Look(PHONE)),
    "who-uses-keys": Picture("the way out", path="status/targets/chat", part=".users", in_docs=True),
    "who-uses-keys-dark": Picture("the way out", Look(DESK, dark=True), path="status/targets/tickets", part=".users"),
    "who-uses-keys-phone": Picture("the way out", Look(PHONE), path="status/targets/chat", part=".users"),
    "readers": Picture("an audit", path="status/readers", asked={"target": "chat"}, in_docs=True),
    "readers-dark": Picture("an audit", Look(DESK, dark=True), path="status/readers", asked={"target": "chat"}),
    "readers-phone": Picture("an audit", Look(PHONE), path="status/readers", asked={"target": "chat"}, in_docs=True),
    "readers-on-paper": Picture(
        "an audit", Look(ON_PAPER), paper=True, path="status/readers", asked={"target": "chat"}
    ),
    "readers-of-all": Picture("an audit", path="status/readers"),
    "readers-of-all-dark": Picture("an audit", Look(DESK, dark=True), path="status/readers"),
    "readers-of-all-phone": Picture("an audit", Look(PHONE), path="status/readers"),
    "readers-blind": Picture("a blind audit", path="status/readers", asked={"target": "chat"}),
    "copies": Picture("an audit", path="status/copies", asked={"target": "chat"}, in_docs=True),
    "copies-dark": Picture("an audit", Look(DESK, dark=True), path="status/copies", asked={"target": "chat"}),
    "copies-phone": Picture("an audit", Look(PHONE), path="status/copies", asked={"target": "chat"}),
    "copies-of-all": Picture("an audit", path="status/copies"),
    "copies-of-all-phone": Picture("an audit", Look(PHONE), path="status/copies"),
    "copies-blind": Picture("a blind audit", path="status/copies", asked={"target": "chat"}),
    "auditor-target": Picture("an audit", path="status/targets/chat"),
    "auditor-refused": Picture("a reader", path="status/readers", status=403),
    "auditor-refused-key": Picture("function keys", path="status/readers", status=403),
    "rotate": Picture("good", path="status/targets/chat/rotate", in_docs=True),
    "rotate-phone": Picture("good", Look(PHONE), path="status/targets/chat/rotate"),
    "rotate-held-back": Picture("good", path="status/targets/search/rotate"),
    "rotate-wrong-name": Picture("good of 10", path="status/targets/orders/rotate", then=misspell),
    "rotate-plan-changed": Picture("good of 10", path="status/targets/claims/rotate", then=act_too_late),
    "rotated": Picture("good of 10", path="status/targets/docs/rotate", then=rotate),
    "leak": Picture("good", path="status/targets/chat/leak", asked={"key": "live"}, in_docs=True),
    "leak-ended": Picture("good of 10", path="status/targets/vision/leak", then=end_leaked, in_docs=True),
    "function-key": Picture("function keys", path="status/targets/chat/rotate"),
    "reader": Picture("a reader", path="status/targets/chat"),
    "arm": Picture("good", path="status/targets/chat/arm"),
    "arm-both-end": Picture(
        "good",
        path="status/targets/chat/arm",
        asked={"environment": "production", "then": "end", "soak": "P4D"},
    ),
    "trial": Picture("good", path="status/targets/chat/trial", asked={"duration": "PT1H"}),
    "trial-phone": Picture("good", Look(PHONE), path="status/targets/chat/trial"),
    "trial-planned": Picture("good of 10", path="status/targets/claims/trial", then=plan_a_trial),
    "hold": Picture("good", path="status/targets/chat/hold"),
}


if wanted():

    @pytest.mark.parametrize(
        ("name", "scene"), [(name, one.scene) for name, one in SHOWN.items()], indirect=["scene"], ids=list(SHOWN)
    )
    async def test_a_picture_is_taken(name: str, scene: Scene, visit: Visitor) -> None:
        shown = SHOWN[name]
        visited = await visit(scene, shown.look, shown.path, shown.status, **shown.asked)
        if shown.then:
            await shown.then(visited, scene)
        await visited.page.emulate_media(media="print" if shown.paper else "screen")
        if shown.part:
            keep(name, await visited.page.locator(shown.part).screenshot(), in_docs=shown.in_docs)
            return
        height = min(await visited.page.evaluate("document.documentElement.scrollHeight"), LONGEST)
        clip = {"x": 0, "y": 0, "width": shown.look.width, "height": height}
        keep(name, await visited.page.screenshot(clip=clip, full_page=True), in_docs=shown.in_docs)


async def test_the_docs_have_these_pictures_and_no_others_and_each_is_small() -> None:
    there = {one.stem: one.stat().st_size for one in PICTURES.glob("*.png")}
    assert set(there) == {name for name, one in SHOWN.items() if one.in_docs}, "run PICTURES=1 make test-tools"
    assert {name: size for name, size in there.items() if size > MOST_BYTES} == {}
