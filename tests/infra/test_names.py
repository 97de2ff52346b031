"""Every name that the templates make is valid in Azure, for every name that azd allows for an environment."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.infra.bicep import INFRA, properties, templates, text, walk
from tests.infra.choices import CHOICES, EVERYTHING, LEAST, deployed
from tests.infra.deployment import HERE, Deployment

RULES = json.loads((Path(__file__).parent / "data" / "names.json").read_text())
ENVIRONMENTS = st.from_regex(RULES["environment"]["pattern"], fullmatch=True)


def invalid(deployment: Deployment) -> list[str]:
    """Return the names that break a rule, with the type."""
    found = []
    for one in deployment.resources():
        last = one.name.rpartition("/")[2]
        if not one.existing and not re.fullmatch(RULES["types"][one.type]["pattern"], last):
            found.append(f"{one.type}: {one.name}")
        if one.type.endswith("/roleDefinitions") and len(one.body["properties"]["roleName"]) > RULES["role"]["most"]:
            found.append(f"{one.type}: {one.body['properties']['roleName']}")
    names = [name for _, name in deployment.modules()]
    return found + [name for name in names if not re.fullmatch(RULES["deployment"]["pattern"], name)]


@settings(max_examples=25, deadline=None)
@example("prod_eu")
@example("prod.")
@example("(.)")
@example("_" * 64)
@given(ENVIRONMENTS)
def test_every_name_is_valid_for_every_name_of_an_environment(environment: str) -> None:
    assert invalid(deployed({**EVERYTHING, "environmentName": environment})) == []


def test_an_invalid_name_is_found(tmp_path: Path) -> None:
    for path in INFRA.rglob("*"):
        if path.is_file():
            place = tmp_path / path.relative_to(INFRA)
            place.parent.mkdir(exist_ok=True)
            place.write_text(path.read_text().replace("'rg-${environmentName}${", "'rg-${environmentName}.${"))
    assert invalid(deployed(LEAST, tmp_path)) == ["Microsoft.Resources/resourceGroups: rg-prod."]


def test_the_template_takes_every_name_that_azd_takes() -> None:
    source = (INFRA / "main.bicep").read_text()
    assert "@minLength(1)\n@maxLength(64)\n" in source.partition("param environmentName")[0]
    assert RULES["environment"]["pattern"].endswith("{1,64}")


def test_two_nested_deployments_in_one_scope_have_different_names() -> None:
    for choice in CHOICES.values():
        scopes = [f"{name}@{scope}" for name, scope in _scoped(deployed(choice))]
        assert len(scopes) == len(set(scopes))


def _scoped(deployment: Deployment) -> list[tuple[str, str]]:
    found = []
    for one in deployment.template.modules.values():
        scope = properties(one.body).get("scope")
        for turn in deployment._instances(one):
            where = (
                "" if scope is None else json.dumps(turn.value(scope)["given"]) if "(" in text(scope) else text(scope)
            )
            found.append((turn.value(properties(one.body)["name"]), where))
    return found


def test_a_module_that_is_off_points_at_a_resource_group_that_this_template_makes() -> None:
    """Azure may look the group up although the condition is false (Azure/bicep issues 4057 and 11463)."""
    main = deployed(LEAST)
    made = {one.name for one in main.resources() if one.type == "Microsoft.Resources/resourceGroups"}
    off = [one for one in main.template.modules.values() if one.conditional]
    assert {one.symbol for one in off} == {"network", "endpoints", "vaultDoor"}
    for one in off:
        given = properties(one.body)
        if text(given["scope"]) == "group":
            continue
        assert main.value(given["scope"])["given"] == (HERE, *made)
        assert "group" in [text(node) for node in walk(given["dependsOn"])]


@pytest.mark.parametrize("one", templates(), ids=lambda one: one.name)
def test_every_type_in_the_templates_has_a_rule_for_names(one) -> None:
    assert {resource.type for resource in one.resources.values()} - RULES["types"].keys() == set()
