"""Who can read keys, and where copies of them lie, in a real browser: every view in every look, what each asks Azure,
and that no key comes with it."""

import pytest
from playwright.async_api import expect

from tests.tools.browser.auditing import KEY
from tests.tools.browser.conftest import Visitor
from tests.tools.browser.scene import Scene
from tests.tools.browser.scenes import an_audit
from tests.tools.browser.visit import DESK, MOST_BYTES, PHONE, Look

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]
LOOKS = [Look(width, dark) for width in (PHONE, DESK) for dark in (False, True)]
READERS, COPIES = "status/readers", "status/copies"
VIEWS = [(READERS, {"target": "chat"}), (READERS, {}), (COPIES, {"target": "chat"}), (COPIES, {})]
IDS = ["readers of chat", "readers of all", "copies of chat", "copies of all"]
audit = pytest.mark.parametrize("scene", ["an audit"], indirect=True)
blind = pytest.mark.parametrize("scene", ["a blind audit"], indirect=True)
every_view = pytest.mark.parametrize(("path", "asked"), VIEWS, ids=IDS)


@audit
@every_view
@pytest.mark.parametrize("look", LOOKS, ids=str)
async def test_axe_finds_nothing_and_the_browser_has_no_complaint(
    scene: Scene, look: Look, path: str, asked: dict[str, str], visit: Visitor
) -> None:
    page = await visit(scene, look, path, **asked)
    for closed in await page.page.locator("main summary").all():
        await closed.click()
    await page.axe()
    page.console_is_clean()


@audit
@every_view
async def test_nothing_sticks_out_the_page_is_light_and_no_key_comes_with_it(
    scene: Scene, path: str, asked: dict[str, str], visit: Visitor
) -> None:
    page = await visit(scene, path=path, **asked)
    assert await page.weighs() <= MOST_BYTES
    for closed in await page.page.locator("main summary").all():
        await closed.click()
    await page.no_overflow()
    content = await page.page.content()
    assert not [key for key in (*(one.value for one in scene.account("chat").keys.values()), KEY) if key in content]


@audit
@every_view
async def test_a_view_reads_no_key_and_no_secret_and_says_the_same_without_script(
    scene: Scene, path: str, asked: dict[str, str], visit: Visitor
) -> None:
    with_script = await visit(scene, path=path, **asked)
    since = scene.mark()
    without = await visit(scene, Look(script=False), path, **asked)
    assert await without.heading() == await with_script.heading()
    operations = {one.operation for one in scene.calls(since)}
    assert operations, "it asks Azure anew"
    assert not operations & {"arm.listKeys", "kv.getSecret", "arm.regenerateKey"}


@audit
async def test_the_readers_of_a_target_are_named_by_road_with_the_role_to_use_instead(
    scene: Scene, visit: Visitor
) -> None:
    page = await visit(scene, path=READERS, target="chat")
    assert await page.heading() == "5 people, 1 group and 2 apps can read the keys of chat, as far as this app sees."
    row = page.page.locator(".rights tbody tr", has_text="Barbara Liskov").first
    await expect(row).to_contain_text("eligible")
    await expect(row.locator(".c-instead b")).to_have_text("Cognitive Services OpenAI User")
    await expect(page.page.locator("#unseen + ul, section:has(#unseen) .bullets").first).to_contain_text("Lighthouse")
    assert "management group corp (inherited)" in await page.text()


@audit
async def test_a_person_is_asked_about_by_object_id_and_groups_count(scene: Scene, visit: Visitor) -> None:
    grace = scene.world.directory.identities["Grace Hopper"].object_id
    page = (await visit(scene, path=READERS, target="chat")).page
    await page.get_by_label("Object id of a person, a group or an app").fill(grace.upper())
    await page.get_by_role("button", name="Ask").click()
    await page.wait_for_url("**principal=*")
    await expect(page.locator("h1")).to_have_text(f"{grace} can read the keys of chat.")
    await expect(page.locator("main")).to_contain_text("as a member of")
    await page.get_by_role("link", name="Show everybody").click()
    await expect(page.locator("h1")).to_contain_text("5 people")


@audit
async def test_somebody_without_a_right_is_not_said_to_have_none(scene: Scene, visit: Visitor) -> None:
    nobody = "11111111-2222-4333-8444-555555555555"
    page = await visit(scene, path=READERS, target="chat", principal=nobody)
    assert await page.heading() == f"No right was found by which {nobody} reads the keys of chat."
    assert "does not prove" in await page.text()


