"""Checks what the Bicep compiler would check, as far as that is possible without it.

That is: syntax, names, and the parameters and outputs of modules. What resources may hold is in test_types.py.
"""

import re
from collections.abc import Iterator

import pytest
from tree_sitter import Node

from tests.infra.bicep import (
    Declared,
    Template,
    calls,
    literal,
    outputs_asked,
    properties,
    templates,
    text,
    walk,
)
from tests.infra.choices import APART

ALL = templates()
# The functions of Bicep that the templates use. A misspelt one is not in this list.
FUNCTIONS = frozenset(
    """concat contains deployment empty endsWith environment guid join last loadJsonContent loadTextContent
    managementGroup replace resourceGroup resourceId split string subscription subscriptionResourceId tenant
    tenantResourceId toLower union uniqueString""".split()  # noqa: SIM905 - as prose
)
DECORATORS = frozenset(
    ["allowed", "batchSize", "description", "maxLength", "maxValue", "metadata", "minLength", "minValue"]
)
# What Bicep itself defines in a resource or a module, besides the properties of the resource type.
LANGUAGE = frozenset(["dependsOn", "name", "parent", "scope"])
IN_MODULES = frozenset(["dependsOn", "name", "params", "scope"])
PRIMITIVES = {"string": "string", "number": "int", "boolean": "bool", "array": "array", "object": "object"}

each = pytest.mark.parametrize("template", ALL, ids=lambda one: one.name)


@each
def test_a_template_has_no_syntax_error(template: Template) -> None:
    assert template.errors == []


@each
def test_a_template_declares_every_name_it_uses(template: Template) -> None:
    assert template.unknown() == set()


@each
def test_a_template_uses_all_its_parameters_and_variables(template: Template) -> None:
    assert {*template.parameters, *template.variables} - template.used() == set()


@each
def test_a_template_uses_every_existing_resource_it_declares(template: Template) -> None:
    assert {name for name, one in template.resources.items() if one.existing} - template.used() == set()


@each
def test_a_template_declares_no_name_twice(template: Template) -> None:
    kinds = (template.parameters, template.variables, template.resources, template.modules)
    assert len(template.symbols) == sum(len(kind) for kind in kinds)


@each
def test_every_parameter_has_a_description(template: Template) -> None:
    assert [name for name, one in template.parameters.items() if not one.description] == []


@each
def test_a_template_calls_only_functions_that_exist(template: Template) -> None:
    called = {name for name, _ in calls(template.root)}
    assert called - FUNCTIONS - DECORATORS == set()


@each
def test_a_template_loads_only_files_that_exist(template: Template) -> None:
    named = {literal(given[0]) for name, given in calls(template.root) if name.startswith("load")}
    named |= {one.source for one in template.modules.values()}
    assert [one for one in named if one is None or not (template.path.parent / one).is_file()] == []


@each
def test_a_template_reads_only_outputs_that_a_module_has(template: Template) -> None:
    missing = [
        f"{module}.{name}"
        for module, name in outputs_asked(template.root)
        if module not in template.modules or name not in _module(template, module).outputs
    ]
    assert missing == []


@each
def test_a_template_reads_no_output_of_a_module_in_a_loop(template: Template) -> None:
    asked = {module for module, _ in outputs_asked(template.root)}
    assert [name for name in asked if template.modules[name].looped] == []


@each
def test_a_template_reads_outputs_of_a_conditional_module_under_a_condition_only(template: Template) -> None:
    """For example `privateNetwork ? network.outputs.x : ''`. Without the condition, a deployment would fail."""
    bare = [
        text(one)
        for one in walk(template.root)
        if one.type == "member_expression"
        and text(one.named_children[0]).removesuffix(".outputs").removesuffix("!") in _conditional(template)
        and text(one.named_children[0]).endswith(".outputs")
        and not _in_a_ternary(one)
    ]
    assert bare == []


@each
def test_a_template_says_that_a_conditional_module_exists_where_it_reads_an_output(template: Template) -> None:
    """For example `network!.outputs.x`. Without the `!` the compiler warns (BCP318), also in a ternary."""
    unsure = re.findall(r"\b(\w+)(?:\[[^\]]*\])?\.outputs\b", template.path.read_text())
    assert set(unsure) & _conditional(template) == set()


def _conditional(template: Template) -> set[str]:
    return {name for name, one in template.modules.items() if one.conditional}


