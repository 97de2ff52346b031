"""Parameters under which the templates are evaluated. Together they take every branch of every condition."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.infra.bicep import INFRA, templates
from tests.infra.deployment import HERE, Branches, Deployment

_ID = "/subscriptions/22222222-2222-3333-4444-555555555555/resourceGroups/others/providers"
LEAST = {"environmentName": "prod", "location": "westeurope"}
EVERYTHING = {
    **LEAST,
    "accountSubscriptions": f"{HERE}, 22222222-2222-3333-4444-555555555555",
    "moreVaults": f"{_ID}/Microsoft.KeyVault/vaults/other",
    "allowSunset": True,
    "logWorkspace": f"{_ID}/Microsoft.OperationalInsights/workspaces/logs",
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


def deployed(choice: dict[str, Any], folder: Path = INFRA, branches: Branches | None = None) -> Deployment:
    """Return the deployment of main.bicep with these parameters."""
    found = {one.path.resolve(): one for one in templates(folder)}
    main = found[(folder / "main.bicep").resolve()]
    return Deployment(main, choice, found, set() if branches is None else branches)


def deployments(folder: Path = INFRA, branches: Branches | None = None) -> Iterator[tuple[str, Deployment]]:
    """Yield the deployment of every choice, by name."""
    for name, choice in CHOICES.items():
        yield name, deployed(choice, folder, branches)
