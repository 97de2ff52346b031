"""The Bicep files in samples/: what the compiler would check, what resources may hold, what each sample promises."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.readers.doings import reads_keys
from tests.infra import test_templates as compiler
from tests.infra.bicep import Template, outputs_asked, properties, templates, text
from tests.infra.deployment import Resource
from tests.infra.types import problems, recorded
from tests.readers.role_data import built_in_roles
from tests.samples.bicep_choices import CHOICES, SAMPLES, TYPES, deployment, deployments

ALL = templates(SAMPLES)
RECORDED = recorded(TYPES)
COMPILER: tuple[Callable[[Template], None], ...] = (
    compiler.test_a_template_has_no_syntax_error,
    compiler.test_a_template_declares_every_name_it_uses,
    compiler.test_a_template_uses_all_its_parameters_and_variables,
    compiler.test_a_template_uses_every_existing_resource_it_declares,
    compiler.test_a_template_declares_no_name_twice,
    compiler.test_every_parameter_has_a_description,
    compiler.test_a_template_calls_only_functions_that_exist,
    compiler.test_a_template_loads_only_files_that_exist,
)
OPENAI_USER, SECRETS_USER = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd", "4633458b-17de-408a-b874-0445c86b69e6"
KEYLESS = [name for name in CHOICES if name.startswith("no_key/")]


def of(name: str, kind: str) -> list[Resource]:
    """Return the resources of a type that the deployment of a sample makes."""
    return [one for one in deployment(name).resources() if one.type == kind and not one.existing]


def names(template: Template) -> str:
    return template.path.relative_to(SAMPLES).as_posix()


@pytest.mark.parametrize("check", COMPILER, ids=lambda one: one.__name__)
@pytest.mark.parametrize("template", ALL, ids=names)
def test_a_sample_is_valid_bicep(template: Template, check: Callable[[Template], None]) -> None:
    check(template)


def test_every_sample_is_evaluated() -> None:
    assert sorted(CHOICES) == sorted(names(one) for one in ALL)


@pytest.mark.parametrize("template", ALL, ids=names)
def test_a_sample_gives_every_parameter_that_has_no_default(template: Template) -> None:
    needed = {name for name, one in template.parameters.items() if not one.optional}
    assert needed <= CHOICES[names(template)].keys() <= template.parameters.keys()


@pytest.mark.parametrize("template", ALL, ids=names)
def test_a_sample_gives_its_modules_what_they_need_and_reads_outputs_that_they_have(template: Template) -> None:
    assert template.root is not None
    for module in template.modules.values():
        child = next(one for one in ALL if one.path == (template.path.parent / module.source).resolve())
        given = properties(properties(module.body)["params"]).keys()
        assert {name for name, one in child.parameters.items() if not one.optional} <= given
        assert given <= child.parameters.keys()
        assert {
            name for symbol, name in outputs_asked(template.root) if symbol == module.symbol
        } <= child.outputs.keys()


@pytest.mark.parametrize("name", CHOICES)
def test_every_resource_of_a_sample_fits_its_type(name: str) -> None:
    resources = list(deployment(name).resources())
    assert resources
    assert [problem for one in resources for problem in problems(one, RECORDED)] == []


def test_only_types_that_the_samples_use_are_recorded() -> None:
    assert {one.source for template in ALL for one in template.resources.values()} == RECORDED.keys()


PLANTED = [
    ("key_from_vault/container_apps/app.bicep", "keyVaultUrl:", "keyVaultUri:", "keyVaultUri is not known"),
    ("key_from_vault/app_service/app.bicep", "keyVaultReferenceIdentity:", "keyVaultIdentity:", "is not known"),
    ("no_key/foundry/connection.bicep", "'AAD'", "'Aad'", "'Aad' is none of"),
    ("grants/federated_identity.bicep", "    issuer: issuer\n", "", "issuer is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "right", "wrong", "expected"), PLANTED)
def test_a_planted_mistake_is_found(tmp_path: Path, name: str, right: str, wrong: str, expected: str) -> None:
    shutil.copytree(SAMPLES, tmp_path, dirs_exist_ok=True)
    source = (tmp_path / name).read_text()
    assert right in source
    (tmp_path / name).write_text(source.replace(right, wrong, 1))
    found = [problem for one in deployment(name, tmp_path).resources() for problem in problems(one, RECORDED)]
    assert [problem for problem in found if expected in problem]


@pytest.mark.parametrize(
    ("name", "role", "scope"),
    [("grants/openai_user.bicep", OPENAI_USER, "account"), ("grants/read_secret.bicep", SECRETS_USER, "secret")],
)
def test_a_grant_is_one_role_on_one_thing(name: str, role: str, scope: str) -> None:
    template = next(one for one in ALL if names(one) == name)
    (granted,) = of(name, "Microsoft.Authorization/roleAssignments")
    assert granted.body["properties"]["roleDefinitionId"].endswith(f"/roleDefinitions/{role}")
    assert granted.body["properties"]["principalType"] == "ServicePrincipal"
    assert text(properties(template.resources[granted.symbol].body)["scope"]) == scope
    assert text(properties(template.resources[granted.symbol].body)["name"]).startswith("guid(")


def test_the_roles_that_the_grants_name_have_these_names_and_show_no_key() -> None:
    roles = built_in_roles()
    assert roles[OPENAI_USER].name == "Cognitive Services OpenAI User"
    assert roles[SECRETS_USER].name == "Key Vault Secrets User"
    assert not reads_keys(roles[OPENAI_USER])


def settings(name: str) -> dict[str, str]:
    """Return the settings, or the variables of the container, that an app of a sample has."""
    (site,) = of(name, "Microsoft.Web/sites") or of(name, "Microsoft.App/containerApps")
    body: dict[str, Any] = site.body["properties"]
    pairs = body["siteConfig"]["appSettings"] if "siteConfig" in body else body["template"]["containers"][0]["env"]
    return {one["name"]: one.get("value") or one["secretRef"] for one in pairs}


@pytest.mark.parametrize("name", KEYLESS)
def test_a_sample_without_a_key_reads_no_secret_and_stores_none(name: str) -> None:
    template = (SAMPLES / name).read_text()
    assert "KeyVault" not in template
    assert "listKeys" not in template
    assert "_API_KEY" not in template


@pytest.mark.parametrize("name", ["no_key/app_service/app.bicep", "no_key/container_apps/app.bicep"])
def test_an_app_without_a_key_says_which_identity_it_uses(name: str) -> None:
    assert set(settings(name)) == {"AZURE_CLIENT_ID", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_DEPLOYMENT"}
    (granted,) = of(name, "Microsoft.Authorization/roleAssignments")
    assert granted.body["properties"]["roleDefinitionId"].endswith(OPENAI_USER)


@pytest.mark.parametrize("name", [name for name in CHOICES if name.startswith("key_from_vault/")])
def test_a_sample_with_a_key_may_read_one_secret_and_names_no_version(name: str) -> None:
    (granted,) = of(name, "Microsoft.Authorization/roleAssignments")
    assert granted.body["properties"]["roleDefinitionId"].endswith(SECRETS_USER)
    secret = deployment("grants/read_secret.bicep").template.outputs["secretUri"]
    assert text(secret) == "'${vault.properties.vaultUri}secrets/${secretName}'"


def test_a_key_vault_reference_is_followed_with_the_identity_that_may_read_the_secret() -> None:
    name = "key_from_vault/app_service/app.bicep"
    (site,) = of(name, "Microsoft.Web/sites")
    assert site.body["properties"]["keyVaultReferenceIdentity"] in site.body["identity"]["userAssignedIdentities"]
    assert settings(name)["AZURE_OPENAI_API_KEY"].startswith("@Microsoft.KeyVault(SecretUri=")
    assert settings(name)["AzureWebJobsStorage__accountName"] == "stchat"


def test_a_container_app_reads_its_key_from_a_secret_of_the_vault() -> None:
    name = "key_from_vault/container_apps/app.bicep"
    (app,) = of(name, "Microsoft.App/containerApps")
    (secret,) = app.body["properties"]["configuration"]["secrets"]
    assert secret.keys() == {"name", "keyVaultUrl", "identity"}
    assert secret["identity"] in app.body["identity"]["userAssignedIdentities"]
    assert settings(name)["AZURE_OPENAI_API_KEY"] == secret["name"]


def test_every_resource_of_every_sample_is_reached() -> None:
    reached = {(one.file, one.symbol) for _, made in deployments() for one in made.resources()}
    assert {(one.path.name, symbol) for one in ALL for symbol in one.resources} <= reached
