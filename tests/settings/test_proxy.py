"""The proxy that the environment names: what is read, what is refused, and which calls go through it."""

import pytest

from shared.domain.errors import FixConfiguration
from shared.settings.environment import read_settings
from shared.settings.problems import Problems
from shared.settings.proxy import Proxy, read_proxy

READ = [
    ("http://proxy.example:3128", "http://proxy.example:3128"),
    ("proxy.example:3128", "http://proxy.example:3128"),
    (" https://proxy.example ", "https://proxy.example:443"),
    ("http://Proxy.Example", "http://proxy.example:80"),
    ("http://[fd00::1]:3128", "http://[fd00::1]:3128"),
    ("", None),
    ("  ", None),
]


def proxy_of(text: str, exceptions: str = "") -> Proxy:
    problems = Problems()
    found = read_proxy({"HTTPS_PROXY": text, "NO_PROXY": exceptions}, problems)
    assert not problems
    return found


@pytest.mark.parametrize(("text", "address"), READ)
def test_the_address_of_a_proxy_is_read_as_other_programs_read_it(text: str, address: str | None) -> None:
    assert proxy_of(text).address == address
    assert read_proxy({"https_proxy": text, "HTTPS_PROXY": ""}, Problems()).address == address


def test_user_and_password_are_decoded_and_not_shown() -> None:
    proxy = proxy_of("http://ada:a-secret%2Fword@proxy.example:3128")
    assert (proxy.user, proxy.password, proxy.address) == ("ada", "a-secret/word", "http://proxy.example:3128")
    assert "a-secret" not in repr(proxy)


UNUSABLE = [
    "socks5://secret@proxy:1080",
    "http://",
    "http://proxy:port",
    "http://[",
    "ftp://p:1",
    "http://proxy:99999",
    "http://ada%3Asecret:secret@proxy:3128",
    "http://ada:2024/secret@proxy:3128",
    "http://proxy:3128/?secret",
]


@pytest.mark.parametrize("text", UNUSABLE)
def test_an_address_that_names_no_usable_proxy_is_an_invalid_setting_and_not_quoted(text: str) -> None:
    with pytest.raises(FixConfiguration) as caught:
        read_settings({"HTTPS_PROXY": text})
    [problem] = [one for one in caught.value.each if one.thing == "HTTPS_PROXY"]
    assert str(problem) == (
        "HTTPS_PROXY: is not the address of a proxy. Next step: set HTTPS_PROXY to http://<host>:<port>."
    )
    assert "secret" not in str(caught.value)


EXCEPTIONS = [
    ("", False),
    ("*", True),
    ("contoso.vault.azure.net", True),
    ("vault.azure.net", True),
    (".vault.azure.net", True),
    ("example.org, .AZURE.NET ,", True),
    ("contoso.vault.azure.net:443", True),
    ("contoso.vault.azure.net:8443", False),
    ("another-contoso.vault.azure.net", False),
    ("so.vault.azure.net", False),
]


@pytest.mark.parametrize(("exceptions", "straight"), EXCEPTIONS)
def test_no_proxy_names_hosts_and_domains(exceptions: str, straight: bool) -> None:
    proxy = proxy_of("http://proxy.example:3128", exceptions)
    assert proxy.leads_to("https://contoso.vault.azure.net/secrets") is not straight
    assert proxy.leads_to("https://CONTOSO.vault.azure.net/secrets") is not straight


def test_the_problem_names_the_variable_that_was_read() -> None:
    problems = Problems()
    read_proxy({"https_proxy": "socks5://x:1", "HTTPS_PROXY": "http://proxy.example:3128"}, problems)
    assert [(one.thing, one.step) for one in problems] == [("https_proxy", "set https_proxy to http://<host>:<port>")]


def test_plain_http_goes_straight() -> None:
    assert not proxy_of("http://proxy.example:3128").leads_to("http://127.0.0.1:10000/devstoreaccount1")
