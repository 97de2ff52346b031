"""The second job: a person rotates a key after a dry run, on a phone and on a desk, with and without script."""

import pytest

from tests.tools.browser.acting import begin, fill, find_target, press
from tests.tools.browser.conftest import Visitor
from tests.tools.browser.scene import Scene
from tests.tools.browser.scenes import regenerate_by_hand
from tests.tools.browser.visit import DESK, PHONE, Look

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
SIZES = (3, 300, 10_000)
WAYS = {"chat": Look(PHONE), "vision": Look(DESK, script=False)}  # each target is rotated once
in_good_weather = pytest.mark.parametrize("scene", [f"good of {size}" for size in SIZES], indirect=True)
with_three = pytest.mark.parametrize("scene", ["good of 3"], indirect=True)


@in_good_weather
@pytest.mark.parametrize("name", WAYS)
async def test_a_key_is_rotated_after_a_dry_run_a_reason_and_the_typed_name(
    scene: Scene, name: str, visit: Visitor
) -> None:
    before, since = scene.published(name), scene.mark()
    page = await visit(scene, WAYS[name])
    await find_target(page, name)
    assert (await page.heading()).startswith(name)
    await begin(page, name, "rotate")
    assert "Nothing has been changed" in await page.text()
    assert scene.changes(since) == []

    await fill(page.page, "quarterly drill", f"not-{name}")
    await press(page, f"Rotate {name} now")
    assert scene.changes(since) == []
    assert await page.page.get_by_label("Reason").input_value() == "quarterly drill"

    await fill(page.page, "quarterly drill", name)
    await press(page, f"Rotate {name} now")
    assert "key 2 is live" in (await page.heading()).lower()
    assert scene.changes(since) == ["arm.regenerateKey", "kv.setSecret"]
    assert scene.works(name, scene.published(name))
    assert scene.works(name, before)
    await page.no_overflow()

    await page.page.reload()
    assert len(scene.changes(since)) == 2  # sent twice, done once
    page.console_is_clean()


@with_three
async def test_a_rotation_during_the_overlap_is_not_done_and_the_page_says_until_when(
    scene: Scene, visit: Visitor
) -> None:
    since = scene.mark()
    page = await visit(scene, path="status/targets/search/rotate")
    text = await page.text()
    for said in ("Nothing has been changed", "Key 2 may still be in use", "Look again in", "say that a key has leaked"):
        assert said in text, said
    assert await page.page.get_by_role("button", name="Rotate search now").count() == 0
    assert scene.changes(since) == []
    await page.axe()


@pytest.mark.parametrize("scene", ["good of 10"], indirect=True)
async def test_if_the_plan_has_changed_nothing_is_done_and_the_new_plan_is_shown(scene: Scene, visit: Visitor) -> None:
    page = await visit(scene, path="status/targets/claims/rotate")
    regenerate_by_hand(scene, "claims")
    since = scene.mark()
    await fill(page.page, "quarterly drill", "claims")
    await press(page, "Rotate claims now")
    assert "has changed" in await page.text()
    assert scene.changes(since) == []
    assert await page.page.get_by_label("Reason").input_value() == "quarterly drill"
    await page.axe()


@pytest.mark.parametrize("scene", ["good of 10"], indirect=True)
@pytest.mark.parametrize("look", [Look(PHONE), Look(DESK, dark=True)], ids=str)
async def test_axe_finds_nothing_from_the_form_to_the_result(scene: Scene, look: Look, visit: Visitor) -> None:
    name = "docs" if look.dark else "chat"
    page = await visit(scene, look, f"status/targets/{name}/rotate")
    await page.axe()
    await page.no_overflow()
    await fill(page.page, "quarterly drill", "another")
    await press(page, f"Rotate {name} now")
    await page.axe()
    await fill(page.page, "quarterly drill", name)
    await press(page, f"Rotate {name} now")
    await page.axe()
    await page.no_overflow()
    page.console_is_clean()
