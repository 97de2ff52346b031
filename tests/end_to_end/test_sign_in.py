"""Signing in: with the shipped App Service authentication in front of the host, and without it where it is demanded."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from yarl import URL

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from lab.funchost.options import HostOptions
from lab.funchost.platform_auth import Authentication, Claims
from tests.end_to_end.calls import Doors, regenerations
from tests.end_to_end.conftest import ROOT, SETTINGS, a_host, published
from tests.end_to_end.test_app_roles import ACTING, EVERY, OPERATOR, READER, principal
from tests.infra.choices import EVERYTHING, LEAST, deployed

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}
READS: Claims = [("preferred_username", "ada@contoso.com"), ("roles", READER)]
ACTS: Claims = [("appid", "pipeline"), ("roles", OPERATOR)]
ROLELESS: Claims = [("preferred_username", "mallory@contoso.com")]
REQUIRED = {"ROTATION_SIGN_IN": "required"}


def shipped(choice: dict[str, Any]) -> dict[str, Any]:
    """Return App Service authentication as the template configures it with these parameters."""
    found = [one for one in deployed(choice).resources() if one.name.endswith("/authsettingsV2")]
    (properties,) = [one.body["properties"] for one in found]
    return dict(properties)


def behind(azure: Azure, authentication: Authentication, **settings: str) -> FunctionHost:
    """Return the app's host with App Service authentication in front of it."""
    options = HostOptions(stop_timeout=10, authentication=authentication)
    return FunctionHost(ROOT, settings={**azure.settings, **SETTINGS, **settings}, options=options)


def platform(**more: Any) -> Authentication:
    tokens = {"a.reader": READS, "an.operator": ACTS, "no.role": ROLELESS}
    return Authentication(shipped(EVERYTHING), tokens, person=READS, **more)


@pytest.fixture
async def site(azure: Azure) -> AsyncIterator[FunctionHost]:
    """The app as the template deploys it with an app registration."""
    async with behind(azure, platform(), **REQUIRED) as started:
        yield started


@pytest.fixture
async def demanding(azure: Azure) -> AsyncIterator[FunctionHost]:
    """The app with a setting that demands signing in, on a platform without App Service authentication."""
    async with a_host(azure, **REQUIRED) as started:
        yield started


async def status(http: aiohttp.ClientSession, url: str, **headers: str) -> int:
    async with http.get(url, headers=headers, allow_redirects=False) as answer:
        return answer.status


async def test_a_browser_is_led_to_the_sign_in_and_back_to_the_page_that_it_asked_for(site, azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    wanted = f"{site.url}/api/status?from=mail"
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), headers=BROWSER) as browser:
        async with browser.get(wanted, allow_redirects=False) as first:
            led_to = urlsplit(first.headers["Location"])
            assert (first.status, led_to.path) == (302, "/.auth/login/aad")
            assert parse_qs(led_to.query)["post_login_redirect_uri"] == ["/api/status?from=mail"]
        async with browser.get(wanted) as page:
            assert (page.status, page.url) == (200, URL(wanted))
            assert "chat" in await page.text()
        assert await status(browser, f"{site.url}/api/targets") == 200


async def test_a_program_that_is_not_signed_in_gets_401_and_no_redirect(site, http) -> None:
    for agent in ("curl/8.11.0", "python-requests/2.32", "Python/3.13 aiohttp/3.13"):
        assert await status(http, f"{site.url}/api/targets", **{"User-Agent": agent}) == 401
    assert await status(http, f"{site.url}/api/targets", Authorization="Bearer another") == 401


