"""The pages and the tests agree: entries and tests belong together, and every error, alert and finding has an entry."""

import inspect
import re
from pathlib import Path

import pytest

import shared.domain.errors
from tests.runbook.alarms import METRICS, RULES, SOURCE
from tests.runbook.kusto import ask
from tests.runbook.page import DOCS, PARTS, Entry, appears, entries

HERE = Path(__file__).parent
RUNBOOK, OPERATIONS = entries("runbook.md"), entries("operations.md")


def marked(with_mark: str) -> list[str]:
    texts = [path.read_text() for path in sorted(HERE.glob("test_*.py"))]
    return [name for text in texts for name in re.findall(rf'^@{with_mark}\("([^"]+)"\)$', text, re.MULTILINE)]


def test_every_entry_of_the_runbook_has_a_test() -> None:
    assert set(marked("entry")) == set(RUNBOOK)


def test_every_procedure_has_a_test() -> None:
    assert set(marked("procedure")) == set(OPERATIONS)


def test_every_error_class_has_an_entry() -> None:
    classes = inspect.getmembers(shared.domain.errors, inspect.isclass)
    own = {name for name, kind in classes if kind.__module__ == shared.domain.errors.__name__} - {"RotationError"}
    assert own <= set(RUNBOOK)


def test_every_alert_has_an_entry() -> None:
    assert len(RULES) == SOURCE.count("loadTextContent(")
    assert len(METRICS) == SOURCE.count("metricName: ")
    assert {f"Alert: {name}" for name in (*RULES, *METRICS)} == {name for name in RUNBOOK if name.startswith("Alert: ")}


@pytest.mark.parametrize("one", RUNBOOK.values(), ids=list(RUNBOOK))
def test_an_entry_has_all_four_parts(one: Entry) -> None:
    assert [part for part in PARTS if not one.part(part).strip()] == []
    assert one.signs
    assert len(one.text) < 1800


def test_every_entry_that_another_one_refers_to_exists() -> None:
    named = re.findall(r"\*((?:Alert|Audit|Doctor): [a-z-]+)\*", (DOCS / "runbook.md").read_text().replace("\n  ", " "))
    assert named
    assert set(named) <= set(RUNBOOK)


def test_a_sign_matches_any_text_in_its_gaps() -> None:
    assert appears("held until <time>.", "It is held until\n  noon.")
    assert not appears("held until <time>.", "It is held until.")


def test_a_query_with_an_unknown_operator_is_refused() -> None:
    for query in (
        "AppTraces | top 5 by TimeGenerated",
        'AppTraces | where Message matches regex "x"',
        'AppTraces | where strlen(Message) == "x"',
        "AppTraces | summarize count() by Message",
        "AppTraces | extend Act = parse_xml(Message)",
    ):
        with pytest.raises(NotImplementedError):
            ask(query, {"AppTraces": [{"Message": "x"}]})
