"""What an answer says it knows, and who reads the keys of most accounts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest

from shared.adapters.azure_reads import AzureReads
from shared.adapters.read_table import ReadOperation
from shared.adapters.rights import AzureRights
from shared.domain.errors import GrantRole
from shared.readers.ask import OF_THIS_APP, _principals, readers_of_fleet, readers_of_one
from shared.readers.asked_accounts import AskedAccount
from shared.readers.readers_of import readers_of
from tests.readers.builders import ID, RG, SUBSCRIPTION, VAULT, held, seen
from tests.readers.test_calls import ADA, NOW, CountingReads, places, subscription

HERE, THERE = subscription(0), subscription(1)
ASSIGNMENTS, DEFINITIONS = "list the role assignments", "list the role definitions"
[PLACE] = (replace(one, vault_url="https://v1.vault.azure.net") for one in places(1, 1))  # its vault lies elsewhere


class RefusingReads(CountingReads):
    """Refuses lists of some subscriptions."""

    def __init__(self, *refused: tuple[str, str]) -> None:
        super().__init__(2)
        self.refused = refused

    async def entries(self, operation: ReadOperation, scope: str, *, principal: str = "") -> list[Any]:
        for doing, where in self.refused:
            if operation.doing == doing and scope == f"/subscriptions/{where}":
                raise GrantRole(scope, f"could not {doing}: 403.")
        return await super().entries(operation, scope, principal=principal)


def rights(*refused: tuple[str, str]) -> AzureRights:
    return AzureRights(cast("AzureReads", RefusingReads(*refused)))


@pytest.mark.parametrize("doing", [ASSIGNMENTS, DEFINITIONS])
def test_nothing_is_known_of_an_account_whose_own_subscription_is_refused_although_the_vault_s_is_not(
    doing: str,
) -> None:
    assert not asyncio.run(readers_of_one(rights((doing, HERE)), PLACE, NOW)).known
    fleet = asyncio.run(readers_of_fleet(rights((doing, HERE)), [PLACE], NOW, "all"))
    assert [(one.readers, one.could) for one in fleet.accounts] == [(None, None)]


@pytest.mark.parametrize("doing", [ASSIGNMENTS, DEFINITIONS])
def test_an_account_is_known_although_the_subscription_of_its_vault_is_refused_and_that_is_said(doing: str) -> None:
    answer = asyncio.run(readers_of_one(rights((doing, THERE)), PLACE, NOW))
    assert answer.known
    assert any(THERE in word and "403" in word for word in answer.found.not_seen)


def test_about_a_principal_azure_answers_itself_so_only_the_definitions_must_be_read() -> None:
    about = asyncio.run(readers_of_one(rights((ASSIGNMENTS, HERE)), PLACE, NOW, ADA))
    assert about.known
    assert [one.road for one in about.found.readers] == ["list-keys"]
    assert not asyncio.run(readers_of_one(rights((DEFINITIONS, HERE)), PLACE, NOW, ADA)).known


def test_an_account_that_nobody_holds_a_role_on_was_not_really_shown() -> None:
    class Empty(CountingReads):
        async def entries(self, operation: ReadOperation, scope: str, *, principal: str = "") -> list[Any]:
            return []

    bare = AskedAccount(PLACE.account)
    assert not asyncio.run(readers_of_one(AzureRights(cast("AzureReads", Empty(1))), bare, NOW)).known


def test_who_reads_most_is_counted_in_accounts_whichever_roads_lead_there() -> None:
    by_list = readers_of(ID, seen(held("p", "Cognitive Services User"), held("q", "Contributor", RG)))
    by_vault = readers_of(ID, seen(held("p", "Key Vault Secrets User", VAULT)))
    by_both = readers_of(ID, seen(held("p", "Owner", SUBSCRIPTION)))
    found = {one.principal: one.accounts for one in _principals([by_list, by_vault, by_both])}
    assert found == {"p": 3, "q": 1}


@pytest.mark.parametrize(("own", "told"), [(ADA, True), ("bbbbbbbb-0000-4000-8000-00000000000b", False), ("", False)])
def test_only_this_app_is_told_to_be_left_alone(own: str, told: bool) -> None:
    async def app() -> str:
        return own

    answer = asyncio.run(readers_of_one(AzureRights(cast("AzureReads", CountingReads(1)), own=app), PLACE, NOW))
    [ada] = answer.found.readers
    assert (ada.advice == OF_THIS_APP) is told
    assert not (told and (ada.commands or ada.instead))
