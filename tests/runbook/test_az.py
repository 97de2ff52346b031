"""Every `az` command of the pages and of `doctor` exists in the released Azure CLI, with the options that are used.

`az_options.py` recorded which commands and options there are.
"""

import json
from pathlib import Path

import pytest

from tests.runbook.az_options import named, shown, words_and_options
from tests.support.remedies import az_commands, every_remedy

KNOWN: dict[str, list[str]] = json.loads((Path(__file__).parent / "data" / "az.json").read_text())
SHOWN = sorted({command for command in shown() if not command.startswith("az login")})


@pytest.mark.parametrize("command", SHOWN)
def test_the_azure_cli_has_the_command_and_its_options(command: str) -> None:
    name, options = words_and_options(command)
    assert name in KNOWN, f"az {name}: unknown, or not recorded yet (az_options.py)"
    assert [option for option in options if option not in KNOWN[name]] == []


def test_the_azure_cli_has_every_command_that_doctor_writes_out() -> None:
    assert {words_and_options(command)[0] for command in named()} - {"login"} <= set(KNOWN)


@pytest.mark.parametrize("line", every_remedy())
def test_the_azure_cli_has_every_option_that_doctor_writes_out(line: str) -> None:
    for words in [found for found in az_commands(line) if found != ["az", "login"]]:
        name, options = words_and_options(" ".join(f"'{word}'" if " " in word else word for word in words))
        assert [option for option in options if option not in KNOWN[name]] == []


def test_words_and_options_are_read_as_a_shell_does() -> None:
    command = 'az keyvault secret set --vault-name <new vault> --value "$(az x show --query y)" -o none  # --not-this'
    assert words_and_options(command) == ("keyvault secret set", ["--vault-name", "--value", "-o"])
