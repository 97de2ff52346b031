"""The samples in C#: they parse, make the calls that they are for, and name the packages that they use.

No compiler for C# is among the tools of this repository, so they are not built and not run.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import tree_sitter_c_sharp
from packaging.version import Version
from tree_sitter import Language, Node, Parser

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(file.parent for file in (ROOT / "samples").rglob("*.csproj"))
NO_KEY = ROOT / "samples" / "no_key"
FROM_VAULT = ROOT / "samples" / "key_from_vault"
PACKAGES = {
    "Azure.AI.OpenAI": "Azure.AI.OpenAI",
    "Azure.Core": "Azure.Identity",  # Azure.Identity brings it
    "Azure.Identity": "Azure.Identity",
    "Azure.Security.KeyVault.Secrets": "Azure.Security.KeyVault.Secrets",
    "OpenAI": "OpenAI",
    "OpenAI.Chat": "OpenAI",
    "System.ClientModel": "OpenAI",  # OpenAI brings it
    "System.ClientModel.Primitives": "OpenAI",
}
PARSER = Parser(Language(tree_sitter_c_sharp.language()))
TARGET_TYPED = "implicit_object_creation_expression"


def nodes(node: Node) -> Iterator[Node]:
    """Yield a node and all nodes below it."""
    yield node
    for child in node.children:
        yield from nodes(child)


def text(node: Node | None) -> str:
    """Return the source of a node."""
    return "" if node is None or node.text is None else node.text.decode()


def parsed(folder: Path) -> list[Node]:
    """Return every node of every source of a sample."""
    return [node for file in sorted(folder.glob("*.cs")) for node in nodes(PARSER.parse(file.read_bytes()).root_node)]


def created(folder: Path) -> dict[str, str]:
    """Return the arguments of each object that is created by name, or by the type of its variable."""
    found = {}
    for node in parsed(folder):
        if node.type == "object_creation_expression":
            found[text(node.child_by_field_name("type"))] = text(node.child_by_field_name("arguments"))
        if node.type == "variable_declaration" and any(one.type == TARGET_TYPED for one in nodes(node)):
            made = next(one for one in nodes(node) if one.type == TARGET_TYPED)
            found[text(node.child_by_field_name("type"))] = text(made).removeprefix("new")
    return found


def called(folder: Path) -> list[str]:
    """Return the names of the methods that are called."""
    functions = [
        node.child_by_field_name("function") for node in parsed(folder) if node.type == "invocation_expression"
    ]
    return [text(one).rpartition(".")[2] for one in functions]


def packages(folder: Path) -> dict[str, Version]:
    """Return the packages of a project file with their versions."""
    [project] = folder.glob("*.csproj")
    references = ElementTree.parse(project).iter("PackageReference")
    return {one.attrib["Include"]: Version(one.attrib["Version"]) for one in references}


def test_there_are_three_samples() -> None:
    assert FOLDERS == [FROM_VAULT / "csharp", NO_KEY / "csharp", NO_KEY / "csharp_azure_openai"]


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_a_sample_parses_without_an_error(folder: Path) -> None:
    found = parsed(folder)
    assert len(found) > 100
    assert [text(node) for node in found if node.is_error or node.is_missing] == []


def test_the_parser_finds_an_error_where_there_is_one() -> None:
    broken = (NO_KEY / "csharp" / "Program.cs").read_bytes().replace(b"return 0;", b"return 0")
    assert PARSER.parse(broken).root_node.has_error


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_a_project_names_the_packages_that_its_sources_use(folder: Path) -> None:
    used = {
        text(node).removeprefix("using ").removesuffix(";") for node in parsed(folder) if node.type == "using_directive"
    }
    named = packages(folder)
    brought = {"OpenAI"} if "Azure.AI.OpenAI" in named else set()
    assert {PACKAGES[name] for name in used} | brought == set(named) | brought
    assert not {"OpenAI", "Azure.AI.OpenAI"} <= set(named)
    assert named.get("OpenAI", Version("2.3")) >= Version("2.3")


def test_the_sample_without_a_key_sends_tokens_of_an_identity_to_v1() -> None:
    made = created(NO_KEY / "csharp")
    assert made["BearerTokenPolicy"] == "(credential, scope)"
    assert made["ManagedIdentityCredential"] == "(ManagedIdentityId.FromUserAssignedClientId(clientId))"
    assert made["DefaultAzureCredential"] == "()"
    assert made["ChatClient"] == "(deployment, new BearerTokenPolicy(credential, scope), options)"
    assert "/openai/v1/" in made["OpenAIClientOptions"]
    assert made.keys().isdisjoint({"ApiKeyCredential", "AzureKeyCredential"})


def test_the_sample_with_the_older_client_passes_a_token_credential() -> None:
    made = created(NO_KEY / "csharp_azure_openai")
    assert made["AzureOpenAIClient"] == '(new Uri(args[0]), Identity(Setting("AZURE_CLIENT_ID")), options)'
    assert "Audience" in made["AzureOpenAIClientOptions"]
    assert made.keys().isdisjoint({"ApiKeyCredential", "AzureKeyCredential"})


def test_the_sample_with_the_key_of_the_vault_replaces_the_key_of_its_clients() -> None:
    folder = FROM_VAULT / "csharp"
    assert called(folder).count("GetSecretAsync") == 2
    assert called(folder).count("Update") == 1
    assert "key.Credential" in created(folder)["ChatClient"]


def test_the_code_that_the_page_shows_parses() -> None:
    shown = re.findall(r"```csharp\n(.*?)```", (FROM_VAULT / "csharp" / "README.md").read_text(), re.DOTALL)
    assert [PARSER.parse(block.encode()).root_node.has_error for block in shown] == [False]
    assert "credential.Update(" in shown[0]


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_a_sample_reads_no_key_from_its_environment(folder: Path) -> None:
    source = "".join(file.read_text() for file in folder.glob("*.cs"))
    assert '_KEY"' not in source
