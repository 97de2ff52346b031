"""What the pages name exists: commands, files, links, functions, settings, routes and error classes."""

import ast
import inspect
import json
import re
import subprocess
from pathlib import Path

import pytest

import shared.domain.errors
from cli.__main__ import main
from shared.settings.environment import NAMES
from shared.version import VERSION
from shared.web.callers import Role
from shared.web.openapi import openapi_document
from shared.web.routes import ROUTES

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


MAKEFILE = (ROOT / "Makefile").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
KINDS = "py|md|json|bicep|toml|kql|cjs|yml|yaml"  # of files that pages name by their path


def names_in(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_that_exists(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def headings(page: Path) -> set[str]:
    """Return the headings of a page as the anchors that GitHub makes of them."""
    found = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_heading_leads_to_a_heading_that_exists(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text())
    assert [(name, at) for name, at in links if at not in headings(page.parent / name if name else page)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(rf"`([\w.-]+(?:/[\w.-]+)+\.(?:{KINDS}))`", page.read_text())
    places = (ROOT, ROOT / "shared", page.parent)
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_every_make_command_that_a_page_shows_exists() -> None:
    made = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    shown = {name for page in PAGES for name in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(), re.MULTILINE)}
    assert {"demo", "test", "run", "check"} <= shown <= made


def test_the_readme_or_contributing_page_describes_every_make_command() -> None:
    described = set(re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.MULTILINE))
    pages = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
    assert {name for name in described if not re.search(rf"(?:`|^)make {name}\b", pages, re.MULTILINE)} == set()


def test_continuous_integration_and_the_local_script_run_the_same_make_commands() -> None:
    script = re.findall(r"^make ([a-z-]+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    workflow = re.findall(r"- run: make ([a-z-]+)$", (ROOT / ".github/workflows/ci.yml").read_text(), re.MULTILINE)
    assert script == ["check", "test", "test-long", "test-tools"]
    assert workflow == [*script, "check-infra"]


def test_make_can_say_what_each_command_would_do() -> None:
    for name in ("demo", "run", "test", "test-long", "test-tools", "prove", "bench", "check"):
        done = subprocess.run(["make", "-n", name], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_walkthrough_names_functions_that_exist() -> None:
    page = (ROOT / "docs" / "walkthrough.md").read_text()
    missing = []
    for module, name in re.findall(r"`(\w+)\.(?!py`|json`|md`)(\w+)`", page):
        paths = list((ROOT / "shared").rglob(f"{module}.py"))
        if paths:
            found = {one for path in paths for one in names_in(path)}
        else:  # a method of a class that some room has
            found = {n for room in (ROOT / "shared").rglob("*.py") if module in (r := names_in(room)) for n in r}
        if name not in found:
            missing.append(f"{module}.{name}")
    assert missing == []


def members(path: Path) -> set[str]:
    """Return the names of a module: classes, functions, values, and members of classes as `Class.member`."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        names = (
            [node.name] if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) else targets(node)
        )
        found |= set(names)
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}.{name}" for one in node.body for name in (getattr(one, "name", None), *targets(one))
            }
    return found


def targets(node: ast.stmt) -> list[str]:
    """Return the names that an assignment sets."""
    assigned = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [one.id for one in assigned if isinstance(one, ast.Name)]


def test_the_glossary_names_only_code_that_exists() -> None:
    known = {name for path in (ROOT / "shared").rglob("*.py") for name in members(path)}
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    for name, path in re.findall(r"`([A-Za-z_.]+)` in `([\w/]+\.py)`", glossary):
        assert name in members(ROOT / "shared" / path), (name, path)
    named = set(re.findall(r"`([A-Z][a-z]\w*\.\w+)`", glossary))
    assert {"Marks.previous", "Reason.DRIFT"} <= named <= known


def test_the_walkthrough_lists_as_many_policies_as_the_code_has() -> None:
    source = (ROOT / "shared" / "decide" / "policies.py").read_text()
    policies = re.findall(r"^    (\w+),$", source[source.index("POLICIES = (") :], re.MULTILINE)
    page = (ROOT / "docs" / "walkthrough.md").read_text()
    listed = re.search(r"policies in order: ([^.]+)\.", page.replace("\n", " "))
    assert listed is not None
    assert len(listed[1].split(",")) == len(policies) - 1  # the last one says that there is nothing to do


def test_the_runbook_has_an_entry_for_every_error_class() -> None:
    classes = {
        name
        for name, kind in inspect.getmembers(shared.domain.errors, inspect.isclass)
        if kind.__module__ == shared.domain.errors.__name__ and name != "RotationError"
    }
    entries = set(re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE))
    assert classes <= entries


def test_the_readme_names_only_settings_that_exist() -> None:
    page = re.sub(r"azd env get-value \w+", "", (ROOT / "README.md").read_text())  # variables of azd are no settings
    named = set(re.findall(r"\b((?:ROTATION|EVENT_GRID|AZURE)_[A-Z_]+)\b", page))
    assert named
    assert named <= set(NAMES)


def test_the_readme_names_only_routes_that_exist() -> None:
    """Each row of the table names a path and all its methods; a second method may follow by itself."""
    rows = re.findall(r"^\| (`(?:GET|POST|PUT) /api/([^`\s]+)` .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    shown = {path: set(re.findall(r"`(GET|POST|PUT|DELETE)\b", row)) for row, path in rows}
    assert len(rows) == len(shown)
    assert shown == {route.path: set(route.operations) for route in ROUTES.values()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_block_for_a_terminal_holds_no_raw_http_request(page: Path) -> None:
    """People paste these blocks into a terminal, so a raw request is in a block of its own, marked http."""
    raw = re.compile(r"^\s*(GET|POST|PUT|DELETE) ", re.MULTILINE)
    blocks = re.findall(r"^[ ]*```(\w*)\n(.*?)^[ ]*```$", page.read_text(), re.MULTILINE | re.DOTALL)
    assert [text for kind, text in blocks if raw.search(text) and kind != "http"] == []


ACTS = {
    "rotate": "rotate", "rotate_many": "many", "rotation": "stop that", "leak": "declare a leak",
    "arm": "arm a target for a deployment", "deployments": "went live",
    "trial": "switch keys off for a trial", "hold": "let scheduled work wait",
}  # fmt: skip


def test_the_role_description_and_security_page_list_everything_an_operator_may_do() -> None:
    """The person who assigns the role reads its description in the portal, or SECURITY.md."""
    # On a page a person does what the API does.
    assert {route.name for route in ROUTES.values() if route.acts and not route.page} == set(ACTS)
    roles = json.loads((ROOT / "infra" / "app-roles.json").read_text())
    given = next(role["description"] for role in roles if role["value"] == Role.OPERATOR).lower()
    page = next(line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| operators"))
    for text in (given, page):
        assert [act for act in ACTS.values() if act not in text] == []


def threats() -> list[str]:
    """Return the rows of the table of threats on the security page."""
    _, _, table = (ROOT / "SECURITY.md").read_text().partition("| threat | protection | promise |\n")
    return [line for line in table.split("\n\n")[0].splitlines() if not line.startswith("| ---")]


@pytest.mark.parametrize("row", threats(), ids=lambda row: row.split("|")[1].strip()[:40])
def test_every_threat_names_tests_that_exist(row: str) -> None:
    """The first name has its folder, and short names after it are in the same one."""
    named = re.findall(r"`((?:tests/\w+/(?:\w+/)?)?test_\w+\.py)(?:::\w+)?`", row)
    assert named, "the row names no test"
    folder = Path()
    for name in named:
        folder = (ROOT / name).parent if "/" in name else folder
        assert (folder / Path(name).name).exists(), name


def test_the_newest_version_in_the_changelog_is_the_one_that_the_app_reports() -> None:
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", CHANGELOG, re.MULTILINE)
    assert versions[0] == VERSION
    assert versions == sorted(versions, key=lambda one: [int(part) for part in one.split(".")], reverse=True)
    assert openapi_document()["info"]["version"] == VERSION


def test_the_command_line_prints_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{VERSION}\n"


def test_the_pages_name_no_release_notes_beside_the_changelog() -> None:
    assert [page.name for page in PAGES if re.search(r"release notes", page.read_text(), re.IGNORECASE)] == []


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.glob("[0-9]*.md")}


def test_host_json_has_the_values_that_code_and_pages_rely_on() -> None:
    host = json.loads((ROOT / "host.json").read_text())
    assert host["extensions"]["queues"]["maxDequeueCount"] == 3
    assert "third failure" in (ROOT / "docs" / "walkthrough.md").read_text()
    assert host["extensionBundle"]["id"] == "Microsoft.Azure.Functions.ExtensionBundle"


def test_no_file_names_a_home_folder_of_its_authors() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    home = re.compile(r"(?<![\w.~-])/(root|home/[a-z]+|Users)/[A-Za-z.]")
    texts = [
        ROOT / name for name in tracked if not name.endswith((".lock", ".json")) and name != "tests/docs/test_docs.py"
    ]
    assert [str(path) for path in texts if home.search(path.read_text(errors="replace"))] == []
