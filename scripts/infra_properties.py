"""Writes tests/infra/data/properties.json: the properties of the resources in infra/, from Microsoft's own packages.

The package indexes offer neither the Bicep compiler nor its types. The models of the azure-mgmt packages have the same
names, because both are generated from one specification. Run it in an environment with these packages:

    python -m venv /tmp/sdk && /tmp/sdk/bin/pip install tree-sitter tree-sitter-bicep azure-mgmt-web \\
        azure-mgmt-storage azure-mgmt-keyvault azure-mgmt-eventgrid azure-mgmt-monitor==6.0.2 azure-mgmt-network \\
        azure-mgmt-applicationinsights azure-mgmt-loganalytics azure-mgmt-authorization azure-mgmt-msi \\
        azure-mgmt-privatedns azure-mgmt-resource
    PYTHONPATH=. /tmp/sdk/bin/python scripts/infra_properties.py

The file contains the property names of every object that a template writes into, the required ones, and the known
values. When a template writes into another object, run this again.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from tests.infra.bicep import ROOT, objects, properties, templates
from tests.infra.shapes import kind_of

PLACE = ROOT / "tests" / "infra" / "data" / "properties.json"
AUTHORIZATION, WEB = ("authorization", "v2022_04_01.models"), ("web", "models")
MODELS = {
    "Microsoft.Authorization/roleAssignments": (
        "authorization",
        "v2022_04_01.models",
        "RoleAssignmentCreateParameters",
    ),
    "Microsoft.Authorization/roleDefinitions": (*AUTHORIZATION, "RoleDefinition"),
    "Microsoft.EventGrid/systemTopics": ("eventgrid", "models", "SystemTopic"),
    "Microsoft.EventGrid/systemTopics/eventSubscriptions": ("eventgrid", "models", "EventSubscription"),
    "Microsoft.EventGrid/topics": ("eventgrid", "models", "Topic"),
    "Microsoft.Insights/actionGroups": ("monitor", "v2023_01_01.models", "ActionGroupResource"),
    "Microsoft.Insights/components": ("applicationinsights", "v2020_02_02.models", "ApplicationInsightsComponent"),
    "Microsoft.Insights/diagnosticSettings": ("monitor", "v2021_05_01_preview.models", "DiagnosticSettingsResource"),
    "Microsoft.Insights/scheduledQueryRules": ("monitor", "v2022_08_01_preview.models", "ScheduledQueryRuleResource"),
    "Microsoft.Insights/workbooks": ("applicationinsights", "v2023_06_01.models", "Workbook"),
    "Microsoft.KeyVault/vaults": ("keyvault", "models", "VaultCreateOrUpdateParameters"),
    "Microsoft.ManagedIdentity/userAssignedIdentities": ("msi", "v2024_11_30.models", "Identity"),
    "Microsoft.Network/networkSecurityGroups": ("network", "models", "NetworkSecurityGroup"),
    "Microsoft.Network/privateDnsZones": ("privatedns", "models", "PrivateZone"),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": ("privatedns", "models", "VirtualNetworkLink"),
    "Microsoft.Network/privateEndpoints": ("network", "models", "PrivateEndpoint"),
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": ("network", "models", "PrivateDnsZoneGroup"),
    "Microsoft.Network/virtualNetworks": ("network", "models", "VirtualNetwork"),
    "Microsoft.OperationalInsights/workspaces": ("loganalytics", "models", "Workspace"),
    "Microsoft.Resources/resourceGroups": ("resource", "resources.models", "ResourceGroup"),
    "Microsoft.Storage/storageAccounts": ("storage", "models", "StorageAccountCreateParameters"),
    "Microsoft.Storage/storageAccounts/blobServices": ("storage", "models", "BlobServiceProperties"),
    "Microsoft.Storage/storageAccounts/blobServices/containers": ("storage", "models", "BlobContainer"),
    "Microsoft.Storage/storageAccounts/queueServices": ("storage", "models", "QueueServiceProperties"),
    "Microsoft.Storage/storageAccounts/queueServices/queues": ("storage", "models", "StorageQueue"),
    "Microsoft.Web/serverfarms": ("web", "models", "AppServicePlan"),
    "Microsoft.Web/sites": ("web", "models", "Site"),
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": (
        "web",
        "models",
        "CsmPublishingCredentialsPoliciesEntity",
    ),
    "Microsoft.Web/sites/config#appsettings": ("web", "models", "StringDictionary"),
    "Microsoft.Web/sites/config#authsettingsV2": ("web", "models", "SiteAuthSettingsV2"),
}
type Tree = dict[str, Any]


def main() -> None:
    written: dict[str, Tree] = {}
    for template in templates():
        for one in template.resources.values():
            if not one.existing:
                _gather(written.setdefault(kind_of(one), {}), objects(one.body, template), template)
    found: Tree = {}
    for kind, used in sorted(written.items()):
        package, module, model = MODELS[kind]
        models = importlib.import_module(f"azure.mgmt.{package}.{module}")
        found[kind] = {
            "source": f"azure-mgmt-{package} {version(f'azure-mgmt-{package}')}, {model}",
            "properties": _names(models, [model], used),
        }
    PLACE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    sys.stdout.write(f"{len(found)} types in {PLACE}\n")


def _gather(into: Tree, found: Iterable[Any], template: Any) -> None:  # noqa: ANN401
    """Collect the objects that a template writes into, as a tree of names."""
    for one in found:
        for name, value in properties(one).items():
            inner = list(objects(value, template))
            if inner:
                _gather(into.setdefault(name, {}), inner, template)


def _names(models: Any, classes: list[str], used: Mapping[str, Any]) -> Tree:  # noqa: ANN401
    """Return every property of the classes, followed further if a template writes into it.

    "!" lists the required properties, "=" the known values of a property.
    """
    found: Tree = {}
    for name in classes:
        for one in _fields(getattr(models, name)):
            place, below = found, used
            for step in one.path[:-1]:
                place[step] = place.get(step) or {}
                place, below = place[step], below.get(step, {})
            last = one.path[-1]
            if one.required and len(classes) == 1:
                place.setdefault("!", []).append(last)
            if one.free:
                place[last] = {"*": None}
            elif last in below and one.inner:
                place[last] = {**(place.get(last) or {}), **_names(models, _with_kinds(models, one.inner), below[last])}
            elif one.values:
                place[last] = {"=": sorted({*(place.get(last) or {}).get("=", []), *one.values})}
            else:
                place.setdefault(last, None)
    return found


def _with_kinds(models: Any, name: str) -> list[str]:  # noqa: ANN401
    """Return the class and its subclasses."""
    kinds = getattr(getattr(models, name), "_subtype_map", {})
    return [name, *(inner for group in kinds.values() for inner in group.values())]


@dataclass(frozen=True)
class Field:
    """A property of a model.

    path: Its names, from the outside in.
    inner: The class of its value. None if the value has no properties.
    free: Any name is allowed inside.
    required: It must be set.
    values: Its known values. Empty if any value is allowed.
    """

    path: tuple[str, ...]
    inner: str | None
    free: bool
    required: bool
    values: tuple[str, ...]


def _fields(model: type) -> Iterable[Field]:
    descriptions = _descriptions(model)
    if hasattr(model, "_attribute_map"):
        for name, facts in model._attribute_map.items():
            path = tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", facts["key"]))
            plain = facts["type"].strip("[]{}")
            free = facts["type"].startswith("{") or facts["type"] == "object"
            required = bool(getattr(model, "_validation", {}).get(name, {}).get("required"))
            yield Field(
                path, plain if plain[:1].isupper() else None, free, required, _values(descriptions.get(name, ""))
            )
        return
    for base in reversed(model.__mro__):
        for name, value in vars(base).items():
            if hasattr(value, "_rest_name_input"):
                kind = str(base.__annotations__.get(name, ""))
                inner = re.search(r"_models\.(\w+)", kind)
                free = bool(re.search(r"dict\[|Dict\[|JSON", kind))
                text = descriptions.get(name, "")
                path = (value._rest_name_input or name,)
                yield Field(path, inner[1] if inner else None, free, "Required." in text, _values(text))


def _descriptions(model: type) -> dict[str, str]:
    """Return the description of each attribute, from the class's docstring."""
    parts = re.split(r":ivar (\w+):", inspect.getdoc(model) or "")
    return {
        name: " ".join(text.partition(":vartype")[0].split())
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def _values(text: str) -> tuple[str, ...]:
    """Return the known values that the description of an attribute lists."""
    known = re.search(r"(?:Known values are:|Is either|Possible values include:) (.*?)(?:\.(?: |$)|$)", text)
    found = tuple(re.findall(r'"([^"]+)"', known[1])) if known else ()
    return found or tuple(re.findall(r'Default value is "([^"]+)"', text) if "Required. Default value" in text else ())


if __name__ == "__main__":
    main()
