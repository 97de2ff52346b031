"""No command that a page shows prints a key: a terminal's history or a recording would keep it."""

import re
from pathlib import Path

import pytest

from tests.docs.test_docs import PAGES, ROOT

INNER = re.compile(r'"?\$\([^()]*\)"?')
SILENT = re.compile(r"(--output|-o) none\b")


def commands(text: str) -> list[str]:
    """Return every `az` command with options.

    Continued lines are joined, and what a shell passes from one command to another is left out.
    """
    joined = INNER.sub("handed-on", re.sub(r"\\\s*\n\s*", " ", text))
    return [one for one in re.findall(r"\b(az [a-z][^`\n#]*)", joined) if " --" in one]


def shows_a_key(command: str) -> bool:
    if re.match(r"az keyvault secret set |az cognitiveservices account keys ", command):
        return not SILENT.search(command)
    if command.startswith("az keyvault secret show "):
        query = re.search(r"--query (\S+)", command)
        return query is None or not re.fullmatch(r"(id|attributes|tags)(\.\w+)*", query[1])
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_shows_no_command_that_prints_a_key(page: Path) -> None:
    assert [one for one in commands(page.read_text()) if shows_a_key(one)] == []


@pytest.mark.parametrize(
    ("command", "shows"),
    [
        ("az keyvault secret set --name s --value v", True),
        ('az keyvault secret set --name s \\\n  --value "$(az x --output none)"', True),
        ('az keyvault secret set --name s --value "$(az keyvault secret show --query value)" --output none', False),
        ("az keyvault secret show --name s", True),
        ("az keyvault secret show --name s --query value", True),
        ("az keyvault secret show --name s --query tags.CredentialId", False),
        ("az cognitiveservices account keys regenerate --key-name key1", True),
        ("az cognitiveservices account keys regenerate --key-name key1 --output none", False),
    ],
)
def test_the_check_recognises_commands_that_print_a_key(command: str, shows: bool) -> None:
    [found] = commands(command)
    assert shows_a_key(found) is shows
