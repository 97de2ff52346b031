"""The address of another page follows from the runbook's, wherever people read it."""

import pytest

from shared.settings.runbook import WITHOUT_KEYS, page_beside
from tests.docs.test_docs import ROOT

READ_AT = [
    ("https://wiki.contoso.com/docs/runbook.md", "https://wiki.contoso.com/docs/without-keys.md"),
    ("https://contoso.github.io/rotation/runbook", "https://contoso.github.io/rotation/without-keys"),
    ("https://contoso.com/runbook/docs/runbook.html", "https://contoso.com/runbook/docs/without-keys.html"),
    ("https://wiki.contoso.com/docs/Runbook/", "https://wiki.contoso.com/docs/without-keys/"),
    (
        "https://dev.azure.com/contoso/x/_git/rotation?path=/docs/runbook.md&version=GBmain",
        "https://dev.azure.com/contoso/x/_git/rotation?path=/docs/without-keys.md&version=GBmain",
    ),
    (
        "https://dev.azure.com/contoso/x/_git/rotation?path=%2Fdocs%2Frunbook.md",
        "https://dev.azure.com/contoso/x/_git/rotation?path=%2Fdocs%2Fwithout-keys.md",
    ),
]
UNKNOWN = [
    None,
    "",
    "https://wiki.contoso.com/pages/4711",
    "https://runbook.contoso.com/page",
    "https://wiki.contoso.com/runbook-of-keys.md",
    "https://wiki.contoso.com/runbook/index.html",
]


@pytest.mark.parametrize(("runbook", "page"), READ_AT)
def test_the_page_lies_beside_the_runbook(runbook: str, page: str):
    assert page_beside(runbook, WITHOUT_KEYS) == page


@pytest.mark.parametrize("runbook", UNKNOWN)
def test_a_page_whose_address_nobody_knows_is_not_named(runbook: str | None):
    assert page_beside(runbook, WITHOUT_KEYS) is None


def test_both_pages_exist():
    assert (ROOT / "docs" / "runbook.md").exists()
    assert (ROOT / "docs" / f"{WITHOUT_KEYS}.md").exists()
