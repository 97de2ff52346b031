"""The Power Query samples: Microsoft's parser takes them, and they hold no key. No engine ran them."""

from pathlib import Path

import pytest

from tests.samples.bicep_choices import SAMPLES
from tests.samples.m_parser import parsed

FOLDER = SAMPLES / "no_key" / "power_query"
CONNECTOR, QUERY = FOLDER / "AzureOpenAI.pq", FOLDER / "ask_through_api_management.pq"
# Functions of Power Query's library that the samples call. A misspelt one is not in this list.
LIBRARY = frozenset(
    """#table Error.Record Extension.CurrentCredential Json.Document Json.FromValue Number.ToText
    Record.FieldOrDefault Table.AddColumn Table.FromRecords Text.TrimEnd Value.Metadata Value.ReplaceType
    Web.Contents""".split()  # noqa: SIM905 - as prose
)


def test_the_connector_is_a_section_that_shares_what_its_users_call() -> None:
    facts = parsed([CONNECTOR])[CONNECTOR]
    assert facts["kind"] == "Section"
    assert facts["shared"] == ["AzureOpenAI.Ask", "AzureOpenAI.Models"]
    assert {"AzureOpenAI", "AzureOpenAI.Publish"} <= set(facts["declared"])
    assert set(facts["called"]) - set(facts["declared"]) <= LIBRARY


def test_the_query_is_an_expression_that_calls_only_functions_that_exist() -> None:
    facts = parsed([QUERY])[QUERY]
    assert facts["kind"] == "LetExpression"
    assert set(facts["called"]) <= LIBRARY | {"Ask"}


PLANTED = [
    (CONNECTOR, "ManualCredentials = true,", "ManualCredentials = true;"),
    (CONNECTOR, "shared AzureOpenAI.Ask =", "shared ="),
    (QUERY, "\nin\n", "\n"),
]


@pytest.mark.parametrize(("path", "right", "wrong"), PLANTED, ids=["a mark", "a name", "a keyword"])
def test_the_parser_finds_a_planted_mistake(tmp_path: Path, path: Path, right: str, wrong: str) -> None:
    text = path.read_text()
    assert right in text
    broken = tmp_path / path.name
    broken.write_text(text.replace(right, wrong, 1))
    assert parsed([broken])[broken].get("error")


def test_every_power_query_file_is_parsed() -> None:
    assert set(SAMPLES.rglob("*.pq")) == {CONNECTOR, QUERY}


@pytest.mark.parametrize("path", [CONNECTOR, QUERY], ids=lambda one: one.name)
def test_a_sample_holds_no_key_and_sends_none(path: Path) -> None:
    text = path.read_text()
    for word in ("api-key", "ApiKeyName", "subscription-key", "[Key]"):
        assert word not in text


def test_the_connector_signs_in_with_entra_only_and_sends_the_token_itself() -> None:
    text = CONNECTOR.read_text()
    authentication = text[text.index("Authentication = [") :]
    assert "Aad = [" in authentication
    assert not any(f"{kind} = [" in authentication for kind in ("Key", "Anonymous", "UsernamePassword", "Windows"))
    assert "ManualCredentials = true" in text  # without it, Power Query refuses a POST


def test_the_query_makes_a_get_as_power_querys_web_connector_asks() -> None:
    text = QUERY.read_text()
    assert "Content =" not in text
    assert "Authorization" not in text
