"""Every `az` command of the pages, and each that `doctor` writes out, is one that the released Azure CLI knows, with
options that it knows (`az_options.py` wrote down which)."""

import json
from pathlib import Path

import pytest

from tests.runbook.az_options import named, shown, taken_apart

KNOWN: dict[str, list[str]] = json.loads((Path(__file__).parent / "data" / "az.json").read_text())
SHOWN = sorted({command for command in shown() if not command.startswith("az login")})


@pytest.mark.parametrize("command", SHOWN)
def test_a_command_is_known_with_its_options(command: str) -> None:
    name, options = taken_apart(command)
    assert name in KNOWN, f"az {name}: unknown, or not written down yet (az_options.py)"
    assert [option for option in options if option not in KNOWN[name]] == []


def test_what_the_code_writes_out_is_known() -> None:
    assert {taken_apart(command)[0] for command in named()} - {"login"} <= set(KNOWN)


def test_a_command_is_taken_apart_as_a_shell_would() -> None:
    command = 'az keyvault secret set --vault-name <new vault> --value "$(az x show --query y)" -o none  # --not-this'
    assert taken_apart(command) == ("keyvault secret set", ["--vault-name", "--value", "-o"])