async def test_a_token_opens_what_its_roles_open(site, http, azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    doors = Doors(site, http)

    async def seen_by(token: str) -> int:
        return (await doors.ask("GET", "targets", key=False, Authorization=f"Bearer {token}")).status

    assert [await seen_by(token) for token in ("a.reader", "an.operator", "no.role")] == [200, 403, 403]
    told = await doors.ask("POST", "targets/chat/rotate", {}, key=False, Authorization="Bearer an.operator")
    assert (told.status, told.data["requestedBy"]) == (200, "app pipeline")


async def test_a_caller_cannot_describe_itself_behind_the_platform(site, http, azure) -> None:
    doors, forged = Doors(site, http), principal(READER, OPERATOR)
    for method, path, body in EVERY:
        own = {"Authorization": "Bearer no.role", "X_MS_CLIENT_PRINCIPAL": forged}
        assert (await doors.ask(method, path, body, key=False, **own)).status == 403, path
        assert (await doors.ask(method, path, body, key=False, X_MS_CLIENT_PRINCIPAL=forged)).status == 401, path
    assert not list(azure.world.journal.find("arm.*"))


async def test_the_open_path_says_no_more_to_a_caller_who_describes_itself(site, http) -> None:
    told = await Doors(site, http).ask("GET", "health", key=False, X_MS_CLIENT_PRINCIPAL=principal(READER, OPERATOR))
    assert (told.status, told.data) == (200, {"status": "running"})


async def test_the_webhook_of_event_grid_is_reached_with_its_own_key_only(site, http) -> None:
    for path in ("/runtime/webhooks/EventGrid", "/runtime/webhooks/eventgrid"):
        url = f"{site.url}{path}?functionName=on_vault_event"
        headers = {"aeg-event-type": "SubscriptionValidation"}
        body = [{"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": {"validationCode": "x"}}]
        for code, expected in (("wrong", 401), (site.keys.eventgrid, 200)):
            async with http.post(f"{url}&code={code}", json=body, headers=headers) as answer:
                assert answer.status == expected


async def test_every_route_refuses_by_name_if_signing_in_is_demanded_and_not_enforced(demanding, http, azure) -> None:
    doors = Doors(demanding, http)
    for key in (True, False):
        for method, path, body in [*EVERY, ("GET", "health", None)]:
            told = await doors.ask(method, path, body, key=key, X_MS_CLIENT_PRINCIPAL=principal(READER, OPERATOR))
            assert (told.status, told.data["title"]) == (503, "SignInNotEnforced"), path
            assert "ROTATION_SIGN_IN" in told.data["detail"]
            assert "App Service authentication" in told.data["nextStep"]
    await demanding.idle()
    assert regenerations(azure) == 0
    assert not list(azure.world.journal.find("arm.*"))


async def test_the_status_page_says_that_signing_in_is_not_enforced(demanding, http) -> None:
    told = await Doors(demanding, http).ask("GET", "status", key=False)
    assert told.status == 503
    assert told.headers["Content-Type"].startswith("text/html")
    assert "SignInNotEnforced" in told.data
    assert "App Service authentication" in told.data


async def test_keys_rotate_on_schedule_while_signing_in_is_not_enforced(demanding, azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=31)
    assert (await demanding.fire_timer("tick")).succeeded
    await demanding.idle()
    assert regenerations(azure, "chat") == 1


async def test_a_platform_that_does_not_say_that_it_authenticates_is_not_believed(azure, http) -> None:
    """The caller is signed in, but the app cannot tell the header from one that anybody sent."""
    async with behind(azure, platform(says_so=False), **REQUIRED) as started:
        told = await Doors(started, http).ask("GET", "targets", key=False, Authorization="Bearer a.reader")
    assert (told.status, told.data["title"]) == (503, "SignInNotEnforced")


async def test_a_mistyped_setting_opens_no_route(azure, http) -> None:
    async with a_host(azure, ROTATION_SIGN_IN="requierd") as started:
        for method, path, body in ACTING:
            told = await Doors(started, http).ask(method, path, body)
            assert (told.status, told.data["title"]) == (503, "SignInNotEnforced"), path


@pytest.mark.parametrize("settings", [{}, {"ROTATION_SIGN_IN": "optional"}, {"ROTATION_SIGN_IN": ""}], ids=str)
async def test_without_the_demand_a_function_key_opens_as_before(azure, http, settings) -> None:
    async with a_host(azure, **settings) as started:
        doors = Doors(started, http)
        assert (await doors.get("targets")).status == 200
        assert (await doors.ask("GET", "targets", key=False)).status == 401
        assert (await doors.ask("GET", "health", key=False)).data == {"status": "running"}


def test_the_template_demands_signing_in_where_there_is_an_app_registration() -> None:
    def demanded(**choice: str) -> str:
        (settings,) = [
            one.body["properties"]
            for one in deployed({**LEAST, **choice}).resources()
            if one.name.endswith("/appsettings")
        ]
        return str(settings["ROTATION_SIGN_IN"])

    assert demanded() == ""
    assert demanded(authClientId="an-app") == "required"
    assert demanded(authClientId="an-app", rotationSignIn="optional") == "optional"
    assert demanded(rotationSignIn="required") == "required"


def test_without_an_app_registration_the_template_switches_app_service_authentication_off() -> None:
    assert shipped(LEAST) == {"platform": {"enabled": False}}
