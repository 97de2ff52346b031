"""Parameters under which the Bicep files in samples/ are evaluated. Together they reach every declaration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.infra.bicep import ROOT, templates
from tests.infra.deployment import HERE, Deployment

SAMPLES = ROOT / "samples"
TYPES = Path(__file__).parent / "data" / "types"
_GROUP = f"/subscriptions/{HERE}/resourceGroups/others/providers"
_APP = {"name": "chat-app", "location": "westeurope", "deployment": "gpt-4o"}
_PLAN = {"planId": f"{_GROUP}/Microsoft.Web/serverfarms/plan"}
_ENVIRONMENT = {
    "environmentId": f"{_GROUP}/Microsoft.App/managedEnvironments/apps",
    "image": "registry.example.com/chat:1",
}
_ACCOUNT = {"accountName": "chat", "accountResourceGroup": "ai"}
_SECRET = {"vaultName": "keys", "vaultResourceGroup": "vaults", "secretName": "chat-key"}
_ENDPOINT = {"endpoint": "https://chat.openai.azure.com/"}
_GATEWAY = {"serviceName": "gateway", "apiName": "models"}
_SOMEBODY = {"principalId": "77777777-2222-3333-4444-555555555555"}
_STORAGE = [{"name": "AzureWebJobsStorage__accountName", "value": "stchat"}]
CHOICES: dict[str, dict[str, Any]] = {
    "grants/openai_user.bicep": {"accountName": "chat", **_SOMEBODY},
    "grants/read_secret.bicep": {"vaultName": "keys", "secretName": "chat-key", **_SOMEBODY},
    "grants/federated_identity.bicep": {
        "name": "id-chat-app",
        "location": "westeurope",
        "issuer": "https://oidc.example.com/",
        "subject": "system:serviceaccount:chat:chat-app",
    },
    "no_key/app_service/app.bicep": {**_APP, **_PLAN, **_ACCOUNT},
    "no_key/function_app/main.bicep": {**_APP, "name": "chatapp", **_ACCOUNT},
    "no_key/container_apps/app.bicep": {**_APP, **_ENVIRONMENT, **_ACCOUNT},
    "no_key/api_management/policy.bicep": {**_GATEWAY, "audience": "88888888-2222-3333-4444-555555555555"},
    "no_key/power_query/operation.bicep": {
        **_GATEWAY, "audience": "https://models.example.com", "deployment": "gpt-4o",
    },
    "no_key/foundry/connection.bicep": {
        "foundryName": "foundry",
        "projectName": "chat",
        "connectionName": "models",
        "accountId": f"{_GROUP}/Microsoft.CognitiveServices/accounts/chat",
        **_ENDPOINT,
    },
    "key_from_vault/app_service/app.bicep": {
        **_APP, **_PLAN, **_SECRET, **_ENDPOINT, "kind": "functionapp,linux", "settings": _STORAGE,
    },
    "key_from_vault/container_apps/app.bicep": {**_APP, **_ENVIRONMENT, **_SECRET, **_ENDPOINT},
    "key_from_vault/api_management/named_value.bicep": {**_GATEWAY, **_SECRET},
    "listener/identity.bicep": {
        "name": "id-listener",
        "location": "westeurope",
        "vaultName": "team-secrets",
        "sites": [{"name": "chat-app", "resourceGroup": "apps"}],
        "namedValues": [{"service": "gateway", "name": "azure-openai-key", "resourceGroup": "gateways"}],
    },
    "listener/wake_site.bicep": {"siteName": "chat-app", **_SOMEBODY},
    "listener/wake_named_value.bicep": {
        "serviceName": "gateway", "namedValueName": "azure-openai-key", **_SOMEBODY,
    },
}  # fmt: skip


def deployment(name: str, folder: Path = SAMPLES) -> Deployment:
    """Return the deployment of one sample, named by its path in samples/, with the parameters above."""
    found = {one.path.resolve(): one for one in templates(folder)}
    return Deployment(found[(folder / name).resolve()], CHOICES[name], found)


def deployments(folder: Path = SAMPLES) -> Iterator[tuple[str, Deployment]]:
    """Yield the deployment of every sample, with its name."""
    for name in CHOICES:
        yield name, deployment(name, folder)
