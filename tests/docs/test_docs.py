"""What the pages show is there: commands, files, links, names of functions, settings and error classes."""

import ast
import inspect
import json
import re
import subprocess
from pathlib import Path

import pytest

import shared.domain.errors
from shared.settings.environment import NAMES
from shared.web.callers import Role
from shared.web.routes import ROUTES

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def names_in(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def headings(page: Path) -> set[str]:
    """The headings of a page as GitHub makes anchors of them."""
    found = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "SECURITY.md"], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_heading_finds_it(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text())
    assert [(name, at) for name, at in links if at not in headings(page.parent / name if name else page)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(
        r"`((?:shared|tests|emulator|funchost|demo|samples|docs|scripts|adapters)/[\w./-]+\.\w+)`", page.read_text()
    )
    gone = [name for name in named if not ((ROOT / name).exists() or (ROOT / "shared" / name).exists())]
    assert gone == []


def test_every_make_command_that_is_shown_exists() -> None:
    made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {name for page in PAGES for name in re.findall(r"(?:`|^)make ([a-z]+)", page.read_text(), re.MULTILINE)}
    assert {"demo", "test", "run", "check"} <= shown <= made


def test_every_make_command_can_be_asked_what_it_would_do() -> None:
    for name in ("demo", "run", "test", "check"):
        done = subprocess.run(["make", "-n", name], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_walkthrough_names_functions_that_exist() -> None:
    page = (ROOT / "docs" / "walkthrough.md").read_text()
    missing = []
    for module, name in re.findall(r"`(\w+)\.(?!py`|json`|md`)(\w+)`", page):
        path = next((ROOT / "shared").rglob(f"{module}.py"), ROOT)
        if path != ROOT:
            found = names_in(path)
        else:  # a method of a class that some room has
            found = {n for room in (ROOT / "shared").rglob("*.py") if module in (r := names_in(room)) for n in r}
        if name not in found:
            missing.append(f"{module}.{name}")
    assert missing == []


def test_every_policy_of_the_plan_stands_in_the_walkthrough_in_order() -> None:
    source = (ROOT / "shared" / "decide" / "policies.py").read_text()
    policies = re.findall(r"^    (\w+),$", source[source.index("POLICIES = (") :], re.MULTILINE)
    page = (ROOT / "docs" / "walkthrough.md").read_text()
    listed = re.search(r"policies in order: ([^.]+)\.", page.replace("\n", " "))
    assert listed is not None
    assert len(listed[1].split(",")) == len(policies) - 1  # the last one says that there is nothing to do


def test_the_runbook_has_an_entry_for_every_error() -> None:
    classes = {
        name
        for name, kind in inspect.getmembers(shared.domain.errors, inspect.isclass)
        if kind.__module__ == shared.domain.errors.__name__ and name != "RotationError"
    }
    entries = set(re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE))
    assert classes <= entries


def test_the_readme_names_only_settings_that_exist() -> None:
    named = set(re.findall(r"\b((?:ROTATION|EVENT_GRID|AZURE)_[A-Z_]+)\b", (ROOT / "README.md").read_text()))
    assert named
    assert named <= set(NAMES)


def test_the_readme_names_only_routes_that_exist() -> None:
    """Each row of the table names a path and all its methods; a second method may follow by itself."""
    rows = re.findall(r"^\| (`(?:GET|POST|PUT) /api/([^`\s]+)` .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    shown = {path: set(re.findall(r"`(GET|POST|PUT|DELETE)\b", row)) for row, path in rows}
    assert len(rows) == len(shown)
    assert shown == {route.path: set(route.operations) for route in ROUTES.values()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_block_for_a_terminal_holds_no_raw_request(page: Path) -> None:
    """Whoever copies a block types it: a request stands in a block of its own."""
    raw = re.compile(r"^\s*(GET|POST|PUT|DELETE) ", re.MULTILINE)
    blocks = re.findall(r"^[ ]*```(\w*)\n(.*?)^[ ]*```$", page.read_text(), re.MULTILINE | re.DOTALL)
    assert [text for kind, text in blocks if raw.search(text) and kind != "http"] == []


ACTS = {
    "rotate": "rotate", "rotate_many": "rotate", "leak": "declare a leak",
    "arm": "arm a target for a deployment", "deployments": "went live",
}  # fmt: skip


def test_all_that_an_operator_may_do_is_said_where_the_role_is_given() -> None:
    """Whoever hands out the role reads its description in the portal, or the page about security."""
    assert {route.name for route in ROUTES.values() if route.role == Role.OPERATOR} == set(ACTS)
    roles = json.loads((ROOT / "infra" / "app-roles.json").read_text())
    given = next(role["description"] for role in roles if role["value"] == Role.OPERATOR).lower()
    page = next(line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| operators"))
    for text in (given, page):
        assert [act for act in ACTS.values() if act not in text] == []


def test_the_pages_send_nobody_to_notes_that_are_not_there() -> None:
    """There is no changelog: what has changed stands in the commits and the decisions."""
    for page in PAGES:
        assert not re.search(r"release notes|changelog", page.read_text(), re.IGNORECASE), page


def test_the_decisions_are_all_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.glob("[0-9]*.md")}


def test_host_json_says_what_the_code_and_the_pages_count_on() -> None:
    host = json.loads((ROOT / "host.json").read_text())
    assert host["extensions"]["queues"]["maxDequeueCount"] == 3
    assert "after three times" in (ROOT / "docs" / "walkthrough.md").read_text()
    assert host["extensionBundle"]["id"] == "Microsoft.Azure.Functions.ExtensionBundle"


def test_the_project_names_no_machine_of_its_makers() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    home = re.compile(r"(?<![\w.~-])/(root|home/[a-z]+|Users)/[A-Za-z.]")
    texts = [
        ROOT / name for name in tracked if not name.endswith((".lock", ".json")) and name != "tests/docs/test_docs.py"
    ]
    assert [str(path) for path in texts if home.search(path.read_text(errors="replace"))] == []
