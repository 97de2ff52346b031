"""The accounts in sight: where they are looked for, what is said about it, and what could not be looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from shared.domain.errors import GrantRole, RotationError, TryLater
from shared.domain.model import AccountId, Target
from shared.ports import Account
from shared.readiness.sight import AccountsInSight
from shared.settings.audit_scope import AuditScope
from shared.settings.environment import Settings
from tests.web.pages.fleets import a_target, settings

HERE, THERE = "00000000-0000-4000-8000-0000000000a1", "00000000-0000-4000-8000-0000000000a2"
HIDDEN = GrantRole("subscription", "could not list its accounts.")


def account(name: str, subscription: str = HERE, *, key_auth: bool = True) -> Account:
    return Account(AccountId(subscription, "g", name), "", key_auth, {})


@dataclass
class FakeInventory:
    """Accounts by subscription; an error in their place is raised after those before it."""

    by_subscription: dict[str, list[Account | RotationError]]
    asked: list[str] = field(default_factory=list)

    async def everyone(self, subscription: str) -> AsyncIterator[Account]:
        self.asked.append(subscription)
        for one in self.by_subscription[subscription]:
            if isinstance(one, RotationError):
                raise one
            yield one


@dataclass
class FakeIndex:
    """Rows of Resource Graph, or the error in their place."""

    rows: Sequence[Account] | RotationError = ()
    asked: list[Sequence[str]] = field(default_factory=list)

    async def accounts(self, groups: Sequence[str]) -> Sequence[Account]:
        self.asked.append(groups)
        if isinstance(self.rows, RotationError):
            raise self.rows
        return self.rows


def wants(
    subscriptions: tuple[str, ...] = (HERE,), scope: AuditScope | None = None, targets: tuple[Target, ...] = ()
) -> Settings:
    return replace(settings(), subscriptions=subscriptions, targets=targets, audit_scope=scope)


async def test_the_subscriptions_of_the_settings_are_listed_and_resource_graph_is_not_asked() -> None:
    inventory, index = FakeInventory({HERE: [account("a")], THERE: [account("b", THERE)]}), FakeIndex()
    seen = await AccountsInSight(inventory, index, wants((HERE, THERE))).accounts()
    assert [one.id.name for one in seen.accounts] == ["a", "b"]
    assert (seen.scope, seen.problems, index.asked) == ("2 subscriptions of the settings", (), [])


async def test_the_subscriptions_of_explicit_targets_are_listed_too() -> None:
    target = replace(a_target("chat"), account=AccountId(THERE, "g", "chat"))
    inventory = FakeInventory({HERE: [], THERE: [account("b", THERE)]})
    seen = await AccountsInSight(inventory, FakeIndex(), wants(targets=(target,))).accounts()
    assert ([one.id.name for one in seen.accounts], inventory.asked) == (["b"], [HERE, THERE])


async def test_a_subscription_that_only_targets_name_may_be_closed_to_the_app() -> None:
    target = replace(a_target("chat"), account=AccountId(THERE, "g", "chat"))
    inventory = FakeInventory({HERE: [account("a")], THERE: [HIDDEN]})
    seen = await AccountsInSight(inventory, FakeIndex(), wants(targets=(target,))).accounts()
    assert (seen.problems, seen.scope) == ((), "1 subscription of the settings")


@pytest.mark.parametrize("error", [HIDDEN, TryLater("subscription", "no answer came.")])
async def test_a_searched_subscription_that_cannot_be_listed_is_a_problem_and_the_others_are_seen(
    error: RotationError,
) -> None:
    inventory = FakeInventory({HERE: [error], THERE: [account("b", THERE)]})
    seen = await AccountsInSight(inventory, FakeIndex(), wants((HERE, THERE))).accounts()
    assert [one.id.name for one in seen.accounts] == ["b"]
    assert (seen.problems, seen.scope) == ((error,), "1 subscription of the settings")


async def test_with_a_scope_resource_graph_adds_what_the_settings_do_not_search() -> None:
    """Where both show an account, the listing counts: its rows are not late."""
    index = FakeIndex([account("a"), account("c", THERE)])
    inventory = FakeInventory({HERE: [account("a", key_auth=False)]})
    seen = await AccountsInSight(inventory, index, wants(scope=AuditScope(("prod", "dev")))).accounts()
    assert [(one.id.name, one.key_auth) for one in seen.accounts] == [("a", False), ("c", True)], (
        "a listing is not late"
    )
    assert index.asked == [("prod", "dev")]
    assert seen.scope == (
        "1 subscription of the settings, and management groups prod, dev (2 accounts in 2 subscriptions that this "
        "identity can read, by Resource Graph)"
    )


async def test_everything_is_never_said_to_be_all() -> None:
    inventory, index = FakeInventory({HERE: []}), FakeIndex([account("a")])
    seen = await AccountsInSight(inventory, index, wants(scope=AuditScope())).accounts()
    assert "whatever Resource Graph shows (1 account in 1 subscription that this identity can read" in seen.scope
    assert " all " not in seen.scope


async def test_a_scope_that_cannot_be_seen_is_a_problem_and_is_not_said_to_be_seen() -> None:
    inventory, index = FakeInventory({HERE: [account("a")]}), FakeIndex(HIDDEN)
    seen = await AccountsInSight(inventory, index, wants(scope=AuditScope(("prod",)))).accounts()
    assert [one.id.name for one in seen.accounts] == ["a"]
    assert seen.problems == (HIDDEN,)
    assert seen.scope.endswith("management group prod (not seen)")
