"""What readers cost: calls follow subscriptions and vaults, and not accounts; counted for 10,000 accounts."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from shared.adapters.azure_reads import AzureReads
from shared.adapters.read_table import ReadOperation
from shared.adapters.rights import AzureRights
from shared.domain.model import AccountId
from shared.readers.answers import ReadersOfFleet
from shared.readers.ask import MOST_SUBSCRIPTIONS, ROWS, readers_of_fleet, readers_of_one
from shared.readers.asked_accounts import AskedAccount

NOW = datetime(2027, 1, 31, tzinfo=UTC)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "readers.md"
ROLE_ID = "cccccccc-0000-4000-8000-00000000000c"
ROLE = {"id": "/x/role", "name": ROLE_ID, "properties": {"roleName": "Lister", "type": "CustomRole"}}
LISTS = {"actions": ["Microsoft.CognitiveServices/accounts/listKeys/action"]}
VAULTS = "Microsoft.KeyVault/vaults"
ADA = "aaaaaaaa-0000-4000-8000-00000000000a"


def subscription(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


class CountingReads:
    """An Azure with a role assignment in each subscription, and a vault in each. It counts its calls by what they are.

    subscriptions: How many subscriptions there are.
    """

    def __init__(self, subscriptions: int) -> None:
        self.vaults = [
            {"id": f"/subscriptions/{subscription(number)}/resourceGroups/rg/providers/{VAULTS}/v{number}",
             "uri": f"https://v{number}.vault.azure.net/"}
            for number in range(subscriptions)
        ]  # fmt: skip
        self.made: Counter[str] = Counter()

    @property
    def calls(self) -> int:
        return self.made.total()

    async def entries(self, operation: ReadOperation, scope: str, *, principal: str = "") -> list[Any]:
        await asyncio.sleep(0)
        self.made[operation.doing] += 1
        if operation.doing == "list the role definitions":
            return [{**ROLE, "properties": {**ROLE["properties"], "permissions": [LISTS]}}]  # type: ignore[dict-item]
        if operation.doing.startswith("list the role assignments"):
            held = {
                "principalId": principal or ADA,
                "principalType": "User",
                "roleDefinitionId": f"/x/{ROLE_ID}",
                "scope": scope,
            }
            return [{"id": f"{scope}/a", "name": "a", "properties": held}]
        return []

    async def entry(self, operation: ReadOperation, scope: str) -> Any:
        self.made[operation.doing] += 1
        name = scope.rpartition("/")[2]
        facts = {"enableRbacAuthorization": True, "vaultUri": f"https://{name}.vault.azure.net/"}
        return {"id": scope, "name": name, "properties": facts}

    async def rows(self, operation: ReadOperation, thing: str, **_: object) -> list[Any]:
        self.made[operation.doing] += 1
        return self.vaults if "vaults" in operation.doing else []


def places(accounts: int, subscriptions: int) -> list[AskedAccount]:
    """Return accounts, those of one subscription together, each with its key in the vault of its subscription."""
    each = accounts // subscriptions
    return [
        AskedAccount(
            AccountId(subscription(number // each), "rg", f"a{number}"), f"a{number}",
            f"https://v{number // each}.vault.azure.net", "key",
        )
        for number in range(accounts)
    ]  # fmt: skip


def ask(reads: CountingReads, among: list[AskedAccount], page: int = 1) -> ReadersOfFleet:
    rights = AzureRights(cast("AzureReads", reads))
    return asyncio.run(readers_of_fleet(rights, among, NOW, "10 subscriptions", page))


def test_a_page_of_ten_thousand_accounts_in_ten_subscriptions_takes_eight_calls() -> None:
    reads = CountingReads(10)
    answer = ask(reads, places(10_000, 10))
    assert (answer.found, answer.pages, len(answer.accounts)) == (10_000, 100, ROWS)
    assert {one.readers for one in answer.accounts} == {1}
    assert (answer.calls, reads.calls) == (8, 8)
    assert [(one.principal, one.accounts) for one in answer.principals] == [(ADA, ROWS)]
    assert "**8 calls**" in PAGE.read_text()


def test_all_hundred_pages_take_eight_hundred_calls_and_every_account_is_on_one_of_them() -> None:
    among, seen, calls = places(10_000, 10), set[str](), 0
    for page in range(1, 101):
        answer = ask(CountingReads(10), among, page)
        seen |= {one.place.target for one in answer.accounts}
        calls += answer.calls
    assert (len(seen), calls) == (10_000, 800)
    assert "800 calls" in PAGE.read_text()


def test_where_each_account_has_a_subscription_of_its_own_a_page_looks_at_some_and_names_the_others() -> None:
    reads = CountingReads(10_000)
    answer = ask(reads, places(10_000, 10_000))
    assert len(answer.accounts) == MOST_SUBSCRIPTIONS
    assert len(answer.waiting) == ROWS - MOST_SUBSCRIPTIONS
    assert answer.calls == 6 * MOST_SUBSCRIPTIONS + 2
    assert f"{6 * MOST_SUBSCRIPTIONS + 2} calls" in PAGE.read_text()


def test_one_account_takes_eight_calls_and_a_question_about_a_person_one_more() -> None:
    [place] = places(1, 1)
    whole = asyncio.run(readers_of_one(AzureRights(cast("AzureReads", CountingReads(1))), place, NOW))
    assert (whole.calls, [one.principal for one in whole.found.readers]) == (8, [ADA])
    bob = ADA.replace("a", "b")
    about = asyncio.run(readers_of_one(AzureRights(cast("AzureReads", CountingReads(1))), place, NOW, bob))
    assert (about.calls, [one.principal for one in about.found.readers]) == (9, [bob])


def test_an_account_that_nobody_enrolled_has_no_vault_to_look_at_and_says_so() -> None:
    reads = CountingReads(1)
    bare = AskedAccount(AccountId(subscription(0), "rg", "bare"))
    answer = asyncio.run(readers_of_one(AzureRights(cast("AzureReads", reads)), bare, NOW))
    assert not any("vault" in doing for doing in reads.made)
    assert any("nobody enrolled the account" in word for word in answer.found.not_seen)
    assert answer.found.problems == ()
