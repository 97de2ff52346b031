"""Account ids and secret ids."""

import pytest

from lab.simulation.builders import SUBSCRIPTION, a_target
from shared.domain.model import AccountId

ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/prod/providers/Microsoft.CognitiveServices/accounts/chat"


def test_an_account_id_is_parsed_without_regard_to_case_and_written_as_azure_writes_it():
    assert AccountId.parse(f"  {ID}\n") == AccountId(SUBSCRIPTION, "prod", "chat")
    upper_case = AccountId.parse(ID.upper())
    assert upper_case == AccountId(SUBSCRIPTION, "PROD", "CHAT")
    assert str(AccountId.parse(ID)) == ID
    assert AccountId.parse(ID.replace(SUBSCRIPTION, SUBSCRIPTION.replace("4", "A"))).subscription.count("a") == 1
    assert upper_case.same_as(f" {ID} ")
    assert not upper_case.same_as(f"{ID}2")


def test_an_invalid_account_id_is_refused_with_the_form_that_an_id_has():
    with pytest.raises(ValueError) as error:
        AccountId.parse("chat")
    assert str(error.value) == (
        "'chat' is not the resource id of an account: /subscriptions/<guid>/resourceGroups/<group>"
        "/providers/Microsoft.CognitiveServices/accounts/<name>"
    )


def test_a_slash_after_the_vault_address_does_not_change_the_secret_id():
    urls = {a_target(vault_url=f"https://keys.vault.azure.net{end}").secret_url for end in ("", "/")}
    assert urls == {"https://keys.vault.azure.net/secrets/chat-key"}
