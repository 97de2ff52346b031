"""A listing is read page by page, never at another host, and goes on at the address that a page named."""

from typing import Any
from urllib.parse import urlsplit

import pytest

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
