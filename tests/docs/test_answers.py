"""docs/answers.md lists every result, reason and problem title that the code can answer, and no other."""

import ast
import re

import pytest

from shared.decide.plan import Reason
from shared.findings.states import State
from shared.turns.report import HeldByMode, Result
from shared.web.bodies import MOST_BODY
from tests.docs.test_docs import ROOT

PAGE = (ROOT / "docs" / "answers.md").read_text()


def listed(section: str) -> list[str]:
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([\w-]+)` \| .+ \|$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("section", "words"), [("Results", [*Result]), ("Reasons", [*Reason, *HeldByMode]), ("States", [*State])]
)
def test_the_page_lists_every_word_of_the_code_once_and_no_other(section: str, words: list[str]) -> None:
    assert sorted(listed(section)) == sorted(words)


def titles() -> dict[str, set[int]]:
    """Return every problem title that the code writes out, with its statuses. Error classes are in the runbook."""
    found: dict[str, set[int]] = {}
    for path in (ROOT / "shared").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            match call:
                case ast.Call(
                    func=ast.Name("BadRequest" | "Refused" | "problem"),
                    args=[ast.Constant(int() as status), ast.Constant(str() as title), *_],
                ):
                    found.setdefault(title, set()).add(status)
                case _:
                    pass
    return found


def test_the_page_lists_every_problem_title_with_its_statuses_and_no_other() -> None:
    own = {title: statuses for title, statuses in titles().items() if title != "TryLater"}
    assert {"BadField", "RoleMissing"} <= own.keys()
    assert sorted(listed("Titles of problems")) == sorted(own)
    for title, statuses in own.items():
        assert f"| `{title}` | {', '.join(map(str, sorted(statuses)))} |" in PAGE
    assert f"{MOST_BODY // 1024} KiB" in PAGE
