"""The grants in samples/grants: Terraform is parsed and its names are known, and the scripts run the right commands."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_hcl
from tree_sitter import Language, Node, Parser

from tests.infra.bicep import text, walk
from tests.samples.bicep_choices import SAMPLES
from tests.samples.test_bicep import OPENAI_USER, SECRETS_USER
from tests.support.shells import RECORDER

GRANTS = SAMPLES / "grants"
TERRAFORM = sorted(SAMPLES.rglob("*.tf"))
SCRIPTS = sorted(GRANTS.glob("*.sh"))
PARSER = Parser(Language(tree_sitter_hcl.language()))
# From the documentation of the provider hashicorp/azurerm, 5.2.0: what each block may hold, and what it must.
ARGUMENTS = {
    "azurerm_role_assignment": (
        {"scope", "principal_id"},
        {"name", "role_definition_id", "role_definition_name", "principal_type", "condition", "condition_version",
         "delegated_managed_identity_resource_id", "description", "skip_service_principal_aad_check"},
    ),
}  # fmt: skip
VARIABLE = {"type", "description", "default", "validation", "sensitive", "nullable"}
ROLES = {"Cognitive Services OpenAI User": OPENAI_USER, "Key Vault Secrets User": SECRETS_USER}


def blocks(root: Node) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Yield the words before each block of a file, and its arguments as they are written."""
    for block in walk(root):
        if block.type == "block":
            words = [text(one).strip('"') for one in block.named_children if one.type in ("identifier", "string_lit")]
            bodies = [one for one in block.named_children if one.type == "body"]
            pairs = [one.named_children for body in bodies for one in body.named_children if one.type == "attribute"]
            yield words, {text(name): text(value).strip('"') for name, value in pairs}


def parse(path: Path) -> Node:
    return PARSER.parse(path.read_bytes()).root_node


@pytest.mark.parametrize("path", TERRAFORM, ids=lambda one: one.name)
def test_a_terraform_file_is_valid_and_names_only_what_the_provider_knows(path: Path) -> None:
    root = parse(path)
    assert not root.has_error
    declared, used = set(), set(re.findall(r"\bvar\.(\w+)", path.read_text()))
    for words, arguments in blocks(root):
        if words[0] == "resource":
            required, optional = ARGUMENTS[words[1]]
            assert required <= arguments.keys() <= required | optional
        if words[0] == "variable":
            declared.add(words[1])
            assert {"type", "description"} <= arguments.keys() <= VARIABLE
        assert words[0] in ("terraform", "required_providers", "variable", "resource")
    assert declared == used


@pytest.mark.parametrize(
    ("name", "role", "scope"),
    [
        ("openai_user", "Cognitive Services OpenAI User", "var.account_id"),
        ("read_secret", "Key Vault Secrets User", "${var.vault_id}/secrets/${var.secret_name}"),
    ],
)
def test_a_grant_of_terraform_is_the_one_of_bicep(name: str, role: str, scope: str) -> None:
    (granted,) = [given for words, given in blocks(parse(GRANTS / f"{name}.tf")) if words[0] == "resource"]
    assert granted["role_definition_name"] == role
    assert granted["principal_type"] == "ServicePrincipal"
    assert granted["scope"] == scope
    assert ROLES[role] in (GRANTS / f"{name}.bicep").read_text()


def test_terraform_reads_no_key_and_no_secret_into_its_state() -> None:
    for path in TERRAFORM:
        assert not [words for words, _ in blocks(parse(path)) if words[0] in ("data", "output")]
        assert "access_key" not in path.read_text()


def test_a_planted_mistake_in_terraform_is_found(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.tf"
    wrong.write_text((GRANTS / "openai_user.tf").read_text().replace("principal_id   ", "principal   ", 1))
    with pytest.raises(AssertionError):
        test_a_terraform_file_is_valid_and_names_only_what_the_provider_knows(wrong)
    wrong.write_text('resource "azurerm_role_assignment" {{')
    assert parse(wrong).has_error


def run(script: Path, folder: Path, *arguments: str) -> tuple[list[list[str]], subprocess.CompletedProcess[str]]:
    """Run a script with an `az` that only records its arguments and prints `found`. Return the commands."""
    record = folder / "record"
    record.touch()
    (folder / "az").write_text(RECORDER)
    (folder / "az").chmod(0o700)
    environment = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "RECORD": str(record)}
    done = subprocess.run([script, *arguments], env=environment, capture_output=True, text=True, check=False)
    return [part.split("\0")[:-1] for part in record.read_text().split("\001\0")[:-1]], done


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is needed")
@pytest.mark.parametrize(
    ("name", "arguments", "role", "scope"),
    [
        ("openai_user.sh", ("rg", "chat", "object-1"), "Cognitive Services OpenAI User", "found"),
        ("read_secret.sh", ("keys", "chat-key", "object-1"), "Key Vault Secrets User", "found/secrets/chat-key"),
    ],
)
def test_a_script_grants_the_role_on_one_thing(
    tmp_path: Path, name: str, arguments: tuple[str, ...], role: str, scope: str
) -> None:
    commands, done = run(GRANTS / name, tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
    show, create = commands
    assert show[-4:] == ["--query", "id", "--output", "tsv"]
    given = dict(zip(create[4::2], create[5::2], strict=True))
    assert create[:4] == ["az", "role", "assignment", "create"]
    assert given == {
        "--assignee-object-id": "object-1",
        "--assignee-principal-type": "ServicePrincipal",
        "--role": role,
        "--scope": scope,
        "--output": "none",
    }


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda one: one.name)
def test_a_script_is_executable_valid_and_refuses_too_few_arguments(script: Path, tmp_path: Path) -> None:
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    commands, done = run(script, tmp_path, "one")
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert commands == []


def test_a_script_that_finds_nothing_grants_nothing(tmp_path: Path) -> None:
    (tmp_path / "az").write_text("#!/bin/sh\necho nothing found >&2\nexit 3\n")
    (tmp_path / "az").chmod(0o700)
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    words = [GRANTS / "openai_user.sh", "rg", "chat", "object-1"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "may call" not in done.stdout
