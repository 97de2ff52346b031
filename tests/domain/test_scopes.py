"""On which accounts an operator may act: scopes are compared by whole segments, without case."""

import pytest

from shared.domain.model import AccountId
from shared.domain.scopes import EVERYWHERE, OTHERS, ROOT, OperatorScopes, Reach

ONE, TWO = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
ACCOUNT = AccountId(ONE, "rg", "chat")
ADA, BOB = "aaaaaaaa-0000-0000-0000-00000000000a", "bbbbbbbb-0000-0000-0000-00000000000b"
GROUP = f"/subscriptions/{ONE}/resourceGroups/rg"


@pytest.mark.parametrize(
    "scope",
    [ROOT, f"/subscriptions/{ONE}", GROUP, f"{GROUP}/", GROUP.upper(), str(ACCOUNT), str(ACCOUNT).lower()],
)
def test_a_scope_includes_the_accounts_within_it(scope: str) -> None:
    assert Reach((scope,)).includes(ACCOUNT)


@pytest.mark.parametrize(
    "scope",
    [
        f"/subscriptions/{TWO}",
        f"{GROUP}2",
        GROUP[:-1],
        f"/subscriptions/{ONE[:-1]}",
        str(AccountId(ONE, "rg", "chat2")),
        str(AccountId(ONE, "rg", "cha")),
        f"{ACCOUNT}/deployments/gpt",
    ],
)
def test_a_scope_includes_no_account_beside_it_even_if_its_text_begins_alike(scope: str) -> None:
    assert not Reach((scope,)).includes(ACCOUNT)


def test_a_group_whose_name_only_case_folding_makes_the_same_is_another_group() -> None:
    assert not Reach((f"/subscriptions/{ONE}/resourceGroups/strasse",)).includes(AccountId(ONE, "stra\u00dfe", "chat"))


def test_one_of_several_scopes_is_enough_and_none_includes_nothing() -> None:
    assert Reach((f"/subscriptions/{TWO}", GROUP)).includes(ACCOUNT)
    assert not Reach().includes(ACCOUNT)


def test_only_the_root_is_the_whole() -> None:
    assert [one.is_whole for one in (EVERYWHERE, Reach((GROUP,)), Reach())] == [True, False, False]


def test_the_first_id_that_is_named_counts_and_then_what_is_said_of_all_others() -> None:
    ada, bob, others = Reach(("/subscriptions/a",)), Reach(("/subscriptions/b",)), Reach()
    scopes = OperatorScopes({ADA: ada, BOB: bob, OTHERS: others})
    assert scopes.of(ADA.upper(), BOB) is ada
    assert scopes.of("somebody", BOB) is bob
    assert scopes.of("somebody", "") is others
    assert scopes.of("", "") is others


def test_an_operator_who_is_not_named_may_act_on_every_account_unless_it_is_said_otherwise() -> None:
    assert OperatorScopes({ADA: Reach()}).of(BOB) == EVERYWHERE
    assert OperatorScopes().of() == EVERYWHERE
