"""Parameters under which the templates are evaluated. Together they take every branch of every condition.

main.bicep is one deployment. Beside it are deployments of their own, which people make by hand: `APART`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.infra.bicep import INFRA, templates
from tests.infra.deployment import HERE, Branches, Deployment

_ID = "/subscriptions/22222222-2222-3333-4444-555555555555/resourceGroups/others/providers"
_WORKSPACE = f"{_ID}/Microsoft.OperationalInsights/workspaces/logs"
LEAST = {"environmentName": "prod", "location": "westeurope"}
EVERYTHING = {
    **LEAST,
    "accountSubscriptions": f"{HERE}, 22222222-2222-3333-4444-555555555555",
    "moreVaults": f"{_ID}/Microsoft.KeyVault/vaults/other",
    "allowSunset": True,
    "logWorkspace": f"{_WORKSPACE}, {_ID}/Microsoft.OperationalInsights/workspaces/more-logs",
    "readinessSubscriptions": f"{HERE}, 33333333-2222-3333-4444-555555555555",
    "readersSubscriptions": "44444444-2222-3333-4444-555555555555",
    "copiesSubscriptions": f"{HERE}, 88888888-2222-3333-4444-555555555555",
    "authClientId": "66666666-2222-3333-4444-555555555555",
    "eventDoors": True,
    "alertEmail": "people@example.com",
    "privateNetwork": True,
    "recoverVault": True,
    # Not a parameter: it stands for the content of targets.json.
    "targets": [{"account": f"{_ID}/Microsoft.CognitiveServices/accounts/chat"}],
}
CHOICES: dict[str, dict[str, Any]] = {
    "the defaults": LEAST,
    "everything": EVERYTHING,
    "only targets": {**LEAST, "platformLog": False, "onlyTargets": True, "targets": EVERYTHING["targets"]},
    "a name that ends with a full stop": {**LEAST, "environmentName": "prod."},
}

_SCOPES = [f"{_ID}/Microsoft.CognitiveServices/accounts/chat"]
_APP = "77777777-2222-3333-4444-555555555555"
_OFF = [{}, {"effect": "Deny", "enforcementMode": "DoNotEnforce", "notScopes": _SCOPES}, {"effect": "Modify"}]
APART: dict[str, list[dict[str, Any]]] = {
    "call-log.bicep": [{"accountName": "chat", "workspaceId": _WORKSPACE}],
    "grants/management-group.bicep": [
        {"environmentName": "prod", "principalId": _APP},
        {"environmentName": "prod", "principalId": _APP, "role": "readersReader"},
        {"environmentName": "prod", "principalId": _APP, "role": "copiesReader"},
    ],
    "policies/call-log.bicep": [{"workspaceId": _WORKSPACE, "notScopes": _SCOPES}],
    "policies/keys-off.bicep": _OFF,
    "policies/keys-off-group.bicep": _OFF,
}


def deployed(choice: dict[str, Any], folder: Path = INFRA, branches: Branches | None = None) -> Deployment:
    """Return the deployment of main.bicep with these parameters."""
    return deployed_apart("main.bicep", choice, folder, branches)


def deployed_apart(
    name: str, choice: dict[str, Any], folder: Path = INFRA, branches: Branches | None = None
) -> Deployment:
    """Return the deployment of a template, named by its path in infra/, with these parameters."""
    found = {one.path.resolve(): one for one in templates(folder)}
    template = found[(folder / name).resolve()]
    return Deployment(template, choice, found, set() if branches is None else branches)


def deployments(folder: Path = INFRA, branches: Branches | None = None) -> Iterator[tuple[str, Deployment]]:
    """Yield the deployment of every choice, by name, and then those of `APART`."""
    for name, choice in CHOICES.items():
        yield name, deployed(choice, folder, branches)
    for name, choices in APART.items():
        for choice in choices:
            yield name, deployed_apart(name, choice, folder, branches)
