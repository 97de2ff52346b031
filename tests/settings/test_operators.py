"""ROTATION_OPERATOR_SCOPES: how it is written, what is refused, and that ids need callers who sign in."""

import pytest

from shared.domain.errors import FixConfiguration
from shared.domain.scopes import OTHERS, ROOT, OperatorScopes, Reach
from shared.settings.environment import read_settings
from shared.settings.operators import SETTING, read_operator_scopes, read_text

ADA, BOB = "aaaaaaaa-0000-0000-0000-00000000000a", "bbbbbbbb-0000-0000-0000-00000000000b"
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-1_(x).y"
ACCOUNT = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/chat"
LEAST = {
    "ROTATION_SUBSCRIPTIONS": SUBSCRIPTION.removeprefix("/subscriptions/"),
    "ROTATION_VAULT_URL": "https://contoso.vault.azure.net",
    "AzureWebJobsStorage__accountName": "contoso",
}


def test_each_part_names_an_operator_and_a_scope_and_parts_about_the_same_one_add_up() -> None:
    text = f" {ADA.upper()} = {GROUP}/ ,{BOB}={ACCOUNT}, {ADA}={SUBSCRIPTION},*=none, "
    expected = {ADA: Reach((GROUP, SUBSCRIPTION)), BOB: Reach((ACCOUNT,)), OTHERS: Reach()}
    assert read_text(text) == OperatorScopes(expected)


def test_the_root_stands_for_every_account() -> None:
    assert read_text(f"{ADA}=/").of(ADA) == Reach((ROOT,))


@pytest.mark.parametrize(
    "text",
    [
        ADA,
        f"{ADA}=",
        f"={SUBSCRIPTION}",
        f"ada@contoso.com={SUBSCRIPTION}",
        f"{ADA}=//",
        f"{ADA}=/subscriptions",
        f"{ADA}=/subscriptions/",
        f"{ADA}=/subscriptions/contoso",
        f"{ADA}={SUBSCRIPTION}/resourceGroups",
        f"{ADA}={SUBSCRIPTION}x",
        f"{ADA}={GROUP}/providers/Microsoft.KeyVault/vaults/v",
        f"{ADA}={ACCOUNT}/deployments/gpt",
        f"{ADA}={GROUP}*",
        f"{ADA}=all",
        f"{ADA}={GROUP}\n{BOB}",
        f"{ADA};{GROUP}",
    ],
)
def test_what_is_no_operator_with_a_scope_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        read_text(text)
    with pytest.raises(FixConfiguration) as caught:
        read_operator_scopes({SETTING: text})
    assert caught.value.thing == SETTING


def test_without_the_setting_nobody_is_limited() -> None:
    for environment in ({}, {SETTING: " "}):
        assert read_operator_scopes(environment) == OperatorScopes()
        assert read_settings(LEAST | environment).operator_scopes == OperatorScopes()


def test_the_setting_is_read_with_the_others_and_counts_although_another_one_is_invalid() -> None:
    given = {SETTING: f"{ADA}={GROUP}", "ROTATION_SIGN_IN": "required"}
    expected = OperatorScopes({ADA: Reach((GROUP,))})
    assert read_settings(LEAST | given).operator_scopes == expected
    broken = LEAST | given | {"ROTATION_PERIOD": "a month"}
    assert read_operator_scopes(broken) == expected
    with pytest.raises(FixConfiguration, match="ROTATION_PERIOD"):
        read_settings(broken)


@pytest.mark.parametrize("sign_in", [{}, {"ROTATION_SIGN_IN": "optional"}])
def test_operators_are_named_only_where_callers_sign_in_and_all_of_them_may_be_limited_without(
    sign_in: dict[str, str],
) -> None:
    with pytest.raises(FixConfiguration, match="a function key does not say who holds it") as caught:
        read_settings(LEAST | sign_in | {SETTING: f"{ADA}={GROUP}"})
    assert "set ROTATION_SIGN_IN to required" in caught.value.each[0].next_step
    assert read_settings(LEAST | sign_in | {SETTING: f"*={GROUP}"}).operator_scopes.of() == Reach((GROUP,))
