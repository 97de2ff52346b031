"""No command that a page shows writes a key to the terminal, where a recording or a scroll-back keeps it."""

import re
from pathlib import Path

import pytest

from tests.docs.test_docs import PAGES, ROOT

EVERYWHERE = [*PAGES, ROOT / "SECURITY.md"]
INNER = re.compile(r'"?\$\([^()]*\)"?')
SILENT = re.compile(r"(--output|-o) none\b")


def commands(text: str) -> list[str]:
    """Every `az` command with options, a command that goes on in the next line as one, without what a shell hands on
    from one command to another."""
    joined = INNER.sub("handed-on", re.sub(r"\\\s*\n\s*", " ", text))
    return [one for one in re.findall(r"\b(az [a-z][^`\n#]*)", joined) if " --" in one]


def shows_a_key(command: str) -> bool:
    if re.match(r"az keyvault secret set |az cognitiveservices account keys ", command):
        return not SILENT.search(command)
    if command.startswith("az keyvault secret show "):
        query = re.search(r"--query (\S+)", command)
        return query is None or not re.fullmatch(r"(id|attributes|tags)(\.\w+)*", query[1])
    return False


@pytest.mark.parametrize("page", EVERYWHERE, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_command_of_a_page_prints_a_key(page: Path) -> None:
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
def test_a_command_that_shows_a_key_is_known(command: str, shows: bool) -> None:
    [found] = commands(command)
    assert shows_a_key(found) is shows
