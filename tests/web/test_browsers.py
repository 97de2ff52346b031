"""A page of another site cannot make a signed-in browser act."""

import base64
import json

import pytest

from shared.handlers.http import Incoming, serve
from shared.web.browsers import check_form, check_same_site
from shared.web.callers import Refused, Role
from shared.web.routes import ROUTES
from shared.web.sign_in import ENFORCED

HOST = "rotation.azurewebsites.net"
FOREIGN = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "Cross-Site", "origin": f"https://{HOST}", "host": HOST},
    {"origin": "https://evil.example", "host": HOST},
    {"origin": "https://evil.example", "host": HOST, "sec-fetch-site": "same-origin"},
    {"origin": f"https://{HOST}.evil.example", "host": HOST},
    {"origin": f"https://{HOST}:8443", "host": HOST},
    {"origin": "null", "host": HOST},
    {"origin": "https://[", "host": HOST},
    {"origin": "https://evil.example"},
]
OWN = [
    {},
    {"host": HOST},
    {"sec-fetch-site": "none", "host": HOST},
    {"sec-fetch-site": "same-origin", "origin": f"https://{HOST.upper()}", "host": HOST},
    {"origin": "http://localhost:7071", "host": "localhost:7071"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_request_that_another_site_caused_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        check_same_site(headers)
    assert (refused.value.status, refused.value.title) == (403, "CrossSite")


@pytest.mark.parametrize("headers", OWN, ids=str)
def test_a_program_and_a_page_of_the_app_itself_are_let_through(headers: dict[str, str]) -> None:
    check_same_site(headers)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_form_that_another_site_caused_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(Refused):
        check_form({"sec-fetch-site": "same-origin", **headers})


@pytest.mark.parametrize("missing", ["origin", "sec-fetch-site"])
def test_a_form_is_refused_unless_the_browser_says_in_both_headers_that_it_is_from_here(missing: str) -> None:
    headers = {"sec-fetch-site": "same-origin", "origin": f"https://{HOST}", "host": HOST}
    check_form(headers)
    check_form({**headers, "sec-fetch-site": "none"})  # the user loads the page again
    for given in ({**headers, missing: " "}, {name: text for name, text in headers.items() if name != missing}):
        with pytest.raises(Refused) as refused:
            check_form(given)
        assert (refused.value.status, refused.value.title) == (403, "CrossSite")
        assert f"without {missing.title()}" in refused.value.detail


async def test_every_route_that_acts_refuses_another_site_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The caller has every right: only where the request comes from is wrong. The app has no settings to act with."""
    monkeypatch.setenv(ENFORCED, "true")
    claims = [{"typ": "roles", "val": role} for role in Role]
    described = base64.b64encode(json.dumps({"auth_typ": "aad", "claims": claims, "role_typ": "roles"}).encode())
    headers = {"x-ms-client-principal": described.decode(), "origin": "https://evil.example", "host": HOST}
    for route in ROUTES.values():
        for method in route.operations:
            reply = await serve(route, Incoming(method, "chat", b"", headers, "i"))
            assert ("CrossSite" in reply.body) == route.acts_by(method), (route.name, method)