@audit
async def test_copies_are_listed_by_what_happens_and_where_nobody_looked(scene: Scene, visit: Visitor) -> None:
    page = await visit(scene, path=COPIES, target="chat")
    assert await page.heading() == "6 copies of a key of chat were found. 4 of them break when their key ends."
    text = await page.text()
    assert "pins a version of the secret" in text
    assert "Linked services of Data Factory" in text
    assert "not looked at" in text
    await page.page.get_by_role("navigation", name="Filter by what happens").get_by_role("link", name="Follow").click()
    await expect(page.page.locator(".copies tbody tr")).to_have_count(2)


@audit
async def test_from_a_targets_page_one_comes_to_both_views_and_it_asks_none_of_it_itself(
    scene: Scene, visit: Visitor
) -> None:
    since = scene.mark()
    page = (await visit(scene, path="status/targets/chat")).page
    asked = {one.operation for one in scene.calls(since)}
    assert not asked & {"arm.listRoleAssignments", "arm.queryResourceGraph", "arm.listEligible"}
    await page.get_by_role("link", name="Where copies lie").click()
    await expect(page.locator("h1")).to_contain_text("copies of a key of chat")
    await page.get_by_role("link", name="Who can read the keys").click()
    await expect(page.locator("h1")).to_contain_text("can read the keys of chat")
    await page.get_by_role("navigation", name="Views").get_by_role("link", name="Readers").click()
    await expect(page.locator("h1")).to_contain_text("keys or copies of 10 accounts")
    await page.locator(".by-account").get_by_role("link", name="chat", exact=True).click()
    await expect(page.locator("h1")).to_contain_text("can read the keys of chat")


@audit
@pytest.mark.parametrize("path", [READERS, COPIES])
async def test_a_target_that_is_not_there_is_said_to_be_none(scene: Scene, path: str, visit: Visitor) -> None:
    page = await visit(scene, path=path, status=404, target="chatt")
    assert await page.heading() == "No target is called “chatt”."
    await page.axe()
    refused = await visit(scene, path=path, status=422, account="/no/account")
    assert "is no resource id of an account" in await refused.text()


@blind
@every_view
async def test_an_app_that_may_not_see_says_so_and_says_what_to_do(
    scene: Scene, path: str, asked: dict[str, str], visit: Visitor
) -> None:
    page = await visit(scene, path=path, **asked)
    text = await page.text()
    assert "could not be" in text or "saw no resource" in text
    if path == READERS:
        assert "readersReader" in text, "the role to assign"
    await page.axe()
    page.console_is_clean()


@pytest.mark.parametrize("scene", ["a reader", "function keys"], indirect=True)
@pytest.mark.parametrize("path", [READERS, COPIES])
async def test_who_is_no_auditor_is_told_which_role_is_missing_and_nothing_is_asked(
    scene: Scene, path: str, visit: Visitor
) -> None:
    since = scene.mark()
    page = await visit(scene, path=path, status=403)
    assert "Rotation.Auditor" in await page.text()
    assert scene.calls(since) == []
    await page.axe()
    target = await visit(scene, path="status/targets/chat")
    assert await target.page.locator('main a[href*="status/readers"]').count() == 0
    assert "python -m cli readers chat" in await target.text()
    assert await target.page.get_by_role("navigation", name="Views").get_by_role("link", name="Copies").count() == 0


async def test_hundreds_of_readers_and_copies_are_shown_page_by_page(visit: Visitor) -> None:
    async with an_audit(people=300, more=200) as scene:
        readers = await visit(scene, path=READERS, target="chat")
        assert await readers.weighs() <= MOST_BYTES
        assert "302 people, 1 group and 2 apps" in await readers.heading()
        await readers.page.get_by_role("link", name="Next").click()
        await expect(readers.page.locator(".under")).to_contain_text("41 to 80 of")
        copies = await visit(scene, path=COPIES, target="chat")
        assert await copies.weighs() <= MOST_BYTES
        assert "206 copies" in await copies.heading()
        await copies.page.get_by_role("link", name="Next").click()
        await expect(copies.page.locator(".under")).to_contain_text("41 to 80 of")
        for page in (readers, copies):
            await page.axe()
            page.console_is_clean()
