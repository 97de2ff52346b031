"""The page for application teams: its kinds are those of the setting, with their times, and its samples are there."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from shared.domain.consumers import HABITS, MARGIN, ConsumerKind
from shared.settings.target_fields import Defaults
from tests.docs.test_docs import ROOT, headings

PAGE = ROOT / "docs" / "consumers.md"
TEXT = PAGE.read_text()
READMES = sorted((ROOT / "samples").rglob("README.md"))
TABLE = TEXT[TEXT.index("<!-- kinds -->") : TEXT.index("<!-- end of kinds -->")]
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")] for line in TABLE.splitlines() if line.startswith("| `")
]
UNITS = {"hour": 3600, "hours": 3600, "minute": 60, "minutes": 60}


def length(words: str) -> timedelta:
    """Return the time that a cell begins with, such as "2 hours and 30 minutes"."""
    found = re.match(r"(?:within )?((?:\d+ (?:hours?|minutes?)(?: and )?)+)", words)
    assert found, words
    parts = re.findall(r"(\d+) (\w+)", found[1])
    return timedelta(seconds=sum(int(number) * UNITS[unit] for number, unit in parts))


def test_the_table_has_every_kind_of_the_setting_once() -> None:
    assert [row[0].strip("`") for row in ROWS] == list(ConsumerKind)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_table_says_when_a_kind_notices_and_which_overlap_it_needs(row: list[str]) -> None:
    habit, notices, overlap = HABITS[ConsumerKind(row[0].strip("`"))], row[2], row[3]
    if habit.never:
        assert notices == "never"
        assert overlap == "none is safe"
    elif habit.within is None:
        assert notices.startswith("as often as ")
        assert overlap == "`ROTATION_CONSUMER_LAG`"
    else:
        assert length(notices) == habit.within
        assert length(overlap) == habit.within + MARGIN
        is_short = habit.within + MARGIN < Defaults.lag
        assert overlap.endswith(", at least `ROTATION_CONSUMER_LAG`") == is_short


@pytest.mark.parametrize("readme", READMES, ids=lambda one: one.parent.relative_to(ROOT).as_posix())
def test_every_link_of_a_sample_leads_to_a_file_and_a_heading(readme: Path) -> None:
    for name, _, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(#([^)]+))?\)", readme.read_text()):
        to = (readme.parent / name).resolve() if name else readme
        assert to.exists(), name
        assert not anchor or anchor in headings(to), f"{name}#{anchor}"


PLATFORMS = sorted(
    one.parent
    for pattern in ("*.bicep", "*.yaml", "policy.xml", "*.pq", "vectorizer.json")
    for one in (ROOT / "samples").glob(f"*/*/{pattern}")
    if "function_app" not in one.parts
)


@pytest.mark.parametrize("folder", sorted(set(PLATFORMS)), ids=lambda one: one.relative_to(ROOT).as_posix())
def test_every_sample_for_a_platform_says_what_was_checked_and_is_on_the_page(folder: Path) -> None:
    readme = folder / "README.md"
    assert "## What was checked" in readme.read_text()
    assert f"../{readme.relative_to(ROOT).as_posix()}" in TEXT


@pytest.mark.parametrize(
    "folder", [one for one in PLATFORMS if "key_from_vault" in one.parts], ids=lambda one: one.name
)
def test_every_sample_with_a_key_says_when_it_notices_how_to_check_and_what_wakes_it(folder: Path) -> None:
    page = (folder / "README.md").read_text()
    for words in ("kind of consumer", "when it notices a new key", "overlap it needs", "what wakes it"):
        assert words in page
    assert "## How to check that it moved" in page
    named = [kind for kind in ConsumerKind if f"`{kind}`" in page]
    assert named
