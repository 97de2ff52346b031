"""Which addresses a key may be sent to: hosts of Azure's domains for such accounts, and nothing that hides another."""

import pytest

from shared.adapters.account_hosts import could_be_an_endpoint

AZURE, EMULATED = "https://management.azure.com", "https://127.0.0.1:4433"


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://chat.openai.azure.com/",
        "https://chat.openai.azure.com",
        "https://Chat-2.OpenAI.Azure.com/",
        "https://chat.cognitiveservices.azure.com/",
        "https://chat.services.ai.azure.com/",
        "https://westus3.api.cognitive.microsoft.com/",
        "https://chat.openai.azure.us/",
        "https://usgovvirginia.api.cognitive.microsoft.us/",
        "https://chat.openai.azure.cn/",
        "https://chinaeast2.api.cognitive.azure.cn/",
    ],
)
def test_hosts_of_azure_s_domains_are_endpoints(endpoint: str) -> None:
    assert could_be_an_endpoint(endpoint, AZURE)


NO_ENDPOINTS = [
    "",
    "chat.openai.azure.com",
    "http://chat.openai.azure.com/",
    "https://",
    "https://[/",
    "https://.openai.azure.com/",
    "https://openai.azure.com/",
    "https://evil.example/",
    "https://169.254.169.254/",
    "https://chatopenai.azure.com.evil.example/",
    "https://chat.openai.azure.com.evil.example/",
    "https://chat.openai.azure.com@evil.example/",
    "https://user:word@chat.openai.azure.com/",
    "https://evil.example\\.openai.azure.com/",
    "https://evil.example/.openai.azure.com",
    "https://evil.example?.openai.azure.com",
    "https://evil.example#.openai.azure.com",
    "https://chat.openai.azure.com:8443/",
    "https://chat.openai.azure.com/?to=evil.example",
    "https://chat.openai.azure.com/elsewhere/",
    "https://chat.openai.azure.com/\n",
    "https://chat\u2024openai.azure.com/",
    "https://ch\u00e4t.openai.azure.com/",
]


@pytest.mark.parametrize("endpoint", NO_ENDPOINTS)
@pytest.mark.parametrize("resource_manager", [AZURE, EMULATED])
def test_no_other_address_is_an_endpoint(endpoint: str, resource_manager: str) -> None:
    assert not could_be_an_endpoint(endpoint, resource_manager)


@pytest.mark.parametrize("endpoint", ["https://127.0.0.1:4434/", "https://localhost:4434/accounts/chat/"])
def test_this_machine_is_an_endpoint_only_beside_the_emulator(endpoint: str) -> None:
    assert could_be_an_endpoint(endpoint, EMULATED)
    assert not could_be_an_endpoint(endpoint, AZURE)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4434/", "https://user@127.0.0.1:4434/", "https://127.0.0.1/?a"])
def test_an_emulated_endpoint_is_https_and_has_no_user_and_no_query(endpoint: str) -> None:
    assert not could_be_an_endpoint(endpoint, EMULATED)