def _in_a_ternary(node: Node) -> bool:
    above = node.parent
    while above is not None and above.type != "ternary_expression":
        above = above.parent
    return above is not None


def test_some_template_reads_every_output_of_a_module() -> None:
    asked = {
        (_module(template, module).name, name) for template in ALL for module, name in outputs_asked(template.root)
    }
    given = {(one.name, name) for one in ALL if one.name != "main.bicep" for name in one.outputs}
    assert given - asked == set()


def test_every_template_but_main_and_those_deployed_by_hand_is_a_module_of_another() -> None:
    used = {_module(template, name).name for template in ALL for name in template.modules}
    assert {one.name for one in ALL} - used == {"main.bicep", *APART}


def modules() -> Iterator[tuple[str, Template, Declared]]:
    for template in ALL:
        for name, one in template.modules.items():
            yield f"{template.name}:{name}", template, one


each_module = pytest.mark.parametrize(
    ("template", "module"), [(a, b) for _, a, b in modules()], ids=[name for name, _, _ in modules()]
)


@each_module
def test_a_module_gets_every_required_parameter_and_no_unknown_one(template: Template, module: Declared) -> None:
    wanted = _module(template, module.symbol).parameters
    given = properties(properties(module.body)["params"])
    assert set(given) - set(wanted) == set()
    assert {name for name, one in wanted.items() if not one.optional} - set(given) == set()


@each_module
def test_a_parameter_is_passed_on_with_the_type_that_the_module_declares(template: Template, module: Declared) -> None:
    wanted = _module(template, module.symbol).parameters
    wrong = {
        name: (kind, wanted[name].type)
        for name, value in properties(properties(module.body)["params"]).items()
        if (kind := _kind(template, value)) and kind != wanted[name].type
    }
    assert wrong == {}


def _kind(template: Template, value: Node) -> str | None:
    """Return the type of a value, or None if this file does not show it."""
    if value.type == "identifier" and text(value) in template.parameters:
        return template.parameters[text(value)].type
    return PRIMITIVES.get(value.type)


@each_module
def test_a_module_in_another_scope_names_that_scope(template: Template, module: Declared) -> None:
    said = properties(module.body).get("scope")
    target = _module(template, module.symbol).scope
    assert set(properties(module.body)) <= IN_MODULES
    if said is None:
        assert target == template.scope
    elif text(said).startswith("subscription("):
        assert target == "subscription"
    else:
        assert target == "resourceGroup"
        assert text(said).startswith("resourceGroup(") or _is_a_group(template, text(said))


def _is_a_group(template: Template, symbol: str) -> bool:
    return symbol in template.resources and template.resources[symbol].type == "Microsoft.Resources/resourceGroups"


def resources() -> Iterator[tuple[str, Template, Declared]]:
    for template in ALL:
        for name, one in template.resources.items():
            yield f"{template.name}:{name}", template, one


each_resource = pytest.mark.parametrize(
    ("template", "resource"), [(a, b) for _, a, b in resources()], ids=[name for name, _, _ in resources()]
)


@each_resource
def test_a_resource_has_a_name_and_a_parent_or_scope_that_fits_its_type(template: Template, resource: Declared) -> None:
    given = properties(resource.body)
    assert "name" in given
    if template.scope in ("subscription", "managementGroup") and not _of_a_group(given):
        assert resource.type in ("Microsoft.Resources/resourceGroups", *_ANYWHERE)
    if "parent" in given:
        parent = template.resources[text(given["parent"]).partition("[")[0]]
        assert resource.type.rpartition("/")[0] == parent.type
    elif resource.type.count("/") > 1:
        name = next(iter([literal(given["name"])]), None) or text(given["name"])
        assert name.strip("'").count("/") == resource.type.count("/") - 1


_ANYWHERE = (
    "Microsoft.Authorization/policyAssignments",
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Authorization/roleDefinitions",
)


def _of_a_group(given: dict[str, Node]) -> bool:
    """Return whether a resource names the resource group that it is in."""
    return "scope" in given and text(given["scope"]).startswith("resourceGroup(")


@each_resource
def test_an_existing_resource_has_no_properties(template: Template, resource: Declared) -> None:
    if resource.existing:
        assert set(properties(resource.body)) <= LANGUAGE


def _module(template: Template, name: str) -> Template:
    place = (template.path.parent / template.modules[name].source).resolve()
    return next(one for one in ALL if one.path == place)
