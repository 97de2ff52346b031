"""In the running app, behind the shipped sign-in: people act on the page with a browser, and nobody else does."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from yarl import URL

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from lab.funchost.platform_auth import COOKIE, Authentication, Claims
from shared.settings.operators import SETTING
from tests.end_to_end.calls import Doors, regenerations
from tests.end_to_end.conftest import published, works
from tests.end_to_end.test_app_roles import OPERATOR, READER
from tests.end_to_end.test_sign_in import BROWSER, REQUIRED, behind, platform
from tests.support import key_search
from tests.support.people import Form

ADA = "aaaaaaaa-0000-0000-0000-00000000000a"
PERSON: Claims = [("preferred_username", "ada@contoso.com"), ("oid", ADA), ("roles", READER), ("roles", OPERATOR)]
ROTATE, LEAK = "/api/status/targets/chat/rotate", "/api/status/targets/chat/leak"


class Browser:
    """A browser with a person in front of it. It sends what browsers send, and nothing that only programs send."""

    def __init__(self, session: aiohttp.ClientSession, site: FunctionHost) -> None:
        self._session, self.site = session, site
        self.pages: list[str] = []

    @property
    def origin(self) -> str:
        return str(URL(self.site.url).origin())

    async def opens(self, path: str) -> tuple[int, Form]:
        async with self._session.get(self.site.url + path, headers=BROWSER) as answer:
            self.pages.append(await answer.text())
            return answer.status, Form(self.pages[-1])

    async def sends(self, form: Form, filled: dict[str, str] | None = None, **more: str) -> tuple[int, str, Any]:
        """Fill the form in and press its button. `more` are headers in place of what this browser would send."""
        from_here = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        headers = {**BROWSER, **from_here, **{name.replace("_", "-"): text for name, text in more.items()}}
        data = {**form.fields, "reason": "a drill", "confirm": "chat", "do": "act", **(filled or {})}
        sent = {name: text for name, text in headers.items() if text}
        where = self.site.url + form.aim
        async with self._session.post(where, data=data, headers=sent, allow_redirects=False) as answer:
            self.pages.append(await answer.text())
            return answer.status, self.pages[-1], answer.headers.copy()

    async def forgets_its_session(self) -> None:
        self._session.cookie_jar.clear(lambda cookie: cookie.key == COOKIE)


def signs_in(person: Claims = PERSON) -> Authentication:
    return replace(platform(), person=person)


@pytest.fixture
async def site(azure: Azure) -> AsyncIterator[FunctionHost]:
    """The app behind the shipped sign-in, with chat and search published ten days ago."""
    for name in ("chat", "search"):
        published(azure, azure.world.accounts.named(name), days_ago=10)
    async with behind(
        azure, signs_in(), **REQUIRED, **{SETTING: f"{ADA}={azure.world.accounts.named('chat').id}"}
    ) as it:
        yield it


@pytest.fixture
async def browser(site: FunctionHost) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield Browser(session, site)


async def test_a_person_rotates_a_key_after_a_dry_run_and_no_page_shows_a_key(browser, azure) -> None:
    keys = {key.value for key in azure.world.accounts.named("chat").keys.values()}
    status, form = await browser.opens(ROTATE)
    assert (status, form.buttons["act"]) == (200, "Rotate chat now")
    assert regenerations(azure) == 0
    status, page, _ = await browser.sends(form)
    assert (status, "chat: key 2 is live." in page) == (200, True)
    assert (regenerations(azure, "chat"), works(azure, "chat")) == (1, True)
    status, page, _ = await browser.sends(form)  # the person loads the page again
    assert (status, "This request was already carried out." in page) == (200, True)
    assert regenerations(azure, "chat") == 1
    assert await browser.site.logged('"act": "rotate"')
    keys |= {key.value for key in azure.world.accounts.named("chat").keys.values()}
    assert not key_search.found(keys, "\n".join(browser.pages))


async def test_a_person_ends_a_leaked_key_and_sees_when_it_was_last_accepted(browser, azure) -> None:
    _, form = await browser.opens(LEAK)
    status, page, _ = await browser.sends(form)
    assert (status, "When each leaked key ended" in page) == (200, True)
    assert works(azure, "chat")
    assert await browser.site.logged('"route": "leak"')


async def test_nothing_is_done_for_another_plan_than_the_one_that_was_shown(browser, azure) -> None:
    _, form = await browser.opens(ROTATE)
    account = azure.world.accounts.named("chat")
    azure.world.accounts.regenerate(account.id, "key2")
    before = {slot: key.value for slot, key in account.keys.items()}
    status, page, _ = await browser.sends(form)
    assert (status, "the plan has changed, and nothing was done" in page) == (409, True)
    assert {slot: key.value for slot, key in account.keys.items()} == before


async def test_a_form_that_another_site_sends_is_refused_by_the_platform_or_by_the_app_on_record(
    browser, azure
) -> None:
    """The platform looks at Origin only. The app looks at what the browser says about the site, too."""
    _, form = await browser.opens(LEAK)
    for more in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}):
        status, page, _ = await browser.sends(form, **more)
        assert (status, page) == (403, "")
    for more in ({"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": ""}):
        status, page, _ = await browser.sends(form, **more)
        assert (status, "CrossSite" in page) == (403, True)
    status, page, _ = await browser.sends(form, Origin="https://evil.example", User_Agent="curl/8.11.0")
    assert (status, "CrossSite" in page) == (403, True)
    assert await browser.site.logged('"title": "CrossSite"')
    assert regenerations(azure) == 0


async def test_after_a_session_has_ended_the_aim_of_the_form_is_not_lost(browser, azure) -> None:
    _, form = await browser.opens(f"{LEAK}?key=both")
    await browser.forgets_its_session()
    status, _, headers = await browser.sends(form)
    led_to = urlsplit(headers["Location"])
    assert (status, led_to.path, regenerations(azure)) == (302, "/.auth/login/aad", 0)
    (back,) = parse_qs(led_to.query)["post_login_redirect_uri"]
    status, again = await browser.opens(back)
    assert (status, again.fields["key"], again.fields["confirm"]) == (200, "both", "")


async def test_an_operator_of_one_account_acts_on_no_other_one(browser, azure) -> None:
    search = azure.world.accounts.named("search").id
    _, form = await browser.opens(LEAK)
    for aim in ("/api/status/targets/search/leak", f"/api/status/targets/-/leak?account={search}"):
        assert (await browser.opens(aim))[0] == 403
        form.aim = aim
        status, page, _ = await browser.sends(form, {"confirm": "search"})
        assert (status, "OutOfScope" in page) == (403, True)
    assert await browser.site.logged('"title": "OutOfScope"')
    assert regenerations(azure) == 0


async def test_a_reader_is_told_which_role_is_missing(azure) -> None:
    reads: Claims = [("preferred_username", "bob@contoso.com"), ("roles", READER)]
    async with (
        behind(azure, signs_in(reads), **REQUIRED) as site,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
    ):
        browser = Browser(session, site)
        assert (await browser.opens(ROTATE))[0] == 403
        assert "bob@contoso.com is signed in." in browser.pages[0]
        assert "Rotation.Operator" in browser.pages[0]
        form = Form("")
        form.aim = ROTATE
        assert (await browser.sends(form))[0] == 403
        assert await site.logged('"title": "RoleMissing"')
    assert not list(azure.world.journal.find("arm.*"))


async def test_with_a_function_key_the_page_shows_the_plan_and_acts_on_nothing(host, http, azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    doors = Doors(host, http)
    shown = await doors.get("status/targets/chat/rotate")
    assert (shown.status, "python -m cli rotate chat" in shown.data, Form(shown.data).aim) == (200, True, "")
    origin = str(URL(host.url).origin())
    sent = await doors.ask(
        "POST", "status/targets/chat/rotate", b"reason=x&confirm=chat&do=act", Origin=origin,
        Sec_Fetch_Site="same-origin", content_type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert (sent.status, "a key names nobody" in sent.data) == (403, True)
    assert await host.logged('"title": "NobodySignsIn"')
    assert (await doors.ask("GET", "status/targets/chat/rotate", key=False)).status == 401
    assert regenerations(azure) == 0
