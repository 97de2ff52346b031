"""A listing is read page by page, never at another host, and goes on at the address that a page named."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.adapters.pages import read_page
from shared.domain.errors import UnexpectedAnswer
from tests.support.real_parts import Parts

LISTINGS: dict[str, Any] = {
    "accounts": lambda parts, after=None: parts.accounts.tagged(parts.azure.world.subscription, after),
    "secrets": lambda parts, after=None: parts.vault.listing(parts.target().vault_url, after),
}


def fill(parts: Parts) -> None:
    vault = next(iter(parts.azure.world.vaults.values()))
    for number in range(130):
        parts.azure.world.accounts.add(f"more-{number:03}", tags={"key-rotation": "on"})
        vault.set_secret(f"more-{number:03}", "value")


@pytest.mark.parametrize("listing", LISTINGS)
async def test_a_page_names_the_address_of_the_next_one_and_another_process_goes_on_there(
    parts: Parts, listing: str
) -> None:
    fill(parts)
    first = await LISTINGS[listing](parts)
    assert first.after is not None
    second = await LISTINGS[listing](parts, first.after)
    assert second.entries
    assert not {str(one) for one in first.entries} & {str(one) for one in second.entries}


@pytest.mark.parametrize("listing", LISTINGS)
async def test_an_address_at_another_host_is_not_called_because_it_would_get_the_token(
    parts: Parts, listing: str
) -> None:
    fill(parts)
    first = await LISTINGS[listing](parts)
    elsewhere = first.after.replace(urlsplit(first.after).netloc, "elsewhere.invalid")
    parts.azure.world.journal.clear()
    with pytest.raises(UnexpectedAnswer, match="another host"):
        await LISTINGS[listing](parts, elsewhere)
    assert not parts.azure.world.journal.entries


class Answer:
    """An answer with a page that is the last one."""

    status_code = 200

    def text(self) -> str:
        return '{"value": []}'


@pytest.mark.parametrize(
    ("first", "after"),
    [
        ("https://keys.vault.azure.net/secrets", "https://keys.vault.azure.net:443/secrets?$skiptoken=2"),
        ("https://keys.vault.azure.net:443/secrets", "https://KEYS.vault.azure.net/secrets?$skiptoken=2"),
        ("http://127.0.0.1:8080/secrets", "http://127.0.0.1:8080/secrets?$skiptoken=2"),
    ],
)
async def test_key_vault_names_the_port_in_its_addresses_and_the_client_is_given_the_host_as_it_knows_it(
    first: str, after: str
) -> None:
    sent: list[str] = []

    async def send(request: Any) -> Answer:
        sent.append(request.url)
        return Answer()

    assert await read_page(send, first, after, "a vault") == ([], None)
    assert sent == [f"{first}?$skiptoken=2"]


@pytest.mark.parametrize(
    "after",
    [
        "https://keys.vault.azure.net:8443/secrets",
        "http://keys.vault.azure.net/secrets",
        "https://keys.vault.azure.net:99999/secrets",
        "https://keys.vault.azure.net@elsewhere.invalid/secrets",
        "//elsewhere.invalid/secrets",
    ],
)
async def test_another_port_another_scheme_and_another_host_are_not_called(after: str) -> None:
    async def send(_: Any) -> Answer:
        raise AssertionError("it was called")

    with pytest.raises(UnexpectedAnswer, match="another host"):
        await read_page(send, "https://keys.vault.azure.net/secrets", after, "a vault")
