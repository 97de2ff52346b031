"""The blocks for a terminal can be pasted into bash and zsh, and both run the same commands."""

import re
import shutil
from pathlib import Path

import pytest

from tests.support.shells import PAGES, ROOT, SHELLS, Block, all_blocks, blocks, hazards, run

BLOCKS = all_blocks()
MARKED = {"sh", "http", "json", "mermaid", "kusto", "bicep", "powershell", "python", "csharp"}


def present(shell: str) -> str:
    """Return the name of a shell, or skip the test if it is not installed."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here")
    return shell


def test_there_are_blocks_to_check() -> None:
    assert len(BLOCKS) > 40
    assert {block.page.name for block in BLOCKS} >= {"README.md", "deploy.md", "operations.md", "runbook.md"}


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_has_no_comment_and_no_pattern_outside_quotes(block: Block) -> None:
    assert hazards(block.filled) == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_shell_runs_a_block_that_is_pasted_into_it_without_a_complaint(
    block: Block, shell: str, tmp_path: Path
) -> None:
    commands, complaint = run(present(shell), block.filled, tmp_path)
    assert complaint == ""
    assert commands


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_bash_and_zsh_run_the_same_commands(block: Block, tmp_path: Path) -> None:
    ran = {}
    for shell in SHELLS:
        (tmp_path / shell).mkdir()
        ran[shell], _ = run(present(shell), block.filled, tmp_path / shell)
    assert sorted(ran["bash"]) == sorted(ran["zsh"])  # the commands of a pipe start in any order


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_with_placeholders_says_what_angle_brackets_are(page: Path) -> None:
    """A shell reads an unquoted `<name>` as a redirection, so a reader must know that it is to be replaced."""
    placeholders = [found for block in blocks(page) for found in re.findall(r"<[\w ]+>", block.text)]
    assert not placeholders or re.search("angle\\s+brackets", page.read_text(), re.IGNORECASE)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_placeholder_holds_no_quote(block: Block) -> None:
    """The quote would be opened by a paste that forgot to replace the placeholder, and nothing would close it."""
    assert [found for found in re.findall(r"<[a-z][^<>\n]*>", block.text) if set(found) & set("'\"")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_says_which_language_it_is_in(page: Path) -> None:
    """A block without a language, or one called bash, would not be checked here."""
    opened = re.findall(r"^[ ]*```(.*)$", page.read_text(), re.MULTILINE)[::2]
    assert set(opened) <= MARKED


def test_the_pages_that_show_commands_say_what_to_use_on_windows() -> None:
    for name in ("README.md", "docs/deploy.md", "docs/operations.md", "docs/runbook.md", "docs/command-line.md"):
        page = " ".join((ROOT / name).read_text().split())
        assert "Cloud Shell" in page, name
        assert "Windows" in page, name


def test_python_packages_are_installed_into_a_virtual_environment() -> None:
    """The Pythons of Homebrew and Debian refuse anything else."""
    page = (ROOT / "docs" / "command-line.md").read_text()
    for command in ("python3.13 -m venv .venv", ". .venv/bin/activate", r".venv\Scripts\Activate.ps1"):
        assert command in page
    texts = [page.read_text() for page in PAGES]
    assert [line for text in texts for line in text.splitlines() if re.match(r"\s*pip install", line)] == []


def test_a_tag_value_with_a_space_reaches_azure_as_one_tag(tmp_path: Path) -> None:
    [block] = [one for one in blocks(ROOT / "README.md") if "after-deployment" in one.text]
    [command], _ = run("bash", block.filled, tmp_path)
    assert "key-rotation-after-deployment=production PT2H" in command


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("make demo  # a minute\n", ["comment: make demo  # a minute"]),
        ("# first\naz login\n", ["comment: # first"]),
        ("curl https://x?y=1\n", ["pattern: curl https://x?y=1"]),
        ("az x --query [].name\n", ["pattern: az x --query [].name"]),
        ('az x --query "[?a].b" --set \'c[0]\' \\\n  --url "https://x?y"\n', []),
        ('x="$(az y --query [0])"\n', ["pattern: x=az y --query [0]"]),
        ("""x="$(az y --query "[?a=='b'].c # d" --output tsv)"\n""", []),
    ],
)
def test_hazards_are_found_outside_quotes_only(text: str, found: list[str]) -> None:
    assert hazards(text) == found


def test_zsh_would_break_on_a_comment_as_at_its_prompt(tmp_path: Path) -> None:
    commands, complaint = run(present("zsh"), "make demo # a minute\naz login # who are you?\n", tmp_path)
    assert commands == [["make", "demo", "#", "a", "minute"]]
    assert "no matches found" in complaint
