"""The code names its facts about Azure by the sections of docs/facts.md, and each section is named by some code."""

import re

import pytest

from tests.docs.test_docs import ROOT

SECTIONS = set(re.findall(r"^## (.+)$", (ROOT / "docs" / "facts.md").read_text(), re.MULTILINE))
CODE = {
    str(path.relative_to(ROOT)): path.read_text()
    for room in ("cli", "lab", "shared", "tests")
    for path in sorted((ROOT / room).rglob("*.py"))
    if path.name != "test_facts.py"
}
CITING = {name: text for name, text in CODE.items() if "docs/facts.md" in text}
CITATION = r"docs/facts\.md,\s+([A-Z]\w+(?:;\s+[A-Z]\w+)*)"


def sections_in(text: str) -> list[set[str]]:
    """Return the sections of each citation."""
    return [set(re.split(r";\s+", found)) for found in re.findall(CITATION, text)]


@pytest.mark.parametrize("name", CITING)
def test_every_citation_names_sections_that_exist(name: str) -> None:
    citations = sections_in(CITING[name])
    assert len(citations) == CITING[name].count("docs/facts.md")
    assert set().union(*citations) <= SECTIONS


def test_every_section_is_cited() -> None:
    cited = set().union(*(one for text in CITING.values() for one in sections_in(text)))
    assert cited == SECTIONS
