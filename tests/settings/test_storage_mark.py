"""Apps are told from each other by the storage account of their host, however the settings name it."""

import pytest

from shared.settings.problems import Problems
from shared.settings.storage import read_storage

KEY = "AccountKey=c2VjcmV0"
SAME = {
    "connection string": {"AzureWebJobsStorage": f"DefaultEndpointsProtocol=https;AccountName=Contoso;{KEY}"},
    "account name": {"AzureWebJobsStorage__accountName": "contoso"},
    "blob service": {"AzureWebJobsStorage__blobServiceUri": "https://contoso.blob.core.windows.net"},
    "blob endpoint": {
        "AzureWebJobsStorage": "BlobEndpoint=https://contoso.blob.core.windows.net;SharedAccessSignature=s"
    },
}


def mark(environment: dict[str, str]) -> str:
    return read_storage(environment, Problems()).mark


@pytest.mark.parametrize("form", SAME)
def test_all_forms_of_one_account_have_one_mark(form: str) -> None:
    assert mark(SAME[form]) == mark(SAME["account name"])


def test_another_account_has_another_mark() -> None:
    assert mark({"AzureWebJobsStorage__accountName": "fabrikam"}) != mark(SAME["account name"])


def test_storage_on_this_machine_has_a_mark_as_well() -> None:
    assert mark({"AzureWebJobsStorage": "UseDevelopmentStorage=true"}) == mark(
        {"AzureWebJobsStorage__accountName": "devstoreaccount1"}
    )
